"""Items are accepted when they have no fault, and told their first one otherwise; the two never disagree."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmsim.errors import ClientError
from llmsim.wire.openai.responses.items_schema import INPUT, KINDS, TYPES, Item
from llmsim.wire.openai.validation import opened
from tests.schemas import description
from tests.wire.openai.every_item import BENT, ITEM

OPEN = opened(INPUT)


def fault(kind: Any, value: object) -> str:  # noqa: ANN401
    try:
        kind.check("input", value)
    except ClientError as error:
        return error.message
    return ""


@given(st.lists(ITEM, max_size=3))
def test_what_is_accepted_has_no_fault_and_the_other_way_round(said: list[dict[str, Any]]) -> None:
    for kind in (INPUT, OPEN):
        assert kind.accepts(said) == (not fault(kind, said))


@given(BENT)
def test_bent_item_is_accepted_when_it_has_no_fault(bent: dict[str, Any]) -> None:
    for kind in (INPUT, OPEN):
        assert kind.accepts([bent]) == (not fault(kind, [bent]))


def test_every_type_of_the_description_is_known() -> None:
    schemas = description()["components"]["schemas"]
    names = [one["$ref"].rpartition("/")[2] for one in schemas["Item"]["anyOf"]]
    described = {schemas[name]["properties"]["type"]["enum"][0] for name in names}
    assert described - {*KINDS, "message"} == set()
    assert list(TYPES) == sorted(TYPES)


@pytest.mark.parametrize(
    ("item", "message"),
    [
        (
            {"role": "user", "content": None},
            "Invalid type for 'input[0].content': expected one of an array of objects or string, but got null instead.",
        ),
        (
            {"role": "user", "content": 1},
            (
                "Invalid type for 'input[0].content': expected one of an array of objects or string, but got an "
                "integer instead."
            ),
        ),
        (
            {"type": "function_call_output", "call_id": "", "output": ""},
            (
                "Invalid 'input[0].call_id': empty string. Expected a string with minimum length 1, but got an empty "
                "string instead."
            ),
        ),
        ({"type": "function_call", "call_id": "c", "arguments": ""}, "Missing required parameter: 'input[0].name'."),
        ({"type": "item_reference"}, "Missing required parameter: 'input[0].id'."),
        ({"type": "reasoning", "id": "rs_1"}, "Missing required parameter: 'input[0].summary'."),
        ({"type": "shell_call", "action": {}}, "Missing required parameter: 'input[0].call_id'."),
    ],
    ids=range(7),
)
def test_item_that_lacks_something_is_told_so(item: dict[str, Any], message: str) -> None:
    assert fault(INPUT, [item]) == message


def test_item_without_type_and_role_is_a_reference_if_it_has_an_id() -> None:
    assert Item().accepts({"id": "msg_1"})
    assert not Item().accepts({"id": "msg_1", "content": "hi"})
