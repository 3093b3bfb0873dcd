"""Snapshots and restores on a disk that fills up: a small tmpfs, in a mount namespace of its own."""

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from llmsim.recovery.places import Folder
from llmsim.recovery.snapshot import create
from tests.stored import fill

ROOT = Path(__file__).parents[2]

PREPARED = """
import errno, os, subprocess, sys
from pathlib import Path
from llmsim.errors import StoreFull
from llmsim.recovery import restore, snapshot
from llmsim.recovery.places import Folder
from llmsim.recovery.sources import Wanted
from llmsim.store.environment import Environment
from tests.stored import contents, fill
work, disk = Path(sys.argv[1]), Path(sys.argv[1], "disk")
subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={sys.argv[2]}", "tmpfs", disk], check=True)

def fill_up(step, done, total):
    '''Take all room that is left when the step named on the command line begins.'''
    if step != sys.argv[3] or (disk / "filler").exists():
        return
    with (disk / "filler").open("wb", buffering=0) as filler:
        try:
            while True:
                filler.write(bytes(4096))
        except OSError as error:
            assert error.errno == errno.ENOSPC

def left(folder):
    return sorted(path.name for path in folder.iterdir() if path.name not in {"llmsim.lock", "lock.mdb"})
"""

CREATE = """
try:
    snapshot.create(work / "data", Folder(disk / "backup"), fill_up)
except StoreFull as error:
    print("full:", error)
print("left:", left(disk / "backup"))
(disk / "filler").unlink(missing_ok=True)
"""

RESTORE = """
old = fill(disk / "old", said="In the old store")
before = contents(old)
[taken] = snapshot.listed(Folder(work / "backup"))
try:
    restore.restore(Wanted(taken.url, 0, any_pod=True), old, replace=True, report=fill_up)
except StoreFull as error:
    print("full:", error)
print("left:", left(old))
assert contents(old) == before
"""


OPEN = """
fill(disk / "store")
(disk / "store" / "lock.mdb").unlink()
fill_up("now", 0, 0)
try:
    Environment.open(disk / "store")
except StoreFull as error:
    print("full:", error)
(disk / "filler").unlink()
assert len(contents(disk / "store")["turns"]) == 12
"""


UPGRADE = """
import lmdb
from tests.fixtures.make_store import FOLDER
(disk / "store").mkdir()
with lmdb.open(str(FOLDER.with_name("store-v1")), readonly=True, lock=False) as old:
    old.copy(str(disk / "store"), compact=True)  # without free pages, in which an upgrade finds room
(disk / "store" / "lock.mdb").write_bytes(bytes(8192))
before = contents(disk / "store")

def formats():
    with Environment.open(disk / "store", readonly=True) as environment:
        return environment.meta().format

fill_up("now", 0, 0)
try:
    Environment.open(disk / "store")
except StoreFull as error:
    print("full:", error)
print("format", formats())
assert contents(disk / "store") == before
(disk / "filler").unlink()
Environment.open(disk / "store").close()
print("format", formats())
after = contents(disk / "store")
assert [name for name in before if after[name] != before[name]] == ["meta"]
"""


def run_on_a_disk(script: str, work: Path, size: str, full_at: str) -> list[str]:
    """What the script prints that runs with a disk of this size, which is full from this step on."""
    (work / "disk").mkdir()
    command = ["unshare", "--map-root-user", "--mount", sys.executable, "-c", textwrap.dedent(PREPARED + script)]
    done = subprocess.run(
        [*command, str(work), size, full_at], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


@pytest.mark.parametrize("full_at", ["copy", "manifest"])
def test_create_on_a_disk_that_fills_up_leaves_nothing(tmp_path: Path, full_at: str) -> None:
    fill(tmp_path / "data")
    said = run_on_a_disk(CREATE, tmp_path, "4m", full_at)
    assert said[0].startswith("full: cannot ")
    assert said[0].endswith("no space left on device")
    assert said[1] == "left: []"


def test_create_on_a_disk_that_is_too_small_is_refused_at_once(tmp_path: Path) -> None:
    fill(tmp_path / "data")
    [full, left] = run_on_a_disk(CREATE, tmp_path, "1m", "never")
    assert full.startswith("full: not enough room in")
    assert left == "left: []"


@pytest.mark.parametrize(
    ("full_at", "message"),
    [("unpack", "full: store "), ("adopt", "full: store ")],
)
def test_restore_on_a_disk_that_fills_up_leaves_the_old_store(tmp_path: Path, full_at: str, message: str) -> None:
    create(fill(tmp_path / "lost", ordinal=2), Folder(tmp_path / "backup"))
    [full, left] = run_on_a_disk(RESTORE, tmp_path, "4m", full_at)
    assert full.startswith(message)
    assert full.endswith("no space left on device")
    assert left == "left: ['data.mdb']"


def test_restore_on_a_disk_that_is_too_small_is_refused_at_once(tmp_path: Path) -> None:
    create(fill(tmp_path / "lost", ordinal=2), Folder(tmp_path / "backup"))
    [full, left] = run_on_a_disk(RESTORE, tmp_path, "900k", "never")
    assert full.startswith("full: not enough room in")
    assert left == "left: ['data.mdb']"


def test_open_on_a_full_disk_is_refused_rather_than_killed(tmp_path: Path) -> None:
    """LMDB would map a lock file that has no place on the disk, and end the process with SIGBUS."""
    [full] = run_on_a_disk(OPEN, tmp_path, "4m", "now")
    assert full == f"full: store {tmp_path}/disk/store: no space left on device"


def test_store_of_format_1_on_a_full_disk_stays_one_until_there_is_room(tmp_path: Path) -> None:
    full, *formats = run_on_a_disk(UPGRADE, tmp_path, "4m", "now")
    assert full == f"full: store {tmp_path}/disk/store: no space left on device"
    assert formats == ["format 1", "format 3"]
