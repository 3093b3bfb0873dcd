"""However and whenever a client leaves, what it was given is recorded, exactly, and nothing of it stays behind."""

from pathlib import Path

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from llmsim.clock import Pace
from llmsim.store.schema import Ending, Outcome
from tests.http.asks import hot
from tests.peers import Peer, request
from tests.pods import CHAT, DoorUnderTest, pod_with_door
from tests.runners import Gate

FRAMES = 9
"""Role, six pieces, end, [DONE]."""
STREAM = hot("s", max_tokens=6, stream=True)
WHOLE = hot("s", max_tokens=6)
LEFT = Outcome(Ending.CLIENT_LEFT, 0)
WAYS_TO_LEAVE = ["closes", "resets"]


async def leave(peer: Peer, way: str) -> None:
    """Close, having read all that was sent, or without: then the other side sees a reset."""
    if way == "closes":
        await peer.heard()
    await peer.stream.aclose()
    await wait_all_tasks_blocked()


@pytest.fixture
async def times(tmp_path: Path, autojump_clock: MockClock) -> list[float]:
    """When each event of the stream comes, in seconds after it was asked for."""
    async with pod_with_door(tmp_path / "times", pace=Pace()) as under, under.connect() as peer:
        begun = trio.current_time()
        await peer.send(STREAM)
        arrivals = (await peer.response()).arrivals
        found = [at - begun for at, data in arrivals for _ in range(data.count(b"\n\n"))]
        assert len(found) == FRAMES
        assert await under.outcomes("s") == [Outcome(Ending.COMPLETED, FRAMES)]
        return found


@pytest.mark.parametrize("way", WAYS_TO_LEAVE)
@pytest.mark.parametrize("frame", range(FRAMES))
async def test_client_that_leaves_at_a_frame_was_given_those_before(
    tmp_path: Path, autojump_clock: MockClock, times: list[float], frame: int, way: str
) -> None:
    async with pod_with_door(tmp_path / "pod", pace=Pace()) as under, under.connect() as peer:
        begun = trio.current_time()
        await peer.send(STREAM)
        await trio.sleep_until(begun + times[frame] + 1e-5)
        await leave(peer, way)
        given = sum(at <= times[frame] for at in times)
        assert given > frame
        ending = Ending.COMPLETED if given == FRAMES else Ending.CLIENT_LEFT
        assert await under.outcomes("s") == [Outcome(ending, given)]
        assert trio.current_time() == begun + times[frame] + 1e-5
        assert b"llm_simulator_responses_in_flight 0.0" in under.service.metrics.exposition()


async def test_client_that_says_no_more_has_left_its_stream(
    tmp_path: Path, autojump_clock: MockClock, times: list[float]
) -> None:
    async with pod_with_door(tmp_path / "pod", pace=Pace()) as under, under.connect() as peer:
        await peer.stream.send_all(STREAM)
        await peer.stream.send_eof()
        begun = trio.current_time()
        head, _, body = (await peer.rest()).partition(b"\r\n\r\n")
        assert (head[:13], body) == (b"HTTP/1.1 200 ", b"")
        assert trio.current_time() - begun < times[0]
        assert await under.outcomes("s") == [LEFT]


@pytest.mark.parametrize("told", [STREAM, WHOLE], ids=["stream", "whole"])
@pytest.mark.parametrize("way", WAYS_TO_LEAVE)
@pytest.mark.parametrize("keyed", [False, True])
async def test_client_that_leaves_during_the_commit_was_given_nothing(
    tmp_path: Path, autojump_clock: MockClock, told: bytes, way: str, keyed: bool
) -> None:
    gate = Gate()
    async with pod_with_door(tmp_path, commit_runner=gate) as under, under.connect() as peer:
        if way == "resets":
            await peer.send(hot("other", n=0))
        await peer.send(told.replace(b"\r\n", b"\r\nIdempotency-Key: k\r\n", 1) if keyed else told)
        await leave(peer, way)
        gate.open.set()
        assert await under.outcomes("s") == [LEFT]


@pytest.mark.parametrize("way", WAYS_TO_LEAVE)
async def test_client_that_leaves_before_its_answer_is_due_was_given_nothing(
    tmp_path: Path, autojump_clock: MockClock, way: str
) -> None:
    async with pod_with_door(tmp_path, pace=Pace()) as under, under.connect() as peer:
        if way == "resets":
            await peer.send(hot("other", n=0))
        await peer.send(WHOLE)
        await leave(peer, way)
        assert await under.outcomes("s") == [LEFT]


@pytest.mark.parametrize("way", WAYS_TO_LEAVE)
async def test_client_that_leaves_while_it_waits_for_its_key_leaves_the_others_alone(
    tmp_path: Path, autojump_clock: MockClock, way: str
) -> None:
    gate, keyed = Gate(), hot("s", ("Idempotency-Key", "k"))
    async with (
        pod_with_door(tmp_path, commit_runner=gate) as under,
        under.connect() as first,
        under.connect() as leaving,
        under.connect() as last,
    ):
        await first.send(keyed)
        if way == "resets":
            await leaving.send(hot("other", n=0))
        await leaving.send(keyed)
        await last.send(keyed)
        await leave(leaving, way)
        gate.open.set()
        answers = [await peer.response() for peer in (first, last)]
        assert answers[0].body == answers[1].body
        assert await under.outcomes("s") == [Outcome(Ending.COMPLETED, 1)]


@pytest.mark.parametrize("way", WAYS_TO_LEAVE)
async def test_client_that_leaves_while_others_wait_for_its_key_has_its_turn_answered_to_them(
    tmp_path: Path, autojump_clock: MockClock, way: str
) -> None:
    gate, keyed = Gate(), hot("s", ("Idempotency-Key", "k"))
    async with pod_with_door(tmp_path, commit_runner=gate) as under, under.connect() as first, under.connect() as other:
        if way == "resets":
            await first.send(hot("other", n=0))
        await first.send(keyed)
        await other.send(keyed)
        await leave(first, way)
        gate.open.set()
        assert (await other.response()).headers["x-llmsim-turn"] == "1"
        assert await under.outcomes("s") == [LEFT]


@pytest.mark.parametrize("way", WAYS_TO_LEAVE)
@pytest.mark.parametrize("part", [1, 40, len(WHOLE) - 1])
async def test_client_that_leaves_in_a_request_has_asked_nothing(
    tmp_path: Path, autojump_clock: MockClock, part: int, way: str
) -> None:
    async with pod_with_door(tmp_path) as under, under.connect() as peer:
        await peer.send(WHOLE + WHOLE[:part])
        await leave(peer, way)
        assert await under.outcomes("s") == [Outcome(Ending.COMPLETED, 1)]
        assert under.doorway.watched() == set()


async def test_client_that_leaves_with_requests_ahead_is_given_no_more(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with pod_with_door(tmp_path, pace=Pace()) as under, under.connect() as peer:
        await peer.send(hot("a", max_tokens=6, stream=True) + hot("b") + hot("c"))
        await leave(peer, "resets")
        assert await under.outcomes("a") == [LEFT]
        assert under.stored() == ["a"]


async def test_many_clients_that_leave_at_random_leave_nothing_behind(
    tmp_path: Path, autojump_clock: MockClock, times: list[float]
) -> None:
    async def visit(under: DoorUnderTest, number: int) -> None:
        async with under.connect() as peer:
            await peer.send(hot(f"s-{number}", max_tokens=6, stream=number % 3 > 0) + STREAM[: number % 50])
            await trio.sleep(times[-1] * number / 60)
            await leave(peer, WAYS_TO_LEAVE[number % 2])

    async with pod_with_door(tmp_path / "pod", pace=Pace()) as under:
        async with trio.open_nursery() as nursery:
            for number in range(64):
                nursery.start_soon(visit, under, number)
        endings = [outcome for number in range(64) for outcome in await under.outcomes(f"s-{number}")]
        assert {outcome.ending for outcome in endings if outcome} == {Ending.COMPLETED, Ending.CLIENT_LEFT}
        assert None not in endings
        assert len(endings) == 64


async def test_client_that_leaves_a_request_that_was_passed_on_is_noticed(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with pod_with_door(tmp_path, pace=Pace()) as under, under.connect() as peer:
        told = request("POST", CHAT, [("Expect", "100-continue")], STREAM.partition(b"\r\n\r\n")[2])
        await peer.send(told.replace(b"Host", b"X-LLMSim-Session: s\r\nHost", 1))
        await leave(peer, "closes")
        [outcome] = await under.outcomes("s")
        assert outcome is not None
        assert outcome.ending is Ending.CLIENT_LEFT
