"""Schemas in one: references, parts, and the words of older drafts."""

from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmsim.simulation.objects.schemas import merged, plain, resolved, types_of
from tests.simulation.json_schemas import SCALARS

ROOT: dict[str, Any] = {"$defs": {"a/b": {"const": 1}, "n": {"$anchor": "here", "const": 2}}, "list": [{"const": 3}]}


@pytest.mark.parametrize(
    ("reference", "found"),
    [
        ("#", ROOT),
        ("#/$defs/a~1b", {"const": 1}),
        ("#here", ROOT["$defs"]["n"]),
        ("#/list/0", {"const": 3}),
        ("#/list/9", True),
        ("#/nowhere", True),
        ("https://example.com/x", True),
    ],
)
def test_reference_leads_within_the_root_or_nowhere(reference: str, found: Any) -> None:  # noqa: ANN401
    assert resolved(reference, ROOT) == found


@given(SCALARS, SCALARS, st.one_of(st.none(), st.booleans(), st.integers(-99, 99), st.text(max_size=9)))
@settings(max_examples=300)
def test_instance_of_both_is_one_of_the_merged(one: Any, other: Any, value: Any) -> None:  # noqa: ANN401
    def satisfied(schema: Any) -> bool:  # noqa: ANN401
        if isinstance(schema, dict) and "patterns" in schema:
            schema = {**schema, "allOf": [{"pattern": pattern} for pattern in schema["patterns"]]}
        return jsonschema.Draft202012Validator(schema).is_valid(value)

    if satisfied(one) and satisfied(other):
        assert satisfied(merged(one, other))


def test_property_of_one_side_satisfies_what_the_other_says_of_the_rest() -> None:
    both = merged({"properties": {"a": {"type": "string"}}, "additionalProperties": False}, {"properties": {"b": {}}})
    assert both["properties"]["b"] is False
    assert merged({"type": "number"}, {"type": "integer"})["type"] == ["integer"]
    assert merged({"type": "string"}, {"type": "integer"}) is False


def test_types_are_those_named_or_those_that_the_words_are_about() -> None:
    assert types_of({"type": "STRING"}) == ["string"]
    assert types_of({"properties": {}, "pattern": "x"}) == ["object", "string"]
    assert types_of({}) == []
    assert plain({"const": 1, "pattern": "a"}) == {"enum": [1], "patterns": ["a"]}
