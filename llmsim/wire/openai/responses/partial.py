"""A response as far as it has come: its items after so many tokens of its plan, where it was cancelled.

Pure. What is there is what a stream has shown by then; an item that was not finished is `incomplete`.
"""

from collections.abc import Iterator
from typing import Any

import attrs

from llmsim.simulation.plan import Call, Choice, Plan
from llmsim.turn import FinishReason
from llmsim.wire.base import Parsed
from llmsim.wire.openai.responses.output import output_items


def partial_items(plan: Plan, asked: Parsed, tokens: int) -> list[dict[str, Any]]:
    """The items of which anything is there after `tokens` tokens, as a response that was cancelled shows them."""
    choice = plan.choices[0]
    if tokens <= 0:
        return []
    if tokens >= choice.tokens:
        return output_items(plan, asked)
    return output_items(attrs.evolve(plan, choices=(_until(choice, tokens),)), asked)


def _until(choice: Choice, tokens: int) -> Choice:
    thought = choice.reasoning[:tokens]
    left = tokens - len(thought)
    said = choice.pieces[:left]
    calls = tuple(_begun(choice.calls, left - len(said)))
    return attrs.evolve(choice, reasoning=thought, pieces=said, calls=calls, finish_reason=FinishReason.LENGTH)


def _begun(calls: tuple[Call, ...], tokens: int) -> Iterator[Call]:
    for call in calls:
        if tokens <= 0:
            return
        yield attrs.evolve(call, pieces=call.pieces[:tokens])
        tokens -= len(call.pieces)
