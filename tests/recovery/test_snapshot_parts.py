"""A snapshot of many parts: few of them in memory at a time, and none left where one could not be put."""

from collections.abc import Iterable
from pathlib import Path

import pytest

from llmsim.errors import PlaceUnreachable
from llmsim.recovery import snapshot
from llmsim.recovery.places import Folder
from llmsim.recovery.snapshot import create
from llmsim.recovery.verify import verify
from llmsim.store.changes import Change, pack
from tests.snapshots import contents_of, path_of
from tests.stored import contents, fill


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return fill(tmp_path / "data")


@pytest.fixture
def backup(tmp_path: Path) -> Path:
    return tmp_path / "backup"


class Failing(Folder):
    """A folder that takes only so many objects."""

    def __init__(self, path: Path, most: int) -> None:
        super().__init__(path)
        self.left = most

    def put(self, name: str, content: bytes) -> None:
        if self.left == 0:
            raise PlaceUnreachable(f"{self.url} does not answer")
        self.left -= 1
        super().put(name, content)


@pytest.mark.parametrize("most", range(4))
def test_create_in_a_place_that_fails_half_way_leaves_nothing(
    data_dir: Path, backup: Path, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshot, "PART_BYTES", 3_000)
    with pytest.raises(PlaceUnreachable, match="does not answer"):
        create(data_dir, Failing(backup, most))
    assert not [path for path in backup.rglob("*") if path.is_file()]


def test_create_in_many_parts_holds_the_same(data_dir: Path, backup: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshot, "PART_BYTES", 500)
    made = create(data_dir, Folder(backup))
    assert made.manifest is not None
    assert len(made.manifest.parts) > 10
    assert contents_of(path_of(made)) == contents(data_dir)
    assert verify(made) == []


def test_create_holds_few_parts_at_a_time(data_dir: Path, backup: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sealing waits until it must go on: then only so many are begun."""
    monkeypatch.setattr(snapshot, "PART_BYTES", 500)
    packed = put_ = most = 0

    class Counting(Folder):
        def put(self, name: str, content: bytes) -> None:
            nonlocal put_
            super().put(name, content)
            put_ += 1

    def counting(records: Iterable[Change]) -> bytes:
        nonlocal packed, most
        packed += 1
        most = max(most, packed - put_)
        return pack(records)

    monkeypatch.setattr(snapshot, "pack", counting)
    create(data_dir, Counting(backup))
    assert packed > 10
    assert most <= 2 * snapshot.WORKERS + 1
