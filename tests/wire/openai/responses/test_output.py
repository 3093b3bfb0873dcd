"""A model's reply is items: what it thought, said and called, each with an id of its own and its end."""

import base64

import pytest

from llmsim.turn import FinishReason
from llmsim.wire.ids import kin, owner_of
from llmsim.wire.openai.responses.output import output_items, outputs, response_id
from llmsim.wire.openai.responses.sealed_content import unseal
from tests.wire.openai.requests import SHELL, WEATHER, asked, planned

THOUGHT = ["First", " this.", " Then", " that."]
LOGPROBS = ["message.output_text.logprobs"]


def test_items_follow_the_tokens_of_the_plan() -> None:
    plan = planned(["a", "b"], reasoning=THOUGHT, calls={"get_weather": ["{", "}"], "sh": ["ls"]})
    made = outputs(plan, asked(tools=[WEATHER, SHELL]))
    assert [(one.kind, one.before, one.after) for one in made] == [
        ("reasoning", 0, 4), ("message", 4, 6), ("function_call", 6, 8), ("custom_tool_call", 8, 9),
    ]  # fmt: skip
    ids = [one.item["id"] for one in made]
    assert len(set(ids)) == 4
    assert {owner_of(name) for name in ids} == {2}
    assert {kin("resp", name) for name in ids} == {kin("resp", response_id(plan))}


def test_call_of_a_custom_tool_takes_text_and_one_in_a_namespace_names_it() -> None:
    space = {"type": "namespace", "name": "crm", "description": "", "tools": [WEATHER]}
    plan = planned([], calls={"get_weather": ["{}"], "sh": ["ls"]})
    called, custom = output_items(plan, asked(tools=[space, SHELL]))
    assert list(called) == ["id", "type", "status", "arguments", "call_id", "name", "namespace"]
    assert (called["namespace"], called["arguments"], called["call_id"]) == ("crm", "{}", "call_0")
    assert list(custom) == ["id", "type", "status", "input", "call_id", "name"]
    assert custom["input"] == "ls"


@pytest.mark.parametrize(
    ("summary", "told"), [(None, []), ("concise", ["First this."]), ("detailed", ["First this. Then that."])]
)
def test_thought_is_summed_up_as_it_was_asked_for(summary: str | None, told: list[str]) -> None:
    [thought, _] = output_items(planned(["a"], reasoning=THOUGHT), asked(reasoning={"summary": summary}))
    assert [part["text"] for part in thought["summary"]] == told
    assert list(thought) == ["id", "type", "content", "summary"]


def test_thought_can_be_carried_by_the_client() -> None:
    parsed = asked(include=["reasoning.encrypted_content"])
    [thought, _] = output_items(planned(["a"], reasoning=THOUGHT), parsed)
    assert thought["encrypted_content"].startswith("gAAAAAB")
    base64.urlsafe_b64decode(thought["encrypted_content"])
    assert unseal(thought["encrypted_content"]) == {"reasoning": "".join(THOUGHT)}


def test_what_was_cut_off_is_incomplete() -> None:
    [said] = output_items(planned(["a"], finish=FinishReason.LENGTH), asked())
    assert said["status"] == "incomplete"
    plan = planned(["a"], calls={"get_weather": ["{}"], "sh": ["l"]}, finish=FinishReason.LENGTH)
    said, whole, cut = output_items(plan, asked(tools=[WEATHER, SHELL]))
    assert [said["status"], whole["status"], cut["status"]] == ["completed", "completed", "incomplete"]
    [thought] = output_items(planned([], reasoning=THOUGHT, finish=FinishReason.LENGTH), asked())
    assert thought["type"] == "reasoning"


def test_nothing_said_is_an_empty_message() -> None:
    [said] = output_items(planned([]), asked())
    assert said["content"] == [{"type": "output_text", "annotations": [], "logprobs": [], "text": ""}]


def test_refusal_is_a_part_of_its_own() -> None:
    [said] = output_items(planned(["No."], refused=True), asked())
    assert said["content"] == [{"type": "refusal", "refusal": "No."}]


@pytest.mark.parametrize(
    ("model", "phase"),
    [("gpt-5.6-sol", "final_answer"), ("gpt-6-luna", "final_answer"), ("gpt-5", None), ("gpt-4o", None)],
)
def test_phase_is_told_by_the_models_that_do(model: str, phase: str | None) -> None:
    [said] = output_items(planned(["a"], model=model), asked())
    assert said.get("phase") == phase


def test_text_before_calls_is_commentary() -> None:
    assert output_items(planned(["a"], calls={"f": []}), asked())[0]["phase"] == "commentary"


def test_probabilities_are_told_where_they_are_asked_for() -> None:
    plan = planned(["a", "é"])
    [said] = output_items(plan, asked(include=LOGPROBS, top_logprobs=2))
    first, second = said["content"][0]["logprobs"]
    assert [first["token"], second["token"], second["bytes"]] == ["a", "é", [195, 169]]
    assert len(first["top_logprobs"]) == 2
    assert output_items(plan, asked(top_logprobs=2))[0]["content"][0]["logprobs"] == []
