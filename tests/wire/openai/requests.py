"""Responses requests and plans made by hand, for what the wire does with them."""

from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import orjson

from llmsim.simulation.plan import Call, Choice, Plan
from llmsim.simulation.timeline import Timeline
from llmsim.turn import FinishReason, Usage
from llmsim.wire.base import Parsed
from llmsim.wire.openai.responses.wire import OpenAIResponses
from tests.wire.plans import plan_of

WIRE = OpenAIResponses()
WEATHER = {
    "type": "function",
    "name": "get_weather",
    "description": "The weather somewhere.",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
}
SHELL = {"type": "custom", "name": "sh"}
USER = {"role": "user", "content": "hi"}
PIXEL = "data:image/png;base64,AAAA"


def body_of(**changes: object) -> bytes:
    """A good request with some keys changed; `...` leaves a key out."""
    body = {"model": "gpt-5.6-terra", "input": "hi", **changes}
    return orjson.dumps({key: value for key, value in body.items() if value is not ...})


def asked(**changes: object) -> Parsed:
    """A good request, understood."""
    return WIRE.parse(body_of(**changes), {})


def stored(parsed: Parsed) -> Parsed:
    """A request after a stay in the store."""
    params = orjson.loads(orjson.dumps(parsed.params, option=orjson.OPT_SORT_KEYS))
    return WIRE.restore(params, parsed.request.messages, parsed.request.digest)


def planned(
    text: Sequence[str] = (),
    *,
    reasoning: Sequence[str] = (),
    calls: Mapping[str, Sequence[str]] | None = None,
    refused: bool = False,
    finish: FinishReason | None = None,
    model: str = "gpt-5.6-terra",
) -> Plan:
    """A plan of one reply; `calls` are the pieces of each call's arguments by the tool's name."""
    made = [Call(f"call_{at}", name, tuple(pieces)) for at, (name, pieces) in enumerate((calls or {}).items())]
    ending = finish or (FinishReason.TOOL_CALLS if made else FinishReason.STOP)
    choice = Choice(tuple(text), ending, tuple(reasoning), tuple(made), refused)
    plan = plan_of(text, model=model)
    return attrs.evolve(
        plan,
        choices=(choice,),
        usage=Usage(2000, choice.tokens, 1920, len(reasoning)),
        timeline=Timeline(tuple(350_999 + 20_000 * step for step in range(max(choice.tokens, 1)))),
    )


def event(frame: bytes) -> dict[str, Any]:
    """What one server-sent event says."""
    head, data, *rest = frame.split(b"\n")
    assert rest == [b"", b""]
    said: dict[str, Any] = orjson.loads(data.removeprefix(b"data: "))
    assert head == b"event: " + said["type"].encode()
    return said
