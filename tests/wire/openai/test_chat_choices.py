"""What one choice says: calls, refusals, probabilities and ends, whole and in a stream alike, by OpenAI's own types."""

from typing import Any

import attrs
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from llmsim.simulation.plan import Call, Choice, Plan
from llmsim.turn import FinishReason
from llmsim.wire.base import Parsed
from llmsim.wire.dialects import CHAT
from llmsim.wire.openai.chat_choices import PLAIN, Manner
from tests.schemas import answer_faults
from tests.wire.chat_streams import data_of
from tests.wire.plans import PIECES, asked, plan_of

TOOL = {"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object", "properties": {}}}}
CUSTOM = {"type": "custom", "custom": {"name": "run_code"}}
FORMAT = {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "object", "properties": {}}}}
NAMED = {"type": "function", "function": {"name": "get_weather"}}
WAYS: dict[str, dict[str, Any]] = {
    "plain": {},
    "tools": {"tools": [TOOL, CUSTOM]},
    "named": {"tools": [TOOL, CUSTOM], "tool_choice": NAMED},
    "legacy": {"functions": [{"name": "get_weather"}]},
    "likely": {"logprobs": True, "top_logprobs": 2},
    "format": {"response_format": FORMAT},
}
IDS = st.sampled_from(["call_1", "call_2"])
CALLS = st.lists(st.builds(Call, IDS, st.just("get_weather"), PIECES.map(tuple)), max_size=3)
"""Of functions: the SDK has no type for a custom tool's call in a stream."""


def plan_with(*choices: Choice) -> Plan:
    steps = max(1, *[choice.tokens for choice in choices])
    return attrs.evolve(plan_of(*[["x"] * steps for _ in choices]), choices=choices)


def calling(*calls: Call, pieces: tuple[str, ...] = ()) -> Plan:
    return plan_with(Choice(pieces, FinishReason.TOOL_CALLS, calls=calls))


def whole(plan: Plan, **changes: Any) -> dict[str, Any]:  # noqa: ANN401
    body: dict[str, Any] = orjson.loads(CHAT.whole(plan, asked(**changes)))
    ChatCompletion.model_validate(body, strict=True)
    return body


def streamed(plan: Plan, **changes: Any) -> list[dict[str, Any]]:  # noqa: ANN401
    """The chunks of a stream, without `[DONE]`; each is one of OpenAI's."""
    frames = list(CHAT.frames(plan, asked(stream=True, **changes)))
    assert [frame.token for frame in frames] == sorted(frame.token for frame in frames)
    chunks = [data_of(frame.data) for frame in frames]
    assert chunks.pop() == b"[DONE]"
    assert all(len(chunk.decode()) % 16 == 1 for chunk in chunks)
    for chunk in chunks:
        ChatCompletionChunk.model_validate_json(chunk)
    return [orjson.loads(chunk) for chunk in chunks]


def heard(chunks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The messages that the chunks of a stream make, with the reason why each ended."""
    messages: dict[int, dict[str, Any]] = {}
    for chunk in chunks:
        for choice in chunk["choices"]:
            delta = choice["delta"]
            message = messages.setdefault(choice["index"], {"content": "", "refusal": "", "calls": {}, "ended": None})
            message["content"] += delta.get("content") or ""
            message["refusal"] += delta.get("refusal") or ""
            told = [*delta.get("tool_calls", ())]
            if "function_call" in delta:
                told.append({"index": 0, "function": delta["function_call"]})
            for call in told:
                said = message["calls"].setdefault(call["index"], {"name": "", "arguments": ""})
                part = call.get("function") or call.get("custom")
                said["name"] += part.get("name", "")
                said["arguments"] += part.get("arguments", part.get("input", ""))
            message["ended"] = choice["finish_reason"]
    return [messages[index] for index in sorted(messages)]


@pytest.mark.parametrize("way", WAYS)
@given(PIECES.map(tuple), CALLS.map(tuple), PIECES.map(tuple), st.sampled_from(FinishReason), st.booleans())
def test_stream_says_what_the_whole_response_says(
    way: str,
    pieces: tuple[str, ...],
    calls: tuple[Call, ...],
    thought: tuple[str, ...],
    finish: FinishReason,
    refused: bool,
) -> None:
    calls = () if refused else calls[:1] if way == "legacy" else calls
    made = Choice(pieces, finish, thought, calls, refused)
    plan = plan_with(made, Choice(("a", "b"), FinishReason.STOP))
    body = whole(plan, **WAYS[way], n=2)
    assert answer_faults("POST", "/chat/completions", body) == []
    chunks = streamed(plan, **WAYS[way], n=2)
    for chunk in chunks[:4] + chunks[-2:]:
        assert answer_faults("POST", "/chat/completions", chunk, kind="text/event-stream") == []
    for said, choice in zip(heard(chunks), body["choices"], strict=True):
        message = choice["message"]
        assert (said["content"], said["refusal"]) == (message["content"] or "", message["refusal"] or "")
        assert said["ended"] == choice["finish_reason"]
        told = [call[call["type"]] for call in message.get("tool_calls", ())]
        told += [message["function_call"]] if "function_call" in message else []
        assert [(call["name"], call["arguments"]) for call in said["calls"].values()] == [
            (call["name"], call.get("arguments", call.get("input"))) for call in told
        ]


def test_calls_have_the_form_of_their_tools_and_end_as_they_were_asked_for() -> None:
    plan = calling(Call("call_1", "get_weather", ("{", "}")), Call("call_2", "run_code", ("1+1",)))
    choice = whole(plan, **WAYS["tools"])["choices"][0]
    assert choice["message"]["content"] is None
    assert choice["message"]["tool_calls"] == [
        {"id": "call_1", "type": "function", "function": {"name": "get_weather", "arguments": "{}"}},
        {"id": "call_2", "type": "custom", "custom": {"name": "run_code", "input": "1+1"}},
    ]
    assert choice["finish_reason"] == "tool_calls"
    assert whole(plan, **WAYS["named"])["choices"][0]["finish_reason"] == "stop"


def test_function_call_is_told_as_it_was_before_tools() -> None:
    choice = whole(calling(Call("call_1", "get_weather", ("{}",))), **WAYS["legacy"])["choices"][0]
    assert choice["message"]["function_call"] == {"name": "get_weather", "arguments": "{}"}
    assert (choice["finish_reason"], "tool_calls" in choice["message"]) == ("function_call", False)


def test_first_chunk_of_calls_has_the_first_header_and_each_other_call_its_own() -> None:
    plan = calling(Call("call_1", "get_weather", ("{", "}")), Call("call_2", "get_weather", ("{}",)))
    deltas = [chunk["choices"][0]["delta"] for chunk in streamed(plan, **WAYS["tools"])]
    header = {"type": "function", "function": {"name": "get_weather", "arguments": ""}}
    assert deltas == [
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"index": 0, "id": "call_1", **header}],
            "refusal": None,
        },
        {"tool_calls": [{"index": 0, "function": {"arguments": "{"}}]},
        {"tool_calls": [{"index": 0, "function": {"arguments": "}"}}]},
        {"tool_calls": [{"index": 1, "id": "call_2", **header}]},
        {"tool_calls": [{"index": 1, "function": {"arguments": "{}"}}]},
        {},
    ]


def test_refusal_has_a_place_of_its_own_where_a_schema_was_asked_for() -> None:
    plan = plan_with(Choice(("No", "."), FinishReason.STOP, refused=True))
    assert whole(plan)["choices"][0]["message"]["content"] == "No."
    message = whole(plan, **WAYS["format"])["choices"][0]["message"]
    assert (message["content"], message["refusal"]) == (None, "No.")


def test_probabilities_are_those_of_each_token_of_the_text() -> None:
    plan = plan_of(["One", " two"])
    told = whole(plan, **WAYS["likely"])["choices"][0]["logprobs"]
    assert [one["token"] for one in told["content"]] == ["One", " two"]
    assert all(len(one["top_logprobs"]) == 2 and one["logprob"] <= 0 for one in told["content"])
    chunks = [chunk["choices"][0]["logprobs"] for chunk in streamed(plan, **WAYS["likely"])]
    assert [one for chunk in chunks if chunk for one in chunk["content"]] == told["content"]


def test_thought_delays_the_first_chunk_and_is_counted() -> None:
    plan = plan_with(Choice(("a", "b"), FinishReason.STOP, ("x", "y", "z")))
    tokens = [frame.token for frame in CHAT.frames(plan, asked(stream=True))]
    assert tokens == [4, 4, 5, 5, 5]
    counted = attrs.evolve(plan, usage=attrs.evolve(plan.usage, reasoning_tokens=3))
    assert whole(counted)["usage"]["completion_tokens_details"]["reasoning_tokens"] == 3


def test_plain_request_is_told_in_the_plain_manner() -> None:
    plain: Parsed = asked()
    assert Manner.of(plain) is PLAIN
    assert Manner.of(asked(**WAYS["named"])).named
