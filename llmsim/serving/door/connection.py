"""One HTTP/1.1 connection: requests read as they come, one answered at a time, its frames written at their times.

Everything but waiting happens in calls from the reactor, the pacer and the store's writer, none of which waits; the
task that owns the connection sleeps until it is over, has to be passed on, or has a request that needs a task.
Invariants: every emission is closed exactly once, with the frames that have left; once it is over, nothing is read or
written.
"""

import logging
import math
import os
from collections.abc import Mapping
from enum import Enum

import attrs
import trio

from llmsim.serving.door.pacer import Pacer
from llmsim.serving.door.reactor import Reactor
from llmsim.serving.door.reading import Asked, Find, Malformed, Passed, RequestReader
from llmsim.serving.door.sending import Sender
from llmsim.serving.door.writing import Dates
from llmsim.serving.emitter import Emission
from llmsim.serving.inference import Answer, Inquiry, infer, infer_soon
from llmsim.serving.observed import Exchange
from llmsim.serving.service import Phase, Service
from llmsim.store.schema import Ending

READ_BYTES = 64 * 1024
MAX_AHEAD_BYTES = 64 * 1024
"""What a client may send before its last request is answered; then it has to wait."""
TEXT = (("content-type", "text/plain; charset=utf-8"),)
log = logging.getLogger("llmsim.http")


class Awaited(Enum):
    """What a connection waits for that a client has to send in time."""

    REQUEST = "request"
    HEAD = "head"
    BODY = "body"
    NOTHING = "nothing"


@attrs.frozen
class Limits:
    """How long a client may take for each thing it has to send, how many requests it may make, and how large ones."""

    wait_s: Mapping[Awaited, float]
    requests: int
    body_bytes: int


@attrs.frozen
class Hall:
    """What all connections share."""

    service: Service
    find: Find
    limits: Limits
    reactor: Reactor
    pacer: Pacer
    dates: Dates


class Connection:
    """A connection on a socket that never blocks; `serve` is its owner's."""

    def __init__(self, file: int, hall: Hall) -> None:
        self._file = file
        self._hall = hall
        self._reader = RequestReader(hall.find, hall.limits.body_bytes)
        self._told = trio.Event()
        self._over = False
        self._passed = False
        self.refused = False
        self._left = False
        self._exchange: Exchange | None = None
        self._waiting: Inquiry | None = None
        self._working: trio.CancelScope | None = None
        self._sender = Sender(file, hall.pacer, blocked=self._watch, sent=self._sent, instead=self._answered)
        self._keep_alive = True
        self._requests = 0
        self._awaited = Awaited.NOTHING
        self._deadline = math.inf

    async def serve(self) -> bytes | None:
        """Answer until the connection is over; what was read, where it has to be passed on.

        Cancellation: ends the response where it is; the turn is settled first.
        """
        self._watch()
        self._wait_for(Awaited.REQUEST)
        self._hall.pacer.at(self._deadline, self._check_time)
        try:
            while not self._over:
                await self._told.wait()
                self._told = trio.Event()
                if self._waiting is not None:
                    inquiry, self._waiting = self._waiting, None
                    with trio.CancelScope() as self._working:
                        self._answered(await infer(self._hall.service, inquiry))
                    self._working = None
        finally:
            self._end(Ending.SERVER_STOPPED if self._draining else Ending.CLIENT_LEFT)
            self._sender.part()
            self._reader.part()
        return self._reader.unread if self._passed else None

    def drain(self) -> None:
        """No more requests: the one that is being answered is the last."""
        self._keep_alive = False
        if self._exchange is None and not self._reader.held_bytes:
            self._end(Ending.COMPLETED)

    @property
    def _draining(self) -> bool:
        return self._hall.service.phase is Phase.DRAINING

    def _ready(self, readable: bool, writable: bool) -> None:  # noqa: FBT001  (the reactor's form)
        """The socket can be read or written."""
        try:
            if writable:
                self._sender.flush()
            if readable and not self._over:
                self._receive()
        except Exception as error:  # noqa: BLE001  (logged)
            self._fail(error)

    def _watch(self) -> None:
        """Read, unless the client has said its last or is too far ahead; write where something is left to."""
        if self._over:
            return
        read = not self._left and (self._exchange is None or self._reader.held_bytes < MAX_AHEAD_BYTES)
        self._hall.reactor.watch(self._file, self._ready, read=read, write=self._sender.blocked)

    def _receive(self) -> None:
        try:
            data = os.read(self._file, READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            self._end(Ending.CLIENT_LEFT)
            return
        if not data:
            self._half_closed()
            return
        self._reader.feed(data)
        if self._exchange is None:
            self._proceed()
        elif self._reader.held_bytes >= MAX_AHEAD_BYTES:
            self._watch()

    def _half_closed(self) -> None:
        """The client says no more. It may wait for a whole answer; whoever reads a stream keeps its side open."""
        self._left = self._sender.half_closed = True
        if self._sender.streams:
            self._end(Ending.CLIENT_LEFT)
        elif self._exchange is None:
            self._proceed()
        else:
            self._watch()

    def _proceed(self) -> None:
        """Take the requests that have arrived, until one has to be waited for."""
        while self._exchange is None and not self._over:
            try:
                found = self._reader.next()
            except Malformed as fault:
                self._refuse(fault)
                return
            if found is None:
                self._wait_for_more()
            elif isinstance(found, Passed):
                self._passed = True
                self._end(Ending.COMPLETED)
            else:
                self._take(found)
                continue
            return

    def _wait_for_more(self) -> None:
        """The next request is not whole."""
        if self._left or not (self._keep_alive or self._reader.held_bytes):
            self._end(Ending.COMPLETED)
        elif not self._reader.held_bytes:
            self._wait_for(Awaited.REQUEST)
        else:
            self._wait_for(Awaited.BODY if self._reader.in_body else Awaited.HEAD)

    def _wait_for(self, awaited: Awaited) -> None:
        """Each thing has its time, however often a piece of it comes."""
        if awaited is not self._awaited:
            self._awaited = awaited
            self._deadline = trio.current_time() + self._hall.limits.wait_s[awaited]

    def _check_time(self, now: float) -> None:
        """Look at the deadline: called when it was due as it stood, and no less often than clients may be idle."""
        if self._over:
            return
        if now < self._deadline:
            again = now + self._hall.limits.wait_s[Awaited.REQUEST]
            self._hall.pacer.at(min(self._deadline, again), self._check_time)
        elif self._awaited is Awaited.REQUEST:
            self._end(Ending.COMPLETED)
        else:
            self._refuse(Malformed(408, f"the {self._awaited.value} of the request did not come in time"))

    def _take(self, asked: Asked) -> None:
        """Have a request answered."""
        now = trio.current_time()
        self._awaited = Awaited.NOTHING
        self._deadline = math.inf
        self._requests += 1
        self._keep_alive = asked.keep_alive and self._requests < self._hall.limits.requests and not self._draining
        self._exchange = Exchange("POST", asked.route.path, asked.route.path, now)
        self._hall.service.in_flight.begin()
        service, route = self._hall.service, asked.route
        inquiry = Inquiry(service.wire(route.wire), route.path, asked.headers, asked.body, now)
        if not infer_soon(service, inquiry, self._answered):
            self._waiting = inquiry
            self._told.set()

    def _refuse(self, fault: Malformed) -> None:
        """Answer what is no request, and close."""
        self._keep_alive = False
        self.refused = True
        self._exchange = Exchange("-", "-", "malformed", trio.current_time())
        self._hall.service.in_flight.begin()
        body = f"{fault}\n".encode()
        self._answered(Answer(fault.status, (*TEXT, ("content-length", str(len(body)))), body))

    def _answered(self, answer: Answer) -> None:
        """Send an answer, which may have been waited for; called once for each request."""
        if self._exchange is None or self._over:
            if isinstance(answer.body, Emission):
                answer.body.close(Ending.SERVER_STOPPED if self._draining else Ending.CLIENT_LEFT)
            return
        try:
            self._exchange.answered(answer)
            self._sender.send(answer, self._hall.dates.line(), close=not self._keep_alive)
        except Exception as error:  # noqa: BLE001  (logged)
            self._fail(error)
        if self._left and self._sender.streams and not self._over:
            self._end(Ending.CLIENT_LEFT)

    def _sent(self, ending: Ending) -> None:
        """The answer has left, or cannot (`ending`)."""
        if ending is not Ending.COMPLETED or not self._keep_alive:
            self._end(ending)
            return
        self._finish(ending)
        if self._reader.held_bytes:
            self._watch()
            self._hall.pacer.at(trio.current_time(), self._go_on)
        elif self._left:
            self._end(ending)
        else:
            self._wait_for(Awaited.REQUEST)

    def _go_on(self, _now: float) -> None:
        """Take requests that came ahead of the last answer."""
        try:
            self._proceed()
        except Exception as error:  # noqa: BLE001  (logged)
            self._fail(error)

    def _finish(self, ending: Ending) -> None:
        """The exchange is over."""
        if self._exchange is not None:
            self._exchange.ended(self._hall.service.metrics, self._sender.emission, ending)
            self._hall.service.in_flight.end()
            self._exchange = self._sender.emission = None

    def _fail(self, error: Exception) -> None:
        """A bug of ours: it costs this connection, and neither those who share the reactor, the pacer or the writer."""
        log.error("bug", exc_info=error, extra={"fields": {"connection": self._file}})
        self._end(Ending.FAILED)

    def _end(self, ending: Ending) -> None:
        """The connection is over; its owner closes it."""
        if self._over:
            return
        self._over = True
        self._hall.reactor.forget(self._file)
        self._sender.abandon(ending)
        self._finish(ending)
        if self._working is not None:
            self._working.cancel()
        self._told.set()
