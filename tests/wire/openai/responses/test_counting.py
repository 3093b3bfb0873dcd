"""Tokens are counted and conversations folded for requests that make no model speak."""

from contextlib import suppress
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types.responses import CompactedResponse, InputTokenCountResponse

from llmsim.errors import ClientError
from llmsim.turn import Message, Role, ToolCall, Usage
from llmsim.wire.base import Held
from llmsim.wire.openai.responses.counting import compaction, input_tokens, parse_compact, parse_input_tokens
from llmsim.wire.openai.responses.items import messages_of, normalised
from llmsim.wire.openai.responses.items_schema import Item
from llmsim.wire.openai.responses.schema import KEYS
from tests.schemas import answer_faults
from tests.wire.openai.requests import USER, WEATHER
from tests.wire.plans import JSON_VALUES

PARSERS = (parse_input_tokens, parse_compact)
TALK = (
    Message(Role.USER, "My name is Ada."),
    Message(Role.ASSISTANT, "Hello.", tool_calls=(ToolCall("call_1", "f", "{}"),)),
    Message(Role.TOOL, "x", tool_call_id="call_1"),
    Message(Role.USER, "And now?"),
)
BODIES = st.dictionaries(st.sampled_from([*KEYS, "model"]), JSON_VALUES | st.just([USER]) | st.text())


def test_input_is_read_as_that_of_a_response() -> None:
    parsed = parse_input_tokens(orjson.dumps({"model": "m", "input": "hi", "instructions": "x", "tools": [WEATHER]}))
    assert parsed.request.messages == (Message(Role.SYSTEM, "x"), Message(Role.USER, "hi"))
    assert [tool.name for tool in parsed.request.tools] == ["get_weather"]
    assert parsed.held == Held(at=1, kept=False)
    assert parse_input_tokens(b'{"input":"hi","model":null}').request.model == ""
    assert parse_compact(b'{"model":"m","previous_response_id":"resp_1"}').held == Held(previous="resp_1", kept=False)


@pytest.mark.parametrize(
    ("parse", "body", "told"),
    [
        (parse_input_tokens, {"input": "hi", "stream": True}, ("stream", "unknown_parameter")),
        (parse_input_tokens, {}, (None, "missing_required_parameter")),
        (parse_input_tokens, {"input": 7}, ("input", "invalid_type")),
        (parse_input_tokens, {"input": "hi", "model": ""}, ("model", "model_not_found")),
        (parse_compact, {"input": "hi"}, ("model", "missing_required_parameter")),
        (parse_compact, {"model": "m", "input": "hi", "tools": []}, ("tools", "unknown_parameter")),
    ],
)
def test_body_is_refused_with_its_place(parse: Any, body: object, told: tuple[str | None, str]) -> None:  # noqa: ANN401
    with pytest.raises(ClientError) as refused:
        parse(orjson.dumps(body))
    assert (refused.value.param, refused.value.code) == told


@given(st.sampled_from(PARSERS), BODIES, st.booleans())
def test_any_body_is_refused_or_understood(parse: Any, body: dict[str, Any], lenient: bool) -> None:  # noqa: ANN401
    with suppress(ClientError):
        parse(orjson.dumps(body), lenient=lenient)


def test_count_is_as_described() -> None:
    said = input_tokens(12)
    assert answer_faults("POST", "/responses/input_tokens", said) == []
    assert InputTokenCountResponse.model_validate(said).input_tokens == 12


def folded() -> dict[str, Any]:
    return compaction(TALK, Usage(20, 5), 1_767_225_600, lambda prefix, number: f"{prefix}_{number}")


def test_compaction_is_as_described() -> None:
    said = folded()
    assert answer_faults("POST", "/responses/compact", said) == []
    assert CompactedResponse.construct(**said).usage.total_tokens == 25  # its own types leave users' messages out
    assert [(item["id"], item["type"]) for item in said["output"]] == [
        ("msg_0", "message"), ("msg_3", "message"), ("cmp_4", "compaction"),
    ]  # fmt: skip


def test_compacted_conversation_that_is_sent_back_is_the_conversation() -> None:
    output = folded()["output"]
    assert all(Item().accepts(item) for item in output)
    assert messages_of(normalised(output)) == TALK
    assert messages_of(normalised(output[-1:])) == TALK
    assert messages_of(normalised([USER, *output])) == (Message(Role.USER, "hi"), *TALK)
    assert messages_of(normalised([*output, USER])) == (*TALK, Message(Role.USER, "hi"))
