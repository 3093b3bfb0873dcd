"""Answers say what the plan says, whole and streamed alike; the stream obeys its grammar, however the turn ends."""

import base64
from typing import Any

import attrs
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmsim.simulation.plan import Call, Choice, Plan
from llmsim.simulation.timeline import Timeline
from llmsim.turn import FinishReason, Usage
from llmsim.wire.base import Parsed
from llmsim.wire.gemini.answers import CALLED, STEP, details, response_id, spaced
from llmsim.wire.gemini.generate import Gemini
from tests.wire.gemini.asks import ARRAY, EVENTS, WIRE, parsed
from tests.wire.gemini.streams import Heard, read, responses
from tests.wire.plans import JSON_VALUES, PIECES, plan_of

TOOLS = [{"functionDeclarations": [{"name": "f"}, {"name": "g"}]}]
SHOWN = {"thinkingConfig": {"includeThoughts": True}}
CALLS = (Call("", "f", ('{"a', '": 1}')), Call("", "g", ("{}",)))
CUT = (Call("", "f", ('{"a',)),)
CHOICES = st.builds(
    Choice,
    pieces=PIECES.map(tuple),
    finish_reason=st.sampled_from(FinishReason),
    reasoning=PIECES.map(tuple),
    calls=st.sampled_from([(), CALLS, CUT]),
    refused=st.booleans(),
)


def planned(*choices: Choice, prompt: int = 100) -> Plan:
    tokens = sum(choice.tokens for choice in choices)
    thought = sum(len(choice.reasoning) for choice in choices)
    steps = max(1, *(choice.tokens for choice in choices))
    return attrs.evolve(
        plan_of(("a",), model="gemini-2.5-flash"),
        choices=choices,
        usage=Usage(prompt, tokens, 0, thought),
        timeline=Timeline(tuple(range(1, steps + 1))),
    )


def whole(plan: Plan, asked: Parsed) -> dict[str, object]:
    found: dict[str, object] = orjson.loads(WIRE.whole(plan, asked))
    return found


def streamed(plan: Plan, wire: Gemini, **changes: Any) -> list[Heard]:  # noqa: ANN401  (any field)
    frames = [frame.data for frame in wire.frames(plan, parsed(wire, **changes))]
    return read(responses(frames, events=wire is EVENTS), len(plan.choices))


def test_a_whole_answer_is_as_recorded() -> None:
    plan = plan_of(("Hello", "!"), model="gemini-2.5-flash")
    assert list(whole(plan, parsed()).items()) == [
        (
            "candidates",
            [{"content": {"parts": [{"text": "Hello!"}], "role": "model"}, "finishReason": "STOP", "index": 0}],
        ),
        (
            "usageMetadata",
            {
                "promptTokenCount": 2000,
                "candidatesTokenCount": 2,
                "totalTokenCount": 2002,
                "cachedContentTokenCount": 1920,
                "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 2000}],
                "cacheTokensDetails": [{"modality": "TEXT", "tokenCount": 1920}],
                "serviceTier": "standard",
            },
        ),
        ("modelVersion", "gemini-2.5-flash"),
        ("responseId", response_id(plan)),
    ]


def test_an_event_is_as_recorded() -> None:
    plan = attrs.evolve(plan_of(("Hi",), model="m"), usage=Usage(7, 1))
    [frame] = EVENTS.frames(plan, parsed(EVENTS))
    candidate = '{"content": {"parts": [{"text": "Hi"}],"role": "model"},"finishReason": "STOP","index": 0}'
    details = '"promptTokensDetails": [{"modality": "TEXT","tokenCount": 7}],"serviceTier": "standard"'
    usage = f'{{"promptTokenCount": 7,"candidatesTokenCount": 1,"totalTokenCount": 8,{details}}}'
    rest = f'"usageMetadata": {usage},"modelVersion": "m","responseId": "{response_id(plan)}"'
    assert frame.data.decode() == f'data: {{"candidates": [{candidate}],{rest}}}\r\n\r\n'


@given(JSON_VALUES)
def test_spaced_json_says_the_same(value: object) -> None:
    assert orjson.loads(spaced(value)) == value


def test_the_id_begins_with_the_time_and_is_of_the_turn() -> None:
    made = response_id(plan_of(("a",)))
    assert len(made) == 23
    assert int.from_bytes(base64.urlsafe_b64decode(made + "=")[:4], "little") == 1_767_225_600
    assert made != response_id(plan_of(("a",), unique=bytes(32)))


@given(st.lists(CHOICES, min_size=1, max_size=3), st.booleans(), st.booleans())
def test_every_stream_obeys_the_grammar_and_says_what_the_whole_answer_says(
    choices: list[Choice], shown: bool, lets_through: bool
) -> None:
    plan = planned(*choices)
    safety = [{"category": "HARM_CATEGORY_DANGEROUS_CONTENT", "threshold": "OFF"}] if lets_through else []
    changes: dict[str, Any] = {"generationConfig": SHOWN if shown else {}, "tools": TOOLS, "safetySettings": safety}
    candidates = whole(plan, parsed(**changes))["candidates"]
    assert isinstance(candidates, list)
    expected = read([{**whole(plan, parsed(**changes)), "candidates": [one]} for one in candidates], len(choices))
    assert streamed(plan, EVENTS, **changes) == expected
    assert streamed(plan, ARRAY, **changes) == expected


@given(st.lists(CHOICES, min_size=1, max_size=3))
def test_frames_come_in_the_order_of_tokens_and_the_last_is_sealed(choices: list[Choice]) -> None:
    frames = list(EVENTS.frames(planned(*choices), parsed(EVENTS)))
    tokens = [frame.token for frame in frames]
    assert tokens == sorted(tokens)
    assert tokens[0] >= 1
    assert [frame.sealed for frame in frames] == [False] * (len(frames) - 1) + [True]


def test_the_first_response_has_one_token_and_the_others_a_few() -> None:
    pieces = tuple(f" {number}" for number in range(40))
    frames = list(EVENTS.frames(planned(Choice(pieces, FinishReason.STOP)), parsed(EVENTS)))
    assert [frame.token for frame in frames] == [1, 1 + STEP, 1 + 2 * STEP, 40]


def test_thoughts_are_shown_to_who_asks_and_counted_for_all() -> None:
    plan = planned(Choice(("said",), FinishReason.STOP, reasoning=("a", "b")))
    [hidden] = streamed(plan, EVENTS)
    [shown] = streamed(plan, EVENTS, generationConfig=SHOWN)
    assert (hidden.thoughts, shown.thoughts, hidden.text) == ("", "ab", "said")
    usage = whole(plan, parsed())["usageMetadata"]
    assert isinstance(usage, dict)
    assert (usage["thoughtsTokenCount"], usage["candidatesTokenCount"]) == (2, 1)


def test_a_model_that_thinks_and_may_call_signs_its_first_part_alone() -> None:
    plan = planned(Choice((), FinishReason.TOOL_CALLS, ("hm",), CALLS))
    [candidate] = orjson.loads(WIRE.whole(plan, parsed(tools=TOOLS)))["candidates"]
    signed = ["thoughtSignature" in part for part in candidate["content"]["parts"]]
    assert signed == [True, False]
    assert candidate["finishMessage"] == CALLED
    spoken = planned(Choice(("a",), FinishReason.STOP, ("hm",)))
    assert "thoughtSignature" in WIRE.whole(spoken, parsed(tools=TOOLS)).decode()
    assert "thoughtSignature" not in WIRE.whole(spoken, parsed()).decode()


def test_a_signature_comes_back_as_it_was_given() -> None:
    plan = planned(Choice((), FinishReason.TOOL_CALLS, ("hm",), CALLS))
    [candidate] = orjson.loads(WIRE.whole(plan, parsed(tools=TOOLS)))["candidates"]
    answers = [{"functionResponse": {"name": name, "response": {}}} for name in "fg"]
    contents = [{"parts": [{"text": "a"}]}, candidate["content"], {"parts": answers}]
    assert len(parsed(contents=contents, tools=TOOLS).request.messages) == 4


def test_a_call_that_was_cut_off_is_none() -> None:
    plan = planned(Choice(("a",), FinishReason.LENGTH, calls=CUT))
    [heard] = streamed(plan, EVENTS)
    assert (heard.text, heard.calls, heard.reason) == ("a", [], "MAX_TOKENS")


def test_a_model_that_only_thought_says_nothing() -> None:
    plan = planned(Choice((), FinishReason.LENGTH, reasoning=("a",)))
    [candidate] = orjson.loads(WIRE.whole(plan, parsed()))["candidates"]
    assert candidate == {"content": {"role": "model"}, "finishReason": "MAX_TOKENS", "index": 0}


def test_a_refusal_is_the_filters_and_its_words_are_told_aside() -> None:
    plan = planned(Choice(("No",), FinishReason.STOP, refused=True))
    answer = orjson.loads(WIRE.whole(plan, parsed()))
    [candidate] = answer["candidates"]
    assert (candidate["content"], candidate["finishReason"], candidate["finishMessage"]) == ({}, "SAFETY", "No")
    assert [rating["category"] for rating in candidate["safetyRatings"] if rating.get("blocked")] == [
        "HARM_CATEGORY_DANGEROUS_CONTENT"
    ]
    assert "candidatesTokenCount" not in answer["usageMetadata"]


def test_who_lets_everything_through_reads_the_refusal() -> None:
    plan = planned(Choice(("No",), FinishReason.STOP, refused=True))
    off = [{"category": "HARM_CATEGORY_DANGEROUS_CONTENT", "threshold": "BLOCK_NONE"}]
    [heard] = streamed(plan, EVENTS, safetySettings=off)
    assert (heard.text, heard.reason) == ("No", "STOP")


@pytest.mark.parametrize(("tokens", "text"), [(100, 15), (10, 0)])
def test_tokens_are_told_by_modality(tokens: int, text: int) -> None:
    assert details(tokens, {"IMAGE": 1}) == [
        {"modality": "TEXT", "tokenCount": text},
        {"modality": "IMAGE", "tokenCount": 85},
    ]
