"""A client that reads slowly gets every byte, costs little memory, and delays nobody else."""

import os
from collections.abc import Callable
from itertools import cycle
from pathlib import Path
from typing import Any

import attrs
import pytest
import trio
from trio.testing import MockClock

from llmsim.clock import Pace
from llmsim.replay.clients import Exchange
from llmsim.serving.emitter import MAX_WRITE_BYTES
from llmsim.store.schema import Ending
from tests.http.asks import cold, hot
from tests.peers import Peer
from tests.pods import DoorUnderTest, pod_with_door

SMALL_BYTES = 1
"""The smallest buffers there are: the kernel makes some kilobytes of it."""
UNKEPT = ("X-LLMSim-Store", "no")
"""What is not stored is the first attempt each time, and has the same bytes."""
LONG: dict[str, Any] = {
    "max_tokens": 200,
    "n": 48,
    "messages": [{"role": "user", "content": "Write a long story about the sea."}],
}
CLOSE = ("Connection", "close")
STREAM = hot("s", UNKEPT, stream=True, **LONG)
FORMS = pytest.mark.parametrize("stream", [True, False], ids=["stream", "whole"])


async def as_told(under: DoorUnderTest, told: bytes) -> Exchange:
    """What a client gets that reads at once."""
    async with under.connect() as peer:
        await peer.send(told)
        return await peer.response()


def unsent(under: DoorUnderTest) -> int:
    """Bytes that wait for their client."""
    return sum(len(connection._sender._unsent) for connection in under.doorway.door._open)


@FORMS
async def test_slow_reader_gets_every_byte(tmp_path: Path, autojump_clock: MockClock, stream: bool) -> None:
    async with pod_with_door(tmp_path) as under, under.connect(SMALL_BYTES) as peer:
        whole = await as_told(under, hot("s", UNKEPT, stream=stream, **LONG))
        await peer.send(hot("s", UNKEPT, stream=stream, **LONG) + cold())
        assert unsent(under) > 0
        begun = trio.current_time()
        assert (await peer.response(read_bytes=997, pause_s=0.01)).body == whole.body
        assert trio.current_time() - begun > len(whole.body) / 997 * 0.01
        assert (await peer.response("GET")).status == 200


@FORMS
async def test_connection_of_a_slow_reader_is_over_after_its_last_answer(
    tmp_path: Path, autojump_clock: MockClock, stream: bool
) -> None:
    async with pod_with_door(tmp_path) as under, under.connect(SMALL_BYTES) as peer:
        await peer.send(hot("s", CLOSE, stream=stream, **LONG))
        assert unsent(under) > 0
        assert (await peer.response(read_bytes=997, pause_s=0.01)).status == 200
        assert await peer.heard() == b""
        assert peer.closed
        assert under.doorway.watched() == set()
        [outcome] = await under.outcomes("s")
        assert outcome is not None
        assert outcome.ending is Ending.COMPLETED


@FORMS
@pytest.mark.parametrize("read", [0, 5000])
async def test_slow_reader_that_leaves_was_given_what_left(
    tmp_path: Path, autojump_clock: MockClock, stream: bool, read: int
) -> None:
    async with pod_with_door(tmp_path) as under, under.connect(SMALL_BYTES) as peer:
        await peer.send(hot("s", stream=stream, **LONG))
        while read > 0:
            read -= len(await peer.stream.receive_some(read))
        await peer.stream.aclose()
        [outcome] = await under.outcomes("s")
        assert outcome is not None
        assert (outcome.ending, outcome.delivered) == (Ending.CLIENT_LEFT, 0)
        assert under.doorway.watched() == set()


async def test_slow_readers_hold_one_write_each_and_delay_nobody(tmp_path: Path, autojump_clock: MockClock) -> None:
    most = 0

    async def read_slowly(peer: Peer) -> None:
        nonlocal most
        await peer.send(STREAM)
        while True:
            most = max(most, unsent(under))
            await trio.sleep(0.005)
            await peer.stream.receive_some(50)

    async with pod_with_door(tmp_path, pace=Pace(1.0)) as under:
        alone = await timed(under)
        async with trio.open_nursery() as nursery:
            slow = [under.connect(SMALL_BYTES) for _ in range(5)]
            for peer in slow:
                nursery.start_soon(read_slowly, peer)
            for _ in range(2):
                among = await timed(under)
                assert among.body == alone.body
                assert [at for at, _ in among.arrivals] == pytest.approx([at for at, _ in alone.arrivals], abs=1e-6)
            nursery.cancel_scope.cancel()
        assert 0 < most < len(slow) * (MAX_WRITE_BYTES + 1000)


async def timed(under: DoorUnderTest) -> Exchange:
    """A stream, its parts with the seconds after which they came."""
    begun = trio.current_time()
    answer = await as_told(under, hot("fast", UNKEPT, max_tokens=50, stream=True))
    return attrs.evolve(answer, arrivals=tuple((at - begun, data) for at, data in answer.arrivals))


@pytest.mark.parametrize("takes", [(1,), (7, 0), (0, 0, 100, 3), (4096, 1)], ids=str)
async def test_writes_that_are_taken_in_part_are_made_whole(
    tmp_path: Path, autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch, takes: tuple[int, ...]
) -> None:
    async with pod_with_door(tmp_path) as under, under.connect() as peer:
        told = [hot("s", UNKEPT, max_tokens=20, stream=stream) for stream in (True, False)]
        whole = [(await as_told(under, one)).body for one in told]
        monkeypatch.setattr(os, "write", in_part(cycle(takes).__next__))
        for one, body in zip(told, whole, strict=True):
            await peer.send(one)
            assert (await peer.response()).body == body


def in_part(take: Callable[[], int]) -> Callable[[int, memoryview], int]:
    """A write that takes as many bytes as it is told each time; at 0 it would have blocked."""
    write = os.write

    def some(file: int, data: memoryview) -> int:
        size = take()
        if not size:
            raise BlockingIOError
        return write(file, data[:size])

    return some


async def test_client_that_sends_but_does_not_read_is_not_read_without_end(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with pod_with_door(tmp_path) as under, under.connect(SMALL_BYTES) as peer:
        with trio.move_on_after(60):
            while True:
                await peer.stream.send_all(hot("s", UNKEPT, **LONG))
        [connection] = under.doorway.door._open
        assert connection._reader.held_bytes < 200_000
        assert unsent(under) < 200_000
