"""Any schema that can be satisfied has an instance that does, with what the conversation offers where it fits."""

import time
from typing import Any

import jsonschema
import orjson
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument
from hypothesis_jsonschema import from_schema

from llmsim.simulation.draws import Stream
from llmsim.simulation.objects.hints import Hints
from llmsim.simulation.objects.instances import instance, text_of, written
from tests.simulation.json_schemas import SATISFIABLE, SCHEMAS, STREAMS

SAYS = ("What is the weather in Paris and London for 3 days?", 'Call it "Emma", age 36.', "", "yes, enable the flag")
SECOND_NS = 10**9
NAMED = {"type": "string"}
PLAIN: tuple[Any, ...] = (
    *(
        None,
        True,
        False,
        0,
        1,
        7,
        -20,
        0.5,
        12,
        49,
        "",
        "a",
        "abc",
        "ABC",
        "123-4567",
        "aaaa@x.y",
        "#00ff00",
        "2026-01-01",
    ),
    *([], [None], [0, 1], ["a"], {}, {"a": 1}, {"city": "a"}, {"n": 1, "name": "b"}, {"a": "x", "ab": "y"}),
)
"""Values that nobody would have to look for."""


def offered(*texts: str) -> Hints:
    return Hints.of(texts)


def made(schema: Any, *texts: str) -> Any:  # noqa: ANN401
    return instance(schema, Stream(bytes(32)), offered(*texts))


def satisfied(schema: Any, value: Any) -> bool:  # noqa: ANN401
    """As another library sees it."""
    checker = jsonschema.FormatChecker(formats=("date", "email", "ipv4", "ipv6", "uuid"))
    return jsonschema.Draft202012Validator(schema, format_checker=checker).is_valid(value)


@given(SATISFIABLE, STREAMS, st.sampled_from(SAYS))
@settings(max_examples=300, derandomize=True)
def test_schema_that_can_be_satisfied_has_an_instance(schema: Any, stream: Stream, text: str) -> None:  # noqa: ANN401
    value = instance(schema, stream, offered(text))
    assert satisfied(schema, value), value
    assert orjson.loads(written(value)) == value


@given(SCHEMAS, STREAMS, st.sampled_from(SAYS))
@settings(max_examples=300, derandomize=True)
def test_instance_that_does_not_satisfy_is_of_a_schema_that_no_plain_value_satisfies(
    schema: Any,  # noqa: ANN401
    stream: Stream,
    text: str,
) -> None:
    value = instance(schema, stream, offered(text))
    if not satisfied(schema, value):
        assert [one for one in PLAIN if satisfied(schema, one)] == []


@given(st.data(), SCHEMAS, STREAMS)
@settings(max_examples=100, derandomize=True, suppress_health_check=list(HealthCheck))
def test_schema_of_which_somebody_else_makes_a_value_has_an_instance(
    data: st.DataObject,
    schema: Any,  # noqa: ANN401
    stream: Stream,
) -> None:
    try:
        theirs = data.draw(from_schema(schema))
    except (AttributeError, InvalidArgument):  # hypothesis-jsonschema 0.23 fails over some schemas
        assume(condition=False)
    assume(satisfied(schema, theirs))
    assert satisfied(schema, instance(schema, stream, offered(SAYS[0])))


@given(SATISFIABLE, st.binary(min_size=32, max_size=32))
@settings(max_examples=50)
def test_instance_is_the_same_each_time(schema: Any, key: bytes) -> None:  # noqa: ANN401
    assert instance(schema, Stream(key), offered(SAYS[0])) == instance(schema, Stream(key), offered(SAYS[0]))


def chained(length: int) -> dict[str, Any]:
    """A schema whose instance would have two to the power of `length` parts."""
    definitions: dict[str, Any] = {f"d{length}": {"type": "null"}}
    for at in range(length):
        both = {"a": {"$ref": f"#/$defs/d{at + 1}"}, "b": {"$ref": f"#/$defs/d{at + 1}"}}
        definitions[f"d{at}"] = {"type": "object", "properties": both, "required": ["a", "b"]}
    return {"$defs": definitions, "$ref": "#/$defs/d0"}


HOSTILE: dict[str, Any] = {
    "a billion items": {"type": "array", "items": {"type": "string"}, "minItems": 10**9},
    "a billion characters": {"type": "string", "minLength": 10**9},
    "a million properties": {"type": "object", "minProperties": 10**6},
    "as many parts as no memory holds": chained(40),
    "a reference to itself": {"$ref": "#"},
    "parts of itself": {"allOf": [{"$ref": "#"}]},
    "itself within": {"type": "object", "properties": {"a": {"$ref": "#"}}, "required": ["a"]},
    "a pattern that goes back": {"type": "string", "pattern": "^(a+)+$"},
    "a pattern without end": {"type": "string", "pattern": "((a{1000}){1000}){1000}"},
    "another host": {"$ref": "http://127.0.0.1:1/schema"},
    "no pattern": {"type": "string", "pattern": "("},
    "no numbers": {"type": "integer", "minimum": "a", "maximum": []},
    "no properties": {"type": "object", "properties": [1], "required": 7},
    "no type": {"type": 5, "enum": {}},
    "many properties": {"type": "object", "required": [f"p{at}" for at in range(5000)]},
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_schema_is_answered_within_bounds(name: str) -> None:
    text = "It says '" + "a" * 80 + "b'"
    begun = time.process_time_ns()
    value = made(HOSTILE[name], text)
    took = time.process_time_ns() - begun
    assert len(written(value)) < 100_000
    assert took < 5 * SECOND_NS


def test_recursive_schema_ends_where_it_may() -> None:
    following = {"anyOf": [{"$ref": "#/$defs/node"}, {"type": "null"}]}
    node = {"type": "object", "properties": {"v": {"type": "integer"}, "next": following}, "required": ["v", "next"]}
    schema = {"$defs": {"node": node}, "$ref": "#/$defs/node"}
    assert satisfied(schema, made(schema))


def test_values_come_from_the_conversation_where_they_fit() -> None:
    properties = {
        "title": NAMED,
        "author": NAMED,
        "pages": {"type": "integer"},
        "genre": {"enum": ["poem", "novel"]},
        "tags": {"type": "array", "items": NAMED},
    }
    schema = {"type": "object", "properties": properties, "required": list(properties)}
    told = made(schema, 'Describe the novel "Emma" by Jane Austen, 474 pages.')
    tags = ["novel", "Emma", "Jane"]
    assert told == {"title": "Emma", "author": "Jane Austen", "pages": 474, "genre": "novel", "tags": tags}


def test_each_quotation_goes_to_the_property_that_is_named_with_it_or_else_to_the_next() -> None:
    properties = dict.fromkeys(("body", "subject", "to"), NAMED)
    schema = {"type": "object", "properties": properties, "required": list(properties)}
    told = made(schema, 'Mail bob@example.com with subject "Lunch" saying "See you at noon".')
    assert told == {"body": "See you at noon", "subject": "Lunch", "to": "bob@example.com"}


def test_list_of_objects_has_one_for_each_thing_that_is_named() -> None:
    person = {"type": "object", "properties": {"name": NAMED, "city": NAMED}, "required": ["name", "city"]}
    schema = {"type": "object", "properties": {"people": {"type": "array", "items": person}}, "required": ["people"]}
    told = made(schema, "John works for Google in Zurich. Mary lives in London.")
    assert told == {"people": [{"name": "John", "city": "Zurich"}, {"name": "Mary", "city": "London"}]}


def test_each_number_is_used_once() -> None:
    schema = {
        "type": "object",
        "properties": {"a": {"type": "number"}, "b": {"type": "number"}},
        "required": ["a", "b"],
    }
    assert made(schema, "Add 3 and 5") == {"a": 3, "b": 5}


def test_number_that_is_out_of_bounds_is_not_taken() -> None:
    assert 1 <= made({"type": "integer", "minimum": 1, "maximum": 9}, "It is 500") <= 9


def test_older_words_of_schemas_are_understood() -> None:
    assert made({"type": "integer", "minimum": 5, "exclusiveMinimum": True, "maximum": 6}) == 6
    assert made({"type": "string", "nullable": True, "enum": ["x"]}) in ("x", None)
    assert made({"definitions": {"x": {"const": 3}}, "$ref": "#/definitions/x"}) == 3
    assert made({"type": "array", "items": [{"const": 1}], "additionalItems": False}) == [1]


def test_condition_is_met_or_its_other_side() -> None:
    kind = {"enum": ["cat", "dog"]}
    condition = {"properties": {"kind": {"const": "cat"}}, "required": ["kind"]}
    schema = {
        "type": "object",
        "properties": {"kind": kind},
        "required": ["kind"],
        "if": condition,
        "then": {"properties": {"lives": {"const": 9}}, "required": ["lives"]},
        "else": {"properties": {"lives": False, "name": NAMED}, "required": ["name"]},
    }
    for said in ("A cat, please.", "A dog, please."):
        assert satisfied(schema, made(schema, said))


def test_text_of_a_schema_is_compact_json() -> None:
    assert text_of({"const": {"a": [1, "b"]}}, Stream(bytes(32)), offered()) == '{"a":[1,"b"]}'
    assert isinstance(orjson.loads(text_of(None, Stream(bytes(32)), offered("x"))), dict)
