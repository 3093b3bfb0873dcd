"""Plain prompts: completed one by one, counted as they are, refused where there is no room."""

from typing import Any

import attrs
import pytest

from llmsim.distributions import Constant
from llmsim.errors import ContextOverflow
from llmsim.profile import Latency, Profile
from llmsim.simulation.plan import Plan, plan_again, plan_turn
from llmsim.simulation.tokens import Estimator
from llmsim.turn import Message, Pod, Role, TurnRequest, place_of

COUNTER = Estimator()
POD = Pod(1, 0)
PROFILE = Profile("p", "", 4000, 500, Constant(40), Latency(Constant(5), Constant(1)))
REQUEST = TurnRequest("m", (), bytes(16))


def plan(messages: tuple[Message, ...], **changes: Any) -> Plan:  # noqa: ANN401
    request = attrs.evolve(REQUEST, messages=messages, **changes)
    return plan_turn(PROFILE, POD, place_of("s", messages), request, messages, created_s=0, counter=COUNTER)


def test_plain_prompts_are_completed_one_by_one_and_counted_as_they_are() -> None:
    prompts = (Message(Role.USER, "What is a tree?"), Message(Role.USER, "My name is Ada."))
    both = plan(prompts, prompts=2, n=2, max_tokens=12)
    assert len(both.choices) == 4
    assert all("tree" in choice.text for choice in both.choices[:2])
    assert all("Ada" in choice.text for choice in both.choices[2:])
    assert (both.usage.prompt_tokens, both.usage.cached_tokens) == (sum(COUNTER.count(one.text) for one in prompts), 0)
    assert both.usage.completion_tokens == 48
    again = plan_again(
        PROFILE,
        POD,
        both.place,
        attrs.evolve(REQUEST, messages=prompts, prompts=2, n=2, max_tokens=12),
        replies=[choice.reply for choice in both.choices],
        usage=both.usage,
        attempt=0,
        created_s=both.created,
        counter=COUNTER,
    )
    assert again == both


def test_plain_prompt_leaves_room_for_what_is_wanted_or_is_refused() -> None:
    long = (Message(Role.USER, " tree" * 3990),)
    assert plan(long, prompts=1, max_tokens=10).usage.completion_tokens == 10
    with pytest.raises(ContextOverflow) as refused:
        plan(long, prompts=1, max_tokens=11)
    assert (refused.value.tokens, refused.value.window, refused.value.wanted) == (3990, 4000, 11)
    assert plan(long, prompts=1, max_tokens=0).choices[0].pieces == ()
