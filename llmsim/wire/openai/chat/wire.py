"""OpenAI Chat Completions: `POST /v1/chat/completions`, streamed and not.

Pure. Key order and nulls are those of recorded responses. What a request may say is in `schema`, what a stream says in
`stream`.
"""

import hashlib
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import attrs
import orjson

from llmsim.errors import ClientError
from llmsim.profile import Profile
from llmsim.simulation.plan import Plan
from llmsim.turn import DIGEST_BYTES, Message, Reasoning, TurnRequest
from llmsim.wire import sse
from llmsim.wire.base import Frame, Held, Parsed, Refusal
from llmsim.wire.ids import chat_completion_id, request_id
from llmsim.wire.openai import errors
from llmsim.wire.openai.chat import stream
from llmsim.wire.openai.chat.choices import Manner, whole
from llmsim.wire.openai.chat.messages import messages_of
from llmsim.wire.openai.chat.models import OF_SAMPLING, check_model
from llmsim.wire.openai.chat.schema import check_chat
from llmsim.wire.openai.chat.tools import check_json_asked, check_results, chosen, format_of, offered
from llmsim.wire.openai.http import JSON, STANDARD, canonical, check_exactly, deployed, read_object
from llmsim.wire.openai.responses.requests import check_storable

UNSPOKEN = frozenset({"messages", "stream", "stream_options"})
"""Keys that are no part of the request's digest: the messages are in its place, and how it is sent changes no word."""
KEPT_KEYS = (
    "tools",
    "tool_choice",
    "parallel_tool_calls",
    "functions",
    "function_call",
    "response_format",
    "logprobs",
    "top_logprobs",
    "reasoning_effort",
    "store",
    *OF_SAMPLING,
)
"""Keys that are kept with the turn as they were given, where they were."""
KEPT = Held()
"""What is remembered of a request that is to be stored: its completion."""
TIERS = {"flex": "flex", "scale": "scale", "priority": "priority", "fast": "priority"}
"""The service tier that a response names, for those that are not the default."""


HEAD = b'{"id":"%b","object":"%b","created":%d,"model":%b'
TAIL = b',"service_tier":"%b","system_fingerprint":"fp_%b"'
USAGE = (
    b'"usage":{"prompt_tokens":%d,"completion_tokens":%d,"total_tokens":%d,'
    b'"prompt_tokens_details":{"cached_tokens":%d,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":%d,'
    b'"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}}'
)
"""The JSON of a response, in the key order of recorded ones; only texts from outside need a JSON writer."""


@attrs.frozen
class OpenAIChat:
    """The dialect. `lenient`: unknown keys are accepted; `deployment`: the model where a request names none."""

    dialect: str = "openai.chat"
    lenient: bool = False
    deployment: str | None = None

    def parse(self, body: bytes, _headers: Mapping[str, str]) -> Parsed:
        """Read a request body; faults are found in OpenAI's order.

        Raises:
            ClientError: whatever is wrong with it.
        """
        amend = partial(deployed, self.deployment)
        asked = amend(read_object(body))
        check_exactly(asked, body, partial(check_chat, lenient=self.lenient), amend)
        messages = messages_of(asked["messages"])
        check_results(messages)
        check_json_asked(asked, messages)
        return self.restore(_params(asked), messages, request_digest(asked))

    def check(self, parsed: Parsed, profile: Profile) -> None:
        """Look whether the model takes the request; raises ClientError."""
        check_model(parsed.params, profile)

    def restore(self, params: dict[str, Any], messages: tuple[Message, ...], digest: bytes) -> Parsed:
        """The request again, from what the store kept of it."""
        request = TurnRequest(
            model=params["model"],
            messages=messages,
            digest=digest,
            stream=params["stream"],
            include_usage=params["include_usage"],
            n=params["n"],
            stop=tuple(filter(None, params["stop"])),
            max_tokens=params["max_tokens"],
            seed=params["seed"],
            tools=offered(params),
            tool_choice=chosen(params),
            format=format_of(params),
            reasoning=Reasoning(params.get("reasoning_effort")),
        )
        return Parsed(request, params, KEPT if params.get("store") else None)

    def whole(self, plan: Plan, asked: Parsed) -> bytes:
        """The body of a response that is not streamed."""
        manner = Manner.of(asked)
        choices = [whole(plan, index, manner) for index in range(len(plan.choices))]
        head, tail = _head(b"chat.completion", plan), _tail(plan, asked)
        return b"".join((head, b',"choices":[', b",".join(choices), b"],", _usage(plan), tail, b"}"))

    def frames(self, plan: Plan, asked: Parsed) -> Iterator[Frame]:
        """The frames of a stream: roles with the first token, a chunk for each piece, ends, usage, `[DONE]`."""
        usage = _usage(plan) if asked.request.include_usage else b""
        head = _head(b"chat.completion.chunk", plan) + _tail(plan, asked)
        return stream.frames(plan, head, usage, Manner.of(asked), obfuscated=asked.params["obfuscation"])

    def headers(self, plan: Plan, asked: Parsed) -> tuple[tuple[str, str], ...]:
        """The provider's response headers; the processing time is the planned one, in whole milliseconds."""
        streamed = asked.request.stream
        took_us = plan.timeline.ttft_us if streamed else plan.timeline.total_us
        return (
            ("content-type", sse.CONTENT_TYPE if streamed else JSON),
            *STANDARD,
            ("openai-processing-ms", str(took_us // 1000)),
            ("x-request-id", request_id(plan.unique[16:])),
        )

    def refuse(self, error: ClientError, request_digest: bytes) -> Refusal:
        """An error in OpenAI's envelope."""
        return errors.refuse(error, request_digest)


def request_digest(asked: Mapping[str, Any]) -> bytes:
    """16 bytes for everything that was asked besides the messages and how they are sent; nulls count as absent.

    Raises:
        ClientError: a value is nested too deeply.
    """
    spoken = {key: value for key, value in asked.items() if key not in UNSPOKEN and value is not None}
    return hashlib.blake2b(canonical(spoken), digest_size=DIGEST_BYTES).digest()


def _params(asked: Mapping[str, Any]) -> dict[str, Any]:
    """What of a request is kept with its turn, with every default in its place."""
    options = asked.get("stream_options") or {}
    stop = asked.get("stop") or []
    longest = asked.get("max_completion_tokens")
    found = {key: asked[key] for key in KEPT_KEYS if asked.get(key) is not None}
    if longest is None and asked.get("max_tokens") is not None:
        found["limited"] = "max_tokens"
    if asked.get("store"):
        found["messages"] = asked["messages"]
        check_storable(found)
    return found | {
        "model": asked["model"],
        "stream": bool(asked.get("stream")),
        "include_usage": bool(options.get("include_usage")),
        "obfuscation": options.get("include_obfuscation") is not False,
        "n": asked.get("n") or 1,
        "stop": [stop] if isinstance(stop, str) else stop,
        "max_tokens": asked.get("max_tokens") if longest is None else longest,
        "seed": asked.get("seed"),
        "service_tier": TIERS.get(asked.get("service_tier") or "", "default"),
        "metadata": asked.get("metadata") or {},
    }


def _head(kind: bytes, plan: Plan) -> bytes:
    """What a body and every chunk say first."""
    return HEAD % (chat_completion_id(plan).encode(), kind, plan.created, orjson.dumps(plan.model))


def _tail(plan: Plan, asked: Parsed) -> bytes:
    """What a body says last, and every chunk after its head."""
    return TAIL % (asked.params["service_tier"].encode(), plan.fingerprint.hex().encode())


def _usage(plan: Plan) -> bytes:
    usage = plan.usage
    counts = (usage.prompt_tokens, usage.completion_tokens, usage.total_tokens)
    return USAGE % (*counts, usage.cached_tokens, usage.reasoning_tokens)
