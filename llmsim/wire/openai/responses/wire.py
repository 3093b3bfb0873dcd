"""OpenAI Responses: `POST /v1/responses`, streamed, whole and in the background.

Pure. What a request may say is in `schema`, its items in `items`, a response in `resource`, its stream in `stream`.
What earlier responses and conversations said is not known here: `Parsed.held` names it, and who knows it puts it in
its place.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import Any

import attrs

from llmsim.errors import ClientError, ContextOverflow, UnknownModel
from llmsim.profile import Profile
from llmsim.simulation.plan import Plan
from llmsim.turn import DIGEST_BYTES, Format, Message, Reasoning, Role, TurnRequest, unmarked
from llmsim.wire import sse
from llmsim.wire.base import Frame, Held, Parsed, Refusal
from llmsim.wire.ids import request_id
from llmsim.wire.openai import errors
from llmsim.wire.openai.http import JSON, STANDARD, canonical, check_exactly
from llmsim.wire.openai.responses import errors as responses_errors
from llmsim.wire.openai.responses import items, stream
from llmsim.wire.openai.responses.models import check_model
from llmsim.wire.openai.responses.params import params_of
from llmsim.wire.openai.responses.requests import check_storable, read
from llmsim.wire.openai.responses.resource import QUEUED, body, final_status, resource
from llmsim.wire.openai.responses.schema import check_responses
from llmsim.wire.openai.responses.stored_items import Item
from llmsim.wire.openai.responses.tools import callable_tools, choice_of

UNSPOKEN = frozenset({"input", "instructions", "stream", "stream_options"})
"""Keys that are no part of the request's digest: what is said is in its place, and how it is sent changes no word."""


@attrs.frozen
class OpenAIResponses:
    """The dialect. `lenient`: unknown keys are accepted; `done`: streams end with `[DONE]`, as those of chat do."""

    dialect: str = "openai.responses"
    lenient: bool = False
    done: bool = False

    def parse(self, body: bytes, _headers: Mapping[str, str]) -> Parsed:
        """Read a request body; faults are found in OpenAI's order.

        Raises:
            ClientError: whatever is wrong with it.
        """
        asked = read(body)
        check_exactly(asked, body, partial(check_responses, lenient=self.lenient))
        return self.understood(asked)

    def understood(self, asked: Mapping[str, Any]) -> Parsed:
        """A request whose keys were checked.

        Raises:
            ClientError: it says nothing, or what it says does not fit together.
        """
        params = params_of(asked)
        said = items.normalised(asked.get("input") or ())
        held = held_of(params, items.references(said))
        if not said and not (held.previous or held.conversation):
            raise responses_errors.nothing_said()
        items.check_followed(said)
        messages = heard(params, said)
        if not (held.previous or held.conversation or held.references):
            items.check_answered(messages)
            check_json_asked(params, messages)
        if held.kept or held.conversation or held.references:
            params["input"] = said
        check_storable(params)
        return self.restore(params, messages, request_digest(asked))

    def check(self, parsed: Parsed, profile: Profile) -> None:
        """Look whether the model that this profile is takes the request.

        Raises:
            ClientError: it does not.
        """
        check_model(parsed.params, profile)

    def restore(self, params: dict[str, Any], messages: tuple[Message, ...], digest: bytes) -> Parsed:
        """The request again, from what the store kept of it."""
        tools = params["tools"]
        request = TurnRequest(
            model=params["model"],
            messages=messages,
            digest=digest,
            stream=params["stream"],
            max_tokens=params["max_output_tokens"],
            tools=callable_tools(tools),
            tool_choice=choice_of(params["tool_choice"], parallel=params["parallel_tool_calls"]),
            format=format_of(params["text"]["format"]),
            forgets=params["truncation"] == "auto",
            reasoning=Reasoning(params["reasoning"]["effort"], params["reasoning"]["summary"] is not None),
        )
        return Parsed(request, params, held_of(params, items.references(params["input"])))

    def whole(self, plan: Plan, asked: Parsed) -> bytes:
        """The body of a response that is not streamed: whole, or queued where it is made in the background."""
        status = QUEUED if asked.params["background"] else final_status(plan)
        return body(resource(plan, asked, status))

    def frames(self, plan: Plan, asked: Parsed) -> Iterator[Frame]:
        """The frames of a stream."""
        return self.resumed(plan, asked, after=-1)

    def resumed(self, plan: Plan, asked: Parsed, after: int) -> Iterator[Frame]:
        """The frames of a stream after the event of this number, with the same bytes as before."""
        return stream.frames(plan, asked, done=sse.DONE if self.done else b"", after=after)

    def headers(self, plan: Plan, asked: Parsed) -> tuple[tuple[str, str], ...]:
        """The provider's response headers; the processing time is the planned one, in whole milliseconds."""
        streamed = asked.request.stream
        took_us = plan.timeline.ttft_us if streamed else plan.timeline.total_us
        return (
            ("content-type", sse.CONTENT_TYPE if streamed else JSON),
            *STANDARD,
            ("openai-processing-ms", str(0 if asked.params["background"] else took_us // 1000)),
            ("x-request-id", request_id(plan.unique[16:])),
        )

    def refuse(self, error: ClientError, request_digest: bytes) -> Refusal:
        """An error in OpenAI's envelope, in the sentences of this API."""
        return errors.refuse(told(error), request_digest)


def told(error: ClientError) -> ClientError:
    """An error in the sentences of this API."""
    if isinstance(error, UnknownModel):
        return responses_errors.unknown_model(error.model)
    return responses_errors.context_overflow() if isinstance(error, ContextOverflow) else error


def heard(params: Mapping[str, Any], said: Iterable[Item]) -> tuple[Message, ...]:
    """What a model is told: the instructions, and these items."""
    return instructions_of(params) + items.messages_of(said)


def instructions_of(params: Mapping[str, Any]) -> tuple[Message, ...]:
    """The message that the instructions are, if there are any."""
    text = params["instructions"]
    return (Message(Role.SYSTEM, unmarked(text)),) if text else ()


def held_of(params: Mapping[str, Any], references: tuple[str, ...]) -> Held:
    """What is to be remembered of a request, and what it goes on from."""
    return Held(
        previous=params["previous_response_id"],
        conversation=params["conversation"],
        references=references,
        at=len(instructions_of(params)),
        kept=params["store"] or params["background"],
        background=params["background"],
    )


def format_of(asked: Mapping[str, Any]) -> Format | None:
    """The format of the reply, in no dialect."""
    if asked["type"] == "text":
        return None
    return Format(asked.get("schema"), strict=bool(asked.get("strict")))


def check_json_asked(params: Mapping[str, Any], messages: Iterable[Message]) -> None:
    """Look whether somebody says JSON, where any JSON object is asked for.

    To be asked of a whole context: what is remembered with what was sent.

    Raises:
        ClientError: nobody does.
    """
    if params["text"]["format"]["type"] == "json_object" and not any("json" in one.content.lower() for one in messages):
        raise responses_errors.no_json()


def request_digest(asked: Mapping[str, Any]) -> bytes:
    """16 bytes for everything that was asked besides what is said and how it is sent; nulls count as absent.

    Raises:
        ClientError: a value is nested too deeply.
    """
    spoken = {key: value for key, value in asked.items() if key not in UNSPOKEN and value is not None}
    return hashlib.blake2b(canonical(spoken), digest_size=DIGEST_BYTES).digest()
