"""Each frame at its time: joins frames and timeline on the event loop's clock, with absolute deadlines.

Knows clock, frames and timeline, and nothing else: no plan, no dialect, no store. Its invariant: `settle` is called
exactly once, whatever happens to the response, with the number of frames that were handed to the connection.
"""

from collections.abc import Callable, Iterator
from typing import Self

import attrs
import trio

from llmsim.simulation.timeline import Timeline
from llmsim.store.schema import Ending
from llmsim.wire.base import Frame

MAX_WRITE_BYTES = 64 * 1024
"""Frames that are due together leave in one write of about this size: one TCP send, and bounded memory."""


@attrs.frozen
class Pace:
    """How fast simulated time passes: `speed` 10 divides every delay by ten, None removes them all."""

    speed: float | None = 1.0

    def seconds(self, simulated_us: int) -> float:
        """Real seconds for this many simulated microseconds."""
        return 0.0 if self.speed is None else simulated_us / 1e6 / self.speed


class Emission:
    """The body of one response; iterate it once. `started` is when the request arrived, on trio's clock, in seconds.

    Whoever owns the connection calls `close` when the response is over, however it ended: a client may leave before
    the first iteration. Cancellation: raises out of the wait for a frame, and `close` settles with what has left.
    """

    def __init__(
        self,
        frames: Iterator[Frame],
        timeline: Timeline,
        pace: Pace,
        started: float,
        settle: Callable[[Ending, int], None],
    ) -> None:
        self._frames = frames
        self._timeline = timeline
        self._pace = pace
        self._started = started
        self._settle = settle
        self._held = next(frames, None)
        self._leaving = 0
        self.delivered = 0
        self.settled = False
        self.completed = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        """Wait until the next frame is due; return it with all that are due by then."""
        self.delivered += self._leaving
        self._leaving = 0
        if self._held is None:
            self.close(Ending.COMPLETED)
            raise StopAsyncIteration
        due = self._due(self._held)
        if due > trio.current_time():
            await trio.sleep_until(due)
        return self._gather(max(due, trio.current_time()))

    def close(self, ending: Ending) -> None:
        """Settle, unless that has been done; awaits nothing."""
        if not self.settled:
            self.settled = True
            self.completed = ending is Ending.COMPLETED
            self._settle(ending, self.delivered)

    def _due(self, frame: Frame) -> float:
        return self._started + self._pace.seconds(self._timeline.due_us(frame.token))

    def _gather(self, now: float) -> bytes:
        """The held frame and those after it that are due by `now`, up to the size of one write."""
        parts = []
        size = 0
        while self._held is not None and self._due(self._held) <= now and size < MAX_WRITE_BYTES:
            parts.append(self._held.data)
            size += len(self._held.data)
            self._held = next(self._frames, None)
        self._leaving = len(parts)
        return b"".join(parts)
