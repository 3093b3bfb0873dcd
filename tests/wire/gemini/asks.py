"""Requests to Gemini's wire made by hand, and what it answers."""

from typing import Any

import orjson

from llmsim.errors import ClientError
from llmsim.wire.base import Parsed, Refusal
from llmsim.wire.gemini.generate import STREAM, WHOLE, Gemini

KEY = {"x-goog-api-key": "any"}
MODEL = "gemini-2.5-flash"
WIRE = Gemini.at("v1beta", WHOLE, {"model": MODEL}, "")
EVENTS = Gemini.at("v1beta", STREAM, {"model": MODEL}, "alt=sse")
ARRAY = Gemini.at("v1beta", STREAM, {"model": MODEL}, "")


def user(*parts: object) -> dict[str, Any]:
    """What a user says: texts, or parts."""
    return {"role": "user", "parts": [{"text": part} if isinstance(part, str) else part for part in parts]}


def model(*parts: object) -> dict[str, Any]:
    """What the model said."""
    return {"role": "model", "parts": [{"text": part} if isinstance(part, str) else part for part in parts]}


def body(**changes: object) -> bytes:
    """A good request with some fields changed."""
    return orjson.dumps({"contents": [user("hi")], **changes})


def parsed(wire: Gemini = WIRE, /, **changes: Any) -> Parsed:  # noqa: ANN401  (any field)
    """A good request with some fields changed, understood."""
    return wire.parse(body(**changes), KEY)


def refused(data: bytes, wire: Gemini = WIRE, headers: dict[str, str] = KEY) -> Refusal:
    """What a bad request is answered."""
    try:
        wire.parse(data, headers)
    except ClientError as error:
        return wire.refuse(error, bytes(16))
    raise AssertionError("it was good")


def fault(data: bytes | dict[str, Any]) -> str:
    """What is wrong with a request, in the API's words; all are 400."""
    refusal = refused(data if isinstance(data, bytes) else orjson.dumps(data))
    error = orjson.loads(refusal.body)["error"]
    assert (refusal.status, error["code"], error["status"]) == (400, 400, "INVALID_ARGUMENT")
    message: str = error["message"]
    return message
