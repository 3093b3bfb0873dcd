"""Choices: each of its own prompt, whatever stands before the prompts; their streams obey the rules."""

from collections.abc import Callable

import attrs
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmsim.simulation.plan import Plan
from llmsim.turn import FinishReason, Message, Role
from llmsim.wire.dialects import COMPLETIONS
from llmsim.wire.openai.completions import choices as made
from tests.wire.chat_streams import BrokenStreamError
from tests.wire.completion_streams import read
from tests.wire.plans import PIECES, plan_of

PROMPTS = [f"p{at}" for at in range(4)]
CHOICES = st.lists(PIECES, min_size=1, max_size=4)
ENDS = st.sampled_from([FinishReason.STOP, FinishReason.LENGTH])


def events(plan: Plan, body: bytes) -> list[bytes]:
    return [frame.data for frame in COMPLETIONS.frames(plan, COMPLETIONS.parse(body, {}))]


def asked(choices: int, **more: object) -> bytes:
    return orjson.dumps({"model": "m", "prompt": PROMPTS[:choices], "stream": True, **more})


def test_each_choice_echoes_its_own_prompt() -> None:
    body = orjson.dumps({"model": "m", "prompt": ["p q", "r"], "n": 2, "echo": True})
    parsed = COMPLETIONS.parse(body, {})
    history = (Message(Role.USER, "before"), Message(Role.ASSISTANT, "ok"))
    parsed = attrs.evolve(parsed, request=attrs.evolve(parsed.request, messages=history + parsed.request.messages))
    choices = made.given(plan_of(["a"], ["b"], ["c"], ["d"]), parsed)
    assert [choice.whole["text"] for choice in choices] == ["p qa", "p qb", "rc", "rd"]
    assert [choice.index for choice in choices] == [0, 1, 2, 3]
    assert choices[0].opening["text"] == "p q"


@given(CHOICES, ENDS, st.booleans(), st.booleans(), st.sampled_from([None, 0, 2]))
def test_stream_of_any_plan_obeys_the_rules_and_says_its_texts(
    choices: list[list[str]], finish: FinishReason, usage: bool, echo: bool, logprobs: int | None
) -> None:
    plan = plan_of(*choices, finish=finish)
    options = {"include_usage": usage}
    body = asked(len(choices), echo=echo, logprobs=logprobs, stream_options=options)
    texts = [prompt * echo + choice.text for prompt, choice in zip(PROMPTS, plan.choices, strict=False)]
    assert read(events(plan, body), choices=len(choices), usage=usage) == texts


WHOLE = events(plan_of([" a", " b"], ["c"]), asked(2, stream_options={"include_usage": True}, logprobs=1))
BREAKS: dict[str, Callable[[list[bytes]], list[bytes]]] = {
    "the end twice": lambda sent: [*sent[:-2], sent[-3], *sent[-2:]],
    "no end": lambda sent: [*sent[:-3], *sent[-2:]],
    "no usage": lambda sent: [*sent[:-2], sent[-1]],
    "no [DONE]": lambda sent: sent[:-1],
    "[DONE] twice": lambda sent: [*sent, sent[-1]],
    "text after the end": lambda sent: [*sent[:-2], sent[0], *sent[-2:]],
    "another response": lambda sent: [sent[0].replace(b"cmpl-L", b"cmpl-M"), *sent[1:]],
    "other tokens": lambda sent: [sent[0].replace(b'"text":" a"', b'"text":" x"'), *sent[1:]],
    "an unknown end": lambda sent: [event.replace(b'"stop"', b'"tool_calls"') for event in sent],
}


def test_whole_stream_is_read_by_the_rules() -> None:
    assert read(WHOLE, choices=2, usage=True) == [" a b", "c"]


@pytest.mark.parametrize("broken", BREAKS)
def test_broken_stream_is_found_by_the_rules(broken: str) -> None:
    sent = BREAKS[broken](WHOLE)
    assert sent != WHOLE
    with pytest.raises(BrokenStreamError):
        read(sent, choices=2, usage=True)
