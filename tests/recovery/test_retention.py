"""What the rules keep, and when the next snapshot is due."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmsim.recovery.retention import Keep, kept, next_s

BEGIN = datetime(2026, 11, 1, 0, 30, tzinfo=UTC)
"""A Sunday, the last day of its week."""
HOURLY = [(f"{hour:04}", (BEGIN + timedelta(hours=hour)).timestamp()) for hour in range(24 * 21)]


@pytest.mark.parametrize(
    ("keep", "names"),
    [
        (Keep(last=3), ["0503", "0502", "0501"]),
        (Keep(hourly=2), ["0503", "0502"]),
        (Keep(daily=3), ["0503", "0479", "0455"]),
        (Keep(weekly=4), ["0503", "0359", "0191", "0023"]),
        (Keep(last=1, daily=2), ["0503", "0479"]),
        (Keep(), []),
        (Keep(last=10_000), [name for name, _ in reversed(HOURLY)]),
    ],
)
def test_kept_are_the_newest_of_each_period(keep: Keep, names: list[str]) -> None:
    assert list(kept(HOURLY, keep)) == names


def test_kept_says_which_rules_keep_it() -> None:
    found = kept(HOURLY, Keep(last=1, daily=2, weekly=1))
    assert found == {"0503": ["last", "daily", "weekly"], "0479": ["daily"]}


@given(
    ages=st.lists(st.integers(0, 10**7), max_size=20, unique=True),
    keep=st.builds(Keep, *[st.integers(0, 5)] * 4),
    more=st.integers(0, 3),
)
def test_rule_that_keeps_more_takes_nothing_away(ages: list[int], keep: Keep, more: int) -> None:
    created = [(str(age), float(age)) for age in ages]
    wider = Keep(keep.last + more, keep.hourly, keep.daily, keep.weekly)
    assert set(kept(created, keep)) <= set(kept(created, wider))
    assert bool(kept(created, keep)) == bool(created and not keep.nothing)


@pytest.mark.parametrize("ordinal", range(5))
def test_next_is_the_pods_own_moment_of_each_hour(ordinal: int) -> None:
    now_s = 2_000_000_000.0
    first = next_s(now_s, 3600, ordinal)
    assert 0 < first - now_s <= 3600
    assert next_s(first, 3600, ordinal) == first + 3600


def test_next_of_many_pods_is_spread_over_the_hour() -> None:
    moments = sorted(next_s(2_000_000_000.0, 3600, ordinal) for ordinal in range(10))
    assert min(after - before for before, after in pairwise(moments)) > 3600 / 25
