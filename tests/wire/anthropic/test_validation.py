"""Each kind finds what is wrong with a value, and where; paths are put together from the inside out."""

import re
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given

from llmsim.wire.anthropic.validation import (
    Anything,
    Fault,
    Flag,
    Items,
    Kind,
    Number,
    Object,
    OneOf,
    Table,
    Tagged,
    Text,
    TextOr,
    listed,
)
from tests.wire.plans import JSON_VALUES

POINT = Table({"x": Number(), "y": Number()}, ("x",))
SHAPE = Tagged("type", {"dot": Table({"type": Anything(), "at": POINT}, ("at",)), "none": Object()}, otherwise="none")
KINDS: list[Kind] = [
    Number(least=1, most=2), Number(decimal=True), Text(least=1, most=2), Text(form=re.compile("[a-z]+")),
    OneOf(("a",)), Flag(), Anything(), Object(), POINT, SHAPE, Items(POINT, least=1, most=2), TextOr(Items(Text())),
    Table(also=True),
]  # fmt: skip


def fault(kind: Kind, value: object) -> str:
    with pytest.raises(Fault) as found:
        kind.check(value)
    return found.value.told().message


@pytest.mark.parametrize(
    ("kind", "value", "said"),
    [
        (Number(), "1", "Input should be a valid integer"),
        (Number(), 1.5, "Input should be a valid integer"),
        (Number(), False, "Input should be a valid integer"),
        (Number(decimal=True), "x", "Input should be a valid number"),
        (Number(least=1), 0, "Input should be greater than or equal to 1"),
        (Number(most=1), 2, "Input should be less than or equal to 1"),
        (Text(least=1), "", "String should have at least 1 character"),
        (Text(least=2), "a", "String should have at least 2 characters"),
        (Text(most=1), "ab", "String should have at most 1 characters"),
        (Text(form=re.compile("[a-z]+")), "A", "String should match pattern '^[a-z]+$'"),
        (OneOf(("a", "b", "c")), "d", "Input should be 'a', 'b' or 'c'"),
        (Flag(), 1, "Input should be a valid boolean"),
        (Object(), [], "Input should be an object"),
        (POINT, {}, "x: Field required"),
        (POINT, {"x": None}, "x: Input should be a valid integer"),
        (POINT, {"x": 1, "z": 1}, "z: Extra inputs are not permitted"),
        (Items(POINT), [{"x": 1}, {"x": "a"}], "1.x: Input should be a valid integer"),
        (Items(POINT, least=1), [], "List should have at least 1 item after validation, not 0"),
        (Items(POINT, most=1), [1, 2], "List should have at most 1 items after validation, not 2"),
        (Items(SHAPE), [{"type": "dot", "at": {"x": []}}], "0.dot.at.x: Input should be a valid integer"),
        (
            SHAPE,
            {"type": []},
            "Input tag '[]' found using 'type' does not match any of the expected tags: 'dot', 'none'",
        ),
        (TextOr(Items(Text())), 5, "Input should be a valid array"),
        (TextOr(Items(Text())), ["a", 5], "1: Input should be a valid string"),
    ],
)
def test_fault_is_told_where_it_is(kind: Kind, value: object, said: str) -> None:
    assert fault(kind, value) == said


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (Number(), 3.0),
        (Number(decimal=True), 0.5),
        (POINT, {"x": 1, "y": None}),
        (SHAPE, {"anything": 1}),
        (Table({"a": Flag()}, also=True), {"b": 1}),
        (TextOr(Items(Text())), "a"),
    ],
)
def test_good_value_has_no_fault(kind: Kind, value: object) -> None:
    kind.check(value)


@given(JSON_VALUES)
def test_any_value_is_good_or_has_a_fault(value: Any) -> None:  # noqa: ANN401
    for kind in KINDS:
        with suppress(Fault):
            kind.check(value)


def test_names_are_listed_as_the_live_api_does() -> None:
    assert [listed(("a",)), listed(("a", "b")), listed(("a", "b", "c"))] == ["'a'", "'a' or 'b'", "'a', 'b' or 'c'"]
