"""kill -9, a full disk or a broken one at every single write of a commit: the store is the one before it or after it.

strace counts the system calls of each kind that write, sync or close the data file, and kills the child when it enters
one of them; for each kind the test begins with the first and goes on until the child ends by itself. Run by
`nox -s crash`; strace must be installed.
"""

import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from llmsim.store.environment import DATA_FILE, Environment, claim
from llmsim.store.examine import examine
from llmsim.store.ownership import open_for
from tests.crash.steps import STEPS, before, do, together
from tests.fixtures.make_store import FOLDER
from tests.stored import SEED

ROOT = Path(__file__).parents[2]
CALLS = ("pwrite64", "pwritev", "write", "writev", "fdatasync", "fsync", "ftruncate", "close")
CALLS_MAX = 60
CHILD_LIMIT_S = 60
KILLED = {-signal.SIGKILL, 128 + signal.SIGKILL}


def made(folder: Path, step: str) -> Path:
    """The store before the step."""
    folder.mkdir()
    if step == "format":
        shutil.copyfile(FOLDER.with_name("store-v1") / DATA_FILE, folder / DATA_FILE)
        return folder
    with claim(folder), Environment.open(folder, create=True) as environment:
        open_for(environment, seed=SEED, ordinal=0, now_s=1)
        with environment.write() as view:
            together(tuple(before()))(view)
    return folder


def everything(data_dir: Path) -> dict[str, dict[bytes, bytes]]:
    """Every record of every table that the store has."""
    with Environment.open(data_dir, readonly=True) as environment, environment.read() as view:
        return {table.value: dict(view.scan(table)) for table in view.tables}


def killed_at(data_dir: Path, step: str, call: str, number: int) -> bool:
    """Do the step in a child that is killed at this call to the data file; False where it had not so many."""
    strace = shutil.which("strace")
    assert strace, "strace is not installed: without it nothing can be killed at a write (apt-get install strace)"
    command = [strace, "-f", "-qq", "-o", "/dev/null", "-P", str(data_dir / DATA_FILE)]
    command += ["-e", f"trace={call}", "-e", f"inject={call}:signal=SIGKILL:when={number}"]
    command += [sys.executable, "-m", "tests.crash.steps", str(data_dir), step]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=CHILD_LIMIT_S, cwd=ROOT)
    assert done.returncode in {0, *KILLED}, done.stderr
    return done.returncode != 0


@pytest.mark.parametrize("step", STEPS)
def test_store_killed_at_any_write_is_the_one_before_or_the_one_after(step: str, tmp_path: Path) -> None:
    start, end = made(tmp_path / "start", step), tmp_path / "end"
    shutil.copytree(start, end)
    do(end, step)
    old, new = everything(start), everything(end)
    assert old != new
    seen: dict[str, list[bool]] = {call: [] for call in CALLS}
    for call in CALLS:
        for number in range(1, CALLS_MAX):
            data_dir = tmp_path / f"{call}-{number}"
            shutil.copytree(start, data_dir)
            if not killed_at(data_dir, step, call, number):
                break
            assert examine(data_dir) == []
            found = everything(data_dir)
            assert found in (old, new), (call, number)
            seen[call].append(found == new)
            if found == old:
                do(data_dir, step)
            assert examine(data_dir) == []
            assert everything(data_dir) == new
    assert seen["fdatasync"] == [False], "a commit is synced once, and is not there before"
    assert len(seen["pwrite64"]) >= 1
    assert True not in seen["pwrite64"] + seen["pwritev"] + seen["writev"], "the last of them makes it the new one"
    assert seen["close"][-1] is True


ERRORS = ("ENOSPC", "EIO")
WRITING = ("pwrite64", "pwritev", "writev", "fdatasync")


def refused_at(data_dir: Path, step: str, call: str, number: int, error: str) -> str:
    """Do the step in a child that gets this error from this call; what it says, empty where it had not so many."""
    strace = shutil.which("strace")
    assert strace, "strace is not installed: without it no call can fail (apt-get install strace)"
    command = [strace, "-f", "-qq", "-o", "/dev/null", "-P", str(data_dir / DATA_FILE)]
    command += ["-e", f"trace={call}", "-e", f"inject={call}:error={error}:when={number}"]
    command += [sys.executable, "-m", "tests.crash.steps", str(data_dir), step]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=CHILD_LIMIT_S, cwd=ROOT)
    return done.stderr.strip().splitlines()[-1] if done.returncode else ""


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("step", ["response", "conversation deleted"])
def test_store_whose_write_fails_says_so_and_is_the_one_before(step: str, error: str, tmp_path: Path) -> None:
    """At whichever write, and at the sync: an error of ours, nothing acknowledged, and the step can be done again."""
    start = made(tmp_path / "start", step)
    old = everything(start)
    refused = dict.fromkeys(WRITING, 0)
    for call in WRITING:
        for number in range(1, CALLS_MAX):
            data_dir = tmp_path / f"{call}-{number}"
            shutil.copytree(start, data_dir)
            told = refused_at(data_dir, step, call, number, error)
            if not told:
                break
            refused[call] += 1
            assert told.startswith(f"llmsim.errors.Store{'Full' if error == 'ENOSPC' else 'Error'}: "), told
            assert examine(data_dir) == []
            assert everything(data_dir) == old
            do(data_dir, step)
            assert examine(data_dir) == []
    assert refused["fdatasync"] == 1
    assert refused["pwrite64"] >= 1
