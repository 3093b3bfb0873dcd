"""What is wrong with a snapshot is found, to any flipped byte, before the C engine can stumble on it."""

import errno
import hashlib
from pathlib import Path

import orjson
import pytest

from llmsim.errors import OperatorError, StoreFormat
from llmsim.recovery.manifest import MANIFEST, Part
from llmsim.recovery.verify import VERIFY_STEPS, intact, is_snapshot, snapshot_at, verify
from llmsim.store.environment import DATA_FILE
from llmsim.store.files import digest_file
from llmsim.store.schema import Table
from tests.snapshots import at, certified, certify, describe, first_kind, flip, records_of, taken
from tests.stored import compact, fill


@pytest.fixture
def snapshot(tmp_path: Path) -> Path:
    return taken(fill(tmp_path / "data"), tmp_path / "backup")


def the_part(snapshot: Path) -> Path:
    [part] = snapshot.glob("records-*")
    return part


def test_verify_of_a_whole_snapshot_finds_nothing_and_writes_nothing(snapshot: Path) -> None:
    steps: list[str] = []
    assert verify(at(snapshot), report=lambda step, _done, _total: steps.append(step)) == []
    assert tuple(dict.fromkeys(steps)) == VERIFY_STEPS
    assert {path.name for path in snapshot.iterdir()} == {"records-00001.zst", MANIFEST}


def test_verify_finds_any_flipped_byte_of_any_object(snapshot: Path) -> None:
    """Every byte of the manifest, and of the part."""
    for path in (snapshot / MANIFEST, the_part(snapshot)):
        for place in range(path.stat().st_size):
            flip(path, place)
            assert intact(at(snapshot)) is not None, (path, place)
            flip(path, place)
    flip(the_part(snapshot), 17)
    assert verify(at(snapshot)) == [f"{snapshot}: records-00001.zst does not have the sha256 of the manifest"]
    flip(the_part(snapshot), 17)
    assert intact(at(snapshot)) is None
    assert verify(at(snapshot)) == []


@pytest.mark.parametrize("name", ["records-00001.zst", MANIFEST])
def test_verify_finds_a_missing_object(snapshot: Path, name: str) -> None:
    (snapshot / name).unlink()
    [problem] = verify(at(snapshot))
    assert f"{name} is missing" in problem


def test_verify_finds_an_object_too_many(snapshot: Path) -> None:
    (snapshot / "records-00002.zst").touch()
    assert verify(at(snapshot)) == [f"{snapshot}: records-00002.zst does not belong there"]


def test_verify_finds_a_part_cut_short_or_grown(snapshot: Path) -> None:
    whole = the_part(snapshot).read_bytes()
    for content in (whole[:-1], whole + b"\0", b""):
        the_part(snapshot).write_bytes(content)
        [problem] = verify(at(snapshot))
        assert f"records-00001.zst has {len(content):,} bytes, the manifest says {len(whole):,}" in problem


def test_verify_finds_what_does_not_unpack_although_somebody_certified_it(snapshot: Path) -> None:
    certify(snapshot, records_of(snapshot))
    assert verify(at(snapshot)) == []
    content = b"not a part"
    the_part(snapshot).write_bytes(content)
    part = Part("records-00001.zst", len(content), hashlib.sha256(content).hexdigest(), 100, 1)
    describe(snapshot, parts=(part,))
    [problem] = verify(at(snapshot))
    assert "cannot be unpacked" in problem


def test_verify_finds_records_out_of_order_that_somebody_certified(snapshot: Path) -> None:
    records = records_of(snapshot)
    turns = [number for number, (table, _, _) in enumerate(records) if table is Table.TURNS]
    records[turns[0]], records[turns[1]] = records[turns[1]], records[turns[0]]
    certify(snapshot, records)
    [problem] = verify(at(snapshot))
    assert "records of the table turns do not come in the order of their keys" in problem


def test_verify_finds_a_broken_invariant_that_somebody_certified(snapshot: Path) -> None:
    records = records_of(snapshot)
    records.remove(next(record for record in records if record[0] is Table.HEADS))
    certify(snapshot, records)
    [problem] = verify(at(snapshot))
    assert "no head says so" in problem


def test_verify_finds_a_manifest_of_another_store(snapshot: Path) -> None:
    describe(snapshot, ordinal=5)
    assert verify(at(snapshot)) == [f"{MANIFEST} describes another store than its records"]


def test_verify_of_another_plan_version_finds_nothing(snapshot: Path) -> None:
    describe(snapshot, plan_version=99)
    assert verify(at(snapshot)) == []


def test_verify_of_another_format_is_refused(snapshot: Path) -> None:
    describe(snapshot, format=4)
    with pytest.raises(StoreFormat, match="has format 4"):
        verify(at(snapshot))
    assert "has format 4" in (intact(at(snapshot)) or "")


def test_verify_of_a_path_that_is_no_folder_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OperatorError, match=f"there is no snapshot {tmp_path}/missing"):
        verify(snapshot_at(f"{tmp_path}/missing"))
    with pytest.raises(OperatorError, match=f"cannot use {tmp_path}: not a directory: {tmp_path}/file"):
        verify(at(tmp_path / "file"))


@pytest.fixture
def first(tmp_path: Path) -> Path:
    """A snapshot as the first releases made them: a copy of the data file."""
    folder = tmp_path / "of-before"
    folder.mkdir()
    compact(fill(tmp_path / "data"), folder)
    return first_kind(folder)


def test_verify_of_a_snapshot_of_the_first_kind_finds_nothing(first: Path) -> None:
    assert verify(at(first)) == []
    assert {path.name for path in first.iterdir()} == {DATA_FILE, MANIFEST}


def test_verify_of_the_first_kind_finds_any_flipped_byte(first: Path) -> None:
    """Of the data, every byte of both meta pages and one in 97 of all others."""
    data = first / DATA_FILE
    for place in (*range(8192), *range(8192, data.stat().st_size, 97)):
        flip(data, place)
        assert intact(at(first)) is not None, place
        flip(data, place)
    assert intact(at(first)) is None


def test_verify_of_the_first_kind_finds_broken_pages_that_somebody_certified(first: Path) -> None:
    """Page 2 and further: a page number that is not its own. The C engine is not asked."""
    for page in range(2, (first / DATA_FILE).stat().st_size // 4096):
        flip(first / DATA_FILE, page * 4096)
    digest = digest_file(first / DATA_FILE, "hash")
    document = orjson.loads((first / MANIFEST).read_bytes())["manifest"] | {"sha256": digest}
    (first / MANIFEST).write_bytes(certified(document))
    assert any("stores mp_pgno" in problem for problem in verify(at(first)))


def test_verify_of_the_first_kind_finds_what_is_no_store_at_all(first: Path) -> None:
    (first / DATA_FILE).write_bytes(b"not a store" * 1000)
    digest = digest_file(first / DATA_FILE, "hash")
    document = orjson.loads((first / MANIFEST).read_bytes())["manifest"]
    (first / MANIFEST).write_bytes(certified(document | {"sha256": digest, "size_bytes": 11_000}))
    [problem] = verify(at(first))
    assert "is not an LMDB file" in problem


def test_is_snapshot_tells_snapshots_from_data_dirs(snapshot: Path, tmp_path: Path) -> None:
    assert is_snapshot(snapshot)
    assert not is_snapshot(tmp_path / "data")


def test_is_snapshot_of_a_closed_folder_is_an_operator_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever runs the tests may read anything; so the answer of the system is given here."""

    def closed(_path: Path, **_options: bool) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(tmp_path))

    monkeypatch.setattr(Path, "stat", closed)
    monkeypatch.setattr(Path, "exists", closed)
    with pytest.raises(OperatorError, match=f"cannot look for a snapshot: permission denied: {tmp_path}"):
        is_snapshot(tmp_path)
