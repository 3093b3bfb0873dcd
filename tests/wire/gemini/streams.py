"""Which response of a Gemini stream may follow which, as data, and a reader that holds a stream to it."""

from collections.abc import Iterable, Mapping
from typing import Any

import attrs
import orjson

FOLLOWS: Mapping[str, Mapping[str, str]] = {
    "silent": {"thought": "thinking", "text": "speaking", "call": "calling", "finish": "ended"},
    "thinking": {"thought": "thinking", "text": "speaking", "call": "calling", "finish": "ended"},
    "speaking": {"text": "speaking", "call": "calling", "finish": "ended"},
    "calling": {"call": "calling", "finish": "ended"},
    "ended": {},
}
"""For a candidate in this state: the kinds of part that may come, and the state after each; `finish` is a reason."""
KEYS = ["candidates", "usageMetadata", "modelVersion", "responseId"]
REASONS = {"STOP", "MAX_TOKENS", "SAFETY"}


class BrokenStreamError(AssertionError):
    """A response came that may not come here."""


@attrs.define
class Heard:
    """What a stream said of one candidate."""

    state: str = "silent"
    thoughts: str = ""
    text: str = ""
    calls: list[dict[str, Any]] = attrs.field(factory=list)
    reason: str = ""


def responses(frames: Iterable[bytes], *, events: bool) -> list[dict[str, Any]]:
    """The responses of a stream, framed as events or as one array."""
    if not events:
        found: list[dict[str, Any]] = orjson.loads(b"".join(frames))
        return found
    for frame in frames:
        if not frame.startswith(b"data: ") or not frame.endswith(b"\r\n\r\n") or b"\n" in frame[:-4]:
            raise BrokenStreamError(f"no single event: {frame!r}")
    return [orjson.loads(frame[len(b"data: ") : -4]) for frame in frames]


def read(said: Iterable[Mapping[str, Any]], candidates: int) -> list[Heard]:
    """What a whole stream says of each candidate; raises BrokenStreamError at the first response out of place."""
    heard = [Heard() for _ in range(candidates)]
    names = set()
    tokens = [0, 0]
    for response in said:
        if list(response) != KEYS:
            raise BrokenStreamError(f"keys {list(response)}")
        names.add((response["modelVersion"], response["responseId"]))
        usage = response["usageMetadata"]
        counted = [usage.get("thoughtsTokenCount", 0), usage.get("candidatesTokenCount", 0)]
        if any(now < before for now, before in zip(counted, tokens, strict=True)):
            raise BrokenStreamError(f"tokens were taken back: {usage}")
        if usage["totalTokenCount"] != usage["promptTokenCount"] + sum(counted):
            raise BrokenStreamError(f"tokens do not add up: {usage}")
        tokens = counted
        [candidate] = response["candidates"]
        hear(heard[candidate["index"]], candidate)
    if len(names) > 1:
        raise BrokenStreamError(f"responses of several turns: {names}")
    if {one.state for one in heard} != {"ended"}:
        raise BrokenStreamError(f"cut off: {heard}")
    return heard


def hear(one: Heard, candidate: Mapping[str, Any]) -> None:
    """What one response says of a candidate."""
    for part in candidate["content"].get("parts", ()):
        if "functionCall" in part:
            step(one, "call")
            one.calls.append(part["functionCall"])
        elif part.get("thought"):
            step(one, "thought")
            one.thoughts += part["text"]
        else:
            step(one, "text")
            one.text += part["text"]
    if "finishReason" in candidate:
        step(one, "finish")
        one.reason = candidate["finishReason"]
        if one.reason not in REASONS:
            raise BrokenStreamError(f"reason {one.reason}")


def step(one: Heard, kind: str) -> None:
    """One part, or the end."""
    if kind not in FOLLOWS[one.state]:
        raise BrokenStreamError(f"{kind} of a candidate that is {one.state}")
    one.state = FOLLOWS[one.state][kind]
