"""Values of last resort are those that a schema takes, of few."""

import time
from typing import Any

import pytest

from llmsim.simulation.objects.resorts import resort


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"not": {"type": ["number", "string", "boolean"]}}, None),
        ({"not": {"oneOf": [{}, {"type": "integer", "multipleOf": 7}]}, "type": "integer", "minimum": 1}, 7),
        ({"anyOf": [{"const": "plum"}], "not": {"type": "number"}}, "plum"),
        ({"allOf": [{"enum": [3, "x"]}, {"type": "string"}]}, "x"),
        ({"type": "integer", "exclusiveMinimum": 99, "exclusiveMaximum": 101}, 100),
    ],
)
def test_resort_is_a_plain_value_or_one_that_the_schema_names(schema: dict[str, Any], value: object) -> None:
    assert resort(schema) == [value]


@pytest.mark.parametrize("schema", [False, {"not": {}}, {"type": "nonsense"}, {"enum": [1], "type": "string"}, 5, None])
def test_there_is_none_where_none_satisfies(schema: object) -> None:
    assert resort(schema) == []


def test_huge_schema_is_looked_at_in_part() -> None:
    begun = time.process_time()
    resort({"anyOf": [{"const": number, "type": "string"} for number in range(20_000)]})
    assert time.process_time() - begun < 5
