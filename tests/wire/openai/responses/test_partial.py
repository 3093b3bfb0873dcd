"""A response that was cancelled shows exactly what its stream has told by then."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmsim.wire.openai.responses.output import output_items
from llmsim.wire.openai.responses.partial import partial_items
from llmsim.wire.openai.responses.stream import events
from tests.schemas import faults
from tests.wire.openai.requests import WEATHER, asked, event, planned

PIECES = st.lists(st.sampled_from([" a", "b", "é"]), max_size=5)


def test_items_end_with_the_tokens_that_are_there() -> None:
    plan = planned(["a", "b"], reasoning=["x", "y"], calls={"get_weather": ["{", "}"]})
    request = asked(tools=[WEATHER], reasoning={"summary": "detailed"})
    shown = [partial_items(plan, request, tokens) for tokens in range(8)]
    assert shown[0] == []
    assert [[item["type"] for item in items] for items in shown[1:]] == [
        ["reasoning"],
        ["reasoning"],
        ["reasoning", "message"],
        ["reasoning", "message"],
        ["reasoning", "message", "function_call"],
        ["reasoning", "message", "function_call"],
        ["reasoning", "message", "function_call"],
    ]
    assert shown[1][0]["summary"] == [{"type": "summary_text", "text": "x"}]
    assert [part["text"] for part in shown[3][1]["content"]] == ["a"]
    assert (shown[3][1]["status"], shown[5][2]["status"], shown[5][2]["arguments"]) == ("incomplete", "incomplete", "{")
    assert shown[6] == shown[7] == output_items(plan, request)
    ids = [item["id"] for item in shown[7]]
    assert all([item["id"] for item in items] == ids[: len(items)] for items in shown)
    assert [fault for items in shown for item in items for fault in faults("OutputItem", item)] == []


@given(PIECES, PIECES, st.integers(0, 12))
def test_what_is_shown_is_what_the_stream_has_told(thought: list[str], said: list[str], tokens: int) -> None:
    plan, request = planned(said, reasoning=thought), asked(background=True, reasoning={"summary": "detailed"})
    told = [event(one.frame) for one in events(plan, request) if one.token <= tokens]
    deltas = {"reasoning": "", "message": ""}
    for one in told:
        if one["type"] == "response.output_text.delta":
            deltas["message"] += one["delta"]
        elif one["type"] == "response.reasoning_summary_text.delta":
            deltas["reasoning"] += one["delta"]
    shown = {"reasoning": "", "message": ""}
    for item in partial_items(plan, request, tokens):
        parts = item["summary"] if item["type"] == "reasoning" else item["content"]
        shown[item["type"]] += "".join(part["text"] for part in parts)
    assert shown == deltas


@pytest.mark.parametrize("tokens", [-1, 0])
def test_nothing_is_shown_before_the_first_token(tokens: int) -> None:
    assert partial_items(planned(["a"]), asked(), tokens) == []
