"""The chunks of a chat stream, from a plan: which there are, at which token each may leave, and their bytes.

Pure; knows no time. For each choice: a chunk with the role, one for each piece of text and of arguments, one with the
finish reason; choices interleave by token; then the usage if it was asked for, and `[DONE]`. All that is the same in
every chunk of a choice is put together once: only a piece's JSON text, and what pads it, is made for each token.
"""

import hashlib
from collections.abc import Iterator
from heapq import merge
from typing import Any

import orjson

from llmsim.simulation.plan import Call, Plan
from llmsim.wire import sse
from llmsim.wire.base import Frame
from llmsim.wire.ids import base62
from llmsim.wire.openai.chat.choices import Manner, called, told

ROLE = b'{"role":"assistant","content":"","refusal":null}'
REFUSING = b'{"role":"assistant","content":null,"refusal":""}'
CONTENT = (b'{"content":', b"}")
REFUSAL = (b'{"refusal":', b"}")
OBFUSCATION = (b',"obfuscation":"', b'"}')
OBFUSCATION_STEP = 16
"""A chunk's JSON is padded to 1 more than a multiple of this many characters; measured on recorded streams."""
POOL_CHARS = 342
"""256 bytes in base 62, from which each chunk takes another stretch."""
STRIDE = 7
BEFORE, AFTER = sse.event(b"{}").split(b"{}")
"""What stands around the JSON of an event."""


def frames(plan: Plan, head: bytes, usage: bytes, manner: Manner, *, obfuscated: bool) -> Iterator[Frame]:
    """The frames of a stream.

    `head` is what all chunks begin with, without the closing brace; `usage` is the JSON pair, empty where it was not
    asked for.
    """
    ends = _Ends(_pool(plan) if obfuscated else b"")
    tail = b',"usage":null' if usage else b""
    choices = [_Choice(head, index, tail, ends, plan, manner) for index in range(len(plan.choices))]
    if len(choices) == 1:
        yield choices[0].opening()
        yield from choices[0].frames()
    else:
        openings = sorted([choice.opening() for choice in choices], key=lambda frame: frame.token)
        yield from merge(openings, *[choice.frames() for choice in choices], key=lambda frame: frame.token)
    end = max([choice.end for choice in choices])
    if usage:
        yield Frame(end, ends.closed(head + b',"choices":[],' + usage), sealed=True)
    yield Frame(end, sse.DONE, sealed=True)


class _Ends:
    """What ends the chunks of a stream: with a pool of characters, some of them, so that lengths say little.

    A chunk is its JSON without the last brace, `opening`, and what `closing` gives for as many characters.
    """

    def __init__(self, pool: bytes) -> None:
        self._pool = pool
        self._at = 0
        self.opening, brace = OBFUSCATION if pool else (b"", b"}")
        self._after = brace + AFTER

    def closing(self, characters: int) -> bytes:
        """The rest of an event whose JSON has so many characters so far; it then has 1 mod 16."""
        if not self._pool:
            return self._after
        self._at = (self._at + STRIDE) % (POOL_CHARS - OBFUSCATION_STEP)
        missing = (-1 - characters) % OBFUSCATION_STEP or OBFUSCATION_STEP
        return self._pool[self._at : self._at + missing] + self._after

    def closed(self, text: bytes) -> bytes:
        """The event of a chunk that lacks its last brace."""
        text += self.opening
        return BEFORE + text + self.closing(_characters(text))


class _Choice:
    """The chunks of one choice. `end` is the token with which it is over."""

    def __init__(self, head: bytes, index: int, tail: bytes, ends: _Ends, plan: Plan, manner: Manner) -> None:
        self._plan = plan
        self._index = index
        self._choice = plan.choices[index]
        self._manner = manner
        self._refuses = self._choice.refused and manner.refuses
        self._before = head + b',"choices":[{"index":%d,"delta":' % index
        self._tail = tail
        self._ends = ends
        self._first = len(self._choice.reasoning) + 1
        self.end = max(self._choice.tokens, 1)
        around = REFUSAL if self._refuses else CONTENT
        before, after = self._before + around[0], around[1] + self._after("") + ends.opening
        self._piece = BEFORE + before, after
        self._piece_characters = _characters(before + after)

    def opening(self) -> Frame:
        """The first chunk: the role, and the first call where nothing is said before it."""
        return Frame(min(self._first, self.end), self.chunk(self._opening()))

    def frames(self) -> Iterator[Frame]:
        """The chunks after the first one."""
        if self._manner.top is None:
            for token, text in enumerate(self._choice.pieces, self._first):
                if text:
                    yield Frame(token, self.piece(text))
        else:
            yield from self._likely()
        token = self._first + len(self._choice.pieces)
        for at, call in enumerate(self._choice.calls):
            if at or self._choice.pieces:
                yield Frame(min(token, self.end), self.chunk(orjson.dumps(self._header(at, call))))
            for place, text in enumerate(call.pieces, token):
                if text:
                    yield Frame(place, self.chunk(orjson.dumps(self._arguments(at, call, text))))
            token += len(call.pieces)
        yield Frame(self.end, self.chunk(b"{}", self._manner.finish(self._choice)), sealed=True)

    def chunk(self, delta: bytes, finish: str = "", likely: bytes = b"null") -> bytes:
        """Any chunk; `delta` is JSON, an empty `finish` is null."""
        return self._ends.closed(self._before + delta + self._after(finish, likely))

    def piece(self, text: str) -> bytes:
        """The chunk of a piece of text: what `chunk` gives for it, faster."""
        content = orjson.dumps(text)
        before, after = self._piece
        closing = self._ends.closing(self._piece_characters + _characters(content))
        return b"".join((before, content, after, closing))

    def _likely(self) -> Iterator[Frame]:
        """The pieces of the text, each with how likely it was."""
        around = REFUSAL if self._refuses else CONTENT
        for token, said in enumerate(self._manner.likely(self._plan, self._index), self._first):
            delta = around[0] + orjson.dumps(said.token) + around[1]
            likely = orjson.dumps(told([said], refused=self._refuses))
            yield Frame(token, self.chunk(delta, likely=likely))

    def _opening(self) -> bytes:
        if self._refuses:
            return REFUSING
        if self._choice.pieces or not self._choice.calls:
            return ROLE
        first = self._header(0, self._choice.calls[0])
        return orjson.dumps({"role": "assistant", "content": None, **first, "refusal": None})

    def _header(self, at: int, call: Call) -> dict[str, Any]:
        """The delta that says which tool is called."""
        if self._manner.legacy:
            return {"function_call": {"name": call.name, "arguments": ""}}
        return {"tool_calls": [{"index": at, **called(call, "", self._manner)}]}

    def _arguments(self, at: int, call: Call, text: str) -> dict[str, Any]:
        """The delta of a piece of a call's arguments."""
        if self._manner.legacy:
            return {"function_call": {"arguments": text}}
        if call.name in self._manner.custom:
            return {"tool_calls": [{"index": at, "type": "custom", "custom": {"input": text}}]}
        return {"tool_calls": [{"index": at, "function": {"arguments": text}}]}

    def _after(self, finish: str, likely: bytes = b"null") -> bytes:
        return b',"logprobs":' + likely + b',"finish_reason":' + orjson.dumps(finish or None) + b"}]" + self._tail


def _characters(text: bytes) -> int:
    return len(text) if text.isascii() else len(text.decode())


def _pool(plan: Plan) -> bytes:
    """Characters to obfuscate with, from the plan's identity."""
    digest = hashlib.blake2b(plan.unique, digest_size=64, person=b"obfuscation").digest()
    wide = b"".join(hashlib.blake2b(digest, digest_size=64, salt=bytes([part])).digest() for part in range(4))
    return base62(int.from_bytes(wide), POOL_CHARS).encode()
