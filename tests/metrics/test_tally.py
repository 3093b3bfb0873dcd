"""Counts and tallies beside the library's own: the same observations give the same samples."""

import math

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics, generate_latest

from llmsim.metrics.catalogue import Kind, Metric
from llmsim.metrics.tally import Counts, Tallies

BOUNDS = (0.001, 0.5, 2.0)
SECONDS = Metric("llm_simulator_x_seconds", Kind.HISTOGRAM, "s", "What it is.", ("profile",), BOUNDS)
TOTAL = Metric("llm_simulator_x_total", Kind.COUNTER, "x", "What it is.", ("profile",))
disable_created_metrics()  # type: ignore[no-untyped-call]
"""When a counter began is the process's start, once; the library's own say it beside each."""


def samples(registry: CollectorRegistry) -> list[str]:
    """The lines of an exposition."""
    return sorted(generate_latest(registry).decode().splitlines())


@given(st.lists(st.tuples(st.sampled_from(["p", "q"]), st.integers(-5, 5000), st.integers(1, 4))))
def test_tallies_say_what_a_histogram_says(observed: list[tuple[str, int, int]]) -> None:
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    tallies = Tallies(SECONDS, ours)
    histogram = Histogram(SECONDS.name, SECONDS.meaning, SECONDS.labels, buckets=BOUNDS, registry=theirs)
    for profile, thousandths, times in observed:
        tallies.of(profile).add(thousandths / 1024, times)
        for _ in range(times):
            histogram.labels(profile).observe(thousandths / 1024)
    assert samples(ours) == samples(theirs)


@given(st.lists(st.tuples(st.sampled_from(["p", "q"]), st.integers(0, 5000))))
def test_counts_say_what_a_counter_says(observed: list[tuple[str, int]]) -> None:
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    counts = Counts(TOTAL, ours)
    counter = Counter(TOTAL.name, TOTAL.meaning, TOTAL.labels, registry=theirs)
    for profile, amount in observed:
        counts.of(profile).add(amount)
        counter.labels(profile).inc(amount)
    assert samples(ours) == samples(theirs)


def test_what_has_no_labels_is_there_before_it_is_used() -> None:
    registry = CollectorRegistry()
    tally = Tallies(Metric("llm_simulator_x_seconds", Kind.HISTOGRAM, "s", "", (), BOUNDS), registry).of()
    count = Counts(Metric("llm_simulator_y_total", Kind.COUNTER, "y", ""), registry).of()
    assert 'llm_simulator_x_seconds_bucket{le="+Inf"} 0.0' in samples(registry)
    assert "llm_simulator_y_total 0.0" in samples(registry)
    tally.add(0.5, 3)
    count.add()
    assert tally.buckets() == [("0.001", 0), ("0.5", 3), ("2.0", 3), ("+Inf", 3)]
    assert math.isclose(tally.sum, 1.5)
    assert "llm_simulator_y_total 1.0" in samples(registry)
