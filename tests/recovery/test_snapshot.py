"""A snapshot has its name only when it is whole: under writes, interrupted, or killed at each of its steps."""

import os
import re
import signal
import subprocess
import sys
import textwrap
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from llmsim import clock
from llmsim.errors import OperatorError, StoreFormat, StoreFull, StoreInUse
from llmsim.recovery.manifest import MANIFEST
from llmsim.recovery.places import PARTIAL, Folder
from llmsim.recovery.snapshot import CREATE_STEPS, create, listed, read_manifest
from llmsim.recovery.verify import verify
from llmsim.store.environment import Environment, claim
from llmsim.store.journal import BeginArchive
from llmsim.store.schema import Table
from llmsim.store.view import View
from tests.snapshots import contents_of, path_of, taken
from tests.stored import contents, conversation, fill, put, record_calls


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return fill(tmp_path / "data")


@pytest.fixture
def backup(tmp_path: Path) -> Path:
    return tmp_path / "backup"


def left_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_create_of_a_store_holds_all_of_it(data_dir: Path, backup: Path) -> None:
    made = create(data_dir, Folder(backup))
    assert made.manifest is not None
    assert contents_of(path_of(made)) == contents(data_dir)
    assert verify(made) == []
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
        "journal": 0,
    }
    assert (made.manifest.format, made.manifest.position, made.manifest.encryption) == (3, None, None)
    [part] = made.manifest.parts
    assert part.size_bytes == made.manifest.size_bytes == (path_of(made) / part.name).stat().st_size
    assert part.records == sum(made.manifest.tables.values())
    assert left_in(backup) == {made.name}
    assert left_in(path_of(made)) == {MANIFEST, part.name}


def test_create_makes_files_that_only_their_owner_reads(data_dir: Path, backup: Path) -> None:
    made = taken(data_dir, backup)
    assert made.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in made.iterdir()} == {0o600}


def test_create_is_named_by_ordinal_and_time_and_takes_no_name_twice(
    data_dir: Path, backup: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "wall", lambda: 1_795_411_620.123)
    made = [create(data_dir, Folder(backup)) for _ in range(3)]
    names = [one.name for one in made]
    assert names == [
        "llmsim-0-20261123T052700.123Z",
        "llmsim-0-20261123T052700.123Z-2",
        "llmsim-0-20261123T052700.123Z-3",
    ]
    assert [verify(one) for one in made] == [[], [], []]


def test_create_reports_each_step_before_it_begins(data_dir: Path, backup: Path) -> None:
    steps: list[str] = []
    create(data_dir, Folder(backup), lambda step, _done, _total: steps.append(step))
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
        create(data_dir, Folder(backup), stop)
    assert left_in(backup) == set()
    assert verify(create(data_dir, Folder(backup))) == []


def test_create_makes_everything_durable_before_it_gets_its_name(
    data_dir: Path, backup: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = record_calls(monkeypatch, backup)
    create(data_dir, Folder(backup))
    name = r"llmsim-0-[^/ ]*"
    partial = re.escape(PARTIAL) + r"\d+-"
    assert [re.sub(partial, "partial-", re.sub(name, "*", call)) for call in calls] == [
        "fsync backup",
        "fsync backup/*/partial-records-00001.zst",
        "link backup/*/partial-records-00001.zst backup/*/records-00001.zst",
        "unlink backup/*/partial-records-00001.zst",
        "fsync backup/*",
        "fsync backup/*/partial-manifest.json",
        "link backup/*/partial-manifest.json backup/*/manifest.json",
        "unlink backup/*/partial-manifest.json",
        "fsync backup/*",
    ]


@pytest.mark.parametrize("kill_at", CREATE_STEPS)
def test_create_killed_at_any_step_is_never_listed(data_dir: Path, backup: Path, kill_at: str) -> None:
    script = f"""
        import os, signal
        from pathlib import Path
        from llmsim.recovery.places import Folder
        from llmsim.recovery.snapshot import create
        def kill(step, done, total):
            if step == {kill_at!r}:
                os.kill(os.getpid(), signal.SIGKILL)
        create(Path({str(data_dir)!r}), Folder(Path({str(backup)!r})), kill)
    """
    killed = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], check=False, timeout=60)
    assert killed.returncode == -signal.SIGKILL
    assert not list(backup.rglob(MANIFEST))
    assert listed(Folder(backup)) == []
    made = create(data_dir, Folder(backup))
    assert [one.name for one in listed(Folder(backup))] == [made.name]


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
            made = [create(data_dir, Folder(backup)) for _ in range(10)]
        finally:
            writer.kill()
    counts = [one.manifest.tables for one in made if one.manifest]
    assert [verify(one) for one in made] == [[]] * 10
    assert all(count["turns"] == 3 * count["sessions"] + 3 for count in counts)
    assert counts[0]["turns"] < counts[-1]["turns"]


def test_create_of_a_store_that_outgrew_the_map_copies_it(
    data_dir: Path, backup: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process doubles the map between opening and copying."""
    script = f"""
        from pathlib import Path
        from llmsim.store.environment import Environment
        from tests.stored import conversation, put
        with Environment.open(Path({str(data_dir)!r}), map_bytes=64 << 20) as environment:
            put(environment, *conversation("long", 300, "x" * 5000))
    """

    really_open, really_read = Environment.open, Environment.read

    def small(path: Path, **options: bool) -> Environment:
        return really_open(path, map_bytes=1 << 20, **options)

    def outgrown(environment: Environment) -> AbstractContextManager[View]:
        monkeypatch.setattr(Environment, "read", really_read)
        subprocess.run([sys.executable, "-c", textwrap.dedent(script)], check=True, cwd=Path(__file__).parents[2])
        return really_read(environment)

    monkeypatch.setattr(Environment, "open", small)
    monkeypatch.setattr(Environment, "read", outgrown)
    made = create(data_dir, Folder(backup))
    monkeypatch.setattr(Environment, "open", really_open)
    assert verify(made) == []
    assert len(contents_of(path_of(made))[Table.TURNS]) == 312


def test_create_that_cannot_be_seen_by_a_server_is_refused(
    data_dir: Path, backup: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a read-only mount LMDB reads without a place in lock.mdb: a server elsewhere may overwrite what it reads."""
    monkeypatch.setattr(os, "access", lambda _path, _mode: False)
    with pytest.raises(OperatorError, match=r"lock\.mdb is not writable"):
        create(data_dir, Folder(backup))
    assert not backup.exists()


def test_create_of_a_store_that_was_never_used_keeps_servers_away_meanwhile(data_dir: Path, backup: Path) -> None:
    """Without a lock.mdb there is no place to be seen in, as in a store that was just restored."""
    (data_dir / "lock.mdb").unlink()

    def start_server(step: str, _done: int, _total: int) -> None:
        if step == "copy":
            with pytest.raises(StoreInUse), claim(data_dir):
                pass

    assert verify(create(data_dir, Folder(backup), start_server)) == []
    with claim(data_dir), pytest.raises(StoreInUse):
        create(data_dir, Folder(backup))


def test_create_of_a_folder_without_a_store_is_an_operator_error(tmp_path: Path, backup: Path) -> None:
    with pytest.raises(OperatorError, match="no store in"):
        create(tmp_path, Folder(backup))
    with pytest.raises(OperatorError, match="no store in"):
        create(tmp_path / "missing", Folder(backup))
    assert not backup.exists()


@pytest.mark.leaves_unsound("no identity")
def test_create_of_a_store_without_identity_is_refused(tmp_path: Path, backup: Path) -> None:
    with claim(tmp_path), Environment.open(tmp_path, create=True):
        pass
    with pytest.raises(StoreFormat, match="nothing to take a snapshot of"):
        create(tmp_path, Folder(backup))


def test_create_into_a_file_is_an_operator_error(data_dir: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OperatorError, match=f"cannot use {tmp_path}/file: not a directory: {tmp_path}/file"):
        create(data_dir, Folder(tmp_path / "file"))


def test_create_into_a_folder_whose_parent_is_missing_is_an_operator_error(data_dir: Path, tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match=f"no such file or directory: {tmp_path}/a/b"):
        create(data_dir, Folder(tmp_path / "a" / "b"))


def test_create_without_room_is_refused_before_it_begins(
    data_dir: Path, backup: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.statvfs(data_dir)
    full = os.statvfs_result((*tuple(real)[:4], 0, *tuple(real)[5:]))
    monkeypatch.setattr(os, "statvfs", lambda _path: full)
    with pytest.raises(StoreFull, match="not enough room in"):
        create(data_dir, Folder(backup))
    assert left_in(backup) == set()


def test_listed_is_in_order_of_time_and_shows_damage(data_dir: Path, backup: Path) -> None:
    made = [create(data_dir, Folder(backup)) for _ in range(3)]
    (path_of(made[1]) / MANIFEST).write_bytes(b"{}")
    (backup / "llmsim-0-half-made").mkdir()
    (backup / "llmsim-0-half-made" / "records-00001.zst").touch()
    (backup / "a-stranger").mkdir()
    (backup / "a-file").touch()
    found = listed(Folder(backup))
    assert [one.name for one in found] == [made[1].name, made[0].name, made[2].name]
    assert [one.manifest for one in found] == [None, made[0].manifest, made[2].manifest]
    assert found[0].problem == "manifest.json is not a manifest: expected the keys digest and manifest"
    assert [one.problem for one in found[1:]] == [None, None]
    assert read_manifest(found[2].place, found[2].name) == made[2].manifest


def test_listed_of_a_missing_folder_is_an_operator_error(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match=f"cannot use {tmp_path}/missing: no such file or directory"):
        listed(Folder(tmp_path / "missing"))


def test_snapshot_of_an_archived_store_says_how_far_it_is_and_leaves_the_journal(data_dir: Path, backup: Path) -> None:
    with claim(data_dir), Environment.open(data_dir) as environment:
        with environment.write() as view:
            BeginArchive("generation-1")(view)
        put(environment, *conversation("after", 2))
    made = create(data_dir, Folder(backup))
    assert made.manifest is not None
    assert made.manifest.position is not None
    assert (made.manifest.position.generation, made.manifest.position.turns) == ("generation-1", 14)
    assert made.manifest.tables["journal"] == 0
    assert made.manifest.tables["meta"] == 1
    assert verify(made) == []
