"""Numbers are within their bounds and of their multiple, or there is none."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmsim.simulation.draws import Stream
from llmsim.simulation.objects.numbers import drawn, fits
from tests.simulation.json_schemas import STREAMS

BOUND = st.one_of(st.none(), st.integers(-(2**60), 2**60), st.integers(-50, 50))


@given(STREAMS, BOUND, BOUND, st.sampled_from(["minimum", "exclusiveMinimum"]), st.booleans())
def test_number_is_within_its_bounds_or_there_is_none(
    stream: Stream,
    low: int | None,
    high: int | None,
    key: str,
    whole: bool,
) -> None:
    schema = {name: bound for name, bound in ((key, low), ("maximum", high)) if bound is not None}
    number = drawn(schema, stream, whole=whole)
    if number is None:
        assert low is not None
        assert high is not None
        assert low >= high
    else:
        assert fits(schema, number, whole=whole)


@pytest.mark.parametrize(
    ("schema", "number"),
    [
        ({"minimum": 4, "maximum": 9, "multipleOf": 5}, 5),
        ({"minimum": 6, "maximum": 9, "multipleOf": 5}, None),
        ({"exclusiveMinimum": 1, "exclusiveMaximum": 3}, 2),
        ({"exclusiveMinimum": 1, "exclusiveMaximum": 2}, None),
        ({"minimum": 2**53, "maximum": 2**53}, 2**53),
    ],
)
def test_the_only_number_is_drawn(schema: dict[str, Any], number: int | None) -> None:
    assert drawn(schema, Stream(bytes(32)), whole=True) == number


def test_numbers_without_bounds_are_small() -> None:
    assert 1 <= (drawn({}, Stream(bytes(32)), whole=False) or 0) <= 100
    assert fits({"multipleOf": 3}, 9, whole=True)
    assert not fits({"multipleOf": 3}, 10, whole=True)
    assert not fits({}, 1.5, whole=True)


@pytest.mark.parametrize(
    "bounds", [(2**54 + 1015, 2**54 + 1015), (-(2**54) - 1135 + 8000, None), (-(2**54) + 8465, None)]
)
def test_number_is_not_rounded_past_a_bound_that_no_float_has(bounds: tuple[int, int | None]) -> None:
    schema = {key: bound for key, bound in zip(("minimum", "maximum"), bounds, strict=True) if bound is not None}
    number = drawn(schema, Stream(bytes(32)), whole=False)
    assert number is not None
    assert fits(schema, number, whole=False)
