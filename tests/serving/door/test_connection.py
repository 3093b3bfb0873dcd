"""A connection's owner may be cancelled at any moment, and a connection be over at any: each turn is settled once."""

import gc
import socket
import weakref
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from llmsim.clock import Pace
from llmsim.serving.door.connection import MAX_AHEAD_BYTES, Awaited, Connection
from llmsim.serving.server import LIMITS
from llmsim.serving.service import Phase
from llmsim.store.schema import Ending, Outcome
from tests.doors import stream_of
from tests.http.asks import cold, hot
from tests.peers import Peer
from tests.pods import DoorUnderTest, pod_with_door
from tests.runners import Gate

STEPS = 24
"""Turns of the event loop in which each of these requests is over, without delays."""
KEY = ("Idempotency-Key", "k")


async def test_connection_that_is_over_is_gone_without_the_collector(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with pod_with_door(tmp_path) as under:
        seen = []
        gc.disable()
        try:
            for told in (hot("s"), hot("s", KEY), hot("s", stream=True), b"\x00\r\n"):
                async with under.doorway.connect() as peer:
                    await wait_all_tasks_blocked()
                    [connection] = under.doorway.door._open
                    seen.append(weakref.ref(connection))
                    del connection
                    await peer.stream.send_all(told)
                    await wait_all_tasks_blocked()
            await trio.sleep(2 * LIMITS.wait_s[Awaited.REQUEST])
            async with under.doorway.connect():
                await wait_all_tasks_blocked()  # the reactor remembers the last socket that it served
            assert [found for found in seen if found() is not None] == []
        finally:
            gc.enable()


async def owned(under: DoorUnderTest, scope: trio.CancelScope, end: socket.socket) -> None:
    """Own a connection until the scope is cancelled."""
    with scope:
        await under.doorway.door.handle(stream_of(end))


@pytest.mark.parametrize("steps", range(STEPS))
@pytest.mark.parametrize(
    "told",
    [
        b"",
        hot("s"),
        hot("s", KEY),
        hot("s", stream=True),
        hot("s", KEY, stream=True),
        hot("s") * 3,
        cold(),
        b"\x00\r\n",
    ],
    ids=["nothing", "whole", "keyed", "stream", "keyed stream", "three", "cold", "garbage"],
)
async def test_owner_that_is_cancelled_leaves_nothing_unsettled(
    tmp_path: Path, autojump_clock: MockClock, told: bytes, steps: int
) -> None:
    pace = Pace() if steps % 2 else Pace(None)
    async with pod_with_door(tmp_path, pace=pace) as under, trio.open_nursery() as nursery:
        ours, theirs = socket.socketpair()
        scope = trio.CancelScope()
        async with Peer(stream_of(theirs)) as peer:
            nursery.start_soon(owned, under, scope, ours)
            await peer.stream.send_all(told)
            for _ in range(steps):
                await trio.lowlevel.checkpoint()
            scope.cancel()
            await peer.rest()
        assert None not in await under.outcomes("s")
        assert under.doorway.watched() == set()
        assert b"llm_simulator_responses_in_flight 0.0" in under.service.metrics.exposition()


@pytest.mark.parametrize("draining", [False, True])
async def test_owner_that_is_cancelled_in_a_stream_says_who_ended_it(
    tmp_path: Path, autojump_clock: MockClock, draining: bool
) -> None:
    async with pod_with_door(tmp_path, pace=Pace()) as under, trio.open_nursery() as nursery:
        ours, theirs = socket.socketpair()
        scope = trio.CancelScope()
        async with Peer(stream_of(theirs)) as peer:
            nursery.start_soon(owned, under, scope, ours)
            await peer.send(hot("s", stream=True))
            under.service.phase = Phase.DRAINING if draining else Phase.READY
            scope.cancel()
            await peer.rest()
        ending = Ending.SERVER_STOPPED if draining else Ending.CLIENT_LEFT
        assert await under.outcomes("s") == [Outcome(ending, 0)]


async def test_request_that_waits_for_its_key_is_given_up_with_its_client(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    gate = Gate()
    async with pod_with_door(tmp_path, commit_runner=gate) as under, under.connect() as first:
        await first.send(hot("s", KEY))
        async with under.connect() as other:
            await other.send(hot("t", n=0) + hot("s", KEY))
        await wait_all_tasks_blocked()
        assert len(under.doorway.door._open) == 1
        gate.open.set()
        assert (await first.response()).status == 200


def only_one(under: DoorUnderTest) -> Connection:
    """The only connection there is."""
    [one] = under.doorway.door._open
    return one


async def test_connection_that_is_told_to_drain_ends_with_its_answer(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with pod_with_door(tmp_path, pace=Pace()) as under:
        async with under.connect() as busy:
            await busy.send(hot("s") + hot("t"))
            only_one(under).drain()
            assert (await busy.response()).status == 200
            assert await busy.rest() == b""
        async with under.connect() as idle:
            await wait_all_tasks_blocked()
            only_one(under).drain()
            assert await idle.heard() == b""
            assert idle.closed
        assert under.stored() == ["s"]


async def test_connection_that_drains_in_a_request_answers_it(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with pod_with_door(tmp_path) as under, under.connect() as peer:
        told = hot("s")
        await peer.send(told[:-5])
        under.service.phase = Phase.DRAINING
        only_one(under).drain()
        await peer.send(told[-5:])
        answer = await peer.response()
        assert (answer.status, answer.headers["connection"]) == (200, "close")
        assert await peer.rest() == b""


async def test_connection_reads_ahead_so_much_and_no_more(tmp_path: Path, autojump_clock: MockClock) -> None:
    told = hot("s", stream=True) + hot("t", user="u" * 500_000)
    async with pod_with_door(tmp_path, pace=Pace()) as under, under.connect() as peer, peer.sending(told):
        await wait_all_tasks_blocked()
        assert MAX_AHEAD_BYTES <= only_one(under)._reader.held_bytes <= 2 * MAX_AHEAD_BYTES
        assert under.doorway.watched() == set()
        assert [(await peer.response()).status for _ in range(2)] == [200, 200]


async def test_connection_that_is_over_is_forgotten_by_the_pacer(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with pod_with_door(tmp_path) as under:
        for _ in range(100):
            async with under.connect() as peer:
                await peer.exchange("POST", "/v1/chat/completions", {}, b"{}")
        await trio.sleep(2 * LIMITS.wait_s[Awaited.REQUEST])
        assert under.doorway.door.hall.pacer._calls == []


async def test_passed_connection_is_not_the_doors_any_more(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with pod_with_door(tmp_path) as under, under.connect() as peer:
        await peer.send(cold() + hot("s"))
        assert (under.doorway.watched(), under.doorway.door._open) == (set(), set())
        answers = [await peer.response("GET"), await peer.response("POST")]
        assert [answer.status for answer in answers] == [200, 200]
