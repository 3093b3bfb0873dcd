"""Strategies: JSON schemas that tools and structured output have, and streams to draw from."""

from typing import Any

from hypothesis import strategies as st

from llmsim.simulation.draws import Stream

FORMATS = ("date", "time", "date-time", "duration", "email", "hostname", "ipv4", "ipv6", "uri", "uuid")
PATTERNS = (r"^[A-Z]{3}$", r"^\d{3}-\d{4}$", "a|b", r"^(\w+)@x\.y$", "[^a-z]", "^#?[0-9a-f]{6}$")
NAMES = ("city", "name", "n", "flag", "when", "tags")
STREAMS = st.binary(min_size=32, max_size=32).map(Stream)
Schemas = st.SearchStrategy[Any]


def ranged(kind: str, least: str, most: str, low: int, high: int) -> Schemas:
    bounds = st.tuples(st.integers(low, high), st.integers(low, high)).map(sorted)
    return bounds.map(lambda pair: {"type": kind, least: pair[0], most: pair[1]})


SCALARS: Schemas = st.one_of(
    st.sampled_from([{"type": "null"}, {"type": "boolean"}, {"type": ["string", "null"]}, {}, True]),
    ranged("integer", "minimum", "maximum", -1000, 1000),
    ranged("string", "minLength", "maxLength", 0, 40),
    st.floats(-100, 100).map(lambda low: {"type": "number", "exclusiveMinimum": low}),
    st.integers(1, 50).map(lambda step: {"type": "integer", "multipleOf": step}),
    st.sampled_from(FORMATS).map(lambda name: {"type": "string", "format": name}),
    st.sampled_from(PATTERNS).map(lambda pattern: {"type": "string", "pattern": pattern}),
    st.lists(st.one_of(st.integers(-(2**53), 2**53), st.text(), st.none(), st.booleans()), min_size=1, max_size=4).map(
        lambda values: {"enum": values}
    ),
    st.one_of(st.integers(-(2**53), 2**53), st.text(), st.none()).map(lambda value: {"const": value}),
)


def _object(properties: dict[str, Any], picked: int, closed: bool) -> dict[str, Any]:
    required = [name for index, name in enumerate(properties) if picked >> index & 1]
    schema = {"type": "object", "properties": properties, "required": required}
    return {**schema, "additionalProperties": False} if closed else schema


def _nested(inner: Schemas) -> Schemas:
    """What any schema may stand in, and still have an instance."""
    return st.one_of(
        st.builds(
            _object, st.dictionaries(st.sampled_from(NAMES), inner, max_size=4), st.integers(0, 15), st.booleans()
        ),
        st.builds(lambda each, least: {"type": "array", "items": each, "minItems": least}, inner, st.integers(0, 3)),
        st.lists(inner, min_size=1, max_size=3).map(lambda heads: {"type": "array", "prefixItems": heads}),
        st.lists(inner, min_size=1, max_size=3).map(lambda some: {"anyOf": some}),
        inner.map(lambda part: {"allOf": [part]}),
        st.builds(
            lambda each, least: {"type": "object", "patternProperties": {"^a": each}, "minProperties": least},
            inner,
            st.integers(0, 2),
        ),
    )


def _any(inner: Schemas) -> Schemas:
    """What may leave a schema without an instance.

    Libraries differ in what a format takes, so none stands where a value must not satisfy it; `not` within `not` is
    not understood.
    """
    unformatted = inner.filter(lambda part: "format" not in repr(part) and "not" not in repr(part))
    return st.one_of(
        _nested(inner),
        st.lists(unformatted, min_size=1, max_size=3).map(lambda some: {"oneOf": some}),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: {"allOf": parts}),
        unformatted.map(lambda part: {"not": part, "type": ["string", "integer", "object"]}),
        st.builds(lambda each: {"type": "array", "items": each, "minItems": 2, "uniqueItems": True}, inner),
    )


SATISFIABLE: Schemas = st.recursive(SCALARS, _nested, max_leaves=8)
"""Schemas that have an instance, by the way they are made."""
SCHEMAS: Schemas = st.recursive(SCALARS, _any, max_leaves=6)
"""Schemas of which some have none."""
