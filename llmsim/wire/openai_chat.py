"""OpenAI Chat Completions: `POST /v1/chat/completions`, streamed and not.

Pure. Key order and nulls are those of recorded responses. A stream is, for each choice, a chunk with the role, one for
each token, and one with the finish reason; choices interleave by step; `[DONE]` ends it.
"""

import hashlib
from collections.abc import Iterator
from typing import Any

import attrs
import orjson

from llmsim.errors import ClientError
from llmsim.simulation.plan import Choice, Plan
from llmsim.turn import Message, TurnRequest
from llmsim.wire import openai_errors, sse
from llmsim.wire.base import Frame, Parsed, Refusal
from llmsim.wire.ids import base62, chat_completion_id, request_id
from llmsim.wire.openai_messages import parse_messages
from llmsim.wire.openai_validation import CHAT, check_keys

UNSPOKEN = frozenset({"messages", "stream", "stream_options"})
"""Keys that are no part of the request's digest: the messages are in its place, and how it is sent changes no word."""
TIERS = {"flex": "flex", "scale": "scale", "priority": "priority", "fast": "priority"}
"""The service tier that a response names, for those that are not the default."""
VERSION = "2020-10-01"
ORGANIZATION = "org-llmsim"
OBFUSCATION = b',"obfuscation":"'
OBFUSCATION_STEP = 16
"""A chunk's JSON is padded to 1 more than a multiple of this many characters; measured on recorded streams."""
POOL_CHARS = 342
"""256 bytes in base 62, from which each chunk takes another stretch."""


@attrs.frozen
class OpenAIChat:
    """The dialect; it has no state."""

    dialect: str = "openai.chat"

    def parse(self, body: bytes) -> Parsed:
        """Read a request body; faults are found in OpenAI's order: JSON, model, messages, then the other keys.

        Raises:
            ClientError: whatever is wrong with it.
        """
        asked = read_object(body)
        if asked.get("model") is None:
            raise ClientError("you must provide a model parameter")
        if asked.get("messages") is None:
            raise openai_errors.missing("messages")
        check_keys(asked, CHAT)
        messages = parse_messages(asked["messages"])
        options = asked.get("stream_options") or {}
        if asked.get("stream_options") is not None and not asked.get("stream"):
            raise ClientError("The 'stream_options' parameter is only allowed when 'stream' is enabled.",
                              param="stream_options")
        stop = asked.get("stop")
        most = asked.get("max_completion_tokens")
        params: dict[str, Any] = {
            "model": asked["model"],
            "stream": bool(asked.get("stream")),
            "include_usage": bool(options.get("include_usage")),
            "obfuscation": options.get("include_obfuscation") is not False,
            "n": asked.get("n") or 1,
            "stop": [stop] if isinstance(stop, str) else stop or [],
            "max_tokens": most if most is not None else asked.get("max_tokens"),
            "seed": asked.get("seed"),
            "service_tier": TIERS.get(asked.get("service_tier") or "", "default"),
        }
        return self.restore(params, messages, request_digest(asked))

    def restore(self, params: dict[str, Any], messages: tuple[Message, ...], digest: bytes) -> Parsed:
        """The request again, from what the store kept of it."""
        request = TurnRequest(
            model=params["model"],
            messages=messages,
            digest=digest,
            stream=params["stream"],
            include_usage=params["include_usage"],
            n=params["n"],
            stop=tuple(text for text in params["stop"] if text),
            max_tokens=params["max_tokens"],
            seed=params["seed"],
        )
        return Parsed(request, params)

    def whole(self, plan: Plan, asked: Parsed) -> bytes:
        """The body of a response that is not streamed."""
        return orjson.dumps(
            {
                "id": chat_completion_id(plan),
                "object": "chat.completion",
                "created": plan.created,
                "model": plan.model,
                "choices": [_choice(index, choice) for index, choice in enumerate(plan.choices)],
                "usage": _usage(plan),
                "service_tier": asked.params["service_tier"],
                "system_fingerprint": fingerprint(plan),
            }
        )

    def frames(self, plan: Plan, asked: Parsed) -> Iterator[Frame]:
        """The frames of a stream: roles with the first token, a chunk for each piece, ends, usage, `[DONE]`."""
        chunks = _Chunks(plan, asked)
        steps = max(len(choice.pieces) for choice in plan.choices)
        for index in range(len(plan.choices)):
            yield Frame(1, chunks.delta(index, b'{"role":"assistant","content":"","refusal":null}'))
        for step in range(steps):
            for index, choice in enumerate(plan.choices):
                if step < len(choice.pieces) and choice.pieces[step]:
                    content = orjson.dumps(choice.pieces[step])
                    yield Frame(step + 1, chunks.delta(index, b'{"content":' + content + b"}"))
                if step == len(choice.pieces) - 1:
                    yield Frame(step + 1, chunks.finish(index, choice))
        for index, choice in enumerate(plan.choices):
            if not choice.pieces:
                yield Frame(1, chunks.finish(index, choice))
        if asked.request.include_usage:
            yield Frame(steps, chunks.usage())
        yield Frame(steps, sse.DONE)

    def headers(self, plan: Plan, asked: Parsed) -> tuple[tuple[str, str], ...]:
        """The provider's response headers; the processing time is the planned one, in whole milliseconds."""
        streamed = asked.request.stream
        took_us = plan.timeline.ttft_us if streamed else plan.timeline.total_us
        return (
            ("content-type", sse.CONTENT_TYPE if streamed else openai_errors.JSON),
            ("openai-organization", ORGANIZATION),
            ("openai-processing-ms", str(took_us // 1000)),
            ("openai-version", VERSION),
            ("x-request-id", request_id(plan.unique[16:])),
        )

    def refuse(self, error: ClientError, request_digest: bytes) -> Refusal:
        """An error in OpenAI's envelope."""
        return openai_errors.refuse(error, request_digest)


class _Chunks:
    """The chunks of one stream: all that is the same in each is put together once."""

    def __init__(self, plan: Plan, asked: Parsed) -> None:
        head = {
            "id": chat_completion_id(plan),
            "object": "chat.completion.chunk",
            "created": plan.created,
            "model": plan.model,
            "service_tier": asked.params["service_tier"],
            "system_fingerprint": fingerprint(plan),
        }
        self._plan = plan
        self._head = orjson.dumps(head)[:-1]
        self._usage = b',"usage":null' if asked.request.include_usage else b""
        self._pool = _pool(plan) if asked.params["obfuscation"] else None
        self._made = 0

    def delta(self, index: int, delta: bytes, finish: bytes = b"null") -> bytes:
        """A chunk with one choice; `delta` and `finish` are JSON."""
        parts = (b',"choices":[{"index":%d,"delta":' % index, delta, b',"logprobs":null,"finish_reason":', finish, b"}]")
        return self._closed(self._head + b"".join(parts) + self._usage)

    def finish(self, index: int, choice: Choice) -> bytes:
        """The last chunk of a choice."""
        return self.delta(index, b"{}", orjson.dumps(choice.finish_reason.value))

    def usage(self) -> bytes:
        """The chunk that counts."""
        return self._closed(self._head + b',"choices":[],"usage":' + orjson.dumps(_usage(self._plan)))

    def _closed(self, text: bytes) -> bytes:
        """The event; its JSON has 1 mod 16 characters with the obfuscation that recorded streams carry."""
        if self._pool is None:
            return sse.event(text + b"}")
        self._made += 1
        characters = len(text) if text.isascii() else len(text.decode())
        missing = -(characters + len(OBFUSCATION) + 2 - 1) % OBFUSCATION_STEP or OBFUSCATION_STEP
        at = self._made * 7 % (POOL_CHARS - OBFUSCATION_STEP)
        return sse.event(text + OBFUSCATION + self._pool[at : at + missing] + b'"}')


def read_object(body: bytes) -> dict[str, Any]:
    """The JSON object of a request body.

    Raises:
        ClientError: it is none.
    """
    try:
        asked = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise ClientError(openai_errors.NOT_JSON) from None
    if not isinstance(asked, dict):
        raise ClientError(openai_errors.NOT_JSON)
    return asked


def request_digest(asked: dict[str, Any]) -> bytes:
    """16 bytes for everything that was asked besides the messages and how they are sent; nulls count as absent."""
    spoken = {key: value for key, value in asked.items() if key not in UNSPOKEN and value is not None}
    return hashlib.blake2b(orjson.dumps(spoken, option=orjson.OPT_SORT_KEYS), digest_size=16).digest()


def fingerprint(plan: Plan) -> str:
    """`system_fingerprint`: `fp_` and 10 hex digits."""
    return "fp_" + plan.fingerprint.hex()


def _choice(index: int, choice: Choice) -> dict[str, Any]:
    return {
        "index": index,
        "message": {"role": "assistant", "content": choice.text, "refusal": None, "annotations": []},
        "logprobs": None,
        "finish_reason": choice.finish_reason.value,
    }


def _usage(plan: Plan) -> dict[str, Any]:
    usage = plan.usage
    return {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.total_tokens,
        "prompt_tokens_details": {"cached_tokens": usage.cached_tokens, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": 0,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


def _pool(plan: Plan) -> bytes:
    """Characters to obfuscate with, from the plan's identity."""
    digest = hashlib.blake2b(plan.unique, digest_size=64, person=b"obfuscation").digest()
    wide = b"".join(hashlib.blake2b(digest, digest_size=64, salt=bytes([part])).digest() for part in range(4))
    return base62(int.from_bytes(wide), POOL_CHARS).encode()
