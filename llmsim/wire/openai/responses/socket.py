"""OpenAI Responses over a WebSocket: what a client's messages ask, and what it is told.

Pure. A client says `response.create` with the body of `POST /v1/responses`, and is told the events of its stream, one
message each. A `stream_id` names a lane; each lane has one response at a time. Steering a response is refused.
Source: openai-python 3.54 (`responses_client_event`, `responses_server_event`), and vLLM's and OpenAI's words for it.
"""

from collections.abc import Iterator
from typing import Any

import attrs
import orjson

from llmsim.errors import ClientError
from llmsim.simulation.plan import Plan
from llmsim.wire.base import Frame, Parsed
from llmsim.wire.openai import errors
from llmsim.wire.openai.responses.errors import invalid_json
from llmsim.wire.openai.responses.stream import TERMINAL, events

CREATE = "response.create"
STEER = "response.steer"
OF_THE_SOCKET = frozenset({"type", "stream_id", "stream", "background"})
"""Keys of a message that are none of the request's body: how it is answered is settled here."""


@attrs.frozen
class Create:
    """A response is wanted in a lane; `body` is a request's."""

    lane: str | None
    body: bytes


@attrs.frozen
class Steer:
    """Input for a response that is being made."""

    input: Any
    previous: str


def read(message: bytes) -> Create | Steer:
    """What a message asks.

    Raises:
        ClientError: nothing that is known.
    """
    try:
        asked = orjson.loads(message)
    except orjson.JSONDecodeError:
        raise invalid_json() from None
    if not isinstance(asked, dict):
        raise invalid_json()
    kind = asked.get("type")
    if "type" not in asked:
        raise errors.missing("type")
    if not isinstance(kind, str):
        raise errors.wrong_type("type", "a string", kind)
    if kind not in (CREATE, STEER):
        raise errors.wrong_value("type", kind, (CREATE, STEER))
    if kind == STEER:
        return Steer(asked.get("input"), _text(asked, "previous_response_id") or "")
    if asked.get("background"):
        raise ClientError(
            "Background mode is not supported over a WebSocket.", param="background", code="unsupported_parameter"
        )
    body = {key: value for key, value in asked.items() if key not in OF_THE_SOCKET}
    try:
        return Create(_text(asked, "stream_id"), orjson.dumps({**body, "stream": True}))
    except orjson.JSONEncodeError:
        raise invalid_json() from None


def frames(plan: Plan, asked: Parsed, lane: str | None) -> Iterator[Frame]:
    """The events of a stream, each a line of JSON; in a lane, each names it."""
    for event in events(plan, asked):
        yield Frame(event.token, in_lane(event.data, lane) + b"\n", sealed=event.type in TERMINAL)


def refusal(error: ClientError, lane: str | None) -> bytes:
    """What a client is told instead of events."""
    told = {"type": error.kind, "code": error.code, "message": error.message, "param": error.param}
    return in_lane(orjson.dumps({"type": "error", "status": error.status, "error": told}), lane)


def not_steered(steer: Steer, number: int) -> bytes:
    """Steering is refused, and its input given back; `number` is that of the next message of this kind."""
    fault = {
        "code": "steering_not_supported",
        "message": "This response does not support steering.",
        "type": "invalid_request_error",
    }
    told = {"input": steer.input, "previous_response_id": steer.previous}
    return orjson.dumps({"type": "response.steer.failed", "error": fault, "sequence_number": number, "steer": told})


def busy() -> ClientError:
    """A lane has its response yet."""
    return ClientError(
        "A response is already in progress on this connection. Wait for it to complete, or use another stream_id.",
        code="response_in_progress",
    )


def over(limit_s: float) -> ClientError:
    """The connection has lasted as long as one may."""
    return ClientError(
        f"Responses websocket connection limit reached ({limit_s / 60:.0f} minutes). "
        "Create a new websocket connection to continue.",
        code="websocket_connection_limit_reached",
    )


def in_lane(event: bytes, lane: str | None) -> bytes:
    """An event's JSON, with its lane where it has one."""
    return event if lane is None else event[:-1] + b',"stream_id":%b}' % orjson.dumps(lane)


def _text(asked: dict[str, Any], key: str) -> str | None:
    value = asked.get(key)
    if value is not None and not isinstance(value, str):
        raise errors.wrong_type(key, "a string", value)
    return value
