"""Each kind of value accepts what it is, at its bounds too, and says what is wrong with anything else."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmsim.errors import ClientError
from llmsim.wire.openai.validation import (
    Anything,
    Flag,
    Items,
    Kind,
    Metadata,
    Number,
    Table,
    Tagged,
    Text,
    TextOr,
    accepts_keys,
    check_keys,
    opened,
)
from tests.wire.plans import JSON_VALUES

WHOLE = Number(least=1, most=128)
DECIMAL = Number(least=-2, most=2, decimal=True)
FILLED = Text(filled=True)
WORD = Text(("in_memory", "24h"), unlisted=("forever",))
SHAPE = Tagged("type", {"dot": Table(), "line": Table({"length": WHOLE}, ("length",))})
PAIRS = Metadata(most=16, longest_name=64, longest_value=512)

ACCEPTED: list[tuple[Kind, Any]] = [
    (WHOLE, 1), (WHOLE, 128), (Number(), -(2**63)), (DECIMAL, -2), (DECIMAL, 2.0), (DECIMAL, 0),
    (Text(), ""), (Text(longest=3), "äöü"), (WORD, "24h"), (WORD, "forever"), (Flag(), False),
    (Table(), {"any": 1}), (Table({"a": Flag()}), {"a": None}), (SHAPE, {"type": "dot", "length": "?"}),
    (SHAPE, {"type": "line", "length": 3}), (Items(Text()), []), (Items(Text(), most=2), ["a", "b"]),
    (FILLED, "a"), (TextOr(Items(FILLED), FILLED), "a"), (TextOr(Items(Text())), "a"), (TextOr(Items(Text())), ["a"]),
    (PAIRS, {"k" * 64: "v" * 512}), (PAIRS, {str(number): "" for number in range(16)}),
]  # fmt: skip

REFUSED: list[tuple[Kind, Any, str, str | None, str]] = [
    (WHOLE, 0, "p", "integer_below_min_value",
     "Invalid 'p': integer below minimum value. Expected a value >= 1, but got 0 instead."),
    (WHOLE, 129, "p", "integer_above_max_value",
     "Invalid 'p': integer above maximum value. Expected a value <= 128, but got 129 instead."),
    (WHOLE, 1.0, "p", "invalid_type", "Invalid type for 'p': expected an integer, but got a decimal number instead."),
    (WHOLE, True, "p", "invalid_type", "Invalid type for 'p': expected an integer, but got a boolean instead."),
    (DECIMAL, 2.5, "p", "decimal_above_max_value",
     "Invalid 'p': decimal above maximum value. Expected a value <= 2, but got 2.5 instead."),
    (DECIMAL, -3, "p", "decimal_below_min_value",
     "Invalid 'p': decimal below minimum value. Expected a value >= -2, but got -3 instead."),
    (DECIMAL, "1", "p", "invalid_type", "Invalid type for 'p': expected a decimal, but got a string instead."),
    (Text(), 7, "p", "invalid_type", "Invalid type for 'p': expected a string, but got an integer instead."),
    (Text(longest=3), "abcd", "p", "string_above_max_length",
     "Invalid 'p': string too long. Expected a string with maximum length 3, but got a string with length 4 instead."),
    (FILLED, "", "p", "empty_string",
     "Invalid 'p': empty string. Expected a string with minimum length 1, but got an empty string instead."),
    (TextOr(Items(Text()), FILLED), "", "p", "empty_string",
     "Invalid 'p': empty string. Expected a string with minimum length 1, but got an empty string instead."),
    (WORD, {}, "p", "invalid_type",
     "Invalid type for 'p': expected one of 'in_memory' or '24h', but got an object instead."),
    (WORD, "7d", "p", "invalid_value", "Invalid value: '7d'. Supported values are: 'in_memory' and '24h'."),
    (Flag(), 0, "p", "invalid_type", "Invalid type for 'p': expected a boolean, but got an integer instead."),
    (Table(), [], "p", "invalid_type", "Invalid type for 'p': expected an object, but got an array instead."),
    (Table({"a": Text()}, ("a",)), {}, "p.a", "missing_required_parameter", "Missing required parameter: 'p.a'."),
    (Table({"a": Text()}, ("a",)), {"a": None}, "p.a", "invalid_type",
     "Invalid type for 'p.a': expected a string, but got null instead."),
    (SHAPE, 7, "p", "invalid_type", "Invalid type for 'p': expected an object, but got an integer instead."),
    (SHAPE, {}, "p.type", "missing_required_parameter", "Missing required parameter: 'p.type'."),
    (SHAPE, {"type": "arc"}, "p.type", "invalid_value",
     "Invalid value: 'arc'. Supported values are: 'dot' and 'line'."),
    (SHAPE, {"type": ["dot"]}, "p.type", "invalid_type",
     "Invalid type for 'p.type': expected one of 'dot' or 'line', but got an array instead."),
    (SHAPE, {"type": "line"}, "p.length", "missing_required_parameter", "Missing required parameter: 'p.length'."),
    (Items(Text(), "strings"), "a", "p", "invalid_type",
     "Invalid type for 'p': expected an array of strings, but got a string instead."),
    (Items(Text()), ["a", 1], "p[1]", "invalid_type",
     "Invalid type for 'p[1]': expected a string, but got an integer instead."),
    (Items(Text(), least=1), [], "p", "empty_array",
     "Invalid 'p': empty array. Expected an array with minimum length 1, but got an empty array instead."),
    (Items(Text(), most=1), ["a", "b"], "p", "array_above_max_length",
     "Invalid 'p': array too long. Expected an array with maximum length 1, but got an array with length 2 instead."),
    (TextOr(Items(Text(), "strings")), 1, "p", "invalid_type",
     "Invalid type for 'p': expected one of a string or array of strings, but got an integer instead."),
    (PAIRS, "a", "p", "invalid_type",
     "Invalid type for 'p': expected a metadata object, but got a string instead."),
    (PAIRS, {str(number): "" for number in range(17)}, "p", "object_above_max_properties",
     ("Invalid 'p': too many properties. Expected an object with at most 16 properties, but got an object with 17 "
      "properties instead.")),
    (PAIRS, {"k": 7}, "p.k", "invalid_type", "Invalid type for 'p.k': expected a string, but got an integer instead."),
    (PAIRS, {"k": "x" * 600}, "p.k", "string_above_max_length",
     ("Invalid 'p.k': string too long. Expected a string with maximum length 512, but got a string with length 600 "
      "instead.")),
    (PAIRS, {"k" * 70: "v"}, "p." + "k" * 70, "property_name_above_max_length",
     ("Invalid property name in 'p': 'kkk...kkk' is too long. Expected a string with maximum length 64, but got a "
      "string with length 70 instead.")),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "value"), ACCEPTED)
def test_value_of_its_kind_is_accepted(kind: Kind, value: object) -> None:
    assert kind.accepts(value)
    kind.check("p", value)


@pytest.mark.parametrize(("kind", "value", "param", "code", "message"), REFUSED)
def test_value_of_no_such_kind_is_refused(kind: Kind, value: object, param: str, code: str, message: str) -> None:
    assert not kind.accepts(value)
    with pytest.raises(ClientError) as refused:
        kind.check("p", value)
    error = refused.value
    assert (error.param, error.code, error.message) == (param, code, message)


@given(st.sampled_from([kind for kind, _ in ACCEPTED]), JSON_VALUES)
def test_any_value_is_accepted_or_has_a_fault(kind: Kind, value: object) -> None:
    try:
        kind.check("p", value)
    except ClientError:
        assert not kind.accepts(value)
    else:
        assert kind.accepts(value)


def test_faults_are_reported_in_the_order_of_the_rows() -> None:
    rows = {"first": Flag(), "second": Flag()}
    with pytest.raises(ClientError) as refused:
        check_keys({"second": 1, "first": 1, "unknown": 1}, rows)
    assert refused.value.param == "first"
    check_keys({"unknown": 1, "first": None}, rows)
    assert accepts_keys({"unknown": 1, "first": None}, rows)
    assert not accepts_keys({"unknown": 1, "first": None}, rows, ("first",))
    assert not accepts_keys({"unknown": 1, "second": 1}, rows)


def test_closed_table_refuses_unknown_keys_wherever_it_stands_and_opened_takes_them() -> None:
    inner = Table({"a": Flag()}, closed=True)
    kind = Items(Table({"type": Text(), "x": inner}, closed=True))
    assert kind.accepts([{"type": "t", "x": {"a": True}}])
    for bad, param in (([{"z": 1}], "p[0].z"), ([{"x": {"b": 1}}], "p[0].x.b")):
        assert not kind.accepts(bad)
        with pytest.raises(ClientError) as refused:
            kind.check("p", bad)
        assert (refused.value.param, refused.value.code) == (param, "unknown_parameter")
        assert opened(kind).accepts(bad)
        opened(kind).check("p", bad)
    assert not opened(kind).accepts([{"x": {"a": 1}}])


def test_closed_table_of_a_kind_that_is_said_knows_where_it_is_said() -> None:
    kind = Tagged("type", {"dot": Table({"x": Flag()}, closed=True)})
    kind.check("p", {"type": "dot", "x": True})
    assert kind.accepts({"type": "dot", "x": True})
    assert not kind.accepts({"type": "dot", "y": True})
    with pytest.raises(ClientError, match=r"^Unknown parameter: 'p\.y'\.$"):
        kind.check("p", {"type": "dot", "y": True})
    opened(kind).check("p", {"type": "dot", "y": True})


def test_anything_is_accepted() -> None:
    Anything().check("p", object())
    assert Anything().accepts(None)
