"""Gemini's schemas, which are OpenAPI's with types in upper case, as JSON schemas.

Pure. What was read by `requests.SCHEMA` has a depth that is bounded; texts and figures are carried over as they are.
"""

from typing import Any

SAME = {
    "title",
    "description",
    "enum",
    "minItems",
    "maxItems",
    "required",
    "minProperties",
    "maxProperties",
    "minLength",
    "maxLength",
    "pattern",
    "format",
    "default",
    "additionalProperties",
}
"""Keys that mean in both what they say."""
BOUNDS = ("minimum", "maximum")
"""Keys whose figures are decimals there, even those of integers."""
UNTOLD = "TYPE_UNSPECIFIED"
EXACT = 2**53
"""Whole decimals up to this are what they say."""


def json_schema(schema: dict[str, Any]) -> dict[str, Any]:
    """The JSON schema of a schema that was read."""
    found: dict[str, Any] = {}
    if schema.get("type", UNTOLD) != UNTOLD:
        found["type"] = schema["type"].lower()
    found |= {key: value for key, value in schema.items() if key in SAME}
    found |= {key: _bound(schema[key]) for key in BOUNDS if key in schema}
    if "properties" in schema:
        found["properties"] = {name: json_schema(each) for name, each in _ordered(schema)}
    if "items" in schema:
        found["items"] = json_schema(schema["items"])
    if "anyOf" in schema:
        found["anyOf"] = [json_schema(each) for each in schema["anyOf"]]
    if "defs" in schema:
        found["$defs"] = {name: json_schema(each) for name, each in schema["defs"].items()}
    if "ref" in schema:
        found["$ref"] = schema["ref"].replace("#/defs/", "#/$defs/")
    return _nullable(found) if schema.get("nullable") else found


def _bound(value: float) -> float:
    return int(value) if value.is_integer() and abs(value) <= EXACT else value


def _ordered(schema: dict[str, Any]) -> list[tuple[str, Any]]:
    """Properties as `propertyOrdering` has them, the others behind."""
    properties = schema["properties"]
    names = dict.fromkeys([name for name in schema.get("propertyOrdering", ()) if name in properties])
    return [(name, properties[name]) for name in names | dict.fromkeys(properties)]


def _nullable(found: dict[str, Any]) -> dict[str, Any]:
    if "enum" in found:
        found["enum"] = [*found["enum"], None]
    if "type" in found:
        found["type"] = [found["type"], "null"]
        return found
    return {"anyOf": [found, {"type": "null"}]}
