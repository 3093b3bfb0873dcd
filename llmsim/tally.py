"""Histograms for the event loop: plain numbers that one thread adds to, put into Prometheus' form when it asks.

The library's own take a lock and look through their buckets for each observation; there are as many observations here
as tokens, and many of them equal. Knows no metric by name. Not for several threads.
"""

import math
from bisect import bisect_left
from collections.abc import Iterable, Sequence

import attrs
from prometheus_client import CollectorRegistry
from prometheus_client.core import HistogramMetricFamily
from prometheus_client.registry import Collector


@attrs.define
class Tally:
    """One histogram: how many values lie at or below each bound, and their sum."""

    _bounds: Sequence[float]
    _counts: list[int] = attrs.field(init=False)
    _sum: float = attrs.field(default=0.0, init=False)

    def __attrs_post_init__(self) -> None:
        self._counts = [0] * (len(self._bounds) + 1)

    def add(self, value: float, times: int = 1) -> None:
        """Count a value, so many times."""
        self._counts[bisect_left(self._bounds, value)] += times
        self._sum += value * times

    def buckets(self) -> list[tuple[str, float]]:
        """Cumulative counts by upper bound, the last one without."""
        total = 0
        found: list[tuple[str, float]] = []
        for bound, count in zip((*self._bounds, math.inf), self._counts, strict=True):
            total += count
            found.append(("+Inf" if bound == math.inf else str(float(bound)), total))
        return found

    @property
    def sum(self) -> float:
        """The sum of all values."""
        return self._sum


class Tallies(Collector):
    """A metric of tallies, one for each combination of label values; without labels it is there from the start."""

    def __init__(
        self, name: str, documentation: str, labels: Sequence[str], bounds: Sequence[float], registry: CollectorRegistry
    ) -> None:
        self._name = name
        self._documentation = documentation
        self._labelnames = labels
        self._bounds = bounds
        self._tallies: dict[tuple[str, ...], Tally] = {}
        if not labels:
            self.of()
        registry.register(self)

    def of(self, *values: str) -> Tally:
        """The tally of these label values; keep it, it does not change."""
        return self._tallies.setdefault(values, Tally(self._bounds))

    def collect(self) -> Iterable[HistogramMetricFamily]:
        """What Prometheus is told."""
        family = HistogramMetricFamily(self._name, self._documentation, labels=self._labelnames)
        for values, tally in self._tallies.items():
            family.add_metric(values, tally.buckets(), tally.sum)
        return [family]
