"""A restore leaves the old store or the new one, whole: refused, interrupted, or killed at each of its steps."""

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from llmsim.errors import (
    OperatorError,
    RestoreTargetExists,
    SnapshotDamaged,
    StoreError,
    StoreFormat,
    StoreFull,
    StoreInUse,
    WrongOrdinal,
)
from llmsim.recovery.restore import KEPT_PREFIX, RESTORE_STEPS, Restored
from llmsim.recovery.restore import restore as restore_wanted
from llmsim.recovery.sources import Wanted
from llmsim.store import pages
from llmsim.store.environment import STAGING, Environment, claim
from llmsim.store.files import Report, silent
from tests.snapshots import describe, flip, manifest_of, taken
from tests.stored import contents, conversation, fill, put, record_calls


@pytest.fixture
def snapshot(tmp_path: Path) -> Path:
    return taken(fill(tmp_path / "lost", said="In the snapshot"), tmp_path / "backup")


@pytest.fixture
def old(tmp_path: Path) -> Path:
    return fill(tmp_path / "data", sessions=2, said="In the old store")


def restore(
    source: Path, data_dir: Path, ordinal: int, *, adopt: bool = False, replace: bool = False, report: Report = silent
) -> Restored:
    """Restore one snapshot."""
    return restore_wanted(Wanted(str(source), ordinal, any_pod=adopt), data_dir, replace=replace, report=report)


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} - {"llmsim.lock", "lock.mdb"}


def test_restore_into_a_missing_folder_gives_the_store_back(snapshot: Path, tmp_path: Path) -> None:
    steps: list[str] = []
    target = tmp_path / "var" / "fresh"
    done = restore(snapshot, target, 0, report=lambda step, _done, _total: steps.append(step))
    assert contents(target) == contents(tmp_path / "lost")
    assert (done.ordinal, done.kept, done.staged.manifest) == (0, None, manifest_of(snapshot))
    assert names(target) == {"data.mdb"}
    assert tuple(dict.fromkeys(steps)) == RESTORE_STEPS
    assert (target / "data.mdb").stat().st_mode & 0o777 == 0o600


def test_restore_into_a_fresh_mount_point_works(snapshot: Path, tmp_path: Path) -> None:
    (tmp_path / "mount" / "lost+found").mkdir(parents=True)
    restore(snapshot, tmp_path / "mount", 0)
    assert contents(tmp_path / "mount") == contents(tmp_path / "lost")


def test_restored_store_takes_new_turns(snapshot: Path, tmp_path: Path) -> None:
    restore(snapshot, tmp_path / "fresh", 0)
    with claim(tmp_path / "fresh"), Environment.open(tmp_path / "fresh") as environment:
        put(environment, *conversation("after", 2))
    assert len(contents(tmp_path / "fresh")["turns"]) == 14
    assert pages.walk(tmp_path / "fresh" / "data.mdb") == []


def test_restore_onto_a_store_is_refused(snapshot: Path, old: Path) -> None:
    before = contents(old)
    with pytest.raises(RestoreTargetExists, match="already holds a store: restore --replace keeps that aside"):
        restore(snapshot, old, 0)
    assert contents(old) == before


def test_restore_into_a_folder_of_somebody_else_is_refused(snapshot: Path, tmp_path: Path) -> None:
    target = tmp_path / "home"
    target.mkdir()
    (target / "letters").touch()
    with pytest.raises(RestoreTargetExists, match="is not empty: it holds letters"):
        restore(snapshot, target, 0)
    assert names(target) == {"letters"}
    restore(snapshot, target, 0, replace=True)
    assert names(target) == {"letters", "data.mdb"}


def test_restore_with_replace_keeps_the_old_store_aside(snapshot: Path, old: Path, tmp_path: Path) -> None:
    before = contents(old)
    done = restore(snapshot, old, 0, replace=True)
    assert done.kept is not None
    assert names(old) == {"data.mdb", done.kept.name}
    assert contents(done.kept) == before
    assert contents(old) == contents(tmp_path / "lost")


def test_restore_with_replace_twice_keeps_both(snapshot: Path, old: Path) -> None:
    first = restore(snapshot, old, 0, replace=True)
    second = restore(snapshot, old, 0, replace=True)
    assert {first.kept, second.kept} == set(old.glob(KEPT_PREFIX + "*"))


def test_restore_while_a_server_has_the_folder_is_refused(snapshot: Path, old: Path) -> None:
    before = contents(old)
    with claim(old), pytest.raises(StoreInUse, match=f"in use by process {os.getpid()}"):
        restore(snapshot, old, 0, replace=True)
    assert contents(old) == before


def test_restore_leaves_a_reader_of_the_old_store_its_view(snapshot: Path, old: Path, tmp_path: Path) -> None:
    """A reader that looks on has the old file and the old lock; whoever opens afterwards has neither."""
    with Environment.open(old, readonly=True) as environment, environment.read() as view:
        before = view.transaction
        restore(snapshot, old, 0, replace=True)
        assert view.transaction == before
        script = f"""
            from pathlib import Path
            from tests.stored import checked, conversation, put
            with checked(Path({str(old)!r})) as environment:
                put(environment, *conversation("after", 2))
        """
        subprocess.run([sys.executable, "-c", textwrap.dedent(script)], check=True, cwd=Path(__file__).parents[2])
    assert len(contents(old)["turns"]) == 14


def test_restore_of_another_pod_is_refused_unless_adopted(tmp_path: Path) -> None:
    snapshot = taken(fill(tmp_path / "lost", ordinal=2), tmp_path / "backup")
    with pytest.raises(WrongOrdinal, match="of pod 2, this is pod 1: restore --adopt makes it the store of pod 1"):
        restore(snapshot, tmp_path / "fresh", 1)
    assert names(tmp_path / "fresh") == set()
    done = restore(snapshot, tmp_path / "fresh", 1, adopt=True)
    assert (done.ordinal, done.staged.manifest.ordinal) == (1, 2)
    restored, lost = contents(tmp_path / "fresh"), contents(tmp_path / "lost")
    assert restored.pop("meta") != lost.pop("meta")
    assert restored == lost
    assert pages.walk(tmp_path / "fresh" / "data.mdb") == []
    with Environment.open(tmp_path / "fresh", readonly=True) as environment:
        meta = environment.meta()
    assert meta is not None
    assert meta.ordinal == 1


def test_restore_with_adopt_of_an_own_snapshot_changes_nothing(snapshot: Path, tmp_path: Path) -> None:
    for name, adopt in (("adopted", True), ("fresh", False)):
        restore(snapshot, tmp_path / name, 0, adopt=adopt)
    assert (tmp_path / "fresh" / "data.mdb").read_bytes() == (tmp_path / "adopted" / "data.mdb").read_bytes()


def test_restore_of_another_format_is_refused(snapshot: Path, tmp_path: Path) -> None:
    describe(snapshot, format=4)
    with pytest.raises(StoreFormat, match="has format 4"):
        restore(snapshot, tmp_path / "fresh", 0)


def test_restore_of_a_damaged_snapshot_leaves_the_old_store(snapshot: Path, old: Path) -> None:
    before = contents(old)
    part = snapshot / "records-00001.zst"
    for place in (0, 17, part.stat().st_size - 1):
        flip(part, place, 1)
        with pytest.raises(SnapshotDamaged, match="does not have the sha256 of the manifest"):
            restore(snapshot, old, 0, replace=True)
        flip(part, place, 1)
        assert names(old) == {"data.mdb"}
    assert contents(old) == before


def test_restore_without_room_is_refused_before_it_begins(
    snapshot: Path, old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.statvfs(old)
    full = os.statvfs_result((*tuple(real)[:4], 0, *tuple(real)[5:]))
    monkeypatch.setattr(os, "statvfs", lambda _path: full)
    with pytest.raises(StoreFull, match="not enough room in"):
        restore(snapshot, old, 0, replace=True)
    assert names(old) == {"data.mdb"}


def test_restore_of_or_into_what_is_no_folder_is_an_operator_error(snapshot: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OperatorError, match=f"cannot restore: not a directory: {tmp_path}/file"):
        restore(snapshot, tmp_path / "file", 0)
    with pytest.raises(OperatorError, match=f"cannot use {tmp_path}/file: not a directory"):
        restore(tmp_path / "file", tmp_path / "fresh", 0)
    with pytest.raises(OperatorError, match=f"no such file or directory: {tmp_path}/missing"):
        restore(tmp_path / "missing", tmp_path / "fresh", 0)
    with pytest.raises(OperatorError, match=f"{tmp_path} holds no snapshot"):
        restore(tmp_path, tmp_path / "fresh", 0)


@pytest.mark.parametrize("stop_at", RESTORE_STEPS[:-1])
@pytest.mark.parametrize("reason", [KeyboardInterrupt, SystemExit, StoreFull])
def test_restore_stopped_before_its_end_leaves_the_old_store_alone(
    snapshot: Path, old: Path, stop_at: str, reason: type[BaseException]
) -> None:
    before = contents(old)

    def stop(step: str, _done: int, _total: int) -> None:
        if step == stop_at:
            raise reason

    with pytest.raises(reason):
        restore(snapshot, old, 0, replace=True, report=stop)
    assert names(old) == {"data.mdb"}
    assert contents(old) == before


@pytest.mark.parametrize("ordinal", [0, 1])
def test_restore_makes_everything_durable_in_order(
    snapshot: Path, old: Path, ordinal: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = record_calls(monkeypatch, old)
    done = restore(snapshot, old, ordinal, replace=True, adopt=True)
    assert done.kept is not None
    assert [call.replace(done.kept.name, "kept") for call in calls] == [
        "fsync data/.restoring/data.mdb",
        "fsync data/.restoring",
        "link data/data.mdb data/kept/data.mdb",
        "fsync data/kept",
        "fsync data",
        "unlink data/lock.mdb",
        "rename data/.restoring/data.mdb data/data.mdb",
        "fsync data",
        "rmdir data/.restoring",
        "fsync data",
    ]


def kill_restore(snapshot: Path, target: Path, kill_at: str) -> None:
    """Restore in a process that is killed when it comes to this step, with a store of another pod to adopt."""
    script = f"""
        import os, signal
        from pathlib import Path
        from llmsim.recovery.restore import restore
        from llmsim.recovery.sources import Wanted
        def kill(step, done, total):
            if step == {kill_at!r}:
                os.kill(os.getpid(), signal.SIGKILL)
        wanted = Wanted({str(snapshot)!r}, 1, any_pod=True)
        restore(wanted, Path({str(target)!r}), replace=True, report=kill)
    """
    killed = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], check=False, timeout=60)
    assert killed.returncode == -signal.SIGKILL


@pytest.mark.parametrize("kill_at", RESTORE_STEPS)
def test_restore_killed_at_any_step_leaves_the_old_store_or_the_new(
    snapshot: Path, old: Path, tmp_path: Path, kill_at: str
) -> None:
    before, new = contents(old), contents(tmp_path / "lost")
    kill_restore(snapshot, old, kill_at)
    after = contents(old)
    if kill_at == "tidy":
        [kept] = old.glob(KEPT_PREFIX + "*")
        assert contents(kept) == before
        assert after.pop("meta") != new.pop("meta")
        assert after == new
    else:
        assert after == before
    restore(snapshot, old, 1, replace=True, adopt=True)
    kept_stores = [contents(kept) for kept in old.glob(KEPT_PREFIX + "*")]
    assert before in kept_stores
    assert len(kept_stores) == (2 if kill_at == "tidy" else 1)
    assert not (old / STAGING).exists()


@pytest.mark.parametrize("kill_at", RESTORE_STEPS)
def test_restore_killed_in_a_fresh_folder_can_be_tried_again(snapshot: Path, tmp_path: Path, kill_at: str) -> None:
    target = tmp_path / "fresh"
    kill_restore(snapshot, target, kill_at)
    assert (target / "data.mdb").exists() == (kill_at == "tidy")
    if kill_at != "tidy":
        with pytest.raises(StoreError, match="a restore that did not end"):
            Environment.open(target, create=True)
    restore(snapshot, target, 1, replace=kill_at == "tidy", adopt=True)
    assert contents(target)["turns"] == contents(tmp_path / "lost")["turns"]
    assert not (target / STAGING).exists()
