"""The chunks of a chat stream, from a plan: which there are, at which token each may leave, and their bytes.

Pure; knows no time. For each choice: a chunk with the role, one for each piece of text, one with the finish reason;
choices interleave by step; then the usage if it was asked for, and `[DONE]`. All that is the same in every chunk of a
choice is put together once: only a piece's JSON text, and what pads it, is made for each token.
"""

import hashlib
from collections.abc import Iterator

import orjson

from llmsim.simulation.plan import Choice, Plan
from llmsim.wire import sse
from llmsim.wire.base import Frame
from llmsim.wire.ids import base62

ROLE = b'{"role":"assistant","content":"","refusal":null}'
CONTENT = (b'{"content":', b"}")
OBFUSCATION = (b',"obfuscation":"', b'"}')
OBFUSCATION_STEP = 16
"""A chunk's JSON is padded to 1 more than a multiple of this many characters; measured on recorded streams."""
POOL_CHARS = 342
"""256 bytes in base 62, from which each chunk takes another stretch."""
STRIDE = 7
BEFORE, AFTER = sse.event(b"{}").split(b"{}")
"""What stands around the JSON of an event."""


def frames(plan: Plan, head: bytes, usage: bytes, *, obfuscated: bool) -> Iterator[Frame]:
    """The frames of a stream.

    `head` is what all chunks begin with, without the closing brace; `usage` is the JSON pair, empty where it was not
    asked for.
    """
    ends = _Ends(_pool(plan) if obfuscated else b"")
    tail = b',"usage":null' if usage else b""
    choices = [_Choice(head, index, tail, ends, planned) for index, planned in enumerate(plan.choices)]
    for choice in choices:
        yield Frame(1, choice.chunk(ROLE))
    for choice in choices:
        if not choice.pieces:
            yield Frame(1, choice.last())
    steps = max(len(choice.pieces) for choice in choices)
    for token in range(1, steps + 1):
        for choice in choices:
            pieces = choice.pieces
            if token > len(pieces):
                continue
            if pieces[token - 1]:
                yield Frame(token, choice.piece(pieces[token - 1]))
            if token == len(pieces):
                yield Frame(token, choice.last())
    end = max(steps, 1)
    if usage:
        yield Frame(end, ends.closed(head + b',"choices":[],' + usage))
    yield Frame(end, sse.DONE)


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
    """The chunks of one choice."""

    def __init__(self, head: bytes, index: int, tail: bytes, ends: _Ends, planned: Choice) -> None:
        self.pieces = planned.pieces
        self._finish = planned.finish_reason.value
        self._before = head + b',"choices":[{"index":%d,"delta":' % index
        self._tail = tail
        self._ends = ends
        before, after = self._before + CONTENT[0], CONTENT[1] + self._after("") + ends.opening
        self._piece = BEFORE + before, after
        self._piece_characters = _characters(before + after)

    def chunk(self, delta: bytes, finish: str = "") -> bytes:
        """Any chunk; `delta` is JSON, an empty `finish` is null."""
        return self._ends.closed(self._before + delta + self._after(finish))

    def last(self) -> bytes:
        """The chunk with the reason why there are no more."""
        return self.chunk(b"{}", self._finish)

    def piece(self, text: str) -> bytes:
        """The chunk of a piece of text: what `chunk` gives for it, faster."""
        content = orjson.dumps(text)
        before, after = self._piece
        closing = self._ends.closing(self._piece_characters + _characters(content))
        return b"".join((before, content, after, closing))

    def _after(self, finish: str) -> bytes:
        return b',"logprobs":null,"finish_reason":' + orjson.dumps(finish or None) + b"}]" + self._tail


def _characters(text: bytes) -> int:
    return len(text) if text.isascii() else len(text.decode())


def _pool(plan: Plan) -> bytes:
    """Characters to obfuscate with, from the plan's identity."""
    digest = hashlib.blake2b(plan.unique, digest_size=64, person=b"obfuscation").digest()
    wide = b"".join(hashlib.blake2b(digest, digest_size=64, salt=bytes([part])).digest() for part in range(4))
    return base62(int.from_bytes(wide), POOL_CHARS).encode()
