"""The chunks of a chat stream, from a plan: which there are, at which token each may leave, and their bytes.

Pure; knows no time. For each choice: a chunk with the role, one for each piece of text, one with the finish reason;
choices interleave by step; then the usage if it was asked for, and `[DONE]`. All that is the same in every chunk of a
choice is put together once: only a piece's JSON text, and what pads it, is made for each token.
"""

import hashlib
from collections.abc import Iterator
from typing import Any

import attrs
import orjson

from llmsim.simulation.plan import Plan
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


def frames(plan: Plan, head: dict[str, Any], usage: dict[str, Any] | None, *, obfuscated: bool) -> Iterator[Frame]:
    """The frames of a stream. `head` is what all chunks begin with; `usage` is None where it was not asked for."""
    padding = _Padding(_pool(plan) if obfuscated else b"")
    tail = b"" if usage is None else b',"usage":null'
    choices = [_Choice(orjson.dumps(head)[:-1], index, tail, padding) for index in range(len(plan.choices))]
    for choice in choices:
        yield Frame(1, choice.chunk(ROLE))
    for choice, planned in zip(choices, plan.choices, strict=True):
        if not planned.pieces:
            yield Frame(1, choice.chunk(b"{}", planned.finish_reason.value))
    steps = max(len(planned.pieces) for planned in plan.choices)
    for step in range(steps):
        for choice, planned in zip(choices, plan.choices, strict=True):
            if step < len(planned.pieces) and planned.pieces[step]:
                yield Frame(step + 1, choice.piece(planned.pieces[step]))
            if step == len(planned.pieces) - 1:
                yield Frame(step + 1, choice.chunk(b"{}", planned.finish_reason.value))
    end = max(steps, 1)
    if usage is not None:
        yield Frame(end, padding.closed(orjson.dumps({**head, "choices": [], "usage": usage})[:-1]))
    yield Frame(end, sse.DONE)


@attrs.define
class _Padding:
    """What ends each chunk: with a pool of characters, some of them, so that lengths say little about the text."""

    pool: bytes
    _made: int = attrs.field(default=0, init=False)

    def closed(self, text: bytes) -> bytes:
        """The event of a chunk that lacks its last brace."""
        return sse.event(text + self.end(_characters(text)))

    def end(self, characters: int) -> bytes:
        """What closes a chunk of so many characters; its JSON then has 1 mod 16."""
        if not self.pool:
            return b"}"
        self._made += 1
        before, after = OBFUSCATION
        missing = (1 - characters - len(before) - len(after)) % OBFUSCATION_STEP or OBFUSCATION_STEP
        at = self._made * STRIDE % (POOL_CHARS - OBFUSCATION_STEP)
        return before + self.pool[at : at + missing] + after


class _Choice:
    """The chunks of one choice."""

    def __init__(self, head: bytes, index: int, tail: bytes, padding: _Padding) -> None:
        self._before = head + b',"choices":[{"index":%d,"delta":' % index
        self._tail = tail
        self._padding = padding
        self._piece_before = self._before + CONTENT[0]
        self._piece_after = CONTENT[1] + self._after("")
        self._piece_characters = _characters(self._piece_before + self._piece_after)

    def chunk(self, delta: bytes, finish: str = "") -> bytes:
        """Any chunk; `delta` is JSON, an empty `finish` is null."""
        return self._padding.closed(self._before + delta + self._after(finish))

    def piece(self, text: str) -> bytes:
        """The chunk of a piece of text: what `chunk` gives for it, faster."""
        content = orjson.dumps(text)
        end = self._padding.end(self._piece_characters + _characters(content))
        return sse.event(b"".join((self._piece_before, content, self._piece_after, end)))

    def _after(self, finish: str) -> bytes:
        return b',"logprobs":null,"finish_reason":' + orjson.dumps(finish or None) + b"}]" + self._tail


def _characters(text: bytes) -> int:
    return len(text) if text.isascii() else len(text.decode())


def _pool(plan: Plan) -> bytes:
    """Characters to obfuscate with, from the plan's identity."""
    digest = hashlib.blake2b(plan.unique, digest_size=64, person=b"obfuscation").digest()
    wide = b"".join(hashlib.blake2b(digest, digest_size=64, salt=bytes([part])).digest() for part in range(4))
    return base62(int.from_bytes(wide), POOL_CHARS).encode()
