"""What is asked: request bodies and their texts, thousands of different ones, the same ones in every run. Pure.

Words follow from numbers by a hash. A template holds MARK where the load puts the number of a request, so that no two
requests of a run are alike and no server can answer from what it remembers.
"""

import hashlib
from collections.abc import Sequence

import orjson

MARK = "@@@@@@@@"
"""As many characters as the number that takes its place has digits."""
WORDS = (
    "the", "a", "model", "token", "stream", "server", "answer", "request", "session", "history", "memory", "latency",
    "schedule", "prompt", "reply", "cache", "write", "read", "first", "second", "later", "early", "slow", "steady",
    "quick", "careful", "small", "large", "simple", "common", "rare", "whole", "partial", "plain", "clear", "of",
    "in", "with", "before", "after", "between", "under", "over", "without", "against", "because", "when", "while",
    "where", "how", "many", "every", "other", "next", "last", "turn", "place", "seed", "pod", "disk", "page", "tree",
    "leaf", "branch", "root", "queue", "batch", "commit", "sync", "frame", "chunk", "byte", "length", "limit",
    "window",
)  # fmt: skip
SYSTEM = "You are a patient assistant who answers briefly, keeps to the facts and says when it does not know."
TOKEN_CHARS = 6
"""Of these words, spaces counted, a token has about so many characters by llmsim's estimator."""
ECHO, PROSE, PACED = "llmsim-echo", "gpt-4o-mini", "bench-paced"


def text(number: int, chars: int) -> str:
    """Words of about so many characters, exactly so many after cutting; the same for the same number."""
    words: list[str] = []
    size, block = 0, 0
    while size <= chars:
        digest = hashlib.blake2b(f"{number}/{block}".encode()).digest()
        words += (found := [WORDS[byte % len(WORDS)] for byte in digest])
        size += sum(map(len, found)) + len(found)
        block += 1
    return " ".join(words)[:chars]


def said(number: int, chars: int) -> str:
    """One user message, with a place for the number of its request."""
    return f"Question {MARK}: {text(number, chars - len(MARK) - 11)}"


def single(model: str, number: int, chars: int) -> bytes:
    """A request without history."""
    return body(model, [said(number, chars)])


def conversation(model: str, number: int, chars: int, turns: int) -> list[bytes]:
    """The requests of a conversation with a model that echoes: each holds what was said and answered before."""
    questions = [said(number * turns + turn, chars) for turn in range(turns)]
    return [body(model, questions[: turn + 1]) for turn in range(turns)]


def body(model: str, questions: Sequence[str], *, stream: bool = False) -> bytes:
    """The request that follows these questions; all but the last have been answered by their echo."""
    messages = [{"role": "system", "content": SYSTEM}]
    for question in questions[:-1]:
        messages += [{"role": "user", "content": question}, {"role": "assistant", "content": question}]
    messages.append({"role": "user", "content": questions[-1]})
    return orjson.dumps({"model": model, "messages": messages} | ({"stream": True} if stream else {}))


def streamed(number: int, tokens: int) -> bytes:
    """A request for a stream of about so many tokens at the bench's pace."""
    messages = [{"role": "user", "content": f"{number:08} {text(number, tokens * TOKEN_CHARS - 9)}"}]
    return orjson.dumps({"model": PACED, "stream": True, "messages": messages})
