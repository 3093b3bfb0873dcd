"""Calls at their times, in their order, and never early; in virtual time."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from llmsim.serving.door.pacer import Call, Pacer


@asynccontextmanager
async def running() -> AsyncIterator[Pacer]:
    pacer = Pacer()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(pacer.run)
        yield pacer
        nursery.cancel_scope.cancel()


def noting(made: list[tuple[str, float]], name: str) -> Call:
    """A call that notes its name, and when it was made."""
    return lambda now: made.append((name, now))


async def test_calls_are_made_at_their_times_in_their_order(autojump_clock: MockClock) -> None:
    made = list[tuple[str, float]]()
    async with running() as pacer:
        begun = trio.current_time()
        for name, after in (("third", 3.0), ("first", 1.0), ("also third", 3.0), ("second", 2.0)):
            pacer.at(begun + after, noting(made, name))
        await trio.sleep(10)
    assert made == [
        *(("first", begun + 1), ("second", begun + 2), ("third", begun + 3), ("also third", begun + 3)),
    ]


async def test_call_that_becomes_due_earlier_wakes_the_pacer(autojump_clock: MockClock) -> None:
    made = list[tuple[str, float]]()
    async with running() as pacer:
        await wait_all_tasks_blocked()
        pacer.at(100.0, noting(made, "late"))
        await trio.sleep(1)
        pacer.at(5.0, noting(made, "soon"))
        await trio.sleep(1)
        pacer.at(50.0, noting(made, "between"))
        await trio.sleep(200)
    assert made == [("soon", 5.0), ("between", 50.0), ("late", 100.0)]


async def test_call_whose_time_has_passed_is_made_as_soon_as_possible_but_later(autojump_clock: MockClock) -> None:
    made = list[tuple[str, float]]()
    async with running() as pacer:
        await trio.sleep(7)
        pacer.at(3.0, noting(made, "passed"))
        assert made == []
        await wait_all_tasks_blocked()
        assert made == [("passed", 7.0)]


async def test_calls_that_call_again_at_once_leave_others_their_turn(autojump_clock: MockClock) -> None:
    count = 0

    def again(now: float) -> None:
        nonlocal count
        count += 1
        pacer.at(now, again)

    async with running() as pacer:
        pacer.at(0.0, again)
        for _ in range(50):
            await trio.lowlevel.checkpoint()
    assert 1 < count <= 51


async def test_calls_before_the_pacer_runs_are_made_when_it_does(autojump_clock: MockClock) -> None:
    made = list[tuple[str, float]]()
    pacer = Pacer()
    pacer.at(0.0, noting(made, "early"))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(pacer.run)
        await wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()
    assert made == [("early", 0.0)]


@pytest.mark.parametrize("calls", [1, 3])
async def test_pacer_ends_when_cancelled_whatever_is_due(autojump_clock: MockClock, calls: int) -> None:
    made = list[tuple[str, float]]()
    with trio.fail_after(60):
        async with running() as pacer:
            for _ in range(calls):
                pacer.at(30.0, noting(made, "never"))
            await wait_all_tasks_blocked()
    assert made == []
