"""How many durable turns a second the writer commits, by how many write at once: `python -m tests.bench.writer [DIR]`.

DIR must be on the disk that is to be measured; the default is a new folder below the working directory.
"""

import sys
import tempfile
from collections.abc import Iterable
from functools import partial
from pathlib import Path

import attrs
import trio

from llmsim.store.check import check
from llmsim.store.environment import Environment
from llmsim.store.operations import PutTurn
from llmsim.store.ownership import open_for
from llmsim.store.schema import Turn
from llmsim.store.writer import Writer
from tests.stored import PROFILE, SEED, conversation

SESSIONS = (1, 16, 64, 256)
TURNS = 5120
LIMIT_S = 300


@attrs.frozen
class Measured:
    """One row: how many sessions wrote at once, and what came of it; durations in seconds."""

    sessions: int
    turns: int
    batches: int
    duration_s: float
    waits_s: list[float]

    def row(self) -> str:
        waits_ms = sorted(wait * 1000 for wait in self.waits_s)
        middle, high = waits_ms[len(waits_ms) // 2], waits_ms[len(waits_ms) * 99 // 100]
        rate, merged = self.turns / self.duration_s, self.turns / self.batches
        return f"{self.sessions:>8} {rate:>8,.0f} {merged:>16.1f} {middle:>9.1f} {high:>9.1f}"


async def speak(writer: Writer, turns: Iterable[Turn], waits_s: list[float]) -> None:
    """One session, whose turns wait for one another."""
    for turn in turns:
        begun = trio.current_time()
        await writer.commit(PutTurn(turn, PROFILE))
        waits_s.append(trio.current_time() - begun)


async def measured(environment: Environment, sessions: int) -> Measured:
    """The turns are made before the clock runs; what counts is the writer."""
    count = min(TURNS // sessions, TURNS // 8)
    spoken = [list(conversation(f"s-{index}", count)) for index in range(sessions)]
    batches: list[int] = []
    waits_s: list[float] = []
    writer = Writer(environment, trio.to_thread.run_sync, on_commit=lambda size, _duration_s: batches.append(size))
    with trio.fail_after(LIMIT_S):
        async with trio.open_nursery() as running:
            await running.start(writer.run)
            begun = trio.current_time()
            async with trio.open_nursery() as speaking:
                for turns in spoken:
                    speaking.start_soon(speak, writer, turns, waits_s)
            duration_s = trio.current_time() - begun
            running.cancel_scope.cancel()
    return Measured(sessions, sum(batches), len(batches), duration_s, waits_s)


def main(folder: Path) -> None:
    """Print the table; each row has a store of its own."""
    sys.stdout.write(f"{'sessions':>8} {'turns/s':>8} {'turns/fdatasync':>16} {'p50 ms':>9} {'p99 ms':>9}\n")
    for sessions in SESSIONS:
        data_dir = folder / str(sessions)
        with Environment.open(data_dir, create=True) as environment:
            open_for(environment, seed=SEED, ordinal=0, now_s=1_700_000_000)
            row = trio.run(partial(measured, environment, sessions))
            assert check(environment) == []
        sys.stdout.write(row.row() + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(dir=Path(sys.argv[1] if len(sys.argv) > 1 else ".")) as chosen:
        main(Path(chosen))
