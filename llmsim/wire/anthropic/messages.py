"""Anthropic Messages: `POST /v1/messages`, streamed and not, under both versions of the API.

Pure. What a request may say is in `schema` and `conversation`, what a response says in `reply` and `stream`. What a
request is under (version, betas) is in its headers.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import attrs
import orjson

from llmsim.errors import ClientError
from llmsim.profile import DEFAULT, Profile
from llmsim.simulation.plan import Plan
from llmsim.turn import (
    CallNames,
    Choosing,
    Format,
    Message,
    Reasoning,
    ToolChoice,
    TurnRequest,
)
from llmsim.wire import sse
from llmsim.wire.anthropic import errors, http, reply, stream, usage
from llmsim.wire.anthropic.content import messages_of, tools_of
from llmsim.wire.anthropic.conversation import check_conversation
from llmsim.wire.anthropic.schema import check_count, check_messages
from llmsim.wire.base import Frame, Held, Parsed, Refusal
from llmsim.wire.ids import BASE58

UNSPOKEN = frozenset({"messages", "system", "stream", "thread"})
"""Keys that are no part of the request's digest: what is said is in its place, and how it is sent changes no word."""
CALLS = CallNames("toolu_01", 22, BASE58)
"""Source: recorded responses."""
ADAPTIVE_EFFORT = "high"
"""How much a model thinks that decides by itself, where the request names no effort. Source: effort guide."""
CHOOSING = {"auto": Choosing.AUTO, "any": Choosing.REQUIRED, "tool": Choosing.REQUIRED, "none": Choosing.NONE}
UNSUPPORTED_IN_THREADS = ("context_management", "fallbacks")


@attrs.frozen
class AnthropicMessages:
    """The dialect. `lenient`: unknown keys are accepted."""

    dialect: str = "anthropic.messages"
    lenient: bool = False

    def parse(self, body: bytes, headers: Mapping[str, str]) -> Parsed:
        """Read a request body; faults are found in Anthropic's order.

        Raises:
            ClientError: whatever is wrong with it, or with its headers.
        """
        version = http.version_of(headers)
        return self.parse_object(http.read_object(body), version, http.betas_of(headers))

    def parse_object(self, asked: Mapping[str, Any], version: str, betas: tuple[str, ...]) -> Parsed:
        """Read a request; raises as `parse`."""
        check_messages(asked, version, betas, lenient=self.lenient)
        thread = asked.get("thread")
        goes_on = thread is not None and thread["type"] == "continue"
        check_conversation(asked, goes_on=goes_on)
        params = params_of(asked, betas)
        said = messages_of(asked.get("system"), asked["messages"])
        return self.restore(params, said, request_digest(asked))

    def parse_count(self, body: bytes, headers: Mapping[str, str]) -> TurnRequest:
        """Read a request for a count of tokens; raises as `parse`."""
        version = http.version_of(headers)
        asked = http.read_object(body)
        check_count(asked, version, http.betas_of(headers), lenient=self.lenient)
        check_conversation(asked, goes_on=False)
        said = messages_of(asked.get("system"), asked["messages"])
        params = params_of({**asked, "max_tokens": 0}, ())
        return self.restore(params, said, request_digest(asked)).request

    def check(self, parsed: Parsed, profile: Profile) -> None:
        """Look whether the model can say so much; raises ClientError."""
        wanted = parsed.params["max_tokens"]
        if wanted > profile.max_output and profile.name != DEFAULT:
            limit = f"{profile.max_output}, which is the maximum allowed number of output tokens"
            raise ClientError(f"max_tokens: {wanted} > {limit} for {parsed.params['model']}")

    def restore(self, params: dict[str, Any], messages: tuple[Message, ...], digest: bytes) -> Parsed:
        """The request again, from what the store kept of it."""
        schema = params["format"]
        request = TurnRequest(
            model=params["model"],
            messages=messages,
            digest=digest,
            stream=params["stream"],
            include_usage=True,
            stop=tuple(params["stop"]),
            max_tokens=params["max_tokens"],
            tools=tools_of(params["tools"]),
            tool_choice=choice_of(params["tool_choice"]),
            format=None if schema is None else Format(schema, strict=True),
            reasoning=Reasoning(params["effort"], params["thinks"], params["budget_tokens"]),
            call_names=CALLS,
        )
        thread = params["thread"]
        if thread is None:
            return Parsed(request, params)
        return Parsed(request, params, Held(previous=thread["previous_message_id"], at=thread["at"]))

    def whole(self, plan: Plan, asked: Parsed) -> bytes:
        """The body of a response that is not streamed."""
        return orjson.dumps(reply.whole(plan, asked.params))

    def frames(self, plan: Plan, asked: Parsed) -> Iterator[Frame]:
        """The frames of a streamed response."""
        return stream.frames(plan, asked.params)

    def headers(self, plan: Plan, asked: Parsed) -> tuple[tuple[str, str], ...]:
        """The provider's response headers; the upstream time is the planned one, in whole milliseconds."""
        streamed = asked.request.stream
        took_us = plan.timeline.ttft_us if streamed else plan.timeline.total_us
        return (
            ("content-type", sse.CONTENT_TYPE if streamed else http.JSON),
            *([("cache-control", "no-cache")] if streamed else []),
            *http.standard(http.request_id(plan.unique[16:])),
            ("x-envoy-upstream-service-time", str(took_us // 1000)),
        )

    def refuse(self, error: ClientError, request_digest: bytes) -> Refusal:
        """An error in Anthropic's envelope."""
        return errors.refuse(error, request_digest)


def request_digest(asked: Mapping[str, Any]) -> bytes:
    """16 bytes for everything that was asked besides what was said and how it is sent; nulls count as absent.

    What a thread goes on from is part of it: its tools are not in the request.

    Raises:
        ClientError: a value is nested too deeply.
    """
    spoken = {key: value for key, value in asked.items() if key not in UNSPOKEN and value is not None}
    previous = (asked.get("thread") or {}).get("previous_message_id")
    return http.digest_of(spoken if previous is None else spoken | {"thread": previous})


def params_of(asked: Mapping[str, Any], betas: tuple[str, ...]) -> dict[str, Any]:
    """What of a request is kept with its turn, with every default in its place.

    A model that decides by itself how much it thinks leaves half of its tokens for what it says.

    Raises:
        ClientError: a value is nested too deeply.
    """
    thinking = asked.get("thinking") or {"type": "disabled"}
    thinks = thinking["type"] in {"enabled", "adaptive"}
    output = asked.get("output_config") or {}
    schema = output.get("format") or asked.get("output_format")
    effort = output.get("effort") or ADAPTIVE_EFFORT
    most = int(asked["max_tokens"])
    budget = int(thinking["budget_tokens"]) if thinks and "budget_tokens" in thinking else most // 2
    params = {
        "model": asked["model"],
        "stream": bool(asked.get("stream")),
        "max_tokens": most,
        "stop": asked.get("stop_sequences") or [],
        "tools": asked.get("tools") or [],
        "tool_choice": asked.get("tool_choice"),
        "format": None if schema is None else schema["schema"],
        "thinks": thinks,
        "display": thinking.get("display") or "summarized",
        "effort": effort if thinking["type"] == "adaptive" else "medium" if thinks else "none",
        "budget_tokens": budget,
        "cache": usage.places_of(asked),
        "service_tier": "standard",
        "inference_geo": asked.get("inference_geo"),
        "speed": asked.get("speed"),
        "manages_context": asked.get("context_management") is not None,
        "user_id": (asked.get("metadata") or {}).get("user_id"),
        "thread": thread_of(asked, betas),
    }
    if asked.get("diagnostics") is not None:
        params["previous_message_id"] = asked["diagnostics"].get("previous_message_id")
    http.canonical(params)
    return params


def thread_of(asked: Mapping[str, Any], betas: tuple[str, ...]) -> dict[str, Any] | None:
    """What a request says of the thread that it begins or goes on in: from where, and what must stay the same.

    `at` is how many of its messages, the system prompt, stand before those that are remembered; `fixed` has digests.

    Raises:
        ClientError: it asks for something that threads do not support.
    """
    thread = asked.get("thread")
    if thread is None:
        return None
    unsupported = [key for key in UNSUPPORTED_IN_THREADS if asked.get(key)]
    if "block_binding" in (asked.get("thinking") or {}):
        unsupported.append("thinking")
    if unsupported:
        raise errors.thread_unsupported(unsupported)
    fixed = {key: asked.get(key) for key in ("model", "thinking", "tool_choice", "cache_control")}
    fixed["anthropic-beta"] = list(betas)
    given = {key: asked[key] for key in ("system", "tools") if asked.get(key) is not None}
    return {
        "previous_message_id": thread.get("previous_message_id"),
        "at": len(messages_of(asked.get("system"), ())),
        "fixed": {key: http.digest_of(value, 8).hex() for key, value in (fixed | given).items()},
    }


def choice_of(choice: Mapping[str, Any] | None) -> ToolChoice:
    """Which tools may be called."""
    if choice is None:
        return ToolChoice()
    names = (choice["name"],) if choice["type"] == "tool" else ()
    return ToolChoice(CHOOSING[choice["type"]], names, parallel=not choice.get("disable_parallel_tool_use"))
