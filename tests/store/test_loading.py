"""A data file made of records in order has these and nothing else, whatever its size."""

from pathlib import Path

import pytest

from llmsim.errors import StoreDamaged
from llmsim.store import loading, pages
from llmsim.store.changes import Change
from llmsim.store.codec import encode
from llmsim.store.environment import DATA_FILE, Environment
from llmsim.store.loading import Loading
from llmsim.store.schema import FORMAT_VERSION, META_KEY, Meta, Table
from tests.stored import compact, contents, fill

PUTS: list[Change] = [(Table.TURNS, number.to_bytes(4), bytes(100)) for number in range(10)]


def test_loading_all_records_of_a_store_gives_the_store(tmp_path: Path) -> None:
    (tmp_path / "copy").mkdir()
    compact(fill(tmp_path / "data"), tmp_path / "copy")
    assert contents(tmp_path / "copy") == contents(tmp_path / "data")
    assert [path.name for path in (tmp_path / "copy").iterdir()] == [DATA_FILE]
    assert pages.walk(tmp_path / "copy" / DATA_FILE) == []


def test_loading_more_than_the_map_grows_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "MAP_BYTES", 1 << 17)
    puts: list[Change] = [(Table.TURNS, number.to_bytes(4), bytes(5000)) for number in range(200)]
    with Loading(tmp_path, FORMAT_VERSION) as made:
        made.load([(Table.META, META_KEY, encode(Meta(7, 0, 1)))])
        assert made.load(puts[:50]) == 50
        assert made.load(puts[50:]) == 150
    with Environment.open(tmp_path, readonly=True, lock=False) as environment, environment.read() as view:
        assert [(Table.TURNS, key, value) for key, value in view.scan(Table.TURNS)] == puts


@pytest.mark.parametrize(
    ("records", "message"),
    [
        (PUTS[::-1], "records of the table turns do not come in the order of their keys"),
        ([PUTS[0], PUTS[0]], "records of the table turns do not come in the order of their keys"),
        ([(Table.TURNS, b"key", None)], "a record is removed that was never there"),
        ([(Table.JOURNAL, b"key", b"value")], "a table journal, which a store of this format does not have"),
    ],
)
def test_loading_what_is_no_copy_of_a_store_is_refused(records: list[Change], message: str, tmp_path: Path) -> None:
    with Loading(tmp_path, 2) as made, pytest.raises(StoreDamaged, match=message):
        made.load(records)
