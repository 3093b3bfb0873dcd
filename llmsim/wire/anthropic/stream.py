"""The events of a streamed message, from a plan: which there are, at which token each may leave, and their bytes.

Pure; knows no time. A message begins, its blocks follow one another (start, deltas, stop), and it ends twice: with the
reason and the usage, and for good. A delta holds several tokens, as recorded ones do; the first one of a message holds
one, so that it is there when the first token is. JSON is padded with blanks, drawn from the plan's identity.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson

from llmsim.simulation.plan import Plan
from llmsim.wire.anthropic import reply, signature, usage
from llmsim.wire.base import Frame

PING = b'event: ping\ndata: {"type": "ping"}\n\n'
FEWEST, MOST = 3, 11
"""Tokens of a delta: two to eight words. Source: recorded streams."""
BLANKS = 16
"""An event is padded by fewer blanks than this."""
SAID_AT_FIRST = 8
"""Output tokens that a message counts when it begins: 1 to this many. Source: recorded streams."""


def frames(plan: Plan, params: Mapping[str, Any]) -> Iterator[Frame]:
    """The frames of a stream."""
    chance = _Chance(plan)
    choice = plan.choices[0]
    first = min(1 + chance.next() % SAID_AT_FIRST, plan.usage.completion_tokens)
    message = reply.head(plan) | {"content": [], "stop_reason": None, "stop_sequence": None}
    message |= {"usage": usage.usage_of(plan, params, first)} | reply.extras(params)
    yield Frame(1, chance.event({"type": "message_start", "message": message}))
    pinged = False
    for frame in _blocks(plan, params, chance):
        yield frame
        if not pinged:
            yield Frame(frame.token, PING)
            pinged = True
    end = max(choice.tokens, 1)
    reason, sequence = reply.stop(choice, params)
    delta = {"stop_reason": reason, "stop_sequence": sequence} | reply.details(choice)
    counted = usage.counts(plan, params) | {"output_tokens": plan.usage.completion_tokens}
    counted |= usage.thought(plan, params)
    ended = {"type": "message_delta", "delta": delta, "usage": counted} | reply.edits(params)
    yield Frame(end, chance.event(ended), sealed=True)
    yield Frame(end, chance.event({"type": "message_stop"}), sealed=True)


def _blocks(plan: Plan, params: Mapping[str, Any], chance: "_Chance") -> Iterator[Frame]:
    choice = plan.choices[0]
    index, token = 0, 0
    if choice.reasoning:
        start = {"type": "thinking", "thinking": "", "signature": ""}
        thought = reply.shown("".join(choice.reasoning), params)
        pieces = choice.reasoning if thought else ()
        yield chance.start(index, 1, start)
        yield from chance.deltas(index, token, pieces, "thinking_delta", "thinking")
        token += len(choice.reasoning)
        signed = {"type": "signature_delta", "signature": signature.sign(thought, plan.unique)}
        yield chance.delta(index, token, signed)
        yield chance.stop(index, token)
        index += 1
    if choice.text:
        yield chance.start(index, token + 1, {"type": "text", "text": ""})
        yield from chance.deltas(index, token, choice.pieces, "text_delta", "text")
        yield chance.stop(index, token + len(choice.pieces))
        index += 1
    token += len(choice.pieces)
    for call in choice.calls:
        begun = max(token + bool(call.pieces), 1)
        yield chance.start(index, begun, reply.tool_use(call, {}))
        yield chance.delta(index, begun, {"type": "input_json_delta", "partial_json": ""})
        yield from chance.deltas(index, token, call.pieces, "input_json_delta", "partial_json")
        token += len(call.pieces)
        yield chance.stop(index, max(token, 1))
        index += 1


class _Chance:
    """The events of one stream, with what is drawn for them: how much a delta holds, how an event is padded."""

    def __init__(self, plan: Plan) -> None:
        self._key = plan.unique
        self._drawn = b""
        self._at = 0
        self._first = True

    def next(self) -> int:
        """The next byte of the substream."""
        if self._at % 64 == 0:
            block = (self._at // 64).to_bytes(4)
            self._drawn = hashlib.blake2b(block, key=self._key, digest_size=64, person=b"padding").digest()
        self._at += 1
        return self._drawn[(self._at - 1) % 64]

    def event(self, said: dict[str, Any]) -> bytes:
        """An event, with blanks before the last brace of its JSON."""
        blanks = b" " * (self.next() % BLANKS)
        return b"event: %b\ndata: %b%b}\n\n" % (said["type"].encode(), orjson.dumps(said)[:-1], blanks)

    def start(self, index: int, token: int, block: dict[str, Any]) -> Frame:
        """A block begins."""
        return Frame(token, self.event({"type": "content_block_start", "index": index, "content_block": block}))

    def delta(self, index: int, token: int, delta: dict[str, Any]) -> Frame:
        """A piece of a block."""
        return Frame(token, self.event({"type": "content_block_delta", "index": index, "delta": delta}))

    def stop(self, index: int, token: int) -> Frame:
        """A block ends."""
        return Frame(token, self.event({"type": "content_block_stop", "index": index}))

    def deltas(self, index: int, before: int, pieces: Sequence[str], kind: str, key: str) -> Iterator[Frame]:
        """The pieces of a block, several in a delta; each leaves with its last token."""
        at = 0
        while at < len(pieces):
            count = 1 if self._first else FEWEST + self.next() % (MOST - FEWEST + 1)
            text = "".join(pieces[at : at + count])
            at = min(at + count, len(pieces))
            if text:
                self._first = False
                yield self.delta(index, before + at, {"type": kind, key: text})
