"""What was lately: a rate, a quantile and a number of different things, each over a window that slides.

Whoever adds says when, in seconds of a clock that never goes back, and whoever asks says at which moment: there is no
task and no timer. Time is cut into slots; a window is so many whole ones and the one under way, and what falls out of
it is forgotten whole. Memory is bounded. Not for several threads.
"""

from bisect import bisect_left
from collections import OrderedDict, deque
from collections.abc import Hashable, Sequence
from itertools import accumulate, repeat

GROWTH = 1.1
FIRST_S = 5e-5
BOUNDS_S = tuple([FIRST_S * GROWTH**step for step in range(160)])
"""Upper bounds of the buckets of a quantile: 50 us to 190 s, each a tenth above the one before."""


class Rate:
    """How often something happens: the mean over the last `window_s` whole seconds and the one under way."""

    def __init__(self, window_s: int, now_s: float) -> None:
        self._window_s = window_s
        self._begun_s = now_s
        self._second = int(now_s)
        self._count = 0
        self._ended: deque[int] = deque(maxlen=window_s)

    def add(self, now_s: float) -> None:
        """It happens."""
        if int(now_s) != self._second:
            self._turn(now_s)
        self._count += 1

    def per_second(self, now_s: float) -> float:
        """The mean over the window, or over the time since the beginning while that is shorter; at least a second."""
        self._turn(now_s)
        covered_s = min(now_s - self._begun_s, self._window_s + now_s - self._second)
        return (sum(self._ended) + self._count) / max(covered_s, 1.0)

    def _turn(self, now_s: float) -> None:
        passed = int(now_s) - self._second
        if passed > 0:
            self._ended.append(self._count)
            self._ended.extend(repeat(0, min(passed - 1, self._window_s)))
            self._second += passed
            self._count = 0


class Quantile:
    """A quantile of durations, over the last `slots` whole slots of `slot_s` seconds and the one under way.

    Off by less than a tenth: values are counted in buckets.
    """

    def __init__(self, share: float, slots: int, slot_s: int, now_s: float) -> None:
        self._share = share
        self._slot_s = slot_s
        self._slot = int(now_s / slot_s)
        self._counts = [0] * (len(BOUNDS_S) + 1)
        self._ended: deque[Sequence[int]] = deque(maxlen=slots)

    def add(self, value_s: float, now_s: float) -> None:
        """Count a duration."""
        if int(now_s / self._slot_s) != self._slot:
            self._turn(now_s)
        self._counts[bisect_left(BOUNDS_S, value_s)] += 1

    def seconds(self, now_s: float) -> float:
        """The quantile, 0 where nothing was counted; beyond the last bound, that one."""
        self._turn(now_s)
        counts: list[int] = [sum(column) for column in zip(self._counts, *self._ended, strict=True)]
        below = list(accumulate(counts))
        if not below[-1]:
            return 0.0
        rank = self._share * below[-1]
        at = bisect_left(below, rank)
        if at == len(BOUNDS_S):
            return BOUNDS_S[-1]
        lower = BOUNDS_S[at - 1] if at else 0.0
        return lower + (BOUNDS_S[at] - lower) * (1 - (below[at] - rank) / counts[at])

    def _turn(self, now_s: float) -> None:
        passed = int(now_s / self._slot_s) - self._slot
        if passed > 0:
            self._ended.append(self._counts)
            self._counts = [0] * len(self._counts)
            self._ended.extend(repeat(self._counts.copy(), min(passed - 1, self._ended.maxlen or 0)))
            self._slot += passed


class Distinct:
    """How many different things there were in the last `window_s` whole seconds and the one under way.

    Exact up to `most`; of more, those that came longest ago are forgotten. What is kept of a thing is its hash.
    """

    def __init__(self, window_s: int, most: int) -> None:
        self._window_s = window_s
        self._most = most
        self._second = 0
        self._last: OrderedDict[int, int] = OrderedDict()

    def add(self, thing: Hashable, now_s: float) -> None:
        """There it is."""
        second = int(now_s)
        if second != self._second:
            self._turn(second)
        key = hash(thing)
        if self._last.get(key) != second:
            self._last[key] = second
            self._last.move_to_end(key)
            if len(self._last) > self._most:
                self._last.popitem(last=False)

    def count(self, now_s: float) -> int:
        """How many there were."""
        self._turn(int(now_s))
        return len(self._last)

    def _turn(self, second: int) -> None:
        self._second = second
        while self._last and next(iter(self._last.values())) < second - self._window_s:
            self._last.popitem(last=False)
