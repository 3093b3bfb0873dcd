"""Which chunk of a chat stream may follow which, as data, and a reader that holds a stream to it.

A stream that was cut off (its client left, its server stopped) is a beginning of one that is whole.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import attrs
import orjson

FOLLOWS: Mapping[str, Mapping[str, str]] = {
    "silent": {"role": "speaking", "role of a refusal": "refusing", "role and call": "calling"},
    "speaking": {"content": "speaking", "call": "calling", "finish": "ended"},
    "refusing": {"refusal": "refusing", "finish": "ended"},
    "calling": {"arguments": "calling", "call": "calling", "finish": "ended"},
    "ended": {},
}
"""For a choice in this state: the kinds of chunk that may come, and the state after each."""
ENDS: Mapping[str, frozenset[str]] = {
    "speaking": frozenset({"stop", "length"}),
    "refusing": frozenset({"stop", "length"}),
    "calling": frozenset({"stop", "length", "tool_calls", "function_call"}),
}
"""Why a choice in this state may end."""
DELTAS = {
    "role": {"role": "assistant", "content": "", "refusal": None},
    "role of a refusal": {"role": "assistant", "content": None, "refusal": ""},
}
KEYS = ["id", "object", "created", "model", "service_tier", "system_fingerprint", "choices"]
CHOICE_KEYS = ["index", "delta", "logprobs", "finish_reason"]


class BrokenStreamError(AssertionError):
    """A chunk came that may not come here."""


@attrs.define
class Heard:
    """A choice as far as it was read: its text, its refusal, its calls (name and arguments), and why it ended."""

    state: str = "silent"
    text: str = ""
    refusal: str = ""
    calls: list[list[str]] = attrs.field(factory=list)
    finish: str = ""

    def hear(self, choice: Mapping[str, Any]) -> None:
        """One more chunk; raises BrokenStreamError where it may not come here."""
        kind = kind_of(choice)
        if kind not in FOLLOWS[self.state]:
            raise BrokenStreamError(f"{kind} of a choice that is {self.state}")
        delta = choice["delta"]
        if kind == "finish":
            self.finish = choice["finish_reason"]
            if self.finish not in ENDS[self.state]:
                raise BrokenStreamError(f"{self.finish} of a choice that is {self.state}")
        self.text += delta.get("content") or ""
        self.refusal += delta.get("refusal") or ""
        if kind in {"call", "role and call"}:
            self.calls.append([called(delta, len(self.calls))["name"], ""])
        elif kind == "arguments":
            part = called(delta, len(self.calls) - 1)
            self.calls[-1][1] += part.get("arguments", part.get("input"))
        self.state = FOLLOWS[self.state][kind]


def read(events: Iterable[bytes], *, choices: int, usage: bool) -> list[str]:
    """The text of each choice of a whole stream; raises as `heard`."""
    return [choice.text for choice in heard(events, choices=choices, usage=usage)]


def heard(events: Iterable[bytes], *, choices: int, usage: bool, cut: bool = False) -> list[Heard]:
    """The choices of a stream; raises BrokenStreamError at a chunk out of place. `cut`: it need not be whole."""
    told, over, first = [Heard() for _ in range(choices)], "", dict[str, Any]()
    for data in map(data_of, events):
        if over == "done":
            raise BrokenStreamError("[DONE] is not the end, and the only one")
        ended = {choice.state for choice in told} == {"ended"}
        if data == b"[DONE]":
            if not ended or over != "counted" * usage:
                raise BrokenStreamError("[DONE] before the end")
            over = "done"
            continue
        chunk = orjson.loads(data)
        first = first or chunk
        same_response(chunk, first, data, usage=usage)
        if usage and ended and not over:
            over = "counted"
            counts(chunk)
        else:
            piece(chunk, told)
    if over != "done" and not cut:
        raise BrokenStreamError(f"cut off: {told}")
    return told


def same_response(chunk: Mapping[str, Any], first: Mapping[str, Any], data: bytes, *, usage: bool) -> None:
    """Refuse a chunk with other keys, of another response than the first, or padded as none is."""
    if list(chunk) != list(first) or list(chunk) not in (keys := KEYS + ["usage"] * usage, [*keys, "obfuscation"]):
        raise BrokenStreamError(f"keys {list(chunk)}")
    if any(chunk[key] != first[key] for key in KEYS if key != "choices"):
        raise BrokenStreamError("chunks of several responses")
    if "obfuscation" in chunk and (not chunk["obfuscation"] or len(data.decode()) % 16 != 1):
        raise BrokenStreamError(f"padded to {len(data.decode())} characters")


def counts(chunk: Mapping[str, Any]) -> None:
    """Refuse a last chunk that does not count, or whose sums are wrong."""
    usage = chunk["usage"]
    if chunk["choices"] or usage is None:
        raise BrokenStreamError("the last chunk does not count")
    if usage["total_tokens"] != usage["prompt_tokens"] + usage["completion_tokens"]:
        raise BrokenStreamError(f"sums {usage}")


def piece(chunk: Mapping[str, Any], told: list[Heard]) -> None:
    """Let a choice hear its chunk."""
    if len(chunk["choices"]) != 1 or chunk.get("usage") is not None:
        raise BrokenStreamError(f"not one choice, or counted: {chunk}")
    [choice] = chunk["choices"]
    if choice["index"] not in range(len(told)):
        raise BrokenStreamError(f"choice {choice['index']} of {len(told)}")
    told[choice["index"]].hear(choice)


def called(delta: Mapping[str, Any], at: int) -> Mapping[str, Any]:
    """What a delta says of the call at this place; raises BrokenStreamError where it is about another one."""
    if "function_call" in delta:
        call: Mapping[str, Any] = delta["function_call"]
        return call
    [told] = delta["tool_calls"]
    if told["index"] != at or told.get("type", "function") not in told:
        raise BrokenStreamError(f"call {at} as {told}")
    part: Mapping[str, Any] = told[told.get("type", "function")]
    return part


def data_of(event: bytes) -> bytes:
    """What one server-sent event says."""
    if not event.startswith(b"data: ") or not event.endswith(b"\n\n") or b"\n" in event[:-2] or b"\r" in event:
        raise BrokenStreamError(f"no single event: {event!r}")
    return event[len(b"data: ") : -2]


def kind_of(choice: Mapping[str, Any]) -> str:
    """Which kind of chunk this is."""
    delta, ended = choice["delta"], choice["finish_reason"] is not None
    if list(choice) != CHOICE_KEYS or (choice["logprobs"] is not None and not likely(choice)):
        raise BrokenStreamError(f"choice {choice}")
    if ended:
        if delta:
            raise BrokenStreamError(f"choice {choice}")
        return "finish"
    for kind, wanted in DELTAS.items():
        if delta == wanted:
            return kind
    if list(delta) in (["content"], ["refusal"]) and (all(delta.values()) or choice["logprobs"]):
        return str(next(iter(delta)))
    calls = [delta["function_call"]] if "function_call" in delta else delta.get("tool_calls", ())
    if len(calls) != 1 or delta.keys() - {"role", "content", "refusal", "function_call", "tool_calls"}:
        raise BrokenStreamError(f"choice {choice}")
    if begins(calls[0]):
        return "role and call" if delta.get("role") == "assistant" and delta["content"] is None else "call"
    return "arguments"


def begins(call: Mapping[str, Any]) -> bool:
    """Whether a delta of a call is its first: it has the name, no arguments, and, but for the older form, an id."""
    part = call.get("function") or call.get("custom") or call
    said = part.get("arguments", part.get("input"))
    if "name" in part:
        if said != "" or ("id" not in call and part is not call):
            raise BrokenStreamError(f"call {call}")
        return True
    if not said or "id" in call:
        raise BrokenStreamError(f"call {call}")
    return False


def likely(choice: Mapping[str, Any]) -> bool:
    """Whether the probabilities of a chunk are those of its one piece, and stand where the piece does."""
    told, delta = choice["logprobs"], choice["delta"]
    if told.keys() != {"content", "refusal"} or len(delta) != 1:
        return False
    pieces = {place: [delta[place]] if place in delta else [] for place in told}
    return pieces == {place: [one["token"] for one in told[place] or ()] for place in told}
