"""Choices: each of its own prompt, whatever stands before the prompts in the conversation."""

import attrs
import orjson

from llmsim.turn import Message, Role
from llmsim.wire.dialects import COMPLETIONS
from llmsim.wire.openai.completions.choices import given
from tests.wire.plans import plan_of


def test_each_choice_echoes_its_own_prompt() -> None:
    body = orjson.dumps({"model": "m", "prompt": ["p q", "r"], "n": 2, "echo": True})
    asked = COMPLETIONS.parse(body, {})
    history = (Message(Role.USER, "before"), Message(Role.ASSISTANT, "ok"))
    asked = attrs.evolve(asked, request=attrs.evolve(asked.request, messages=history + asked.request.messages))
    choices = given(plan_of(["a"], ["b"], ["c"], ["d"]), asked)
    assert [choice.whole["text"] for choice in choices] == ["p qa", "p qb", "rc", "rd"]
    assert [choice.index for choice in choices] == [0, 1, 2, 3]
    assert choices[0].opening["text"] == "p q"
