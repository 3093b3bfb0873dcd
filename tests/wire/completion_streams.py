"""Which chunk of a legacy completion's stream may follow which, as data, and a reader that holds a stream to it."""

from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from tests.wire.chat_streams import BrokenStreamError, data_of

FOLLOWS: Mapping[str, Mapping[str, str]] = {
    "silent": {"echo": "speaking", "text": "speaking", "finish": "ended"},
    "speaking": {"text": "speaking", "finish": "ended"},
    "ended": {},
}
"""For a choice in this state: the kinds of chunk that may come, and the state after each."""
KEYS = ["id", "object", "created", "model", "choices"]
CHOICE_KEYS = ["text", "index", "logprobs", "finish_reason"]
ENDS = frozenset({"stop", "length"})
OF_TOKENS = {"tokens", "token_logprobs", "top_logprobs", "text_offset"}


def read(events: Iterable[bytes], *, choices: int, usage: bool) -> list[str]:
    """The text of each choice of a whole stream; raises BrokenStreamError at the first chunk that is out of place."""
    *chunks, done = map(data_of, events)
    if done != b"[DONE]" or b"[DONE]" in chunks:
        raise BrokenStreamError("[DONE] is not the end, and the only one")
    said = [orjson.loads(chunk) for chunk in chunks]
    if any(list(chunk) != KEYS + ["usage"] * usage for chunk in said):
        raise BrokenStreamError("other keys")
    if len({orjson.dumps([chunk[key] for key in KEYS if key != "choices"]) for chunk in said}) != 1:
        raise BrokenStreamError("chunks of several responses")
    if usage and (said[-1]["choices"] or said.pop()["usage"] is None):
        raise BrokenStreamError("the last chunk does not count")
    states, texts = ["silent"] * choices, [""] * choices
    for chunk in said:
        if len(chunk["choices"]) != 1 or chunk.get("usage") is not None:
            raise BrokenStreamError(f"not one choice, or counted: {chunk}")
        [choice] = chunk["choices"]
        at, kind = choice["index"], kind_of(choice)
        if kind not in FOLLOWS[states[at]]:
            raise BrokenStreamError(f"{kind} of a choice that is {states[at]}")
        states[at] = FOLLOWS[states[at]][kind]
        texts[at] += choice["text"]
    if set(states) != {"ended"}:
        raise BrokenStreamError(f"cut off: {states}")
    return texts


def kind_of(choice: Mapping[str, Any]) -> str:
    """Which kind of chunk this is; probabilities are those of its own tokens, and an echo's first has none."""
    likely = choice["logprobs"]
    if list(choice) != CHOICE_KEYS or (likely is not None and likely.keys() != OF_TOKENS):
        raise BrokenStreamError(f"choice {choice}")
    if choice["finish_reason"] is not None:
        if choice["finish_reason"] not in ENDS or choice["text"] or likely is not None:
            raise BrokenStreamError(f"choice {choice}")
        return "finish"
    if likely is None:
        return "text"
    if "".join(likely["tokens"]) != choice["text"]:
        raise BrokenStreamError(f"choice {choice}")
    return "echo" if likely["token_logprobs"][0] is None else "text"
