"""A child process that commits turns through a writer, as many at once as it is told; `test_fsync` watches it.

It says `asked S N` before it hands turn N of session S over and `acknowledged S N` when the commit has returned, each
in one system call, so that a trace of the process shows them between the calls that make a commit durable. Its last
line is the number of batches.
"""

import os
import sys
from functools import partial
from pathlib import Path

import trio

from llmsim.store.environment import Environment, claim
from llmsim.store.operations import PutTurn
from llmsim.store.ownership import open_for
from llmsim.store.writer import Writer
from tests.stored import PROFILE, SEED, conversation


def say(line: str) -> None:
    os.write(sys.stdout.fileno(), f"{line}\n".encode())


async def speak(writer: Writer, session: str, turns: int) -> None:
    """One session: its turns one after another, each when the last one is durable."""
    for turn in conversation(session, turns):
        say(f"asked {session} {turn.key.number}")
        await writer.commit(PutTurn(turn, PROFILE))
        say(f"acknowledged {session} {turn.key.number}")


async def commit_all(environment: Environment, sessions: int, turns: int) -> None:
    """All sessions at once."""
    batches: list[int] = []
    writer = Writer(environment, trio.to_thread.run_sync, on_commit=lambda size, _duration_s: batches.append(size))
    with trio.fail_after(60):
        async with trio.open_nursery() as running:
            await running.start(writer.run)
            async with trio.open_nursery() as speaking:
                for index in range(sessions):
                    speaking.start_soon(speak, writer, f"s-{index}", turns)
            running.cancel_scope.cancel()
    say(f"batches {len(batches)}")


def main(data_dir: str, sessions: str, turns: str, durable: str) -> None:
    with (
        claim(Path(data_dir)),
        Environment.open(Path(data_dir), create=True, durable=durable == "durable") as environment,
    ):
        open_for(environment, seed=SEED, ordinal=0, now_s=1_700_000_000)
        trio.run(partial(commit_all, environment, int(sessions), int(turns)))


if __name__ == "__main__":
    main(*sys.argv[1:])
