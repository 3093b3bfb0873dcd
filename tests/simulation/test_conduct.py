"""What a model means to do, in which order it is decided, and how plans cut it."""

import re
from typing import Any

import attrs
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmsim.catalog import profiles_dir
from llmsim.distributions import Constant
from llmsim.profile import Profile, Profiles, Reasoning, Style, Text
from llmsim.simulation.conduct import call_id
from llmsim.simulation.plan import Plan, plan_again, plan_turn
from llmsim.simulation.tokens import Estimator
from llmsim.turn import (
    BASE62,
    OPENAI_CALLS,
    CallNames,
    Choosing,
    FinishReason,
    Format,
    Message,
    Pod,
    Role,
    Scripted,
    Tool,
    ToolCall,
    ToolChoice,
    TurnRequest,
    place_of,
)

PROFILE = attrs.evolve(Profiles.load((), profiles_dir()).default, reasoning=None, text=Text())
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
WEATHER = Tool("get_weather", "The weather in a city.", SCHEMA)
ASKED = "What is the weather in Paris?"
REFUSED = "Please refuse this request."


def planned(
    text: str = ASKED,
    profile: Profile = PROFILE,
    *,
    script: Scripted | None = None,
    attempt: int = 0,
    **asked: Any,  # noqa: ANN401
) -> Plan:
    messages = (Message(Role.USER, text),)
    request = TurnRequest("m", messages, bytes(16), **asked)
    place = place_of("s", messages)
    return plan_turn(
        profile,
        Pod(1, 0),
        place,
        request,
        messages,
        attempt=attempt,
        created_s=1,
        script=script,
        counter=Estimator(),
    )


def styled(style: Style) -> Profile:
    return attrs.evolve(PROFILE, text=Text(style, "As ever." if style is Style.FIXED else None))


def thinking(tokens: int) -> Profile:
    return attrs.evolve(PROFILE, reasoning=Reasoning(Constant(float(tokens))))


def test_refusal_comes_before_calls_and_calls_before_a_format() -> None:
    both: dict[str, Any] = {"tools": (WEATHER,), "format": Format(SCHEMA)}
    assert planned(REFUSED, tool_choice=ToolChoice(Choosing.REQUIRED), **both).choices[0].refused
    [call] = planned(**both).choices[0].calls
    assert (call.name, call.arguments) == ("get_weather", '{"city":"Paris"}')
    choice = planned("Tell me of Paris.", **both).choices[0]
    assert (choice.calls, orjson.loads(choice.text)) == ((), {"city": choice.reply.text[9:-2]})
    assert "sky" not in planned("Tell me of the sky.").choices[0].text[:1]


def test_format_without_a_schema_is_an_object_of_what_would_be_said() -> None:
    for style in (Style.PROSE, Style.ECHO, Style.LOREM):
        assert isinstance(orjson.loads(planned(profile=styled(style), format=Format()).choices[0].text), dict)
    assert planned(profile=styled(Style.FIXED), format=Format()).choices[0].text == "As ever."


def test_other_styles_call_no_tool_unless_they_must() -> None:
    for style in (Style.ECHO, Style.FIXED, Style.LOREM):
        assert planned(profile=styled(style), tools=(WEATHER,)).choices[0].calls == ()
        forced = planned(profile=styled(style), tools=(WEATHER,), tool_choice=ToolChoice(Choosing.REQUIRED))
        assert len(forced.choices[0].calls) == 1


def test_calls_have_ids_of_their_own_for_each_choice_and_attempt() -> None:
    def ids(**changes: Any) -> list[str]:  # noqa: ANN401
        plan = planned("Weather in Paris and Rome?", tools=(WEATHER,), **changes)
        return [call.id for choice in plan.choices for call in choice.calls]

    found = ids(n=2) + ids(attempt=1)
    assert len(set(found)) == 6
    assert all(re.fullmatch("call_[0-9A-Za-z]{24}", one) for one in found)
    assert ids() == ids()
    assert set(ids(call_names=CallNames("", 0, ""))) == {""}
    assert call_id(bytes(32), OPENAI_CALLS) == "call_" + BASE62[0] * 24


def test_script_may_think_say_call_and_refuse() -> None:
    said = Scripted("Let me see.", "A city.", (ToolCall("", "get_weather", '{"city":"Rome"}'),))
    choice = planned(script=said).choices[0]
    assert (choice.text, "".join(choice.reasoning)) == ("Let me see.", "A city.")
    assert choice.finish_reason is FinishReason.TOOL_CALLS
    assert choice.calls[0].arguments == '{"city":"Rome"}'
    assert planned(script=Scripted("No.", refused=True)).choices[0].refused


@given(st.integers(1, 40), st.booleans())
def test_ceiling_cuts_thought_then_text_then_arguments(ceiling: int, calls: bool) -> None:
    call = ToolCall("", "get_weather", '{"city":"Rome","unit":"celsius"}')
    said = Scripted("Let me see what it says.", "Which city is it?", (call,) if calls else ())
    whole, choice = planned(script=said).choices[0], planned(script=said, max_tokens=ceiling).choices[0]
    assert choice.tokens == min(ceiling, whole.tokens)
    assert "".join(whole.reasoning).startswith("".join(choice.reasoning))
    assert whole.text.startswith(choice.text)
    for cut, full in zip(choice.calls, whole.calls, strict=False):
        assert full.arguments.startswith(cut.arguments)
    expected = whole.finish_reason if whole.tokens <= ceiling else FinishReason.LENGTH
    assert choice.finish_reason is expected
    assert not choice.text or len(choice.reasoning) == len(whole.reasoning)
    assert not choice.calls or choice.text == whole.text


@pytest.mark.parametrize("ceiling", [None, 3, 8, 15, 22])
def test_plan_again_from_its_replies_is_the_plan(ceiling: int | None) -> None:
    call = ToolCall("", "get_weather", '{"city":"Rome","unit":"celsius"}')
    script = Scripted("Let me see what it says.", "Which city is it?", (call, call))
    made = planned(script=script, max_tokens=ceiling)
    request = TurnRequest("m", (Message(Role.USER, ASKED),), bytes(16), max_tokens=ceiling)
    again = plan_again(
        PROFILE,
        Pod(1, 0),
        made.place,
        request,
        replies=[choice.reply for choice in made.choices],
        usage=made.usage,
        attempt=0,
        created_s=1,
        counter=Estimator(),
    )
    assert again == made


def test_thought_counts_among_the_tokens_and_delays_what_is_said() -> None:
    plan = planned(profile=thinking(50), max_tokens=80)
    choice = plan.choices[0]
    assert len(choice.reasoning) == plan.usage.reasoning_tokens == 50
    assert plan.usage.completion_tokens == choice.tokens == 80
    assert len(plan.timeline.at_us) == 80
    assert choice.text == planned(max_tokens=30).choices[0].text


def test_tools_and_schemas_count_as_prompt() -> None:
    plain = planned("Hello").usage.prompt_tokens
    assert planned("Hello", tools=(WEATHER,)).usage.prompt_tokens > plain + 10
    assert planned("Hello", format=Format(SCHEMA)).usage.prompt_tokens > plain + 5
