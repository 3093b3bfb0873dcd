"""OpenAPI's schemas become JSON schemas that say the same."""

from collections.abc import Mapping
from typing import Any

from llmsim.wire.gemini.protos import Reading
from llmsim.wire.gemini.requests import SCHEMA
from llmsim.wire.gemini.schemas import json_schema


def translated(schema: Mapping[str, object]) -> dict[str, Any]:
    reading = Reading()
    found = json_schema(SCHEMA.read(schema, "", reading, 0))
    assert reading.violations == []
    return found


def test_types_are_lower_case_and_bounds_carry_over() -> None:
    schema = {
        "type": "ARRAY",
        "min_items": "2",
        "items": {"type": "integer", "minimum": 1, "maximum": 10.5, "format": "int32"},
    }
    found = translated(schema)
    assert found == {
        "type": "array",
        "minItems": 2,
        "items": {"type": "integer", "minimum": 1, "maximum": 10.5, "format": "int32"},
    }
    assert type(found["items"]["minimum"]) is int


def test_what_may_be_null_may_be_null() -> None:
    assert translated({"type": "STRING", "nullable": True}) == {"type": ["string", "null"]}
    assert translated({"type": "STRING", "enum": ["a"], "nullable": True}) == {
        "type": ["string", "null"],
        "enum": ["a", None],
    }
    either = {"any_of": [{"type": "STRING"}, {"type": "NUMBER"}], "nullable": True}
    assert translated(either) == {
        "anyOf": [{"anyOf": [{"type": "string"}, {"type": "number"}]}, {"type": "null"}],
    }


def test_properties_come_in_the_order_that_is_asked_for() -> None:
    schema = {
        "type": "OBJECT",
        "properties": {"a": {"type": "STRING"}, "b": {"type": "STRING"}, "c": {"type": "STRING"}},
        "property_ordering": ["c", "zzz", "a"],
        "required": ["a"],
    }
    found = translated(schema)
    assert list(found["properties"]) == ["c", "a", "b"]
    assert found["required"] == ["a"]


def test_definitions_are_referred_to() -> None:
    assert translated({"defs": {"x": {"type": "STRING"}}, "ref": "#/defs/x"}) == {
        "$defs": {"x": {"type": "string"}},
        "$ref": "#/$defs/x",
    }


def test_an_untold_type_is_none() -> None:
    assert translated({"type": "TYPE_UNSPECIFIED", "example": 1}) == {}
