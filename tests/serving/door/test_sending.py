"""One answer after the other onto a socket, each said to have left, or not, exactly once."""

import os
import socket
from collections.abc import AsyncIterator, Callable, Iterator

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from llmsim.clock import Pace
from llmsim.errors import StoreFull
from llmsim.serving.door.pacer import Pacer
from llmsim.serving.door.sending import Sender
from llmsim.serving.emitter import MAX_WRITE_BYTES, Emission
from llmsim.serving.inference import Answer
from llmsim.simulation.timeline import Timeline
from llmsim.store.schema import Ending
from llmsim.wire.base import Frame

DATE = b"date: x\r\n"
TIMELINE = Timeline((500_000, 600_000, 700_000))
FRAMES = (Frame(0, b"head;"), Frame(1, b"one;"), Frame(2, b"two;"), Frame(3, b"three;"), Frame(3, b"end;"))


class Sending:
    """A sender on one end of a socket pair, and what it says."""

    def __init__(self, pacer: Pacer, ours: socket.socket, theirs: socket.socket) -> None:
        self.ours = ours
        self.theirs = theirs
        self.said = list[object]()
        self.settled = list[tuple[Ending, int]]()
        self.replaced = list[Answer]()
        self.sender = Sender(
            ours.fileno(), pacer, blocked=self._blocked, sent=self.said.append, instead=self.replaced.append
        )

    def _blocked(self) -> None:
        self.said.append(self.sender.blocked)

    def stream(self, *frames: Frame, pace: Pace | None = None, streams: bool = True) -> Answer:
        """An answer whose frames are paced."""
        emission = Emission(iter(frames), TIMELINE, pace or Pace(), trio.current_time(), self._settle)
        return Answer(200, (), emission, streams=streams)

    def _settle(self, ending: Ending, delivered: int, _late_s: float) -> None:
        self.settled.append((ending, delivered))

    def heard(self) -> bytes:
        """What has arrived."""
        try:
            return self.theirs.recv(2**20)
        except BlockingIOError:
            return b""


@pytest.fixture
async def sending(nursery: trio.Nursery) -> AsyncIterator[Sending]:
    pacer = Pacer()
    nursery.start_soon(pacer.run)
    ours, theirs = socket.socketpair()
    ours.settimeout(0)
    theirs.settimeout(0)
    with ours, theirs:
        yield Sending(pacer, ours, theirs)


async def test_bytes_leave_at_once_with_their_head(autojump_clock: MockClock, sending: Sending) -> None:
    sending.sender.send(Answer(404, (("a", "b"),), b"body"), DATE, close=True)
    assert sending.heard() == b"HTTP/1.1 404 Not Found\r\na: b\r\ndate: x\r\nconnection: close\r\n\r\nbody"
    assert sending.said == [Ending.COMPLETED]
    assert not sending.sender.streams


async def test_frames_of_a_stream_leave_at_their_times_its_head_at_once(
    autojump_clock: MockClock, sending: Sending
) -> None:
    begun = trio.current_time()
    sending.sender.send(sending.stream(*FRAMES[1:]), DATE, close=False)
    assert sending.heard() == b"HTTP/1.1 200 OK\r\ndate: x\r\ntransfer-encoding: chunked\r\n\r\n"
    assert sending.sender.streams
    arrivals = []
    for at in (0.5, 0.6, 0.7):
        await trio.sleep_until(begun + at - 0.01)
        assert sending.heard() == b""
        await trio.sleep_until(begun + at + 0.01)
        arrivals.append(sending.heard())
    assert arrivals == [b"4\r\none;\r\n", b"4\r\ntwo;\r\n", b"a\r\nthree;end;\r\n0\r\n\r\n"]
    assert (sending.said, sending.settled) == ([Ending.COMPLETED], [(Ending.COMPLETED, 4)])


async def test_whole_answer_leaves_with_its_head_when_it_is_due(autojump_clock: MockClock, sending: Sending) -> None:
    sending.sender.send(sending.stream(Frame(3, b"whole"), streams=False), DATE, close=False)
    await trio.sleep(0.69)
    assert sending.heard() == b""
    await trio.sleep(0.02)
    assert sending.heard() == b"HTTP/1.1 200 OK\r\ndate: x\r\n\r\nwhole"
    assert (sending.said, sending.settled) == ([Ending.COMPLETED], [(Ending.COMPLETED, 1)])


async def test_stream_of_no_frames_is_its_end(autojump_clock: MockClock, sending: Sending) -> None:
    sending.sender.send(sending.stream(), DATE, close=False)
    assert sending.heard().endswith(b"\r\n\r\n0\r\n\r\n")
    assert (sending.said, sending.settled) == ([Ending.COMPLETED], [(Ending.COMPLETED, 0)])


async def test_what_does_not_fit_is_kept_and_nothing_more_is_taken_until_it_has_left(
    autojump_clock: MockClock, sending: Sending
) -> None:
    size = MAX_WRITE_BYTES
    frames = [Frame(0, bytes([200 + index]) * size) for index in range(10)]
    taken = list[int]()

    def generated() -> Iterator[Frame]:
        for index, frame in enumerate(frames):
            taken.append(index)
            yield frame

    answer = Answer(200, (), Emission(generated(), TIMELINE, Pace(None), 0.0, sending._settle), streams=True)
    sending.sender.send(answer, DATE, close=False)
    await wait_all_tasks_blocked()
    assert sending.sender.blocked
    assert sending.said == [True]
    assert len(taken) < len(frames)
    body = b""
    while Ending.COMPLETED not in sending.said:
        body += sending.heard()
        sending.sender.flush()
        await wait_all_tasks_blocked()
    body += sending.heard()
    assert [body.count(bytes([200 + index])) for index in range(10)] == [size] * 10
    assert sending.said.count(Ending.COMPLETED) == 1
    assert sending.settled == [(Ending.COMPLETED, 10)]


async def test_client_that_has_gone_is_said_once(autojump_clock: MockClock, sending: Sending) -> None:
    sending.sender.send(sending.stream(*FRAMES), DATE, close=False)
    sending.theirs.close()
    await trio.sleep(10)
    assert sending.said == [Ending.CLIENT_LEFT]
    sending.sender.abandon(Ending.CLIENT_LEFT)
    assert sending.settled == [(Ending.CLIENT_LEFT, 1)]


async def test_answer_that_is_abandoned_sends_nothing_more_and_is_settled_once(
    autojump_clock: MockClock, sending: Sending
) -> None:
    sending.sender.send(sending.stream(*FRAMES), DATE, close=False)
    sending.heard()
    for ending in (Ending.SERVER_STOPPED, Ending.CLIENT_LEFT):
        sending.sender.abandon(ending)
    await trio.sleep(10)
    assert (sending.heard(), sending.said) == (b"", [])
    assert sending.settled == [(Ending.SERVER_STOPPED, 1)]


@pytest.mark.parametrize(
    ("came", "ending"), [(b"", Ending.COMPLETED), (BlockingIOError, Ending.COMPLETED), (OSError, Ending.CLIENT_LEFT)]
)
async def test_client_that_said_no_more_has_left_if_what_it_is_sent_comes_back(
    autojump_clock: MockClock,
    sending: Sending,
    monkeypatch: pytest.MonkeyPatch,
    came: bytes | type[OSError],
    ending: Ending,
) -> None:
    def read(_file: int, _size: int) -> bytes:
        if isinstance(came, bytes):
            return came
        raise came

    sending.sender.half_closed = True
    with monkeypatch.context() as planted:
        planted.setattr(os, "read", read)
        sending.sender.send(sending.stream(Frame(0, b"whole"), pace=Pace(None), streams=False), DATE, close=False)
    assert sending.said == [ending]


async def test_answers_follow_one_another(autojump_clock: MockClock, sending: Sending) -> None:
    for index in range(3):
        sending.sender.send(sending.stream(*FRAMES, pace=Pace(None)), DATE, close=False)
        assert sending.heard().endswith(b"head;one;two;three;end;\r\n0\r\n\r\n")
        assert len(sending.settled) == index + 1
    await trio.sleep(10)
    assert sending.said == [Ending.COMPLETED] * 3


SEALED = (FRAMES[1], FRAMES[3], Frame(3, b"end;", sealed=True))
Told = Callable[[Exception | None], None]


def sealed(sending: Sending, asked: list[Told], *frames: Frame, streams: bool) -> Answer:
    """An answer that waits for its seal; who has to be told comes into `asked`."""
    emission = Emission(iter(frames), TIMELINE, Pace(), trio.current_time(), sending._settle, seal=asked.append)
    return Answer(200, (), emission, streams=streams)


async def test_sealed_frames_of_a_stream_leave_once_the_seal_opens(autojump_clock: MockClock, sending: Sending) -> None:
    asked = list[Told]()
    sending.sender.send(sealed(sending, asked, *SEALED, streams=True), DATE, close=False)
    await trio.sleep(5)
    assert sending.heard().endswith(b"\r\n\r\n4\r\none;\r\n6\r\nthree;\r\n")
    assert sending.said == []
    [told] = asked
    told(None)
    assert sending.heard() == b"4\r\nend;\r\n0\r\n\r\n"
    assert (sending.said, sending.settled) == ([Ending.COMPLETED], [(Ending.COMPLETED, 3)])


async def test_sealed_whole_answer_leaves_with_its_head_once_the_seal_opens(
    autojump_clock: MockClock, sending: Sending
) -> None:
    asked = list[Told]()
    sending.sender.send(sealed(sending, asked, Frame(3, b"whole", sealed=True), streams=False), DATE, close=False)
    await trio.sleep(0.69)
    assert asked == []
    await trio.sleep(5)
    assert sending.heard() == b""
    [told] = asked
    told(None)
    assert sending.heard() == b"HTTP/1.1 200 OK\r\ndate: x\r\n\r\nwhole"
    assert sending.said == [Ending.COMPLETED]


async def test_seal_that_cannot_be_made_ends_the_answer_as_failed(autojump_clock: MockClock, sending: Sending) -> None:
    asked = list[Told]()
    sending.sender.send(sealed(sending, asked, *SEALED, streams=True), DATE, close=False)
    await trio.sleep(5)
    asked[0](OSError("no disk"))
    assert sending.said == [Ending.FAILED]
    assert b"end;" not in sending.heard()


async def test_seal_that_opens_after_the_client_left_sends_nothing(autojump_clock: MockClock, sending: Sending) -> None:
    asked = list[Told]()
    sending.sender.send(sealed(sending, asked, *SEALED, streams=True), DATE, close=False)
    await trio.sleep(5)
    sending.heard()
    sending.sender.abandon(Ending.CLIENT_LEFT)
    asked[0](None)
    assert sending.heard() == b""
    assert sending.settled == [(Ending.CLIENT_LEFT, 2)]


async def test_stream_that_is_cut_ends_at_once_with_what_has_left(autojump_clock: MockClock, sending: Sending) -> None:
    answer = sending.stream(*FRAMES)
    sending.sender.send(answer, DATE, close=False)
    await trio.sleep(0.55)
    assert isinstance(answer.body, Emission)
    answer.body.cut()
    assert sending.heard().endswith(b"\r\n\r\n5\r\nhead;\r\n4\r\none;\r\n0\r\n\r\n")
    assert (sending.said, sending.settled) == ([Ending.COMPLETED], [(Ending.COMPLETED, 2)])
    sending.sender.send(sending.stream(*FRAMES), DATE, close=False)
    await trio.sleep(5)
    assert sending.heard().endswith(b"5\r\nhead;\r\n4\r\none;\r\n4\r\ntwo;\r\na\r\nthree;end;\r\n0\r\n\r\n")


async def test_stream_that_is_cut_while_its_client_reads_nothing_is_ended_when_it_does(
    autojump_clock: MockClock, sending: Sending
) -> None:
    sending.ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)
    answer = sending.stream(Frame(0, bytes(MAX_WRITE_BYTES)), *FRAMES)
    sending.sender.send(answer, DATE, close=False)
    assert sending.sender.blocked
    assert isinstance(answer.body, Emission)
    answer.body.cut()
    heard = b""
    for _ in range(100):
        heard += sending.heard()
        sending.sender.flush()
    assert heard.endswith(b"\0\r\n0\r\n\r\n")
    assert sending.settled == [(Ending.COMPLETED, 1)]


async def test_whole_answer_that_cannot_be_sealed_is_replaced_before_anything_has_left(
    autojump_clock: MockClock, sending: Sending
) -> None:
    opened: list[Callable[[Exception | None], None]] = []
    frames = iter((Frame(1, b"whole", sealed=True),))
    emission = Emission(frames, TIMELINE, Pace(), trio.current_time(), sending._settle, seal=opened.append)
    answer = Answer(200, (), emission, instead=lambda error: Answer(507, (), str(error).encode()))
    sending.sender.send(answer, DATE, close=False)
    await trio.sleep(1)
    opened[0](StoreFull("no room"))
    assert (sending.heard(), sending.settled) == (b"", [(Ending.FAILED, 0)])
    assert [(told.status, told.body) for told in sending.replaced] == [(507, b"no room")]
    sending.sender.send(sending.replaced[0], DATE, close=False)
    assert sending.heard().endswith(b"no room")
    assert sending.said == [Ending.COMPLETED]
