"""Google's error envelope and its sentences: one place for what a caller reads when a request is no good.

Pure. `{"error": {code, message, status}}`, and `details` where fields are at fault; sentences as the live API phrases
them. Faults of single fields are all told at once. Sources: recorded errors, google-genai 3.4.
"""

from collections.abc import Sequence
from typing import Any

import attrs
import orjson

from llmsim.errors import ClientError, ContextOverflow, UnknownModel, UnknownPath, WrongMethod
from llmsim.wire.base import Refusal
from llmsim.wire.gemini.http import HTML, JSON, STANDARD

STATUSES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "ABORTED",
    429: "RESOURCE_EXHAUSTED",
    499: "CANCELLED",
    501: "UNIMPLEMENTED",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
    507: "RESOURCE_EXHAUSTED",
}
"""The canonical code of each HTTP status; other 4xx are INVALID_ARGUMENT, other 5xx INTERNAL."""
TYPES = "type.googleapis.com/google.rpc."
PROTOS = "type.googleapis.com/google.ai.generativelanguage.v1beta."
FIELDS_MOST = 100
"""Faults that are told at once; a body of 8 MB could have a million."""
QUOTED_CHARS = 200
"""How much of a wrong value is said again."""
SNIPPET_CHARS = 20
"""How much is shown on each side of where a body stops being JSON."""
NO_KEY = (
    "Method doesn't allow unregistered callers (callers without established identity). Please use API Key or other "
    "form of API consumer identity to call this API."
)
BAD_KEY = "API key not valid. Please pass a valid API key."
NO_CACHE = "CachedContent not found (or permission denied)"
NOWHERE = """<!DOCTYPE html>
<html lang=en>
  <meta charset=utf-8>
  <title>Error 404 (Not Found)!!1</title>
  <p><b>404.</b> <ins>That's an error.</ins>
  <p>The requested URL <code>%s</code> was not found on this server.  <ins>That's all we know.</ins>
"""
"""What Google's front end says where no service answers."""
_MARKUP = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"})


@attrs.frozen
class Violation:
    """What is wrong with one field; `field` is its path in snake case, empty for the body itself."""

    field: str
    description: str


class Detailed(ClientError):
    """An error with `details`, as Google's errors have them."""

    def __init__(self, message: str, details: Sequence[dict[str, Any]], *, status: int = 400) -> None:
        super().__init__(message, status=status)
        self.details = list(details)


def violated(violations: Sequence[Violation]) -> Detailed:
    """Fields that are not what the API takes; each has its line."""
    told = violations[:FIELDS_MOST]
    message = "\n".join([violation.description for violation in told])
    fields = [
        {"field": one.field, "description": one.description} if one.field else {"description": one.description}
        for one in told
    ]
    return Detailed(message, [{"@type": TYPES + "BadRequest", "fieldViolations": fields}])


def invalid(path: str, complaint: str, *, of: str = "GenerateContentRequest") -> ClientError:
    """A field of a request that is well-formed and makes no sense."""
    return ClientError(f"* {of}.{path}: {complaint}\n")


def no_key() -> ClientError:
    """Nobody says who asks."""
    return ClientError(NO_KEY, status=403)


def bad_key() -> Detailed:
    """A key that is none."""
    info = {
        "@type": TYPES + "ErrorInfo",
        "reason": "API_KEY_INVALID",
        "domain": "googleapis.com",
        "metadata": {"service": "generativelanguage.googleapis.com"},
    }
    localized = {"@type": TYPES + "LocalizedMessage", "locale": "en-US", "message": BAD_KEY}
    return Detailed(BAD_KEY, [info, localized])


def not_json(text: str, at: int) -> ClientError:
    """A body that is no JSON, from the character `at` on."""
    begin = max(at - SNIPPET_CHARS, 0)
    problem = "Unexpected end of string." if at >= len(text.rstrip()) else "Unexpected token."
    shown = text[begin : at + SNIPPET_CHARS]
    return ClientError(f"Invalid JSON payload received. {problem}\n{shown}\n{' ' * (at - begin)}^")


def unknown_model(model: str, version: str, method: str) -> str:
    """A model that nobody serves, or not by this method."""
    return (
        f"models/{model} is not found for API version {version}, or is not supported for {method}. Call "
        "ModelService.ListModels to see the list of available models and their supported methods."
    )


def refuse(
    error: ClientError, *, version: str = "v1beta", method: str = "generateContent", listed: bool = False
) -> Refusal:
    """The envelope of an error; `listed`: as the only element of an array, where answers are streamed as one.

    Never fails, whatever the text.
    """
    if isinstance(error, (UnknownPath, WrongMethod)):
        page = NOWHERE % error.path.translate(_MARKUP)
        return _refusal(404, HTML, page.encode(errors="replace"))
    message = error.message
    if isinstance(error, UnknownModel):
        message = unknown_model(error.model, version, method)
    elif isinstance(error, ContextOverflow):
        message = (
            f"The input token count ({error.tokens}) exceeds the maximum number of tokens allowed ({error.window})."
        )
    status = error.status
    told: dict[str, Any] = {
        "code": status,
        "message": message.encode(errors="replace").decode(),
        "status": STATUSES.get(status, "INVALID_ARGUMENT" if status < 500 else "INTERNAL"),
    }
    if isinstance(error, Detailed):
        told["details"] = error.details
    body: Any = {"error": told}
    data = orjson.dumps([body] if listed else body, option=orjson.OPT_INDENT_2) + b"\n"
    return _refusal(status, JSON, data)


def _refusal(status: int, content_type: str, body: bytes) -> Refusal:
    headers = (("content-type", content_type), ("content-length", str(len(body))), *STANDARD)
    return Refusal(status, headers, body)
