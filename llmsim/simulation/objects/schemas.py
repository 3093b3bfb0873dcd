"""JSON schemas brought to a form from which an instance can be made: references followed, parts put together.

Pure; makes no instance. Source: JSON Schema 2020-12, and the words of older drafts that providers accept
(`definitions`, `nullable`, boolean `exclusiveMinimum`). A schema here is a dict, or True or False. What cannot be put
together is kept as alternatives; whether an instance satisfies the whole schema is looked at afterwards, by a library.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import unquote

Schema = Any
"""A dict or a boolean; whatever else stands where a schema should is taken for True."""
NEVER: Mapping[str, Any] = {"enum": []}
LEAST = {"minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties", "minContains"}
MOST = {"maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties", "maxContains"}
TYPES = ("object", "array", "string", "integer", "number", "boolean", "null")
HINTS = {
    "properties": "object",
    "required": "object",
    "additionalProperties": "object",
    "patternProperties": "object",
    "propertyNames": "object",
    "minProperties": "object",
    "items": "array",
    "prefixItems": "array",
    "minItems": "array",
    "contains": "array",
    "uniqueItems": "array",
    "pattern": "string",
    "patterns": "string",
    "format": "string",
    "minLength": "string",
    "maxLength": "string",
    "multipleOf": "number",
    "minimum": "number",
    "maximum": "number",
    "exclusiveMinimum": "number",
    "exclusiveMaximum": "number",
}
"""Which type the words of a schema without a type are about."""


def resolved(reference: str, root: Schema) -> Schema:
    """The schema that a reference within the root leads to; True where it leads nowhere."""
    if not reference.startswith("#"):
        return _named(reference, root)
    found = root
    pointer = unquote(reference[1:])
    if pointer and not pointer.startswith("/"):
        return _named(pointer, root)
    for part in pointer.split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        if isinstance(found, Mapping) and key in found:
            found = found[key]
        elif isinstance(found, list) and key.isdecimal() and int(key) < len(found):
            found = found[int(key)]
        else:
            return True
    return found


def _named(name: str, root: Schema) -> Schema:
    """The definition with this `$anchor` or `$id`."""
    if not isinstance(root, Mapping):
        return True
    for key in ("$defs", "definitions"):
        for schema in (root.get(key) or {}).values() if isinstance(root.get(key), Mapping) else ():
            if isinstance(schema, Mapping) and name in {schema.get("$anchor"), schema.get("$id")}:
                return schema
    return True


def plain(schema: Schema) -> Schema:
    """A schema with the words of older drafts in those of the newest."""
    if not isinstance(schema, Mapping):
        return schema is not False
    found = dict(schema)
    if found.pop("nullable", False) is True and "type" in found:
        found["type"] = [*types_of(found), "null"]
        if isinstance(found.get("enum"), list) and None not in found["enum"]:
            found["enum"] = [*found["enum"], None]
    for bound, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        if isinstance(found.get(exclusive), bool) and found.pop(exclusive) and bound in found:
            found[exclusive] = found.pop(bound)
    if isinstance(found.get("items"), list):
        found["prefixItems"] = found.pop("items")
        if "additionalItems" in found:
            found["items"] = found.pop("additionalItems")
    if "const" in found:
        found["enum"] = [found.pop("const")]
    if "pattern" in found:
        found["patterns"] = [*found.get("patterns", ()), found.pop("pattern")]
    return found


def types_of(schema: Mapping[str, Any]) -> list[str]:
    """The types that an instance may have, by what the schema says or, where it names none, is about."""
    named = schema.get("type")
    if isinstance(named, str):
        return [named.lower()] if named.lower() in TYPES else list(TYPES)
    if isinstance(named, list) and named:
        return [one.lower() for one in named if isinstance(one, str) and one.lower() in TYPES]
    about = [HINTS[key] for key in HINTS if key in schema]
    return list(dict.fromkeys(about)) or []


def merged(one: Schema, other: Schema) -> Schema:
    """A schema of which every instance satisfies both, as far as that can be said in one."""
    one, other = plain(one), plain(other)
    if one is False or other is False:
        return False
    if one is True or not one:
        return other
    if other is True or not other:
        return one
    found = {**one}
    for key, value in other.items():
        found[key] = _both(key, one[key], value) if key in one else value
    if "properties" in one or "properties" in other:
        found["properties"] = _properties(one, other)
    if "type" in found and not found["type"]:
        return False
    return found


def _both(key: str, one: Any, other: Any) -> Any:  # noqa: ANN401, C901, PLR0911  (a keyword after the other)
    """What both say under one key."""
    if key == "type":
        return _types(types_of({"type": one}), types_of({"type": other}))
    if key == "enum":
        return [value for value in one if _among(value, other)]
    if key in LEAST:
        return max(one, other)
    if key in MOST:
        return min(one, other)
    if key == "multipleOf":
        both = _multiple(one, other)
        return both if both is not None else one
    if key == "required":
        return list(dict.fromkeys([*one, *other]))
    if key in {"patterns", "allOf"}:
        return [*one, *other]
    if key in {"anyOf", "oneOf"}:
        return [merged(left, right) for left in one for right in other][:64]
    if key in {"items", "additionalProperties", "propertyNames", "contains"}:
        return merged(one, other)
    if key in {"patternProperties", "dependentSchemas"}:
        return {**one, **{name: merged(one.get(name, True), schema) for name, schema in other.items()}}
    if key == "prefixItems":
        longest = max(len(one), len(other))
        return [merged(_at(one, index), _at(other, index)) for index in range(longest)]
    if key == "uniqueItems":
        return one or other
    return other


def _types(one: Sequence[str], other: Sequence[str]) -> list[str]:
    """The types of both; an integer is a number."""
    both = [name for name in one if name in other]
    if "integer" not in both and "number" not in both:
        numbers = {name for name in (*one, *other) if name in {"integer", "number"}}
        if numbers == {"integer", "number"}:
            both.append("integer")
    return both


def _properties(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Schema]:
    """The properties of both; one that a side does not name must satisfy what that side says of others."""
    left, right = table_of(one, "properties"), table_of(other, "properties")
    names = [*left, *(name for name in right if name not in left)]
    return {
        name: merged(
            left.get(name, one.get("additionalProperties", True)),
            right.get(name, other.get("additionalProperties", True)),
        )
        for name in names
    }


def table_of(schema: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """What a schema has under a key, where that is a table; else nothing."""
    found = schema.get(key)
    return found if isinstance(found, Mapping) else {}


def _multiple(one: float, other: float) -> float | None:
    if isinstance(one, int) and isinstance(other, int) and one > 0 and other > 0:
        return math.lcm(one, other)
    return None


def _among(value: Any, values: Sequence[Any]) -> bool:  # noqa: ANN401
    return any(value == other and isinstance(value, bool) == isinstance(other, bool) for other in values)


def _at(schemas: Sequence[Schema], index: int) -> Schema:
    return schemas[index] if index < len(schemas) else True


def listed(value: Any) -> list[Any]:  # noqa: ANN401
    """A list, where a value is one; else nothing."""
    return list(value) if isinstance(value, list | tuple) else []


def is_of(value: Any, kinds: list[str]) -> bool:  # noqa: ANN401
    """Whether a value is of one of these types."""
    if isinstance(value, bool):
        return "boolean" in kinds
    if isinstance(value, int | float):
        return "number" in kinds or ("integer" in kinds and float(value).is_integer())
    names: dict[type, str] = {str: "string", list: "array", dict: "object", type(None): "null"}
    return names[type(value)] in kinds
