"""Which chunk of a chat stream may follow which, as data, and a reader that holds a stream to it."""

from collections.abc import Iterable, Mapping
from typing import Any

import orjson

FOLLOWS: Mapping[str, Mapping[str, str]] = {
    "silent": {"role": "speaking"},
    "speaking": {"content": "speaking", "finish": "ended"},
    "ended": {},
}
"""For a choice in this state: the kinds of chunk that may come, and the state after each."""
KEYS = ["id", "object", "created", "model", "service_tier", "system_fingerprint", "choices"]
CHOICE_KEYS = ["index", "delta", "logprobs", "finish_reason"]


class BrokenStreamError(AssertionError):
    """A chunk came that may not come here."""


def read(events: Iterable[bytes], *, choices: int, usage: bool) -> list[str]:
    """The text of each choice of a whole stream; raises BrokenStreamError at the first chunk that is out of place."""
    *chunks, done = map(data_of, events)
    if done != b"[DONE]" or b"[DONE]" in chunks:
        raise BrokenStreamError("[DONE] is not the end, and the only one")
    read = [orjson.loads(chunk) for chunk in chunks]
    keys = KEYS + ["usage"] * usage
    for chunk in read:
        if list(chunk) not in (keys, [*keys, "obfuscation"]):
            raise BrokenStreamError(f"keys {list(chunk)}")
    if len({orjson.dumps([chunk[key] for key in KEYS if key != "choices"]) for chunk in read}) != 1:
        raise BrokenStreamError("chunks of several responses")
    if usage and (read[-1]["choices"] or read.pop()["usage"] is None):
        raise BrokenStreamError("the last chunk does not count")
    states, texts = ["silent"] * choices, [""] * choices
    for chunk in read:
        if len(chunk["choices"]) != 1 or chunk.get("usage") is not None:
            raise BrokenStreamError(f"not one choice, or counted: {chunk}")
        [choice] = chunk["choices"]
        state, kind = states[choice["index"]], kind_of(choice)
        if kind not in FOLLOWS[state]:
            raise BrokenStreamError(f"{kind} of a choice that is {state}")
        states[choice["index"]] = FOLLOWS[state][kind]
        texts[choice["index"]] += choice["delta"].get("content", "")
    if set(states) != {"ended"}:
        raise BrokenStreamError(f"cut off: {states}")
    return texts


def data_of(event: bytes) -> bytes:
    """What one server-sent event says."""
    if not event.startswith(b"data: ") or not event.endswith(b"\n\n") or b"\n" in event[:-2] or b"\r" in event:
        raise BrokenStreamError(f"no single event: {event!r}")
    return event[len(b"data: ") : -2]


def kind_of(choice: Mapping[str, Any]) -> str:
    """Which kind of chunk this is."""
    if list(choice) != CHOICE_KEYS or choice["logprobs"] is not None:
        raise BrokenStreamError(f"choice {choice}")
    delta, ended = choice["delta"], choice["finish_reason"] is not None
    if delta == {"role": "assistant", "content": "", "refusal": None} and not ended:
        return "role"
    if list(delta) == ["content"] and delta["content"] and not ended:
        return "content"
    if delta == {} and ended:
        return "finish"
    raise BrokenStreamError(f"choice {choice}")
