"""Tallies beside the library's own histograms: the same observations give the same samples."""

import math

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Histogram, generate_latest

from llmsim.tally import Tallies

BOUNDS = (0.001, 0.5, 2.0)


def samples(registry: CollectorRegistry) -> list[str]:
    """The lines of an exposition that are no comments and no creation times."""
    return sorted(line for line in generate_latest(registry).decode().splitlines() if line[0] != "#")


@given(st.lists(st.tuples(st.sampled_from(["p", "q"]), st.integers(-5, 5000), st.integers(1, 4))))
def test_tallies_say_what_a_histogram_says(observed: list[tuple[str, int, int]]) -> None:
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    tallies = Tallies("llm_simulator_x_seconds", "What it is.", ("profile",), BOUNDS, ours)
    histogram = Histogram("llm_simulator_x_seconds", "What it is.", ("profile",), buckets=BOUNDS, registry=theirs)
    for profile, thousandths, times in observed:
        tallies.of(profile).add(thousandths / 1024, times)
        for _ in range(times):
            histogram.labels(profile).observe(thousandths / 1024)
    assert samples(ours) == samples(theirs)


def test_tally_without_labels_is_there_before_it_is_used() -> None:
    registry = CollectorRegistry()
    tally = Tallies("llm_simulator_x_seconds", "What it is.", (), BOUNDS, registry).of()
    assert 'llm_simulator_x_seconds_bucket{le="+Inf"} 0.0' in samples(registry)
    tally.add(0.5, 3)
    assert tally.buckets() == [("0.001", 0), ("0.5", 3), ("2.0", 3), ("+Inf", 3)]
    assert math.isclose(tally.sum, 1.5)
