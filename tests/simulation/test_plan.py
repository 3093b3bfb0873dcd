"""Plans: golden ones for each style, what a plan depends on, and what it does not."""

import re
import time
from pathlib import Path
from typing import Any

import attrs
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmsim.distributions import Constant, LogNormal, Weibull
from llmsim.errors import ContextOverflow
from llmsim.profile import Latency, Model, Profile, Style, Text
from llmsim.simulation.plan import PLAN_VERSION, Plan, plan_again, plan_turn
from llmsim.simulation.tokens import Estimator
from llmsim.turn import FinishReason, Message, Pod, Reply, Role, Scripted, TurnRequest, Usage, place_of

COUNTER = Estimator()
POD = Pod(root_seed=42, ordinal=3)
PROFILE = Profile(
    name="p",
    summary="for tests",
    context_window=4000,
    max_output=500,
    output_tokens=LogNormal(40, sigma=0.5),
    latency=Latency(LogNormal(500, p95=900), Weibull(1.6, 12), uncached_token_us=20, jitter=LogNormal(1, p95=1.2)),
    models=(Model("m", 1, "us", snapshot="m-2026-01-01"),),
)
QUESTION = (
    Message(Role.SYSTEM, "You are helpful."),
    Message(Role.USER, "My name is Ada."),
    Message(Role.ASSISTANT, "Nice to meet you, Ada."),
    Message(Role.USER, "What is my name, and how does group commit work?"),
)
REQUEST = TurnRequest("m", QUESTION, b"d" * 16)
GOLDEN = Path(__file__).with_name("golden_plans.json")
"""What PLAN_VERSION makes of each style. When it changes on purpose, raise PLAN_VERSION and write it anew."""


def styled(style: Style) -> Profile:
    fixed = "Always this, whatever you say." if style is Style.FIXED else None
    return attrs.evolve(PROFILE, text=Text(style=style, fixed=fixed))


def plan(
    profile: Profile = PROFILE,
    *,
    pod: Pod = POD,
    session: str = "s",
    messages: tuple[Message, ...] = QUESTION,
    attempt: int = 0,
    script: str | None = None,
    **changes: Any,  # noqa: ANN401
) -> Plan:
    request = attrs.evolve(REQUEST, messages=messages, **changes)
    place = place_of(session, messages)
    said = None if script is None else Scripted(script)
    return plan_turn(
        profile, pod, place, request, messages, attempt=attempt, created_s=99, script=said, counter=COUNTER
    )


def texts(made: Plan) -> list[str]:
    return [choice.text for choice in made.choices]


def test_plans_are_what_they_always_were() -> None:
    plans = {
        style.value: {
            "pieces": list(made.choices[0].pieces),
            "finish_reason": made.choices[0].finish_reason.value,
            "prompt_tokens": made.usage.prompt_tokens,
            "at_us": list(made.timeline.at_us),
            "unique": made.unique.hex(),
            "fingerprint": made.fingerprint.hex(),
        }
        for style in Style
        for made in [plan(styled(style))]
    }
    assert orjson.loads(GOLDEN.read_bytes()) == {"plan_version": PLAN_VERSION, "plans": plans}


def test_plan_carries_its_place_and_names() -> None:
    made = plan()
    assert (made.pod, made.attempt, made.created, made.model) == (POD, 0, 99, "m-2026-01-01")
    assert made.place == place_of("s", QUESTION)
    assert plan(model="other").model == "other"
    assert len(made.unique) == 32
    assert len(made.fingerprint) == 5
    assert len(made.timeline.at_us) == len(made.choices[0].pieces)


def test_plan_made_twice_is_the_same() -> None:
    assert plan() == plan()


@pytest.mark.parametrize(
    "other",
    [
        plan(pod=Pod(43, 3)),
        plan(pod=Pod(42, 4)),
        plan(session="t"),
        plan(messages=(*QUESTION[:-1], Message(Role.USER, "What is my name, and how does group commit work now?"))),
    ],
    ids=["root seed", "ordinal", "session", "said"],
)
def test_plan_of_another_place_differs_in_text_time_and_identity(other: Plan) -> None:
    made = plan()
    assert texts(made) != texts(other)
    assert made.timeline != other.timeline
    assert made.unique != other.unique


def test_text_changes_with_model_and_seed() -> None:
    said = {texts(plan(**change))[0] for change in ({}, {"model": "other"}, {"seed": 1}, {"seed": 2})}
    assert len(said) == 4


def test_attempt_changes_the_identity_alone() -> None:
    first, second = plan(), plan(attempt=1)
    assert attrs.evolve(second, attempt=0, unique=first.unique) == first
    assert second.unique != first.unique


def test_request_digest_changes_the_identity_alone() -> None:
    assert attrs.evolve(plan(digest=b"e" * 16), unique=plan().unique) == plan()
    assert plan(digest=b"e" * 16).unique != plan().unique


def test_attempt_of_a_resampling_profile_says_something_else_just_as_repeatably() -> None:
    profile = attrs.evolve(PROFILE, text=Text(resample=True))
    assert texts(plan(profile)) != texts(plan(profile, attempt=1))
    assert plan(profile, attempt=1) == plan(profile, attempt=1)


def test_fingerprint_of_a_recorded_turn_is_that_of_its_version() -> None:
    made = plan()
    again = [
        plan_again(
            PROFILE,
            POD,
            made.place,
            REQUEST,
            replies=[Reply(texts(made)[0], FinishReason.STOP)],
            usage=made.usage,
            attempt=0,
            created_s=99,
            counter=COUNTER,
            plan_version=version,
        )
        for version in (PLAN_VERSION, PLAN_VERSION - 1)
    ]
    assert again[0] == made
    assert again[1].fingerprint != made.fingerprint


def test_fingerprint_changes_with_the_profile() -> None:
    assert plan(attrs.evolve(PROFILE, max_output=501)).fingerprint != plan().fingerprint


def test_larger_max_tokens_goes_on_with_the_same_text() -> None:
    whole = plan()
    for limit in (1, 5, 20):
        made = plan(max_tokens=limit)
        assert made.choices[0].pieces == whole.choices[0].pieces[:limit]
        assert made.choices[0].finish_reason is FinishReason.LENGTH
        assert made.usage.completion_tokens == limit
        assert made.timeline.at_us == whole.timeline.at_us[:limit]
    assert plan(max_tokens=500) == whole


def test_reply_of_any_length_ends_at_the_profiles_ceiling() -> None:
    profile = attrs.evolve(PROFILE, max_output=7)
    made = plan(profile, max_tokens=100, script="one two three four five six seven eight nine")
    assert made.choices[0].text == "one two three four five six seven"
    assert made.choices[0].finish_reason is FinishReason.LENGTH


def test_reply_ends_where_the_context_window_is_full() -> None:
    prompt = plan().usage.prompt_tokens
    made = plan(attrs.evolve(PROFILE, context_window=prompt + 3, max_output=3))
    assert made.usage.total_tokens == prompt + 3
    assert made.choices[0].finish_reason is FinishReason.LENGTH


def test_context_that_leaves_no_room_is_refused_with_both_figures() -> None:
    prompt = plan().usage.prompt_tokens
    profile = attrs.evolve(PROFILE, context_window=prompt, max_output=1)
    with pytest.raises(ContextOverflow) as caught:
        plan(profile)
    error = caught.value
    assert (error.tokens, error.window) == (prompt, prompt)
    assert (error.status, error.param, error.code) == (400, "messages", "context_length_exceeded")


def test_context_that_leaves_no_room_is_shortened_for_who_forgets() -> None:
    made = plan(messages=(*QUESTION[:1], *long_talk(9000), *QUESTION[1:]), forgets=True)
    assert made.usage.prompt_tokens < PROFILE.context_window
    assert "Ada" in texts(made)[0]
    assert plan(forgets=True) == plan()


def test_choices_differ_and_the_first_is_the_only_ones() -> None:
    three = plan(n=3)
    assert three.choices[0] == plan().choices[0]
    assert three.choices[:2] == plan(n=2).choices
    assert len(set(texts(three))) == 3
    assert three.usage.completion_tokens == sum(len(choice.pieces) for choice in three.choices)
    assert len(three.timeline.at_us) == max(len(choice.pieces) for choice in three.choices)
    assert three.timeline.ttft_us == plan().timeline.ttft_us


def test_script_is_said_by_every_choice_and_obeys_the_cuts() -> None:
    assert texts(plan(script="Line by line.", n=2)) == ["Line by line."] * 2
    assert texts(plan(script="Line by line.", stop=("by",))) == ["Line "]
    assert plan(script="Line by line.", stop=("by", "by l")).choices[0].stopped_by == "by l"
    assert plan(script="Line by line.", stop=("x",)).choices[0].stopped_by is None
    assert texts(plan(script="")) == [""]
    assert len(plan(script="").timeline.at_us) == 1


def long_talk(words: int) -> tuple[Message, ...]:
    return (Message(Role.USER, "Hi."), Message(Role.ASSISTANT, "word " * words), Message(Role.USER, "Go on."))


@pytest.mark.parametrize(("words", "cached"), [(1000, 0), (1012, 0), (1013, 1024), (1140, 1024), (1141, 1152)])
def test_cached_tokens_are_the_prefix_by_128_from_1024(words: int, cached: int) -> None:
    usage = plan(messages=long_talk(words)).usage
    assert usage.cached_tokens == cached
    assert usage.prompt_tokens == words + 21


def test_cached_tokens_do_not_cost_prefill() -> None:
    profile = attrs.evolve(PROFILE, latency=Latency(Constant(0), Constant(0), uncached_token_us=10))
    made = plan(profile, messages=long_talk(2000))
    assert made.timeline.ttft_us == 10 * (made.usage.prompt_tokens - made.usage.cached_tokens)


@given(
    st.sampled_from(Style), st.integers(1, 3), st.one_of(st.none(), st.integers(1, 60)),
    st.sampled_from([(), (".",), ("the", "a ")]), st.integers(0, 3),
)  # fmt: skip
def test_plan_again_from_its_replies_is_the_plan(
    style: Style, n: int, max_tokens: int | None, stop: tuple[str, ...], attempt: int
) -> None:
    profile = styled(style)
    made = plan(profile, n=n, max_tokens=max_tokens, stop=stop, attempt=attempt)
    again = plan_again(
        profile,
        POD,
        made.place,
        attrs.evolve(REQUEST, n=n, max_tokens=max_tokens, stop=stop),
        replies=[choice.reply for choice in made.choices],
        usage=made.usage,
        attempt=attempt,
        created_s=99,
        counter=COUNTER,
    )
    assert again == made


def test_memory_reaches_over_many_turns() -> None:
    messages: tuple[Message, ...] = ()
    for turn in range(12):
        said = ["My name is Ada.", "My favourite colour is green."][turn] if turn < 2 else f"Tell me about {turn}."
        messages += (Message(Role.USER, said),)
        messages += (Message(Role.ASSISTANT, texts(plan(messages=messages))[0]),)
    asked = (*messages, Message(Role.USER, "What is my name and my favourite colour?"))
    assert texts(plan(messages=asked))[0].startswith("Your name is Ada. Your favourite colour is green.")


def test_plan_of_150_tokens_takes_under_a_millisecond() -> None:
    profile = attrs.evolve(PROFILE, output_tokens=Constant(150))
    begun = time.process_time()
    for ordinal in range(100):
        plan(profile, pod=Pod(1, ordinal))
    assert time.process_time() - begun < 0.1


def test_plan_leaves_no_slot_unfilled() -> None:
    for ordinal in range(50):
        text = texts(plan(pod=Pod(1, ordinal)))[0]
        assert not re.search(r"[{}]|  | \.", text)


def test_usage_adds_up() -> None:
    assert Usage(3, 4).total_tokens == 7
