"""The events of a Responses stream, from a plan: which there are, at which token each may leave, and their bytes.

Pure; knows no time. Events are numbered from 0 without a gap, and the same plan gives the same bytes, so that who comes
back later is told the rest. For each item: it is added, its parts and deltas, it is done; then the whole resource. All
that is the same in every delta of an item is put together once.
"""

import itertools
from collections.abc import Iterator, Mapping
from typing import Any

import attrs
import orjson

from llmsim.simulation.plan import Plan
from llmsim.wire.base import Frame, Parsed
from llmsim.wire.openai.obfuscation import Obfuscation
from llmsim.wire.openai.responses.output import Output, outputs
from llmsim.wire.openai.responses.resource import (
    IN_PROGRESS,
    INCOMPLETE,
    QUEUED,
    final_status,
    resource,
)

DELTAS = {
    "message": "response.output_text",
    "refusal": "response.refusal",
    "reasoning": "response.reasoning_summary_text",
    "function_call": "response.function_call_arguments",
    "custom_tool_call": "response.custom_tool_call_input",
}
"""What the deltas of an item are called, before `.delta` and `.done`."""
EMPTY: Mapping[str, Mapping[str, Any]] = {"output_text": {"logprobs": []}}
"""What a part is at its beginning, besides without text."""
TERMINAL = ("response.completed", "response.incomplete", "response.failed", "error")
"""Types of events after which none comes."""


@attrs.frozen
class Event:
    """One event: it may leave once token number `token` is there; `data` is its JSON, its number included."""

    token: int
    number: int
    type: str
    data: bytes

    @property
    def frame(self) -> bytes:
        """The event as server-sent events frame it."""
        return b"event: %b\ndata: %b\n\n" % (self.type.encode(), self.data)


def frames(plan: Plan, asked: Parsed, *, done: bytes = b"", after: int = -1) -> Iterator[Frame]:
    """The frames of a stream, those of the events with numbers above `after`; `done` is sent behind the last one."""
    token = 0
    for event in events(plan, asked):
        token = event.token
        if event.number > after:
            yield Frame(token, event.frame, sealed=event.type in TERMINAL)
    if done:
        yield Frame(token, done, sealed=True)


def events(plan: Plan, asked: Parsed) -> Iterator[Event]:
    """All events of a stream, in their order; their tokens never decrease."""
    background = asked.params["background"]
    hidden = Obfuscation.of(plan) if asked.params["obfuscation"] and not background else None
    number = 0
    for token, kind, status in _opening(background=background):
        told = resource(plan, asked, status, billed=False)
        yield _event(token, number, kind, {"response": told})
        number += 1
    last = 0
    for index, output in enumerate(outputs(plan, asked)):
        for event in _Told(output, index, number, hidden).events():
            yield event
            number, last = event.number + 1, event.token
    status = final_status(plan)
    kind = "response.incomplete" if status == INCOMPLETE else "response.completed"
    yield _event(last, number, kind, {"response": resource(plan, asked, status, billed=False)})


def error_event(number: int, *, message: str, code: str | None, param: str | None = None) -> Event:
    """The event that ends a stream in which something went wrong; `number` is that of the next event."""
    return _event(0, number, "error", {"code": code, "message": message, "param": param})


def _opening(*, background: bool) -> list[tuple[int, str, str]]:
    """Token, type and state of what comes before all items; in the background, a response waits for its first token."""
    if background:
        queued = [(0, "response.created", QUEUED), (0, "response.queued", QUEUED)]
        return [*queued, (1, "response.in_progress", IN_PROGRESS)]
    return [(0, "response.created", IN_PROGRESS), (0, "response.in_progress", IN_PROGRESS)]


def _event(token: int, number: int, kind: str, keys: Mapping[str, Any]) -> Event:
    """An event; after its type its keys are in alphabetical order, as recorded."""
    rest = sorted({**keys, "sequence_number": number}.items())
    return Event(token, number, kind, orjson.dumps({"type": kind, **dict(rest)}))


class _Told:
    """The events of one item."""

    def __init__(self, output: Output, index: int, number: int, hidden: Obfuscation | None) -> None:
        self._output = output
        self._item = output.item
        self._number = number
        self._hidden = hidden
        self._place = {"item_id": output.item["id"], "output_index": index}
        self._deltas = DELTAS[output.kind]
        self._within: dict[str, Any] = {}

    def events(self) -> Iterator[Event]:
        """All of them, in their order."""
        output = self._output
        first = max(min(output.before + 1, output.after), 1)
        yield self._next(first, "response.output_item.added", {"item": self._empty()}, bare=True)
        if output.kind in ("message", "refusal"):
            self._within = {"content_index": 0}
            yield from self._parted("response.content_part", self._item["content"][0], first)
        elif output.kind == "reasoning":
            if self._item["summary"]:
                self._within = {"summary_index": 0}
                yield from self._parted("response.reasoning_summary_part", self._item["summary"][0], first)
        else:
            yield from self._pieces()
            yield self._whole("input" if output.kind == "custom_tool_call" else "arguments")
        yield self._next(max(output.after, 1), "response.output_item.done", {"item": self._item}, bare=True)

    def _parted(self, kind: str, part: dict[str, Any], first: int) -> Iterator[Event]:
        """The events of the one part that the item has."""
        key = "refusal" if part["type"] == "refusal" else "text"
        yield self._next(first, f"{kind}.added", {"part": {**part, **EMPTY.get(part["type"], {}), key: ""}})
        yield from self._pieces()
        yield self._whole(key)
        yield self._next(max(self._output.after, 1), f"{kind}.done", {"part": part})

    def _pieces(self) -> Iterator[Event]:
        """A delta for each piece that says anything."""
        kind = f"{self._deltas}.delta"
        before = (
            orjson.dumps({"type": kind, **({"content_index": 0} if "content_index" in self._within else {})})[:-1]
            + b',"delta":'
        )
        middle = b"," + orjson.dumps({"item_id": self._place["item_id"]})[1:-1]
        after = b',"output_index":%d,"sequence_number":%%d' % self._place["output_index"]
        after += b',"summary_index":0}' if "summary_index" in self._within else b"}"
        pieces = zip(self._output.shown, self._likely(), strict=False)
        for token, (piece, said) in enumerate(pieces, self._output.before + 1):
            if piece:
                hidden = self._hidden.pair(piece) if self._hidden is not None else b""
                data = b"".join((before, orjson.dumps(piece), middle, said, hidden, after % self._number))
                yield Event(token, self._number, kind, data)
                self._number += 1

    def _likely(self) -> Iterator[bytes]:
        """For each piece the JSON pair of how likely it was, with a comma before it; only texts have one."""
        if self._output.kind != "message":
            return itertools.repeat(b"")
        if not self._output.likely:
            return itertools.repeat(b',"logprobs":[]')
        return (b',"logprobs":[%b]' % orjson.dumps(one) for one in self._output.likely)

    def _whole(self, key: str) -> Event:
        """The event that says all that the deltas said."""
        keys: dict[str, Any] = {key: "".join(self._output.shown)}
        if self._output.kind == "message":
            keys["logprobs"] = self._output.likely
        shown = self._output.before + len(self._output.shown)
        return self._next(max(shown, 1), f"{self._deltas}.done", keys)

    def _empty(self) -> dict[str, Any]:
        """The item before anything of it is there."""
        kind = self._output.kind
        if kind == "reasoning":
            return {**self._item, "summary": []}
        filled = "content" if kind in ("message", "refusal") else "input" if kind == "custom_tool_call" else "arguments"
        return {**self._item, "status": "in_progress", filled: [] if filled == "content" else ""}

    def _next(self, token: int, kind: str, keys: Mapping[str, Any], *, bare: bool = False) -> Event:
        place = {"output_index": self._place["output_index"]} if bare else {**self._within, **self._place}
        event = _event(token, self._number, kind, {**place, **keys})
        self._number += 1
        return event
