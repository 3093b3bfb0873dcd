"""What is made of measured values: percentiles, medians with their spread, ratios, slopes. Pure.

Percentiles are of the nearest rank: each is a value that was measured.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

import attrs


@attrs.frozen
class Tail:
    """Magnitudes: the middle one, the one that 99 of 100 do not exceed, and the greatest."""

    p50: float
    p99: float
    most: float
    count: int


@attrs.frozen
class Spread:
    """The same figure from several rounds: its median, and the least and the greatest."""

    median: float
    least: float
    most: float


def percentile(ordered: Sequence[float], percent: float) -> float:
    """The least value that is not exceeded by so many of 100; `ordered` is sorted and not empty."""
    return ordered[max(math.ceil(len(ordered) * percent / 100), 1) - 1]


def tail(values: Iterable[float]) -> Tail:
    """The tail of the magnitudes; of nothing it is infinite, as nothing arrived in time."""
    ordered = sorted(map(abs, values))
    if not ordered:
        return Tail(math.inf, math.inf, math.inf, 0)
    return Tail(percentile(ordered, 50), percentile(ordered, 99), ordered[-1], len(ordered))


def median(values: Iterable[float]) -> float:
    """The middle value, or the mean of the two; not of nothing."""
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def spread(values: Iterable[float]) -> Spread | None:
    """Median, least and greatest; None of nothing."""
    found = list(values)
    return Spread(median(found), min(found), max(found)) if found else None


def ratios(ours: Mapping[int, float], theirs: Mapping[int, float]) -> list[float]:
    """Ours to theirs in each round that both have: noise that hits a round hits both."""
    return [ours[number] / theirs[number] for number in sorted(ours.keys() & theirs.keys()) if theirs[number]]


def slope(points: Sequence[tuple[float, float]]) -> float:
    """The slope of the line of least squares through (x, y); 0 where no line is determined."""
    if not points:
        return 0.0
    mean_x = sum(x for x, _ in points) / len(points)
    mean_y = sum(y for _, y in points) / len(points)
    width = sum((x - mean_x) ** 2 for x, _ in points)
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / width if width else 0.0


def bucket_percentile(buckets: Sequence[tuple[float, float]], percent: float) -> float:
    """A percentile from cumulative counts by upper bound, as Prometheus' `histogram_quantile` estimates it.

    Linear inside a bucket, from 0 or the bound before; what lies above the last finite bound is that bound. Nan where
    nothing was counted.
    """
    total = buckets[-1][1] if buckets else 0
    if not total:
        return math.nan
    rank = total * percent / 100
    for (low, below), (high, count) in pairwise([(0.0, 0.0), *buckets]):
        if count >= rank and count > below:
            return low if math.isinf(high) else low + (high - low) * (rank - below) / (count - below)
    return buckets[-1][0]


def since(now: Sequence[tuple[float, float]], before: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """What cumulative buckets gained."""
    return [(bound, count - earlier) for (bound, count), (_, earlier) in zip(now, before, strict=True)]
