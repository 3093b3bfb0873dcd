"""Windows that slide: what they say is what is true of the moments that they cover."""

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmsim.metrics.recent import BOUNDS_S, Distinct, Quantile, Rate

MOMENTS_S = st.lists(st.floats(0, 90), max_size=60).map(sorted)


@given(MOMENTS_S, st.floats(0, 100), st.floats(1000, 1001))
def test_rate_is_the_mean_over_the_whole_seconds_of_its_window_and_the_one_under_way(
    after_s: list[float], asked_s: float, begun_s: float
) -> None:
    rate = Rate(30, begun_s)
    moments = [begun_s + after for after in after_s]
    now_s = max([begun_s + asked_s, *moments])
    for moment in moments:
        rate.add(moment)
    first_s = max(int(now_s) - 30, begun_s)
    expected = sum(moment >= int(first_s) for moment in moments) / max(now_s - first_s, 1.0)
    assert rate.per_second(now_s) == pytest.approx(expected)


def test_rate_at_the_start_is_over_the_time_since_and_no_less_than_a_second() -> None:
    rate = Rate(30, 5.75)
    for _ in range(6):
        rate.add(5.8)
    assert rate.per_second(5.8) == 6
    assert rate.per_second(7.75) == 3
    assert rate.per_second(17.75) == 0.5


def test_rate_forgets_and_a_long_silence_costs_nothing() -> None:
    rate = Rate(30, 0.0)
    rate.add(0.5)
    assert rate.per_second(30.5) == pytest.approx(1 / 30.5)
    assert rate.per_second(31.0) == 0
    rate.add(1e9)
    assert rate.per_second(1e9) == pytest.approx(1 / 30)
    assert len(rate._ended) == 30


@given(st.lists(st.floats(0, 200), min_size=1, max_size=200), st.sampled_from([0.5, 0.95, 0.99]))
def test_quantile_is_off_by_no_more_than_a_bucket(values_s: list[float], share: float) -> None:
    quantile = Quantile(share, slots=12, slot_s=5, now_s=0.0)
    for at, value in enumerate(values_s):
        quantile.add(value, at * 0.25)
    exact_s = sorted(values_s)[math.ceil(share * len(values_s)) - 1]
    found_s = quantile.seconds(50.0)
    assert found_s == pytest.approx(min(exact_s, BOUNDS_S[-1]), rel=0.1, abs=BOUNDS_S[0])


def test_quantile_is_that_of_its_window_and_0_without_any() -> None:
    quantile = Quantile(0.95, slots=12, slot_s=5, now_s=2.0)
    assert quantile.seconds(2.0) == 0
    quantile.add(10.0, 4.9)
    quantile.add(0.01, 5.0)
    assert quantile.seconds(64.9) == pytest.approx(10.0, rel=0.1)
    assert quantile.seconds(65.0) == pytest.approx(0.01, rel=0.1)
    assert quantile.seconds(70.0) == 0
    quantile.add(0.5, 1e6)
    assert quantile.seconds(1e6) == pytest.approx(0.5, rel=0.1)
    assert len(quantile._ended) == 12


def test_buckets_of_a_quantile_are_each_a_tenth_above_the_one_before() -> None:
    assert all(above / below == pytest.approx(1.1) for below, above in pairwise(BOUNDS_S))
    assert BOUNDS_S[-1] > 120


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.floats(0, 700)), max_size=60), st.floats(0, 800))
def test_different_things_are_those_of_the_window(told: list[tuple[str, float]], asked_s: float) -> None:
    distinct = Distinct(300, most=100)
    for thing, moment in sorted(told, key=lambda one: one[1]):
        distinct.add(thing, moment)
    now_s = max([asked_s, *(moment for _, moment in told)])
    assert distinct.count(now_s) == len({thing for thing, moment in told if int(moment) >= int(now_s) - 300})


def test_thing_is_forgotten_a_second_after_its_window() -> None:
    distinct = Distinct(300, most=100)
    distinct.add("a", 0.9)
    assert distinct.count(300.9) == 1
    assert distinct.count(301.0) == 0


def test_of_too_many_things_the_latest_are_kept() -> None:
    distinct = Distinct(300, most=3)
    for at, thing in enumerate("abcab"):
        distinct.add(thing, float(at))
    distinct.add("d", 5.0)
    assert distinct.count(5.0) == 3
    assert list(distinct._last) == [hash("a"), hash("b"), hash("d")]
