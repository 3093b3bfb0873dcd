"""OpenAI's legacy completions: `POST /v1/completions`, streamed and not.

Pure. What a request may say is in `completions_schema`. Each prompt is completed `n` times, choice by choice in the
order of the prompts; with `best_of` more are made, and those with the likeliest tokens are given.
"""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import attrs
import orjson

from llmsim.errors import ClientError, ContextOverflow
from llmsim.profile import Profile
from llmsim.simulation.plan import Plan
from llmsim.turn import Message, Reasoning, TurnRequest
from llmsim.wire import sse
from llmsim.wire.base import Frame, Parsed, Refusal
from llmsim.wire.ids import COMPLETION, request_id
from llmsim.wire.openai import errors
from llmsim.wire.openai.chat.wire import request_digest
from llmsim.wire.openai.completions.choices import given
from llmsim.wire.openai.completions.schema import check_completion, messages_of, prompts_in
from llmsim.wire.openai.http import JSON, STANDARD, check_exactly, deployed, read_object, visible

DEFAULT_MAX_TOKENS = 16


@attrs.frozen
class OpenAICompletions:
    """The dialect. `lenient`: unknown keys are accepted; `deployment`: the model where a request names none."""

    dialect: str = "openai.completions"
    lenient: bool = False
    deployment: str | None = None

    def parse(self, body: bytes, _headers: Mapping[str, str]) -> Parsed:
        """Read a request body.

        Raises:
            ClientError: whatever is wrong with it.
        """
        amend = partial(deployed, self.deployment)
        asked = amend(read_object(body))
        check_exactly(asked, body, partial(check_completion, lenient=self.lenient), amend)
        digest = request_digest({**asked, "prompt": prompts_in(asked)})
        return self.restore(_params(asked), messages_of(asked.get("prompt")), digest)

    def check(self, _parsed: Parsed, _profile: Profile) -> None:
        """Every model takes whatever can be asked here."""

    def restore(self, params: dict[str, Any], messages: tuple[Message, ...], digest: bytes) -> Parsed:
        """The request again, from what the store kept of it."""
        request = TurnRequest(
            model=params["model"],
            messages=messages,
            digest=digest,
            stream=params["stream"],
            include_usage=params["include_usage"],
            n=max(params["n"], params["best_of"]),
            stop=tuple(params["stop"]),
            max_tokens=params["max_tokens"],
            seed=params["seed"],
            reasoning=Reasoning("none"),
            prompts=params["prompts"],
        )
        return Parsed(request, params)

    def whole(self, plan: Plan, asked: Parsed) -> bytes:
        """The body of a response that is not streamed."""
        choices = [choice.whole for choice in given(plan, asked)]
        return orjson.dumps({**_head(plan), "choices": choices, "usage": _usage(plan)})

    def frames(self, plan: Plan, asked: Parsed) -> Iterator[Frame]:
        """The frames of a stream: the prompts where they are echoed, a chunk for each piece, ends, usage, `[DONE]`."""
        head, counted = _head(plan), asked.request.include_usage
        tail = {"usage": None} if counted else {}
        choices = given(plan, asked)
        for choice in choices:
            if choice.echo:
                yield Frame(1, _event(head, choice.opening, tail))
        steps = max(1, *[len(choice.choice.pieces) for choice in choices])
        speaking = [(max(len(choice.choice.pieces), 1), choice, choice.chunks()) for choice in choices]
        for token in range(1, steps + 1):
            for length, choice, chunks in speaking:
                chunk = next(chunks, None)
                if chunk is not None:
                    yield Frame(token, _event(head, chunk, tail))
                if token == length:
                    yield Frame(token, _event(head, choice.last, tail))
        if counted:
            yield Frame(steps, sse.event(orjson.dumps({**head, "choices": [], "usage": _usage(plan)})), sealed=True)
        yield Frame(steps, sse.DONE, sealed=True)

    def headers(self, plan: Plan, asked: Parsed) -> tuple[tuple[str, str], ...]:
        """The provider's response headers; the processing time is the planned one, in whole milliseconds."""
        streamed = asked.request.stream
        took_us = plan.timeline.ttft_us if streamed else plan.timeline.total_us
        return (
            ("content-type", sse.CONTENT_TYPE if streamed else JSON),
            *STANDARD,
            ("openai-model", visible(plan.model)),
            ("openai-processing-ms", str(took_us // 1000)),
            ("x-request-id", request_id(plan.unique[16:])),
        )

    def refuse(self, error: ClientError, request_digest: bytes) -> Refusal:
        """An error in OpenAI's envelope."""
        if isinstance(error, ContextOverflow):
            error = ClientError(
                f"This model's maximum context length is {error.window} tokens, however you requested "
                f"{error.tokens + error.wanted} tokens ({error.tokens} in your prompt; {error.wanted} for the "
                "completion). Please reduce your prompt; or completion length."
            )
        return errors.refuse(error, request_digest)


def _params(asked: Mapping[str, Any]) -> dict[str, Any]:
    """What of a request is kept with its turn, with every default in its place."""
    stop = asked.get("stop") or []
    longest = asked.get("max_tokens")
    return {
        "model": asked["model"],
        "prompts": prompts_in(asked),
        "stream": bool(asked.get("stream")),
        "include_usage": bool((asked.get("stream_options") or {}).get("include_usage")),
        "n": asked.get("n") or 1,
        "best_of": asked.get("best_of") or 1,
        "stop": [stop] if isinstance(stop, str) else stop,
        "max_tokens": DEFAULT_MAX_TOKENS if longest is None else longest,
        "seed": asked.get("seed"),
        "echo": bool(asked.get("echo")),
        "logprobs": asked.get("logprobs"),
    }


def _head(plan: Plan) -> dict[str, Any]:
    """What a body and every chunk say first."""
    name = COMPLETION.make(plan.pod, plan.place.session, plan.unique)
    return {"id": name, "object": "text_completion", "created": plan.created, "model": plan.model}


def _usage(plan: Plan) -> dict[str, int]:
    """The tokens of all prompts and of all that was made, given or not."""
    usage = plan.usage
    return {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.total_tokens,
    }


def _event(head: Mapping[str, Any], choice: dict[str, Any], tail: Mapping[str, None]) -> bytes:
    return sse.event(orjson.dumps({**head, "choices": [choice], **tail}))
