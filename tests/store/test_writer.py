"""The writer with callers beside it: what they are told, what is stored, and what cancelling one of them changes."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import trio
import trio.testing

from llmsim.errors import ClientError, StoreError, StoreFull
from llmsim.store import sessions, writer
from llmsim.store.batch import Operation, Results
from llmsim.store.environment import Environment, View
from llmsim.store.operations import DeleteSession, PutOutcome, PutTurn
from llmsim.store.ownership import open_for
from llmsim.store.schema import Ending, Outcome
from llmsim.store.writer import POST_WAIT_S, Writer, inline
from tests.store.callers import LIMIT_S, Caller, Disk, Gate, Running, putting, running, spoiling, stored
from tests.stored import PROFILE, turn_of

SMALL_MAP_BYTES = 1 << 16
TURN = turn_of("s", "hello")
COMPLETED = Outcome(Ending.COMPLETED, 3)


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[Environment]:
    with Environment.open(tmp_path, create=True, map_bytes=SMALL_MAP_BYTES) as opened:
        open_for(opened, seed=7, ordinal=0, now_s=1)
        yield opened


def outcome(environment: Environment) -> Outcome | None:
    with environment.read() as view:
        return sessions.outcome(view, "s", TURN.key)


def nothing(_view: View) -> None:
    """An operation that changes nothing."""


async def test_commit_returns_what_the_operation_returned_once_it_is_stored(environment: Environment) -> None:
    def operation(view: View) -> str:
        putting("s")(view)
        return "done"

    async with running(environment, trio.to_thread.run_sync) as run:
        assert await run.writer.commit(operation) == "done"
        assert stored(environment) == ["s"]


async def test_commits_that_gather_during_a_commit_share_the_next(environment: Environment) -> None:
    gate = Gate()
    async with running(environment, gate) as run:
        callers = await run.callers(*(putting(f"s{number}") for number in range(20)))
        gate.opened.set()
        await run.settle()
        assert run.batches == [1, 19]
        assert len(stored(environment)) == 20
        assert all(caller.answered for caller in callers)


async def test_commits_are_applied_in_the_order_of_their_callers(environment: Environment) -> None:
    gate, applied = Gate(), list[int]()
    async with running(environment, gate) as run:
        await run.callers(*[lambda _view, number=number: applied.append(number) for number in range(10)])
        run.writer.post(lambda _view: applied.append(10))
        gate.opened.set()
        await run.settle()
        assert applied == list(range(11))


async def test_batch_beyond_the_limit_is_several(environment: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "BATCH_MAX", 4)
    gate = Gate()
    async with running(environment, gate) as run:
        await run.callers(*(putting(f"s{number}") for number in range(10)))
        gate.opened.set()
        await run.settle()
        assert run.batches == [1, 4, 4, 1]


async def test_commit_beyond_the_queue_waits_for_a_place_and_post_does_not(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "QUEUE_MAX", 3)
    gate = Gate()
    async with running(environment, gate) as run:
        callers = await run.callers(*(putting(f"s{number}") for number in range(5)))
        for _ in range(5):
            run.writer.post(DeleteSession("nobody"))
        assert len(run.writer._queue) == 2 + 5
        gate.opened.set()
        await run.settle()
        assert all(caller.answered for caller in callers)
        assert stored(environment) == [f"s{number}" for number in range(5)]


@pytest.mark.parametrize(("failing", "error"), [(DeleteSession("nobody"), ClientError), (spoiling, ZeroDivisionError)])
async def test_operation_that_fails_is_its_callers_alone(
    environment: Environment, failing: Operation, error: type[Exception]
) -> None:
    gate = Gate()
    async with running(environment, gate) as run:
        callers = await run.callers(putting("first"), putting("a"), failing, putting("b"))
        gate.opened.set()
        await run.settle()
        assert [type(caller.error) for caller in callers] == [type(None), type(None), error, type(None)]
        assert stored(environment) == ["a", "b", "first"]
        assert run.batches == [1, 3]
        await run.writer.commit(putting("later"))


async def test_commits_that_fill_the_map_grow_it(environment: Environment) -> None:
    async with running(environment, trio.to_thread.run_sync) as run, trio.open_nursery() as callers:
        for number in range(400):
            callers.start_soon(run.writer.commit, putting(f"s{number:03}"))
    assert len(stored(environment)) == 400
    assert environment._environment.info()["map_size"] > SMALL_MAP_BYTES


async def test_full_disk_refuses_commits_until_there_is_room(environment: Environment) -> None:
    disk = Disk()
    async with running(environment, disk) as run:
        await run.writer.commit(putting("before"))
        disk.full = True
        for _ in range(2):
            with pytest.raises(StoreFull, match="no space left on device"):
                await run.writer.commit(putting("refused"))
        assert stored(environment) == ["before"]
        disk.full = False
        await run.writer.commit(putting("later"))
        assert stored(environment) == ["before", "later"]
        assert run.batches == [1, 1]


async def test_full_disk_keeps_what_was_posted_until_there_is_room(environment: Environment) -> None:
    disk = Disk()
    async with running(environment, disk) as run:
        await run.writer.commit(PutTurn(TURN, PROFILE))
        disk.full = True
        run.writer.post(PutOutcome("s", TURN.key, COMPLETED))
        with pytest.raises(StoreFull):
            await run.writer.commit(putting("refused"))
        await run.writer.drain()
        assert outcome(environment) is None
        disk.full = False
        await run.writer.commit(putting("later"))
        assert outcome(environment) == COMPLETED


async def test_drain_tries_once_more_what_a_full_disk_kept(environment: Environment) -> None:
    disk = Disk()
    async with running(environment, disk) as run:
        await run.writer.commit(PutTurn(TURN, PROFILE))
        disk.full = True
        run.writer.post(PutOutcome("s", TURN.key, COMPLETED))
        await run.settle()
        disk.full = False
        await run.writer.drain()
        assert outcome(environment) == COMPLETED


@pytest.mark.parametrize("point", ["before", "after"])
async def test_commit_that_fails_otherwise_stops_the_writer_and_tells_everybody(
    environment: Environment, point: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One caller in the commit, two in the queue, two waiting for a place in it, and one too late."""
    monkeypatch.setattr(writer, "QUEUE_MAX", 3)
    gate = Gate(point, StoreError("input/output error"))
    told: list[Caller] = []
    with pytest.RaisesGroup(pytest.RaisesExc(StoreError, match="input/output error")):
        async with trio.open_nursery() as beside:
            late = Running(Writer(environment, gate), beside, [])
            with trio.fail_after(LIMIT_S):
                await beside.start(late.writer.run)
                with trio.CancelScope(shield=True):
                    told += await late.callers(*(putting(f"s{number}") for number in range(5)))
                    late.writer.post(putting("posted"))
                    gate.opened.set()
                    await late.settle()
                    told += await late.callers(putting("late"))
                    late.writer.post(putting("late"))
                    await late.settle()
    too_late = "the store takes no more writes: its writer has stopped"
    assert [str(caller.error) for caller in told[:3]] == ["the store stopped: input/output error", too_late, too_late]
    assert not any(caller.answered for caller in told)
    assert stored(environment) == ([] if point == "before" else ["s0"])


async def test_commit_without_a_running_writer_is_refused(environment: Environment) -> None:
    idle = Writer(environment, inline)
    with trio.fail_after(LIMIT_S):
        with pytest.raises(StoreError, match="takes no more writes"):
            await idle.commit(putting("s"))
        await idle.drain()


@pytest.mark.parametrize("point", ["before", "after"])
@pytest.mark.parametrize("cancelled", range(4))
async def test_commit_cancelled_is_whole_or_absent_and_others_are_unaffected(
    environment: Environment, point: str, cancelled: int
) -> None:
    """The first caller's operation is in a commit that hangs, the others wait in the queue."""
    gate = Gate(point)
    async with running(environment, gate) as run:
        callers = await run.callers(*(putting(f"s{number}") for number in range(4)))
        assert gate.reached.is_set()
        callers[cancelled].scope.cancel()
        await trio.testing.wait_all_tasks_blocked()
        assert callers[cancelled].scope.cancelled_caught
        gate.opened.set()
        await run.settle()
        absent = {f"s{cancelled}"} if cancelled else set()
        assert set(stored(environment)) == {"s0", "s1", "s2", "s3"} - absent
        assert [caller.answered for caller in callers] == [number != cancelled for number in range(4)]
        await run.writer.commit(putting("later"))


async def test_commits_cancelled_leave_nothing_and_give_their_places_back(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "QUEUE_MAX", 2)
    gate = Gate()
    async with running(environment, gate) as run:
        for _ in range(10):
            callers = await run.callers(*(putting(f"s{number}") for number in range(5)))
            for caller in callers:
                caller.scope.cancel()
            await trio.testing.wait_all_tasks_blocked()
            assert all(caller.scope.cancelled_caught for caller in callers)
        gate.opened.set()
        await run.settle()
        await run.writer._commit_gathered()
        assert (stored(environment), run.batches) == (["s0"], [1])


async def test_run_cancelled_finishes_its_commit_and_refuses_the_rest(environment: Environment) -> None:
    gate = Gate()
    run = Writer(environment, gate)
    callers = [Caller(putting("a")), Caller(putting("b"))]
    with trio.fail_after(LIMIT_S):
        async with trio.open_nursery() as beside, trio.open_nursery() as nursery:
            await nursery.start(run.run)
            for caller in callers:
                beside.start_soon(caller.call, run)
                await trio.testing.wait_all_tasks_blocked()
            nursery.cancel_scope.cancel()
            gate.opened.set()
    assert stored(environment) == ["a"]
    assert callers[0].answered
    assert "takes no more writes" in str(callers[1].error)
    assert not run.running


async def test_on_commit_is_told_how_long_the_commit_took(
    environment: Environment, autojump_clock: trio.testing.MockClock
) -> None:
    async def slow(commit: Callable[[], Results], /) -> Results:
        await trio.sleep(2)
        under_way.append(run.committing_s)
        return commit()

    under_way, told = list[float](), list[tuple[int, float]]()
    run = Writer(environment, slow, on_commit=lambda *commit: told.append(commit))
    with trio.fail_after(LIMIT_S):
        async with trio.open_nursery() as nursery:
            await nursery.start(run.run)
            await run.commit(putting("s"))
            nursery.cancel_scope.cancel()
    assert (told, under_way, run.committing_s) == ([(1, 2.0)], [2.0], 0)


async def test_inline_commits_start_no_thread_and_let_others_run(environment: Environment) -> None:
    seen: list[int] = []
    async with running(environment, inline) as run:
        await run.writer.commit(lambda _view: seen.append(threading.get_ident()))
    assert seen == [threading.get_ident()]
    with trio.testing.assert_checkpoints():
        assert await inline(list) == []


async def test_outcomes_wait_for_a_commit_that_somebody_wants_and_not_for_long(
    environment: Environment, autojump_clock: trio.testing.MockClock
) -> None:
    async with running(environment, inline) as run:
        begun = trio.current_time()
        run.writer.post(nothing)
        await run.writer.commit(nothing)
        assert (run.batches, trio.current_time()) == ([2], begun)
        run.writer.post(nothing)
        await run.writer.drain()
        assert (run.batches, trio.current_time()) == ([2, 1], begun)
        run.writer.post(nothing)
        await trio.sleep(POST_WAIT_S)
        await trio.testing.wait_all_tasks_blocked()
        assert run.batches == [2, 1, 1]
