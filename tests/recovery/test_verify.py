"""What is wrong with a snapshot or a store is found, to any flipped byte, before the C engine can stumble on it."""

import errno
from pathlib import Path

import attrs
import pytest

from llmsim.errors import OperatorError, StoreFormat
from llmsim.recovery.manifest import MANIFEST, read_manifest, render
from llmsim.recovery.snapshot import create
from llmsim.recovery.verify import VERIFY_STEPS, is_snapshot, verify
from llmsim.store.environment import Environment
from llmsim.store.files import digest_file, write_file
from llmsim.store.schema import Table
from tests.stored import fill


@pytest.fixture
def snapshot(tmp_path: Path) -> Path:
    return create(fill(tmp_path / "data"), tmp_path / "backup").path


def flip(path: Path, place: int, mask: int = 0xFF) -> None:
    with path.open("r+b") as file:
        file.seek(place)
        byte = file.read(1)[0]
        file.seek(place)
        file.write(bytes([byte ^ mask]))


def certify(snapshot: Path) -> None:
    """Give a changed data file the manifest of a whole one, as a forger would."""
    data = snapshot / "data.mdb"
    manifest = attrs.evolve(read_manifest(snapshot), sha256=digest_file(data, "hash"), size_bytes=data.stat().st_size)
    write_file(snapshot / MANIFEST, render(manifest))


def test_verify_of_a_whole_snapshot_finds_nothing_and_writes_nothing(snapshot: Path) -> None:
    steps: list[str] = []
    assert verify(snapshot, lambda step, _done, _total: steps.append(step)) == []
    assert tuple(dict.fromkeys(steps)) == VERIFY_STEPS
    assert {path.name for path in snapshot.iterdir()} == {"data.mdb", MANIFEST}


def test_verify_finds_any_flipped_byte_of_any_file(snapshot: Path) -> None:
    """Every byte of the manifest; of the data, every byte of both meta pages and one in 97 of all others."""
    manifest, data = snapshot / MANIFEST, snapshot / "data.mdb"
    places = [(manifest, place) for place in range(manifest.stat().st_size)]
    places += [(data, place) for place in range(8192)]
    places += [(data, place) for place in range(8192, data.stat().st_size, 97)]
    for path, place in places:
        flip(path, place)
        assert verify(snapshot) != [], (path, place)
        flip(path, place)
    assert verify(snapshot) == []


@pytest.mark.parametrize("name", ["data.mdb", MANIFEST])
def test_verify_finds_a_missing_file(snapshot: Path, name: str) -> None:
    (snapshot / name).unlink()
    [problem] = verify(snapshot)
    assert f"{name} is missing" in problem


def test_verify_finds_a_file_too_many(snapshot: Path) -> None:
    (snapshot / "lock.mdb").touch()
    assert verify(snapshot) == [f"{snapshot}: lock.mdb does not belong there"]


def test_verify_finds_a_file_cut_short_or_grown(snapshot: Path) -> None:
    data = snapshot / "data.mdb"
    whole = data.read_bytes()
    for content in (whole[:-1], whole + b"\0", b""):
        data.write_bytes(content)
        [problem] = verify(snapshot)
        assert f"data.mdb has {len(content):,} bytes, the manifest says {len(whole):,}" in problem


def test_verify_finds_broken_pages_that_somebody_certified(snapshot: Path) -> None:
    """Page 2 and further: a page number that is not its own."""
    size = (snapshot / "data.mdb").stat().st_size
    for page in range(2, size // 4096):
        flip(snapshot / "data.mdb", page * 4096)
    certify(snapshot)
    assert any("stores mp_pgno" in problem for problem in verify(snapshot))


def test_verify_finds_what_is_no_store_at_all(snapshot: Path) -> None:
    (snapshot / "data.mdb").write_bytes(b"not a store" * 1000)
    certify(snapshot)
    [problem] = verify(snapshot)
    assert "is not an LMDB file" in problem


@pytest.mark.leaves_unsound("broken on purpose")
def test_verify_finds_a_broken_invariant_that_somebody_certified(snapshot: Path) -> None:
    with Environment.open(snapshot, lock=False) as environment, environment.write() as view:
        [key, *_] = [key for key, _ in view.scan(Table.HEADS)]
        view.delete(Table.HEADS, key)
    certify(snapshot)
    [problem] = verify(snapshot)
    assert "no head says so" in problem


def test_verify_finds_a_manifest_of_another_store(snapshot: Path) -> None:
    write_file(snapshot / MANIFEST, render(attrs.evolve(read_manifest(snapshot), ordinal=5)))
    assert verify(snapshot) == [f"{MANIFEST} describes another store than data.mdb"]


def test_verify_of_another_plan_version_finds_nothing(snapshot: Path) -> None:
    write_file(snapshot / MANIFEST, render(attrs.evolve(read_manifest(snapshot), plan_version=99)))
    assert verify(snapshot) == []


def test_verify_of_another_format_is_refused(snapshot: Path) -> None:
    write_file(snapshot / MANIFEST, render(attrs.evolve(read_manifest(snapshot), format=3)))
    with pytest.raises(StoreFormat, match="has format 3"):
        verify(snapshot)


def test_verify_of_a_path_that_is_no_folder_is_an_operator_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path / "file", tmp_path / "missing"):
        with pytest.raises(OperatorError, match=f"cannot verify the snapshot: .*{path}"):
            verify(path)


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
