"""Bodies of conversations are understood or refused, and what they answer is as OpenAI describes it."""

from contextlib import suppress
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmsim.errors import ClientError
from llmsim.wire.openai.responses.conversations import (
    Creation,
    deleted,
    parse_create,
    parse_items,
    parse_update,
    resource,
)
from tests.schemas import answer_faults
from tests.wire.openai.requests import USER
from tests.wire.plans import JSON_VALUES

STORED = {
    "type": "message",
    "status": "completed",
    "content": [{"type": "input_text", "text": "hi"}],
    "role": "user",
}
PARSERS = (parse_create, parse_update, parse_items)
ONE = "/conversations/{conversation_id}"


def test_conversation_may_begin_with_nothing() -> None:
    for body in (b"", b"{}", b'{"items":null,"metadata":null}', b'{"items":[]}'):
        assert parse_create(body) == Creation([], {})


def test_conversation_begins_with_items_and_metadata() -> None:
    made = parse_create(orjson.dumps({"items": [USER], "metadata": {"k": "v"}}))
    assert made == Creation([STORED], {"k": "v"})
    assert parse_items(orjson.dumps({"items": [USER, {**USER, "id": "msg_1"}]})) == [STORED, {"id": "msg_1", **STORED}]
    assert parse_update(b'{"metadata":{}}') == {}


@pytest.mark.parametrize(
    ("parse", "body", "told"),
    [
        (parse_create, {"items": [USER] * 21}, ("items", "array_above_max_length")),
        (parse_create, {"items": "hi"}, ("items", "invalid_type")),
        (parse_create, {"items": [{"type": "bogus"}]}, ("items[0]", "invalid_value")),
        (parse_create, {"items": [{"type": "item_reference", "id": "msg_1"}]}, ("items", "invalid_value")),
        (parse_create, {"metadata": {"k": 1}}, ("metadata.k", "invalid_type")),
        (parse_create, {"metadat": {}}, ("metadat", "unknown_parameter")),
        (parse_update, {}, ("metadata", "missing_required_parameter")),
        (parse_update, {"metadata": {str(at): "" for at in range(17)}}, ("metadata", "object_above_max_properties")),
        (parse_items, {}, ("items", "missing_required_parameter")),
        (parse_items, {"items": [USER] * 21}, ("items", "array_above_max_length")),
        (parse_items, {"items": [{"role": "user", "content": "", "x": 1}]}, ("items[0].x", "unknown_parameter")),
    ],
)
def test_body_is_refused_with_its_place(parse: Any, body: object, told: tuple[str, str]) -> None:  # noqa: ANN401
    with pytest.raises(ClientError) as refused:
        parse(orjson.dumps(body))
    assert (refused.value.param, refused.value.code) == told


def test_unknown_keys_are_accepted_by_the_lenient() -> None:
    assert parse_create(b'{"x":1,"items":[{"role":"user","content":"hi","y":1}]}', lenient=True).items[0]["y"] == 1
    assert parse_update(b'{"x":1,"metadata":{}}', lenient=True) == {}


@pytest.mark.parametrize("parse", PARSERS)
def test_what_is_no_json_is_refused(parse: Any) -> None:  # noqa: ANN401
    for body in (b"{", b"[]", b"null", b"\xff"):
        with pytest.raises(ClientError) as refused:
            parse(body)
        assert refused.value.code == "invalid_json"


@given(
    st.sampled_from(PARSERS), st.dictionaries(st.sampled_from(["items", "metadata", "x"]), JSON_VALUES) | JSON_VALUES
)
def test_any_body_is_refused_or_understood(parse: Any, body: object) -> None:  # noqa: ANN401
    with suppress(ClientError):
        parse(orjson.dumps(body))


def test_items_too_deep_for_the_store_are_refused() -> None:
    deep = b"[" * 240 + b"]" * 240
    with pytest.raises(ClientError, match="nested too deeply"):
        parse_items(b'{"items":[{"type":"mcp_list_tools","server_label":"s","tools":%b}]}' % deep)


def test_answers_are_as_described() -> None:
    made = resource("conv_1", 1_767_225_600, {"k": "v"})
    assert list(made) == ["id", "object", "created_at", "metadata"]
    assert answer_faults("POST", "/conversations", made) == []
    assert answer_faults("GET", ONE, made) == []
    assert answer_faults("DELETE", ONE, deleted("conv_1")) == []
