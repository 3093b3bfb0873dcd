"""What is wrong with a store is found before the C engine can stumble on it."""

from pathlib import Path

import pytest

from llmsim.errors import OperatorError, StoreFormat
from llmsim.store.environment import Environment, claim
from llmsim.store.examine import examine
from llmsim.store.schema import Table
from tests.stored import fill


def flip(path: Path, place: int, mask: int = 0xFF) -> None:
    with path.open("r+b") as file:
        file.seek(place)
        byte = file.read(1)[0]
        file.seek(place)
        file.write(bytes([byte ^ mask]))


def test_examine_of_a_sound_store_finds_nothing(tmp_path: Path) -> None:
    steps: list[tuple[str, int, int]] = []
    assert examine(fill(tmp_path / "data"), lambda *step: steps.append(step)) == []
    assert steps[0] == ("page walk", 0, 0)
    assert steps[-1] == ("check", 12, 12)


@pytest.mark.leaves_unsound("broken on purpose")
def test_examine_beside_a_writer_finds_broken_pages_too(tmp_path: Path) -> None:
    """Pages with numbers that are not their own: the engine reads them, the walk finds them."""
    data_dir = fill(tmp_path / "data")
    data = data_dir / "data.mdb"
    with claim(data_dir):
        assert examine(data_dir) == []
        for page in range(2, data.stat().st_size // 4096):
            flip(data, page * 4096)
        assert any("stores mp_pgno" in problem for problem in examine(data_dir))


@pytest.mark.leaves_unsound("broken on purpose")
def test_examine_finds_broken_pages_before_the_engine_sees_them(tmp_path: Path) -> None:
    data = fill(tmp_path / "data") / "data.mdb"
    for page in range(2, data.stat().st_size // 4096):
        flip(data, page * 4096)
    assert any("stores mp_pgno" in problem for problem in examine(tmp_path / "data"))


@pytest.mark.leaves_unsound("broken on purpose")
def test_examine_finds_a_broken_invariant(tmp_path: Path) -> None:
    data_dir = fill(tmp_path / "data")
    with Environment.open(data_dir) as environment, environment.write() as view:
        [key, *_] = [key for key, _ in view.scan(Table.HEADS)]
        view.delete(Table.HEADS, key)
    [problem] = examine(data_dir)
    assert "no head says so" in problem


def test_examine_of_what_is_no_store_is_refused_and_makes_nothing(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="no store in"):
        examine(tmp_path / "missing")
    assert not (tmp_path / "missing").exists()
    (tmp_path / "data.mdb").write_bytes(b"not a store" * 1000)
    with pytest.raises(StoreFormat, match="is not an LMDB file"):
        examine(tmp_path)
