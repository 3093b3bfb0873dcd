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
from llmsim.wire.openai.chat.choices import PLAIN, Manner
from tests.schemas import answer_faults
from tests.wire.chat_streams import BrokenStreamError, Heard, data_of, heard
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


def events(plan: Plan, **changes: Any) -> list[bytes]:  # noqa: ANN401
    return [frame.data for frame in CHAT.frames(plan, asked(stream=True, **changes))]


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


@pytest.mark.parametrize("way", WAYS)
@given(PIECES.map(tuple), CALLS.map(tuple), PIECES.map(tuple), st.booleans(), st.booleans(), st.booleans())
def test_stream_says_what_the_whole_response_says(
    way: str,
    pieces: tuple[str, ...],
    calls: tuple[Call, ...],
    thought: tuple[str, ...],
    cut: bool,
    refused: bool,
    usage: bool,
) -> None:
    calls = () if refused else calls[:1] if way == "legacy" else calls
    finish = FinishReason.LENGTH if cut else FinishReason.TOOL_CALLS if calls else FinishReason.STOP
    made = Choice(pieces, finish, thought, calls, refused)
    plan = plan_with(made, Choice(("a", "b"), FinishReason.STOP))
    body = whole(plan, **WAYS[way], n=2)
    assert answer_faults("POST", "/chat/completions", body) == []
    chunks = streamed(plan, **WAYS[way], n=2)
    for chunk in chunks[:4] + chunks[-2:]:
        assert answer_faults("POST", "/chat/completions", chunk, kind="text/event-stream") == []
    sent = events(plan, **WAYS[way], n=2, stream_options={"include_usage": usage})
    for said, choice in zip(heard(sent, choices=2, usage=usage), body["choices"], strict=True):
        message = choice["message"]
        assert (said.text, said.refusal) == (message["content"] or "", message["refusal"] or "")
        assert said.finish == choice["finish_reason"]
        told = [call[call["type"]] for call in message.get("tool_calls", ())]
        told += [message["function_call"]] if "function_call" in message else []
        assert said.calls == [[call["name"], call.get("arguments", call.get("input"))] for call in told]


UNPADDED = {"stream_options": {"include_obfuscation": False}}
CALLED = events(
    plan_with(
        Choice(
            ("Well",),
            FinishReason.TOOL_CALLS,
            calls=(Call("call_1", "get_weather", ("{", "}")), Call("call_2", "run_code", ("1",))),
        ),
        Choice((), FinishReason.TOOL_CALLS, calls=(Call("call_3", "get_weather", ("{}",)),)),
    ),
    **WAYS["tools"],
    **UNPADDED,
    n=2,
)
REFUSAL = plan_with(Choice(("No", "."), FinishReason.STOP, refused=True))
REFUSED = events(REFUSAL, **WAYS["format"], **UNPADDED)
LIKELY = events(REFUSAL, **WAYS["format"], **WAYS["likely"], **UNPADDED)
LEGACY = events(calling(Call("call_1", "get_weather", ("{", "}"))), **WAYS["legacy"], **UNPADDED)
BREAKS: dict[str, tuple[list[bytes], bytes, bytes]] = {
    "the second call is called the first": (CALLED, b'"index":1,"id":"call_2"', b'"index":0,"id":"call_2"'),
    "a call without an id": (CALLED, b'"id":"call_2",', b""),
    "a call without a type": (CALLED, b'"type":"custom","custom":{"input"', b'"custom":{"input"'),
    "a call that begins with arguments": (CALLED, b'"name":"run_code","input":""', b'"name":"run_code","input":"1"'),
    "arguments before their call": (CALLED, b'"name":"run_code",', b""),
    "calls that end like a refusal": (CALLED, b'"finish_reason":"tool_calls"', b'"finish_reason":"content_filter"'),
    "text after a call": (
        CALLED,
        b'{"tool_calls":[{"index":1,"type":"custom","custom":{"input":"1"}}]}',
        b'{"content":"1"}',
    ),
    "a refusal as text": (REFUSED, b'{"refusal":"."}', b'{"content":"."}'),
    "an empty piece of a refusal": (REFUSED, b'{"refusal":"."}', b'{"refusal":""}'),
    "probabilities of a refusal among those of the text": (LIKELY, b'"refusal":[{', b'"content":[{'),
    "probabilities of another piece": (LIKELY, b'"token":"No"', b'"token":"On"'),
    "an empty piece of text": (CALLED, b'{"content":"Well"}', b'{"content":""}'),
    "a choice that nobody asked for": (REFUSED, b'"index":0', b'"index":1'),
    "arguments of a function before its name": (LEGACY, b'"name":"get_weather",', b""),
    "a function that begins with arguments": (
        LEGACY,
        b'"get_weather","arguments":""',
        b'"get_weather","arguments":"1"',
    ),
    "an empty piece of a function's arguments": (LEGACY, b'{"arguments":"}"}', b'{"arguments":""}'),
    "a refusal that ends with calls": (REFUSED, b'"finish_reason":"stop"', b'"finish_reason":"tool_calls"'),
}


def test_stream_of_calls_and_of_a_refusal_is_heard() -> None:
    calls = [["get_weather", "{}"], ["run_code", "1"]]
    assert heard(CALLED, choices=2, usage=False) == [
        Heard("ended", "Well", "", calls, "tool_calls"),
        Heard("ended", "", "", [["get_weather", "{}"]], "tool_calls"),
    ]
    assert heard(LEGACY, choices=1, usage=False) == [Heard("ended", "", "", [["get_weather", "{}"]], "function_call")]
    assert heard(REFUSED, choices=1, usage=False) == [Heard("ended", "", "No.", [], "stop")]


@pytest.mark.parametrize("broken", BREAKS)
def test_broken_stream_of_calls_or_of_a_refusal_is_found(broken: str) -> None:
    sent, there, instead = BREAKS[broken]
    changed = [event.replace(there, instead) for event in sent]
    assert changed != sent
    with pytest.raises((BrokenStreamError, KeyError)):
        heard(changed, choices=2 if sent is CALLED else 1, usage=False)


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
    assert whole(REFUSAL)["choices"][0]["message"]["content"] == "No."
    message = whole(REFUSAL, **WAYS["format"])["choices"][0]["message"]
    assert (message["content"], message["refusal"]) == (None, "No.")


def test_probabilities_are_those_of_each_token_of_the_text() -> None:
    plan = plan_of(["One", " two"])
    told = whole(plan, **WAYS["likely"])["choices"][0]["logprobs"]
    assert [one["token"] for one in told["content"]] == ["One", " two"]
    assert all(len(one["top_logprobs"]) == 2 and one["logprob"] <= 0 for one in told["content"])
    chunks = [chunk["choices"][0]["logprobs"] for chunk in streamed(plan, **WAYS["likely"])]
    assert [one for chunk in chunks if chunk for one in chunk["content"]] == told["content"]


def test_probabilities_of_a_refusal_stand_in_its_place_too() -> None:
    told = whole(REFUSAL, **WAYS["likely"], **WAYS["format"])["choices"][0]["logprobs"]
    assert told["content"] is None
    assert [one["token"] for one in told["refusal"]] == ["No", "."]
    chunks = [chunk["choices"][0]["logprobs"] for chunk in streamed(REFUSAL, **WAYS["likely"], **WAYS["format"])]
    assert [one for chunk in chunks if chunk for one in chunk["refusal"]] == told["refusal"]
    plain = whole(REFUSAL, **WAYS["likely"])["choices"][0]["logprobs"]
    assert (plain["content"], plain["refusal"]) == (told["refusal"], None)


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
