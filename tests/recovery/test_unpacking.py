"""From parts to a data file: in order, a few at a time, and none that is not what the manifest says."""

from pathlib import Path

import attrs
import pytest

from llmsim.errors import OperatorError, SnapshotDamaged
from llmsim.recovery import snapshot as making
from llmsim.recovery.places import Folder
from llmsim.recovery.sealing import PLAIN
from llmsim.recovery.snapshot import create
from llmsim.recovery.unpacking import AHEAD, digest_parts, fetched, require_objects, unpack, unpacked
from llmsim.store.environment import DATA_FILE
from tests.snapshots import at, first_kind, flip, manifest_of, path_of
from tests.stored import compact, contents, fill


@pytest.fixture
def parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A snapshot of many parts."""
    monkeypatch.setattr(making, "PART_BYTES", 500)
    return path_of(create(fill(tmp_path / "data"), Folder(tmp_path / "backup")))


def test_unpacked_has_every_record_and_goes_with_the_block(parts: Path, tmp_path: Path) -> None:
    with unpacked(at(parts), PLAIN) as folder:
        assert contents(folder) == contents(tmp_path / "data")
        assert [path.name for path in folder.iterdir()] == [DATA_FILE]
    assert not folder.exists()


def test_parts_are_fetched_a_few_ahead_and_in_order(parts: Path) -> None:
    manifest = manifest_of(parts)
    assert len(manifest.parts) > 2 * AHEAD
    seen: list[str] = []

    class Counting(Folder):
        def get(self, name: str, most_bytes: int) -> bytes:
            seen.append(name)
            return super().get(name, most_bytes)

    source = attrs.evolve(at(parts), place=Counting(parts.parent))
    for number, (part, sealed) in enumerate(fetched(source, manifest.parts, lambda _part, it: it)):
        assert (part, sealed) == (manifest.parts[number], (parts / part.name).read_bytes())
        assert len(seen) <= number + 1 + AHEAD
    assert len(seen) == len(manifest.parts)


def test_parts_that_are_exchanged_are_damaged(parts: Path) -> None:
    """Each has a size and a digest of its own."""
    manifest = manifest_of(parts)
    first, second = manifest.parts[:2]
    (parts / first.name).write_bytes((parts / second.name).read_bytes())
    with pytest.raises(SnapshotDamaged, match=f"{first.name} does not have the sha256 of the manifest"):
        digest_parts(at(parts), manifest)


def test_part_with_fewer_records_than_it_should_is_damaged(parts: Path, tmp_path: Path) -> None:
    manifest = manifest_of(parts)
    told = (attrs.evolve(manifest.parts[0], records=99), *manifest.parts[1:])
    (tmp_path / "fresh").mkdir()
    with pytest.raises(SnapshotDamaged, match=r"records-00001.zst has \d+ records, not 99"):
        unpack(at(parts), attrs.evolve(manifest, parts=told), PLAIN, tmp_path / "fresh")


def test_objects_that_are_not_those_of_the_manifest_are_each_named(parts: Path) -> None:
    (parts / "records-00001.zst").unlink()
    (parts / "records-00002.zst").write_bytes(b"")
    (parts / "more").touch()
    with pytest.raises(
        SnapshotDamaged,
        match=r"records-00001.zst is missing; more does not belong there; records-00002.zst has 0 bytes, the manifest",
    ):
        require_objects(at(parts), manifest_of(parts))


def test_snapshot_of_the_first_kind_is_unpacked_from_a_folder_alone(tmp_path: Path) -> None:
    folder = tmp_path / "of-before"
    folder.mkdir()
    compact(fill(tmp_path / "data"), folder)
    manifest = manifest_of(first_kind(folder))
    with unpacked(at(folder), PLAIN) as made:
        assert contents(made) == contents(tmp_path / "data")
    flip(folder / DATA_FILE, 9000)
    (tmp_path / "fresh").mkdir()
    with pytest.raises(SnapshotDamaged, match=r"data.mdb does not have the sha256 of the manifest"):
        unpack(at(folder), manifest, PLAIN, tmp_path / "fresh")

    elsewhere = attrs.evolve(at(folder), place=object.__new__(type("Bucket", (), {"url": "s3://bucket"})))
    with pytest.raises(OperatorError, match="is of an earlier release: copy it to a directory"):
        unpack(elsewhere, manifest, PLAIN, tmp_path / "fresh")
