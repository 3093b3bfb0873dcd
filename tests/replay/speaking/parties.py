"""Parts of scripts and answers to them made by hand, for what a client of a dialect does with them."""

from typing import Any

import attrs
import orjson

from llmsim.replay.clients import Exchange
from llmsim.replay.script import Dialect, History, Part, ScriptTurn

EVENTS = {"content-type": "text/event-stream; charset=utf-8"}
JSON = {"content-type": "application/json"}


def part(dialect: Dialect, *turns: ScriptTurn, **changes: Any) -> Part:  # noqa: ANN401  (as attrs.evolve)
    """A part with these turns, streamed, whose client remembers."""
    plain = Part("s", 0, "m", None, History.CLIENT, stream=True, params={}, turns=turns, dialect=dialect)
    return attrs.evolve(plain, **changes)


def events(*values: object, end: str = "\n\n", done: bool = False) -> Exchange:
    """A stream of these events."""
    told = [b"data: " + orjson.dumps(value) + end.encode() for value in values]
    if done:
        told.append(b"data: [DONE]" + end.encode())
    return Exchange(200, EVENTS, tuple((float(at), data) for at, data in enumerate(told)))


def whole(value: object) -> Exchange:
    """An answer that is not streamed."""
    return Exchange(200, JSON, ((0.0, orjson.dumps(value)),))
