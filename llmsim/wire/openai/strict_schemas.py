"""JSON schemas that OpenAI does not take, of functions and of replies; strict ones must say all that they allow.

Pure. The first fault is told, with the path to it, in the live API's words. A schema of any depth is looked at without
recursion, each part of it once.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import attrs

from llmsim.errors import ClientError

FORBIDDEN = (
    "allOf",
    "oneOf",
    "not",
    "if",
    "then",
    "else",
    "dependentRequired",
    "dependentSchemas",
    "patternProperties",
)
"""Keywords that a strict schema has not."""
TYPED = ("type", "$ref", "anyOf", "enum", "const")
"""One of these every part of a strict schema has."""
WITHIN = ("properties", "$defs", "definitions")
PATH_CHARS = 300
"""How much of a path is told."""


@attrs.frozen
class Part:
    """A part of a schema, and how it is reached: from another part, by these names."""

    schema: Mapping[str, Any]
    outer: "Part | None" = None
    names: tuple[str, ...] = ()

    @property
    def path(self) -> tuple[str, ...]:
        """All names that lead to it; those of parts are not kept, as there may be many of great depth."""
        names: list[str] = []
        part: Part | None = self
        while part is not None:
            names += reversed(part.names)
            part = part.outer
        return tuple(reversed(names))


def check_function(name: str, schema: Mapping[str, Any], param: str, *, strict: bool) -> None:
    """Look at the parameters of a function.

    Raises:
        ClientError: its first fault.
    """
    found = fault(schema, strict=strict)
    if found is not None:
        text = f"Invalid schema for function '{name}': {found}"
        raise ClientError(text, param=param, code="invalid_function_parameters")


def check_reply(name: str, schema: Mapping[str, Any], param: str, *, strict: bool) -> None:
    """Look at the schema of a reply; one that is not strict may leave its type out.

    Raises:
        ClientError: its first fault.
    """
    found = fault(schema, strict=strict) if strict or "type" in schema else None
    if found is not None:
        text = f"Invalid schema for response_format '{name}': {found}"
        raise ClientError(text, param=param, code="invalid_json_schema")


def fault(schema: Mapping[str, Any], *, strict: bool) -> str | None:
    """The first fault of a schema; None where it has none."""
    kind = schema.get("type")
    if kind != "object":
        shown = kind if isinstance(kind, str) else None
        return f"schema must be a JSON Schema of 'type: \"object\"', got 'type: \"{shown}\"'."
    for part in _parts(schema):
        wrong = _strict_fault(part.schema) if strict else None
        if wrong is None and "array" in _types(part.schema) and "items" not in part.schema:
            wrong = "array schema missing items."
        if wrong is not None:
            return f"In context={str(part.path)[:PATH_CHARS]}, {wrong}"
    return None


def _strict_fault(schema: Mapping[str, Any]) -> str | None:
    for key in FORBIDDEN:
        if key in schema:
            return f"'{key}' is not permitted."
    if not any(key in schema for key in TYPED):
        return "schema must have a 'type' key."
    if "object" not in _types(schema):
        return None
    if schema.get("additionalProperties") is not False:
        return "'additionalProperties' is required to be supplied and to be false."
    return _required_fault(schema)


def _required_fault(schema: Mapping[str, Any]) -> str | None:
    """All properties are required, and nothing else is."""
    properties, required = schema.get("properties"), schema.get("required")
    names = list(properties) if isinstance(properties, dict) else []
    listed = [name for name in required if isinstance(name, str)] if isinstance(required, list) else []
    missing, extra = set(names) - set(listed), set(listed) - set(names)
    if not missing and not extra:
        return None
    wanted = "'required' is required to be supplied and to be an array including every key in properties."
    if missing:
        return f"{wanted} Missing '{next(name for name in names if name in missing)[:PATH_CHARS]}'."
    return f"{wanted} Extra required key '{next(name for name in listed if name in extra)[:PATH_CHARS]}' supplied."


def _types(part: Mapping[str, Any]) -> list[Any]:
    kind = part.get("type")
    return kind if isinstance(kind, list) else [kind]


def _parts(schema: Mapping[str, Any]) -> Iterator[Part]:
    """Every part of a schema that is one: a whole before its parts, in their order."""
    waiting = [Part(schema)]
    while waiting:
        part = waiting.pop()
        yield part
        inner: list[tuple[tuple[str, ...], Any]] = []
        for key in WITHIN:
            named = part.schema.get(key)
            if isinstance(named, dict):
                inner += [((key, name), one) for name, one in named.items()]
        inner.append((("items",), part.schema.get("items")))
        choices = part.schema.get("anyOf")
        if isinstance(choices, list):
            inner += [(("anyOf", str(at)), one) for at, one in enumerate(choices)]
        waiting += [Part(one, part, names) for names, one in reversed(inner) if isinstance(one, dict)]
