"""Commits on a disk that fills up under them: refused one batch at a time, and going on when there is room again.

The disk is a small tmpfs in a mount namespace of its own, so that what fills up is real: LMDB's writes are cut short in
the middle of a page run as well as refused. Run by `nox -s crash`.
"""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CHILD_LIMIT_S = 120
PERMITTED = ["unshare", "--map-root-user", "--mount", "true"]

PROGRAM = """
import subprocess, sys
from pathlib import Path
import trio
from llmsim.errors import StoreFull
from llmsim.store.check import check, check_pages
from llmsim.store.environment import Environment, claim
from llmsim.store.operations import PutOutcome, PutTurn
from llmsim.store.ownership import open_for
from llmsim.store.schema import Ending, Outcome, Table
from llmsim.store.sessions import turn as stored
from llmsim.store.writer import Writer
from tests.stored import PROFILE, turn_of

disk, batch = Path(sys.argv[1]), int(sys.argv[3])
subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={sys.argv[2]}", "tmpfs", disk], check=True)
filler = disk / "filler"
filler.write_bytes(bytes(int(sys.argv[2]) // 2))
acknowledged, refused = [], []

async def say(writer, turn):
    try:
        await writer.commit(PutTurn(turn, PROFILE))
    except StoreFull as error:
        assert str(error).endswith("no space left on device"), error
        refused.append(turn)
    else:
        acknowledged.append(turn)
        writer.post(PutOutcome(turn.session, turn.key, Outcome(Ending.COMPLETED, 1)))

async def rounds(writer, name, until):
    for number in range(500):
        async with trio.open_nursery() as callers:
            for index in range(batch):
                callers.start_soon(say, writer, turn_of(f"{name}-{number}-{index}", "hello " * 100))
        if until():
            return
    raise AssertionError("it never came to that")

def verify(environment):
    assert [str(found) for found in (*check(environment), *check_pages(environment))] == []
    with environment.read() as view:
        assert [turn.session for turn in acknowledged if stored(view, turn.session, turn.key) != turn] == []
        assert [turn.session for turn in refused if stored(view, turn.session, turn.key) is not None] == []
        assert view.count(Table.TURNS) == len(acknowledged)

async def main():
    with claim(disk / "data"), Environment.open(disk / "data", create=True) as environment:
        open_for(environment, seed=7, ordinal=0, now_s=1)
        writer = Writer(environment, trio.to_thread.run_sync)
        with trio.fail_after(60):
            async with trio.open_nursery() as running:
                await running.start(writer.run)
                await rounds(writer, "filling", lambda: len(refused) > 2 * batch)
                verify(environment)
                print("refused", flush=True)
                filler.unlink()
                before = len(acknowledged)
                await rounds(writer, "again", lambda: len(acknowledged) > before + 2 * batch)
                await writer.drain()
                verify(environment)
                with environment.read() as view:
                    assert view.count(Table.OUTCOMES) == len(acknowledged)
                running.cancel_scope.cancel()
    with Environment.open(disk / "data") as environment:
        verify(environment)
    print("went on", flush=True)

trio.run(main)
"""


@pytest.mark.parametrize("size", [1 << 20, 1500 << 10, 3 << 20])
@pytest.mark.parametrize("batch", [1, 7, 40])
def test_commits_on_a_full_disk_are_refused_and_go_on_when_there_is_room(tmp_path: Path, size: int, batch: int) -> None:
    if subprocess.run(PERMITTED, capture_output=True, check=False).returncode != 0:
        pytest.skip("this user may not mount a small disk: unshare is not permitted")
    command = [*PERMITTED[:-1], sys.executable, "-c", PROGRAM, str(tmp_path), str(size), str(batch)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=CHILD_LIMIT_S)
    assert done.stderr == ""
    assert done.stdout.splitlines() == ["refused", "went on"]
