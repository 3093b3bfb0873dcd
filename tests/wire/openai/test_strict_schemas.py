"""A schema that the live API does not take is refused with its first fault, in the API's words."""

from typing import Any

import pytest
from hypothesis import given

from llmsim.errors import ClientError
from llmsim.wire.openai.strict_schemas import check_function, check_reply, fault
from tests.wire.openai.requests import asked
from tests.wire.plans import JSON_VALUES

GOOD: dict[str, Any] = {
    "type": "object",
    "properties": {
        "a": {"type": ["string", "null"]},
        "b": {"type": "array", "items": {"$ref": "#/$defs/c"}},
        "d": {"anyOf": [{"type": "integer"}, {"enum": ["x"]}]},
    },
    "required": ["a", "b", "d"],
    "additionalProperties": False,
    "$defs": {"c": {"type": "object", "properties": {}, "required": [], "additionalProperties": False}},
}
WANTED = "'required' is required to be supplied and to be an array including every key in properties."


def holding(part: object) -> dict[str, Any]:
    return {"type": "object", "properties": {"p": part}, "required": ["p"], "additionalProperties": False}


@pytest.mark.parametrize(
    ("schema", "told"),
    [
        ({"type": "array"}, "schema must be a JSON Schema of 'type: \"object\"', got 'type: \"array\"'."),
        ({"anyOf": []}, "schema must be a JSON Schema of 'type: \"object\"', got 'type: \"None\"'."),
        (
            {"type": "object"},
            "In context=(), 'additionalProperties' is required to be supplied and to be false.",
        ),
        (GOOD | {"required": ["a", "b"]}, f"In context=(), {WANTED} Missing 'd'."),
        (GOOD | {"required": ["a", "b", "d", "e"]}, f"In context=(), {WANTED} Extra required key 'e' supplied."),
        (holding({}), "In context=('properties', 'p'), schema must have a 'type' key."),
        (holding({"allOf": []}), "In context=('properties', 'p'), 'allOf' is not permitted."),
        (holding({"type": "array"}), "In context=('properties', 'p'), array schema missing items."),
        (
            holding({"type": "array", "items": {"type": "object"}}),
            (
                "In context=('properties', 'p', 'items'), 'additionalProperties' is required to be supplied and to be "
                "false."
            ),
        ),
        (
            holding({"anyOf": [{"type": "null"}, {"oneOf": []}]}),
            "In context=('properties', 'p', 'anyOf', '1'), 'oneOf' is not permitted.",
        ),
    ],
    ids=range(10),
)
def test_first_fault_of_a_strict_schema_is_told(schema: dict[str, Any], told: str) -> None:
    assert fault(schema, strict=True) == told


def test_schema_without_fault_is_taken() -> None:
    assert fault(GOOD, strict=True) is None
    assert fault({"type": "object", "properties": {"a": {}}}, strict=False) is None


def test_schema_that_is_not_strict_is_looked_at_a_little() -> None:
    assert fault({"type": "object", "properties": {"a": {"type": "array"}}}, strict=False) == (
        "In context=('properties', 'a'), array schema missing items."
    )


def test_faults_of_functions_and_replies_have_their_codes() -> None:
    with pytest.raises(ClientError) as refused:
        check_function("f", {"type": "object"}, "tools[0].parameters", strict=True)
    assert (refused.value.code, refused.value.param) == ("invalid_function_parameters", "tools[0].parameters")
    assert refused.value.message.startswith("Invalid schema for function 'f': In context=(), ")
    with pytest.raises(ClientError) as refused:
        check_reply("r", {"type": "object"}, "text.format.schema", strict=True)
    assert (refused.value.code, refused.value.param) == ("invalid_json_schema", "text.format.schema")
    assert refused.value.message.startswith("Invalid schema for response_format 'r': In context=(), ")


@given(JSON_VALUES)
def test_any_part_is_a_fault_or_none(part: object) -> None:
    for strict in (True, False):
        fault(holding(part), strict=strict)


def test_deep_and_wide_schema_is_looked_at_in_little_room() -> None:
    deep: dict[str, Any] = {"type": "object", "properties": {str(at): {"type": "string"} for at in range(50_000)}}
    for _ in range(900):
        deep = {"type": "array", "items": deep}
    assert fault({"type": "object", "properties": {"a": deep}}, strict=False) is None


def test_response_is_refused_for_its_schemas() -> None:
    tool = {"type": "function", "name": "f", "parameters": {"type": "object", "properties": {"a": {}}}}
    asked(tools=[tool])
    asked(tools=[{**tool, "strict": False}])
    reply = {"type": "json_schema", "name": "r", "schema": {"type": "object"}}
    asked(text={"format": reply})
    asked(text={"format": {**reply, "schema": {}}})
    with pytest.raises(ClientError) as refused:
        asked(tools=[{**tool, "strict": True}])
    assert refused.value.param == "tools[0].parameters"
    with pytest.raises(ClientError) as refused:
        asked(text={"format": {**reply, "strict": True}})
    assert refused.value.param == "text.format.schema"
    with pytest.raises(ClientError) as refused:
        asked(tools=[{"type": "namespace", "name": "n", "description": "", "tools": [{**tool, "strict": True}]}])
    assert refused.value.param == "tools[0].tools[0].parameters"
