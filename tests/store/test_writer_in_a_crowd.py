"""The writer under many conversations at once, in threads: all of them are stored whole."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import trio

from llmsim.store import sessions
from llmsim.store.environment import Environment
from llmsim.store.operations import DeleteSession, PutOutcome, PutTurn
from llmsim.store.ownership import open_for
from llmsim.store.schema import Ending, Outcome, Table
from tests.store.callers import Running, running
from tests.stored import PROFILE, conversation

SMALL_MAP_BYTES = 1 << 16
COMPLETED = Outcome(Ending.COMPLETED, 3)


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[Environment]:
    with Environment.open(tmp_path, create=True, map_bytes=SMALL_MAP_BYTES) as opened:
        open_for(opened, seed=7, ordinal=0, now_s=1)
        yield opened


async def test_many_conversations_at_once_are_all_stored_whole(environment: Environment) -> None:
    """64 sessions of 5 turns with outcomes, and deletions among them, in threads, from a tiny map."""

    async def talk(run: Running, name: str) -> None:
        for turn in conversation(name, 5):
            await run.writer.commit(PutTurn(turn, PROFILE))
            with environment.read() as view:
                assert sessions.turn(view, name, turn.key) == turn
            run.writer.post(PutOutcome(name, turn.key, COMPLETED))
        if name.endswith("0"):
            await run.writer.commit(DeleteSession(name))

    async with running(environment, trio.to_thread.run_sync) as run:
        async with trio.open_nursery() as nursery:
            for number in range(64):
                nursery.start_soon(talk, run, f"s{number:02}")
        await run.settle()
        with environment.read() as view:
            assert view.count(Table.SESSIONS) == 57
            assert view.count(Table.TURNS) == view.count(Table.OUTCOMES) == 57 * 5
        assert sum(run.batches) == 64 * 5 * 2 + 7
        assert max(run.batches) > 10
