"""One task that wakes whatever is due: a heap of absolute times and what to call then, for a whole process.

Times are trio's clock, so that a virtual clock drives it. A call is never early; all that are due are made in the order
of their times before other tasks have their turn. Nothing is cancelled: who is called must know whether it matters.
"""

import heapq
import math
from collections.abc import Callable
from itertools import count

import trio

Call = Callable[[float], None]
"""Called with the time it is; awaits nothing, raises nothing."""


class Pacer:
    """Makes calls at their times, as long as `run` runs."""

    def __init__(self) -> None:
        self._calls: list[tuple[float, int, Call]] = []
        self._order = count()
        self._sleep: trio.CancelScope | None = None

    def at(self, due: float, call: Call) -> None:
        """Make a call at this time, or as soon as possible where it has passed; always later, never from in here."""
        heapq.heappush(self._calls, (due, next(self._order), call))
        if self._sleep is not None and due < self._sleep.deadline:
            self._sleep.deadline = due

    async def run(self) -> None:
        """Make calls until cancelled."""
        while True:
            self._call_due()
            due = self._calls[0][0] if self._calls else math.inf
            with trio.CancelScope(deadline=due) as self._sleep:
                await trio.sleep_forever()
            self._sleep = None

    def _call_due(self) -> None:
        """Calls that are made meanwhile wait for the next turn, so that nobody keeps the loop for ever."""
        now = trio.current_time()
        due = []
        while self._calls and self._calls[0][0] <= now:
            due.append(heapq.heappop(self._calls)[2])
        for call in due:
            call(trio.current_time())
