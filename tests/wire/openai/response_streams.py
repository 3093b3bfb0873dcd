"""Which event of a Responses stream may follow which, as data, and a reader that holds a stream to it.

The table has a row for each state, the response's own and those within each kind of item; what a stream may end with is
in `ENDS`. A stream that was cut off (its client left, it was cancelled) is a beginning of one that is whole.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import attrs

FOLLOWS: Mapping[str, Mapping[str, str]] = {
    "silent": {"response.created": "created"},
    "created": {"response.queued": "queued", "response.in_progress": "open"},
    "queued": {"response.in_progress": "open"},
    "open": {
        "response.output_item.added": "item",
        "response.completed": "ended",
        "response.incomplete": "ended",
        "response.failed": "ended",
    },
    "message": {"response.content_part.added": "message part"},
    "message part": {
        "response.output_text.delta": "message text",
        "response.refusal.delta": "message refusal",
        "response.output_text.done": "message said",
        "response.refusal.done": "message said",
    },
    "message text": {"response.output_text.delta": "message text", "response.output_text.done": "message said"},
    "message refusal": {"response.refusal.delta": "message refusal", "response.refusal.done": "message said"},
    "message said": {"response.content_part.done": "item over"},
    "reasoning": {"response.reasoning_summary_part.added": "summary", "response.output_item.done": "open"},
    "summary": {
        "response.reasoning_summary_text.delta": "summary",
        "response.reasoning_summary_text.done": "summary said",
    },
    "summary said": {"response.reasoning_summary_part.done": "item over"},
    "function_call": {
        "response.function_call_arguments.delta": "function_call",
        "response.function_call_arguments.done": "item over",
    },
    "custom_tool_call": {
        "response.custom_tool_call_input.delta": "custom_tool_call",
        "response.custom_tool_call_input.done": "item over",
    },
    "item over": {"response.output_item.done": "open"},
    "ended": {},
}
"""For each state: the events that may come, and the state after each. `item` stands for the state of the item's kind.

An `error` may come in every state but the last, and ends the stream.
"""
ENDS = {"response.completed": "completed", "response.incomplete": "incomplete", "response.failed": "failed"}
"""The status that a response has at each end."""
TOLD = {"response.created": ("in_progress", "queued"), "response.queued": ("queued",)}
"""The status that a response has before it is in progress."""
WHOLE = {
    "response.output_text.done": "text",
    "response.refusal.done": "refusal",
    "response.reasoning_summary_text.done": "text",
    "response.function_call_arguments.done": "arguments",
    "response.custom_tool_call_input.done": "input",
}
"""Where an event says again all that the deltas before it said."""
IDENTITY = ("id", "type", "call_id", "name")


class BrokenStreamError(AssertionError):
    """An event came that may not come here."""


@attrs.define
class Heard:
    """What a stream said so far."""

    state: str = "silent"
    items: list[dict[str, Any]] = attrs.field(factory=list)
    response: dict[str, Any] = attrs.field(factory=dict)
    numbers: list[int] = attrs.field(factory=list)
    deltas: str = ""
    error: dict[str, Any] | None = None

    def hear(self, event: Mapping[str, Any]) -> None:
        """One more event; raises BrokenStreamError when it is out of place."""
        kind = event["type"]
        if list(event)[1:] != sorted(list(event)[1:]) or next(iter(event)) != "type":
            raise BrokenStreamError(f"keys {list(event)}")
        if self.numbers and event["sequence_number"] != self.numbers[-1] + 1:
            raise BrokenStreamError(f"number {event['sequence_number']} after {self.numbers[-1]}")
        self.numbers.append(event["sequence_number"])
        if kind == "error" and self.state != "ended":
            self.state, self.error = "ended", dict(event)
            return
        if kind not in FOLLOWS[self.state]:
            raise BrokenStreamError(f"{kind} of a response that is {self.state!r}")
        self.state = FOLLOWS[self.state][kind]
        if "response" in event:
            self._resource(kind, event["response"])
        elif "item" in event:
            self._item(kind, event)
        elif kind.endswith(".delta"):
            self.deltas += event["delta"]
        elif kind in WHOLE and event[WHOLE[kind]] != self.deltas:
            raise BrokenStreamError(f"{kind} says something else than its deltas: {event} {self.deltas!r}")
        if "item_id" in event and (event["item_id"], event["output_index"]) != self._place:
            raise BrokenStreamError(f"of another item: {event}")

    @property
    def _place(self) -> tuple[str, int]:
        return self.items[-1]["id"], len(self.items) - 1

    def _resource(self, kind: str, response: dict[str, Any]) -> None:
        if self.response and response["id"] != self.response["id"]:
            raise BrokenStreamError("another response")
        self.response = response
        if kind in ENDS:
            if response["status"] != ENDS[kind] or (kind != "response.failed" and response["output"] != self.items):
                raise BrokenStreamError(f"{kind} is not what was streamed")
        elif response["output"] or response["usage"] or response["status"] not in TOLD.get(kind, ("in_progress",)):
            raise BrokenStreamError(f"{kind} knows too much: {response}")

    def _item(self, kind: str, event: Mapping[str, Any]) -> None:
        item = event["item"]
        if kind == "response.output_item.added":
            self.state, self.deltas = item["type"], ""
            self.items.append(item)
        elif [item.get(key) for key in IDENTITY] != [self.items[-1].get(key) for key in IDENTITY]:
            raise BrokenStreamError(f"another item: {item}")
        else:
            self.items[-1] = item
        if event["output_index"] != len(self.items) - 1:
            raise BrokenStreamError(f"index {event['output_index']} of item {len(self.items) - 1}")


def read(events: Iterable[Mapping[str, Any]], *, cut: bool = False) -> Heard:
    """What a stream says; raises BrokenStreamError at the first event out of place. `cut`: it need not be whole."""
    heard = Heard()
    for event in events:
        heard.hear(event)
    if heard.state != "ended" and not cut:
        raise BrokenStreamError(f"cut off: {heard.state}")
    return heard
