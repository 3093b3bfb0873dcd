"""A snapshot has its name only when it is whole: under writes, interrupted, or killed at each of its steps."""

import fcntl
import os
import re
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from llmsim import clock
from llmsim.errors import OperatorError, StoreFormat, StoreFull, StoreInUse
from llmsim.recovery.manifest import MANIFEST
from llmsim.recovery.snapshot import CREATE_STEPS, LOCK, PARTIAL_PREFIX, create, listed
from llmsim.recovery.verify import verify
from llmsim.store.environment import Environment, claim
from llmsim.store.files import Report
from llmsim.store.schema import Table
from tests.stored import contents, fill, record_calls


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return fill(tmp_path / "data")


@pytest.fixture
def backup(tmp_path: Path) -> Path:
    return tmp_path / "backup"


def left_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} - {LOCK}


def test_create_of_a_store_holds_all_of_it(data_dir: Path, backup: Path) -> None:
    made = create(data_dir, backup)
    assert made.manifest is not None
    assert contents(made.path) == contents(data_dir)
    assert verify(made.path) == []
    assert made.manifest.tables == {
        "meta": 1,
        "sessions": 3,
        "turns": 12,
        "outcomes": 12,
        "heads": 12,
        "idempotency": 0,
        "profiles": 1,
        "resources": 0,
        "items": 0,
        "names": 0,
        "lists": 0,
        "counters": 0,
    }
    assert made.manifest.size_bytes == (made.path / "data.mdb").stat().st_size
    assert left_in(backup) == {made.path.name}


def test_create_makes_files_that_only_their_owner_reads(data_dir: Path, backup: Path) -> None:
    made = create(data_dir, backup)
    assert made.path.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in made.path.iterdir()} == {0o600}


def test_create_is_named_by_ordinal_and_time_and_takes_no_name_twice(
    data_dir: Path, backup: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "wall", lambda: 1_795_411_620.123)
    names = [create(data_dir, backup).path.name for _ in range(3)]
    assert names == [
        "llmsim-0-20261123T052700.123Z",
        "llmsim-0-20261123T052700.123Z-2",
        "llmsim-0-20261123T052700.123Z-3",
    ]
    assert [verify(backup / name) for name in names] == [[], [], []]


def test_create_reports_each_step_before_it_begins(data_dir: Path, backup: Path) -> None:
    steps: list[str] = []
    create(data_dir, backup, lambda step, _done, _total: steps.append(step))
    assert tuple(dict.fromkeys(steps)) == CREATE_STEPS


@pytest.mark.parametrize("stop_at", CREATE_STEPS)
@pytest.mark.parametrize("reason", [KeyboardInterrupt, SystemExit, StoreFull])
def test_create_stopped_at_any_step_leaves_nothing(
    data_dir: Path, backup: Path, stop_at: str, reason: type[BaseException]
) -> None:
    def stop(step: str, _done: int, _total: int) -> None:
        if step == stop_at:
            raise reason

    with pytest.raises(reason):
        create(data_dir, backup, stop)
    assert left_in(backup) == set()
    assert verify(create(data_dir, backup).path) == []


def test_create_makes_everything_durable_before_it_gets_its_name(
    data_dir: Path, backup: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = record_calls(monkeypatch, backup)
    create(data_dir, backup)
    assert [re.sub(r"/[.l][^/ ]*", "/*", call) for call in calls] == [
        "fsync backup/*/data.mdb",
        "fsync backup/*/manifest.json",
        "fsync backup/*",
        "rename backup/* backup/*",
        "fsync backup",
    ]


@pytest.mark.parametrize("kill_at", CREATE_STEPS)
def test_create_killed_at_any_step_is_never_listed_and_goes_with_the_next(
    data_dir: Path, backup: Path, kill_at: str
) -> None:
    script = f"""
        import os, signal
        from pathlib import Path
        from llmsim.recovery.snapshot import create
        def kill(step, done, total):
            if step == {kill_at!r}:
                os.kill(os.getpid(), signal.SIGKILL)
        create(Path({str(data_dir)!r}), Path({str(backup)!r}), kill)
    """
    killed = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], check=False, timeout=60)
    assert killed.returncode == -signal.SIGKILL
    [left] = left_in(backup)
    assert left.startswith(PARTIAL_PREFIX)
    assert listed(backup) == []
    made = create(data_dir, backup)
    assert left_in(backup) == {made.path.name}


def test_create_leaves_the_partial_of_another_create_that_runs(data_dir: Path, backup: Path) -> None:
    running = backup / f"{PARTIAL_PREFIX}1-of-another"
    running.mkdir(parents=True)
    with (running / MANIFEST).open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        create(data_dir, backup)
        assert running.exists()
    create(data_dir, backup)
    assert not running.exists()


def test_create_while_another_process_writes_is_of_one_transaction(data_dir: Path, backup: Path) -> None:
    script = f"""
        from pathlib import Path
        from tests.stored import checked, conversation, put
        with checked(Path({str(data_dir)!r})) as environment:
            print("writing", flush=True)
            for index in range(100_000):
                put(environment, *conversation(f"more-{{index}}", 3))
    """
    command = [sys.executable, "-c", textwrap.dedent(script)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]) as writer:
        try:
            assert writer.stdout is not None
            assert writer.stdout.readline() == b"writing\n"
            made = [create(data_dir, backup) for _ in range(10)]
        finally:
            writer.kill()
    counts = [one.manifest.tables for one in made if one.manifest]
    assert [verify(one.path) for one in made] == [[]] * 10
    assert all(count["turns"] == 3 * count["sessions"] + 3 for count in counts)
    assert counts[0]["turns"] < counts[-1]["turns"]


def test_create_of_a_store_that_outgrew_the_map_copies_it(data_dir: Path, backup: Path) -> None:
    """Another process doubles the map between opening and copying."""
    script = f"""
        from pathlib import Path
        from llmsim.store.environment import Environment
        from tests.stored import conversation, put
        with Environment.open(Path({str(data_dir)!r}), map_bytes=64 << 20) as environment:
            put(environment, *conversation("long", 300, "x" * 5000))
    """

    def outgrow(step: str, done: int, _total: int) -> None:
        if (step, done) == ("copy", 0) and not (data_dir / "grown").exists():
            (data_dir / "grown").touch()
            subprocess.run([sys.executable, "-c", textwrap.dedent(script)], check=True, cwd=Path(__file__).parents[2])

    made = create_with_map(data_dir, backup, outgrow)
    assert verify(made) == []
    assert len(contents(made)[Table.TURNS]) == 312


def create_with_map(data_dir: Path, backup: Path, report: Report) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        opened = Environment.open

        def small(path: Path, **options: bool) -> Environment:
            return opened(path, map_bytes=1 << 20, **options)

        patch.setattr(Environment, "open", small)
        return create(data_dir, backup, report).path


def test_create_that_cannot_be_seen_by_a_server_is_refused(
    data_dir: Path, backup: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a read-only mount LMDB reads without a place in lock.mdb: a server elsewhere may overwrite what it reads."""
    monkeypatch.setattr(os, "access", lambda _path, _mode: False)
    with pytest.raises(OperatorError, match=r"lock\.mdb is not writable"):
        create(data_dir, backup)
    assert not backup.exists()


def test_create_of_a_store_that_was_never_used_keeps_servers_away_meanwhile(data_dir: Path, backup: Path) -> None:
    """Without a lock.mdb there is no place to be seen in, as in a store that was just restored."""
    (data_dir / "lock.mdb").unlink()

    def start_server(step: str, _done: int, _total: int) -> None:
        if step == "copy":
            with pytest.raises(StoreInUse), claim(data_dir):
                pass

    assert verify(create(data_dir, backup, start_server).path) == []
    with claim(data_dir), pytest.raises(StoreInUse):
        create(data_dir, backup)


def test_create_of_a_folder_without_a_store_is_an_operator_error(tmp_path: Path, backup: Path) -> None:
    with pytest.raises(OperatorError, match="no store in"):
        create(tmp_path, backup)
    with pytest.raises(OperatorError, match="no store in"):
        create(tmp_path / "missing", backup)
    assert not backup.exists()


@pytest.mark.leaves_unsound("no identity")
def test_create_of_a_store_without_identity_is_refused(tmp_path: Path, backup: Path) -> None:
    with claim(tmp_path), Environment.open(tmp_path, create=True):
        pass
    with pytest.raises(StoreFormat, match="nothing to take a snapshot of"):
        create(tmp_path, backup)


def test_create_into_a_file_is_an_operator_error(data_dir: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OperatorError, match=f"cannot create a snapshot: not a directory: {tmp_path}/file"):
        create(data_dir, tmp_path / "file")


def test_create_into_a_folder_whose_parent_is_missing_is_an_operator_error(data_dir: Path, tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match=f"no such file or directory: {tmp_path}/a/b"):
        create(data_dir, tmp_path / "a" / "b")


def test_create_without_room_is_refused_before_it_begins(
    data_dir: Path, backup: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.statvfs(data_dir)
    full = os.statvfs_result((*tuple(real)[:4], 0, *tuple(real)[5:]))
    monkeypatch.setattr(os, "statvfs", lambda _path: full)
    with pytest.raises(StoreFull, match="not enough room in"):
        create(data_dir, backup)
    assert left_in(backup) == set()


def test_listed_is_in_order_of_time_and_shows_damage(data_dir: Path, backup: Path) -> None:
    first, second = create(data_dir, backup), create(data_dir, backup)
    renamed = first.path.rename(backup / "before-the-upgrade")
    (backup / "llmsim-0-empty").mkdir()
    (backup / "a-stranger").mkdir()
    (backup / "a-file").touch()
    found = listed(backup)
    assert [one.path.name for one in found] == ["llmsim-0-empty", renamed.name, second.path.name]
    assert [one.problem for one in found] == [f"manifest.json is missing in {backup}/llmsim-0-empty", None, None]
    assert found[1].manifest == first.manifest


def test_listed_of_a_missing_folder_is_an_operator_error(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="cannot list snapshots: no such file or directory"):
        listed(tmp_path / "missing")
