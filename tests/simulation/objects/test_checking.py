"""Whether a value satisfies a schema is a library's answer, within bounds."""

import pytest

from llmsim.simulation.objects.checking import valid


def test_value_is_held_against_its_schema() -> None:
    assert valid({"type": "integer"}, 1) is True
    assert valid({"type": "integer"}, "1") is False
    assert valid({"type": "string", "format": "ipv4"}, "1.2.3.400") is False


@pytest.mark.parametrize(
    "schema", [{"type": 5}, {"pattern": "("}, {"$ref": "http://127.0.0.1:1/x"}, {"minimum": 10**30}]
)
def test_schema_that_is_none_has_no_answer(schema: object) -> None:
    assert valid(schema, {}) in {None, True}
    assert valid({"type": 5}, {}) is None


def test_pattern_that_goes_back_too_often_satisfies_nothing() -> None:
    assert valid({"pattern": r"^(a+)+\1$"}, "a" * 60 + "b") is False
