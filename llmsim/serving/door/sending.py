"""The sending side of a connection: an answer at once, or its frames at their times, straight to the socket.

A write that the socket does not take whole is kept, and nothing more is taken from the emission until the rest has
left: a client that reads slowly costs one write's memory and delays nobody else. Knows sockets, heads and emissions;
neither requests nor when a connection ends.
"""

import logging
import os
from collections.abc import Callable

import trio

from llmsim.serving.door.pacer import Pacer
from llmsim.serving.door.writing import LAST_CHUNK, chunk, head
from llmsim.serving.emitter import Emission
from llmsim.serving.inference import Answer
from llmsim.store.schema import Ending

log = logging.getLogger("llmsim.http")


class Sender:
    """Sends one answer after the other to a socket that never blocks.

    `blocked` is called when `self.blocked` changes; `sent` once for each answer, when it has left (COMPLETED) or cannot
    (CLIENT_LEFT, FAILED); `instead` with what is to be sent in place of an answer of which nothing has left.
    `half_closed`: the client has said that it will say no more.
    """

    def __init__(
        self,
        file: int,
        pacer: Pacer,
        *,
        blocked: Callable[[], None],
        sent: Callable[[Ending], None],
        instead: Callable[[Answer], None],
    ) -> None:
        self._file = file
        self._pacer = pacer
        self._tell_blocked = blocked
        self._tell_sent = sent
        self._tell_instead = instead
        self._instead: Callable[[Exception], Answer] | None = None
        self._head = b""
        self._chunked = False
        self._open = False
        self._unsent = memoryview(b"")
        self.emission: Emission | None = None
        self.half_closed = False

    @property
    def blocked(self) -> bool:
        """Something waits until the socket takes more."""
        return len(self._unsent) > 0

    @property
    def streams(self) -> bool:
        """A body is being sent whose length the client does not know."""
        return self.emission is not None and self._chunked

    def send(self, answer: Answer, date: bytes, *, close: bool) -> None:
        """Send an answer; `close` says that it is the last one."""
        self._chunked = self._open = answer.streams
        self._instead = answer.instead
        self.emission = answer.body if isinstance(answer.body, Emission) else None
        first = head(answer.status, answer.headers, date, chunked=self._chunked, close=close)
        if isinstance(answer.body, Emission):
            self._head = first
            answer.body.woken = self._woken
            self._emit(trio.current_time())
        else:
            self._write(first + answer.body)

    def flush(self) -> None:
        """The socket takes more."""
        if self._unsent:
            if self.emission is not None:
                self.emission.held(trio.current_time())
            self._push()
            if not self._unsent:
                self._tell_blocked()

    def abandon(self, ending: Ending) -> None:
        """Send nothing more."""
        self._unsent = memoryview(b"")
        if self.emission is not None:
            self.emission.close(ending)

    def part(self) -> None:
        """Let go of the connection, once it is over: references both ways would wait for the collector."""
        del self._tell_blocked, self._tell_sent, self._tell_instead

    def _emit(self, now: float) -> None:
        """Send the frames that are due; a whole body leaves in one write with its head, a stream's head at once."""
        emission = self.emission
        if emission is None or emission.settled or self._unsent or emission.waits:
            return
        if emission.due is not None and emission.due > now and not (self._chunked and self._head):
            self._pacer.at(emission.due, self._emit)
            return
        try:
            data = emission.take(now)
        except Exception:
            log.exception("bug", extra={"fields": {"frames": emission.delivered}})
            self._tell_sent(Ending.FAILED)
            return
        if not data and emission.due is not None and not (self._chunked and self._head):
            return
        if self._chunked:
            self._open = emission.due is not None
            data = chunk(data) + (b"" if self._open else LAST_CHUNK)
        if self._head:
            data, self._head = self._head + data, b""
        self._write(data)

    def _woken(self) -> None:
        """What the response leaves behind is durable, and its last frames may leave; or it cannot be; or it is cut."""
        if self.emission is None or self.emission.settled:
            return
        failure = self.emission.failure
        if failure is None:
            self._emit(trio.current_time())
        elif self._instead is not None and self._head:
            self.emission.close(Ending.FAILED)
            self._tell_instead(self._instead(failure))
        else:
            log.error("store error", extra={"fields": {"error": str(failure)}})
            self._tell_sent(Ending.FAILED)

    def _write(self, data: bytes) -> None:
        self._unsent = memoryview(data)
        self._push()
        if self._unsent:
            self._tell_blocked()

    def _push(self) -> None:
        """Write what the socket takes."""
        try:
            self._unsent = self._unsent[os.write(self._file, self._unsent) :]
        except BlockingIOError:
            return
        except OSError:
            self._unsent = memoryview(b"")
            self._tell_sent(Ending.CLIENT_LEFT)
            return
        if not self._unsent:
            self._left()

    def _left(self) -> None:
        """All that was taken has left: wait for the next frame, or the answer is over."""
        emission = self.emission
        if self.half_closed and self._reset():
            self._tell_sent(Ending.CLIENT_LEFT)
            return
        if emission is not None:
            emission.left(trio.current_time())
            if emission.waits:
                return
            if emission.due is not None:
                self._pacer.at(emission.due, self._emit)
                return
            if self._open:
                self._emit(trio.current_time())
                return
            emission.close(Ending.COMPLETED)
        self._tell_sent(Ending.COMPLETED)

    def _reset(self) -> bool:
        """Whether a client that says no more has closed its side as well: what was sent to it came back as a reset."""
        try:
            os.read(self._file, 1)
        except BlockingIOError:
            return False
        except OSError:
            return True
        return False
