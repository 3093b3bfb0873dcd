"""What is made of measured values."""

import math

import pytest

from tests.bench.figures import Spread, Tail, bucket_percentile, percentile, ratios, since, slope, spread, tail


@pytest.mark.parametrize(
    ("percent", "expected"), [(0, 1), (1, 1), (50, 50), (50.5, 51), (99, 99), (99.1, 100), (100, 100)]
)
def test_percentile_of_a_hundred_values_is_one_of_them(percent: float, expected: float) -> None:
    assert percentile(range(1, 101), percent) == expected


def test_percentile_of_one_value_is_that_value() -> None:
    assert percentile([7.0], 99) == 7.0


def test_tail_is_of_magnitudes() -> None:
    assert tail([-3.0, 1.0, 2.0]) == Tail(2.0, 3.0, 3.0, 3)


def test_tail_of_nothing_is_never_in_time() -> None:
    assert tail([]).p99 == math.inf


def test_spread_is_median_least_and_greatest() -> None:
    assert spread([4.0, 1.0, 3.0, 2.0]) == Spread(2.5, 1.0, 4.0)
    assert spread(iter([3.0, 9.0, 1.0])) == Spread(3.0, 1.0, 9.0)
    assert spread([]) is None


def test_ratios_are_of_the_same_round_alone() -> None:
    assert ratios({1: 8.0, 2: 30.0, 3: 5.0}, {2: 10.0, 1: 2.0, 4: 1.0}) == [4.0, 3.0]


def test_ratio_to_nothing_is_left_out() -> None:
    assert ratios({1: 8.0}, {1: 0.0}) == []


def test_slope_of_a_noisy_line_is_that_of_least_squares() -> None:
    assert slope([(0, 1), (1, 3), (2, 5)]) == pytest.approx(2)
    assert slope([(0, 0), (1, 1), (2, 0), (3, 1)]) == pytest.approx(0.2)


@pytest.mark.parametrize("points", [[], [(1.0, 5.0)], [(1.0, 5.0), (1.0, 9.0)]])
def test_slope_that_nothing_determines_is_zero(points: list[tuple[float, float]]) -> None:
    assert slope(points) == 0


BUCKETS = [(0.001, 50.0), (0.01, 90.0), (0.1, 100.0), (math.inf, 100.0)]


@pytest.mark.parametrize(("percent", "expected"), [(25, 0.0005), (50, 0.001), (70, 0.0055), (95, 0.055), (100, 0.1)])
def test_bucket_percentile_is_linear_inside_a_bucket(percent: float, expected: float) -> None:
    assert bucket_percentile(BUCKETS, percent) == pytest.approx(expected)


def test_bucket_percentile_beyond_the_last_bound_is_that_bound() -> None:
    assert bucket_percentile([(0.1, 1.0), (math.inf, 10.0)], 99) == 0.1


def test_bucket_percentile_of_nothing_is_no_number() -> None:
    assert math.isnan(bucket_percentile([(0.1, 0.0), (math.inf, 0.0)], 99))
    assert math.isnan(bucket_percentile([], 99))


def test_what_buckets_gained_is_their_difference() -> None:
    assert since([(0.1, 5.0), (math.inf, 9.0)], [(0.1, 2.0), (math.inf, 3.0)]) == [(0.1, 3.0), (math.inf, 6.0)]
