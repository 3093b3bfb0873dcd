"""Counters and histograms for the event loop: plain numbers that one thread adds to, told in Prometheus' form.

The library's own take a lock for each observation, and look through their buckets; there are as many observations here
as tokens, and many of them equal. Knows no metric by name. Not for several threads.
"""

import math
from bisect import bisect_left
from collections.abc import Iterable, Sequence

import attrs
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector

from llmsim.metrics.catalogue import Metric


@attrs.define
class Count:
    """One counter."""

    value: float = 0

    def add(self, amount: float = 1) -> None:
        """Count so much more."""
        self.value += amount


class Counts(Collector):
    """A metric of counts, one for each combination of label values; without labels it is there from the start."""

    def __init__(self, metric: Metric, registry: CollectorRegistry) -> None:
        self._metric = metric
        self._counts: dict[tuple[str, ...], Count] = {}
        if not metric.labels:
            self.of()
        registry.register(self)

    def of(self, *values: str) -> Count:
        """The count of these label values; keep it, it does not change."""
        return self._counts.setdefault(values, Count())

    def collect(self) -> Iterable[CounterMetricFamily]:
        """What Prometheus is told."""
        family = CounterMetricFamily(self._metric.name, self._metric.meaning, labels=self._metric.labels)
        for values, count in self._counts.items():
            family.add_metric(values, count.value)
        return [family]


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

    def __init__(self, metric: Metric, registry: CollectorRegistry) -> None:
        self._metric = metric
        self._tallies: dict[tuple[str, ...], Tally] = {}
        if not metric.labels:
            self.of()
        registry.register(self)

    def of(self, *values: str) -> Tally:
        """The tally of these label values; keep it, it does not change."""
        return self._tallies.setdefault(values, Tally(self._metric.bounds))

    def collect(self) -> Iterable[HistogramMetricFamily]:
        """What Prometheus is told."""
        family = HistogramMetricFamily(self._metric.name, self._metric.meaning, labels=self._metric.labels)
        for values, tally in self._tallies.items():
            family.add_metric(values, tally.buckets(), tally.sum)
        return [family]
