"""Every stream obeys the rules of chunks however it ends, says what the plan says, and pleases the official SDK.

What is left of one where a client left or a server stopped is a beginning of the whole one.
"""

from collections.abc import Callable, Sequence
from typing import Any

import httpx2
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai import OpenAI
from openai.types.chat import ChatCompletionChunk

from llmsim.simulation.plan import Plan
from llmsim.turn import FinishReason
from llmsim.wire.base import Frame
from llmsim.wire.dialects import CHAT
from tests.schemas import answer_faults
from tests.wire.chat_streams import BrokenStreamError, data_of, heard, read
from tests.wire.openai.chat_requests import (
    ASK,
    CALL,
    FUNCTION,
    NAMED,
    REFUSE,
    REQUESTS,
    ROUND,
    SCHEMA,
    TOOLS,
    answered,
    said,
)
from tests.wire.plans import PIECES, asked, plan_of

CHOICES = st.lists(PIECES, min_size=1, max_size=4)
ENDS = st.sampled_from([FinishReason.STOP, FinishReason.LENGTH])
GOLDEN = b"""\
data: {"id":"chatcmpl-L5aDgcjwwDcMImkg7UHacy8q82Gh6","object":"chat.completion.chunk","created":1767225600,\
"model":"gpt-4o-mini-2024-07-18","service_tier":"default","system_fingerprint":"fp_0123456789",\
"choices":[{"index":0,"delta":{"role":"assistant","content":"","refusal":null},"logprobs":null,\
"finish_reason":null}],"usage":null,"obfuscation":"IHUZwwrGs"}

data: {"id":"chatcmpl-L5aDgcjwwDcMImkg7UHacy8q82Gh6","object":"chat.completion.chunk","created":1767225600,\
"model":"gpt-4o-mini-2024-07-18","service_tier":"default","system_fingerprint":"fp_0123456789",\
"choices":[{"index":0,"delta":{"content":"Caf\xc3\xa9"},"logprobs":null,"finish_reason":null}],"usage":null,\
"obfuscation":"GsGRQZv"}

data: {"id":"chatcmpl-L5aDgcjwwDcMImkg7UHacy8q82Gh6","object":"chat.completion.chunk","created":1767225600,\
"model":"gpt-4o-mini-2024-07-18","service_tier":"default","system_fingerprint":"fp_0123456789",\
"choices":[{"index":0,"delta":{},"logprobs":null,"finish_reason":"stop"}],"usage":null,"obfuscation":"vRgYY"}

data: {"id":"chatcmpl-L5aDgcjwwDcMImkg7UHacy8q82Gh6","object":"chat.completion.chunk","created":1767225600,\
"model":"gpt-4o-mini-2024-07-18","service_tier":"default","system_fingerprint":"fp_0123456789","choices":[],\
"usage":{"prompt_tokens":2000,"completion_tokens":1,"total_tokens":2001,\
"prompt_tokens_details":{"cached_tokens":1920,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":0,\
"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}},"obfuscation":"KGAx"}

data: [DONE]

"""


def stream(plan: Plan, *, usage: bool = False, obfuscated: bool = True) -> list[Frame]:
    options = {"include_usage": usage, "include_obfuscation": obfuscated}
    return list(CHAT.frames(plan, asked(stream=True, stream_options=options)))


def events(frames: Sequence[Frame]) -> list[bytes]:
    return [frame.data for frame in frames]


def test_stream_stays_what_it_was() -> None:
    assert b"".join(events(stream(plan_of(["Café"]), usage=True))) == GOLDEN


@given(CHOICES, st.booleans(), st.booleans(), ENDS)
def test_stream_of_any_plan_obeys_the_rules_and_says_its_texts(
    choices: list[list[str]], usage: bool, obfuscated: bool, finish: FinishReason
) -> None:
    plan = plan_of(*choices, finish=finish)
    frames = stream(plan, usage=usage, obfuscated=obfuscated)
    assert read(events(frames), choices=len(choices), usage=usage) == [choice.text for choice in plan.choices]


@given(CHOICES, st.booleans())
def test_frames_of_any_plan_never_go_back_in_time_and_end_with_the_last_token(
    choices: list[list[str]], usage: bool
) -> None:
    tokens = [frame.token for frame in stream(plan_of(*choices), usage=usage)]
    assert tokens == sorted(tokens)
    assert tokens[0] == 1
    assert tokens[-1] == max(1, *(len(pieces) for pieces in choices))


@given(CHOICES)
def test_pieces_leave_with_their_tokens_and_a_choice_ends_with_its_last(choices: list[list[str]]) -> None:
    due: dict[int, list[tuple[int, str]]] = {index: [] for index in range(len(choices))}
    ends: dict[int, int] = {}
    for frame in stream(plan_of(*choices))[:-1]:
        [choice] = orjson.loads(data_of(frame.data))["choices"]
        if choice["delta"].get("content"):
            due[choice["index"]].append((frame.token, choice["delta"]["content"]))
        elif choice["finish_reason"]:
            ends[choice["index"]] = frame.token
    for index, pieces in enumerate(choices):
        assert due[index] == [(token, piece) for token, piece in enumerate(pieces, 1) if piece]
        assert ends[index] == max(1, len(pieces))


@given(CHOICES, st.booleans(), st.text(max_size=20))
def test_obfuscation_brings_each_chunk_to_one_more_than_a_multiple_of_16(
    choices: list[list[str]], usage: bool, model: str
) -> None:
    for event in events(stream(plan_of(*choices, model=model), usage=usage))[:-1]:
        text = data_of(event).decode()
        assert len(text) % 16 == 1
        assert orjson.loads(text)["obfuscation"].isalnum()


def test_obfuscation_differs_from_chunk_to_chunk_and_from_turn_to_turn() -> None:
    def padding(plan: Plan) -> list[str]:
        return [orjson.loads(data_of(event))["obfuscation"] for event in events(stream(plan))[:-1]]

    pieces = [" same"] * 200
    here, there = padding(plan_of(pieces)), padding(plan_of(pieces, unique=bytes(32)))
    assert here == padding(plan_of(pieces))
    assert len(set(here)) > 20
    assert here != there


def test_stream_without_obfuscation_has_none_of_it() -> None:
    assert b"obfuscation" not in b"".join(events(stream(plan_of(["a"]), obfuscated=False)))


@given(CHOICES, st.booleans(), ENDS)
def test_official_sdk_reads_any_stream_strictly(choices: list[list[str]], usage: bool, finish: FinishReason) -> None:
    plan = plan_of(*choices, finish=finish)
    body = b"".join(events(stream(plan, usage=usage)))
    texts, ends, counted = [""] * len(choices), {}, None
    for chunk in read_by_sdk(body):
        for choice in chunk.choices:
            texts[choice.index] += choice.delta.content or ""
            if choice.finish_reason:
                ends[choice.index] = choice.finish_reason
        counted = chunk.usage or counted
    assert texts == [choice.text for choice in plan.choices]
    assert ends == dict.fromkeys(range(len(choices)), finish.value)
    assert (counted is not None) == usage
    assert counted is None or counted.total_tokens == plan.usage.total_tokens


def read_by_sdk(body: bytes) -> list[ChatCompletionChunk]:
    """What the official SDK, validating strictly, makes of a streamed response."""

    def answer(_request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, headers={"content-type": "text/event-stream; charset=utf-8"}, content=body)

    http = httpx2.Client(transport=httpx2.MockTransport(answer))
    with OpenAI(base_url="http://sdk", api_key="none", http_client=http, _strict_response_validation=True) as client:
        return list(client.chat.completions.create(model="m", messages=[], stream=True))


def bare(event: bytes) -> bytes:
    """A chunk without what pads it."""
    chunk = orjson.loads(data_of(event))
    del chunk["obfuscation"]
    return b"data: %b\n\n" % orjson.dumps(chunk)


WHOLE = events(stream(plan_of([" a", " b"], ["c"]), usage=True))
BREAKS: dict[str, Callable[[list[bytes]], list[bytes]]] = {
    "no role": lambda sent: sent[1:],
    "the role twice": lambda sent: [sent[0], *sent],
    "the end twice": lambda sent: [*sent[:-2], sent[-3], *sent[-2:]],
    "no end": lambda sent: [*sent[:-3], *sent[-2:]],
    "usage first": lambda sent: [sent[-2], *sent[:-2], sent[-1]],
    "no usage": lambda sent: [*sent[:-2], sent[-1]],
    "no [DONE]": lambda sent: sent[:-1],
    "[DONE] twice": lambda sent: [*sent, sent[-1]],
    "[DONE] before the end": lambda sent: [*sent[:-2], sent[-1], sent[-2]],
    "two events in one": lambda sent: [sent[0] + sent[1], *sent[2:]],
    "another response": lambda sent: [sent[0].replace(b"chatcmpl-L", b"chatcmpl-M"), *sent[1:]],
    "usage that does not add up": lambda sent: [
        *sent[:-2],
        sent[-2].replace(b'_tokens":2000', b'_tokens":2001'),
        sent[-1],
    ],
    "usage twice": lambda sent: [*sent[:-1], *sent[-2:]],
    "some chunks unpadded": lambda sent: [*sent[:2], bare(sent[2]), *sent[3:]],
    "padded by one more": lambda sent: [*sent[:2], sent[2].replace(b'"obfuscation":"', b'"obfuscation":"x'), *sent[3:]],
}


def test_whole_stream_is_read_by_the_rules() -> None:
    assert read(WHOLE, choices=2, usage=True) == [" a b", "c"]


@pytest.mark.parametrize("broken", BREAKS)
def test_broken_stream_is_found_by_the_rules(broken: str) -> None:
    sent = BREAKS[broken](WHOLE)
    assert sent != WHOLE
    with pytest.raises(BrokenStreamError):
        read(sent, choices=2, usage=True)


@given(REQUESTS, st.data())
def test_stream_of_any_request_is_heard_and_so_is_each_beginning_as_one_that_was_cut_off(
    changes: dict[str, Any], data: st.DataObject
) -> None:
    request = asked(**changes, stream=True)
    body, events = answered(request)
    rules = {"choices": changes.get("n", 1), "usage": changes.get("stream_options", {}).get("include_usage", False)}
    assert heard(events, **rules) == said(body)
    assert answer_faults("POST", "/chat/completions", body) == []
    part = events[: data.draw(st.integers(0, len(events) - 1))]
    for whole, begun in zip(said(body), heard(part, **rules, cut=True), strict=True):
        assert whole.text.startswith(begun.text)
        assert whole.refusal.startswith(begun.refusal)
    with pytest.raises(BrokenStreamError):
        heard(part, **rules)


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({"messages": [ASK]}, ("text", "stop")),
        ({"messages": [ASK], "stop": ["."]}, ("text", "stop")),
        ({"messages": [ASK], "max_tokens": 3}, ("text", "length")),
        ({"messages": [CALL], "tools": TOOLS}, ("calls", "tool_calls")),
        ({"messages": [CALL], "tools": TOOLS, "max_tokens": 3}, ("calls", "length")),
        ({"messages": [ASK], "tools": TOOLS, "tool_choice": NAMED}, ("calls", "stop")),
        ({"messages": [CALL], "functions": [FUNCTION]}, ("calls", "function_call")),
        ({"messages": ROUND, "tools": TOOLS}, ("text", "stop")),
        ({"messages": [REFUSE], "response_format": SCHEMA}, ("refusal", "stop")),
        ({"messages": [REFUSE], "response_format": SCHEMA, "max_tokens": 2}, ("refusal", "length")),
        ({"messages": [REFUSE], "response_format": SCHEMA, "logprobs": True}, ("refusal", "stop")),
        ({"messages": [ASK], "model": "gpt-5-mini", "reasoning_effort": "high"}, ("text", "stop")),
        ({"messages": [ASK], "model": "gpt-5-mini", "max_completion_tokens": 2}, ("", "length")),
    ],
)
def test_each_way_to_end_is_reached(changes: dict[str, Any], state: tuple[str, str]) -> None:
    _, events = answered(asked(**changes, stream=True))
    [found] = heard(events, choices=1, usage=False)
    assert ([kind for kind in ("text", "refusal", "calls") if getattr(found, kind)], found.finish) == (
        [state[0]] * bool(state[0]),
        state[1],
    )
