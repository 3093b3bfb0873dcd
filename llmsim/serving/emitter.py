"""Each frame at its time: joins frames and timeline on the event loop's clock, with absolute deadlines.

Knows clock, frames and timeline, and nothing else: no plan, no dialect, no store, no connection. Its invariant:
`settle` is called exactly once, whatever happens to the response, with the number of frames that were handed to the
connection.
"""

import math
from collections.abc import Callable, Iterator
from typing import Self

import trio

from llmsim.clock import Pace
from llmsim.simulation.timeline import Timeline
from llmsim.store.schema import Ending, TurnKey
from llmsim.wire.base import Frame

MAX_WRITE_BYTES = 64 * 1024
"""Frames that are due together leave in one write of about this size: one TCP send, and bounded memory."""


Seal = Callable[[Callable[[Exception | None], None]], None]
"""Makes durable what a response leaves behind, and calls back: with None, or with what went wrong."""


def asleep() -> None:
    """Nobody waits for the emission yet."""


def unmeasured(_late_s: float, _frames: int) -> None:
    """The meter of an emission that nobody measures."""


class Emission:
    """The body of one response; taken once. `started` is when the request arrived, on trio's clock, in seconds.

    Whoever owns the connection asks when the next frame is due (`due`), takes what is (`take`), says when it has left
    (`left`), and calls `close` when the response is over, however it ended: a client may leave before anything was
    taken. A task may iterate it instead. `late` is told of each write: by how many seconds the first of its frames
    missed its time, and how many there were.

    A sealed frame that is due waits until `seal`, which is called then, has called back: meanwhile nothing is taken,
    and the emission `waits`. `woken` is called then: frames may be taken again, or there is a `failure` for good. It is
    called also when the emission is `cut`: nothing more is to be taken, and the response is at its end. `tells` says
    which turn of which session it tells of, where that can be cancelled meanwhile.
    """

    tells: tuple[str, TurnKey | None] = ("", None)

    def __init__(
        self,
        frames: Iterator[Frame],
        timeline: Timeline,
        pace: Pace,
        started: float,
        settle: Callable[[Ending, int, float], None],
        late: Callable[[float, int], None] = unmeasured,
        seal: Seal | None = None,
    ) -> None:
        self._frames = frames
        self._timeline = timeline
        self._pace = pace
        self._started = started
        self._settle = settle
        self._late = late
        self._seal = seal
        self.waits = False
        self.failure: Exception | None = None
        self.woken: Callable[[], None] = asleep
        self._held = next(frames, None)
        self._leaving = 0
        self._leaving_due = started
        self._late_s = 0.0
        self._held_until_s = started
        self.due: float | None = None if self._held is None else self._due(self._held)
        self.delivered = 0
        self.settled = False
        self.completed = False

    def take(self, now: float) -> bytes:
        """The frames that are due by `now`, in order, up to the size of one write; nothing where none is."""
        parts = []
        size = 0
        self._leaving_due = self.due if self.due is not None else now
        while self._held is not None and self.due is not None and self.due <= now and size < MAX_WRITE_BYTES:
            if self._held.sealed and self._sealing():
                break
            parts.append(self._held.data)
            size += len(self._held.data)
            self._held = next(self._frames, None)
            self.due = None if self._held is None else self._due(self._held)
        self._leaving = len(parts)
        return b"".join(parts)

    def _sealing(self) -> bool:
        """Whether the frame has to wait for the seal; the first time, the seal is asked for."""
        if self._seal is not None and not self.waits:
            self.waits = True
            self._seal(self._opened)
        return self.waits

    def _opened(self, error: Exception | None) -> None:
        self.failure = error
        if error is None:
            self.waits = False
            self._seal = None
        self.woken()

    def cut(self) -> None:
        """End the response with what has been taken: what it tells of has been cancelled."""
        self._held = self.due = None
        self._frames = iter(())
        self.waits = False
        self.woken()

    def left(self, now: float) -> None:
        """What was taken last has been handed to the connection, at `now`."""
        if self._leaving:
            self.delivered += self._leaving
            self._late_s = now - max(self._leaving_due, self._held_until_s)
            self._late(self._late_s, self._leaving)
            self._leaving = 0

    def held(self, now: float) -> None:
        """The client took nothing more until `now`: what is late by that is not late by us."""
        self._held_until_s = now

    def close(self, ending: Ending) -> None:
        """Settle, unless that has been done; awaits nothing."""
        if not self.settled:
            self.settled = True
            self.completed = ending is Ending.COMPLETED
            self._settle(ending, self.delivered, self._late_s)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        """Wait until the next frame is due; return it with all that are due by then.

        Cancellation: raises out of the wait, and `close` settles with what has left.
        """
        self.left(trio.current_time())
        if self.due is not None and self.due > trio.current_time():
            await self._woken_by(self.due)
        if self.due is None:
            self.close(Ending.COMPLETED)
            raise StopAsyncIteration
        data = self.take(max(self.due, trio.current_time()))
        if data or not self.waits:
            return data
        if self.failure is None:
            await self._woken_by(math.inf)
        if self.failure is not None:
            raise self.failure
        return self.take(trio.current_time())

    async def _woken_by(self, deadline: float) -> None:
        """Wait until there is something new, or this time on trio's clock."""
        something = trio.Event()
        self.woken = something.set
        with trio.move_on_at(deadline):
            await something.wait()

    def _due(self, frame: Frame) -> float:
        return self._started + self._pace.seconds(self._timeline.due_us(frame.token))
