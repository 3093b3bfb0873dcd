"""Thinking: how much follows from the effort, in words where somebody sees them; no word of the reply depends on it."""

from typing import Any

import attrs
import pytest

from llmsim.distributions import Constant
from llmsim.profile import Effort, Latency, Profile, Reasoning
from llmsim.simulation.plan import Plan, plan_turn
from llmsim.simulation.speech.thinking import EFFORTS, UNSEEN
from llmsim.simulation.tokens import Estimator
from llmsim.turn import FinishReason, Message, Pod, Role, TurnRequest, place_of
from llmsim.turn import Reasoning as Asked

COUNTER = Estimator()
THINKS = Reasoning(Constant(100))
PROFILE = Profile("p", "", 100_000, 50_000, Constant(40), Latency(Constant(5), Constant(1)), reasoning=THINKS)
MESSAGES = (Message(Role.USER, "How does group commit work?"),)


def plan(profile: Profile = PROFILE, asked: Asked = Asked(), **changes: Any) -> Plan:  # noqa: ANN401, B008  (frozen)
    request = TurnRequest("m", MESSAGES, bytes(16), reasoning=asked, **changes)
    place = place_of("s", MESSAGES)
    return plan_turn(profile, Pod(1, 0), place, request, MESSAGES, created_s=0, counter=COUNTER)


@pytest.mark.parametrize("effort", EFFORTS)
def test_more_effort_is_more_thought(effort: str) -> None:
    assert plan(asked=Asked(effort)).usage.reasoning_tokens == round(100 * EFFORTS[effort])
    shown = plan(asked=Asked(effort, shown=True)).usage.reasoning_tokens
    assert 0.5 * 100 * EFFORTS[effort] <= shown <= 100 * EFFORTS[effort]


def test_every_effort_of_a_profile_is_known() -> None:
    assert set(EFFORTS) == {effort.value for effort in Effort}


def test_effort_is_the_profiles_where_none_is_asked_for() -> None:
    calm = attrs.evolve(PROFILE, reasoning=Reasoning(Constant(100), Effort.NONE))
    assert plan(calm).usage.reasoning_tokens == 0
    assert plan(calm, Asked("low")).usage.reasoning_tokens == 40
    assert plan(attrs.evolve(PROFILE, reasoning=None), Asked("high")).usage.reasoning_tokens == 0


def test_thought_is_bounded_and_comes_out_of_the_same_tokens() -> None:
    assert plan(asked=Asked("max", most_tokens=7)).usage.reasoning_tokens == 7
    cut = plan(max_tokens=60)
    assert (cut.usage.reasoning_tokens, cut.choices[0].text) == (60, "")
    assert cut.choices[0].finish_reason is FinishReason.LENGTH


def test_thought_is_in_words_where_it_is_shown_and_counted_elsewhere() -> None:
    shown = "".join(plan(asked=Asked(shown=True)).choices[0].reasoning)
    assert "group commit" in shown
    assert plan().choices[0].reply.reasoning == UNSEEN * 100
    assert COUNTER.count(UNSEEN * 100) == 100


def test_no_word_of_the_reply_depends_on_thought() -> None:
    said = plan(attrs.evolve(PROFILE, reasoning=None)).choices[0].text
    assert plan().choices[0].text == plan(asked=Asked("high", shown=True)).choices[0].text == said


def test_tokens_of_thought_take_their_time() -> None:
    assert len(plan().timeline.at_us) == plan().choices[0].tokens > 100
