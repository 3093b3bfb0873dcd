"""Anthropic's error envelope and its sentences: one place for what a caller reads when a request is no good.

Pure. `{"type": "error", "error": {type, message[, details]}, "request_id"}`; which key is at fault stands in the
message, as a dotted path. The type follows from the status, whoever raised the error.
"""

from collections.abc import Sequence
from typing import Any

import orjson

from llmsim.errors import ClientError, ContextOverflow, UnknownModel, UnknownPath, WrongMethod
from llmsim.wire.anthropic import http
from llmsim.wire.base import Refusal

TYPES = {
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    429: "rate_limit_error",
    504: "timeout_error",
    529: "overloaded_error",
}
"""The type of an error by its status; of the others, those below 500 are the caller's."""
THREADS = {
    "thread_not_found": "No usable thread state was found for `thread.previous_message_id`. Replay the full "
    'conversation with `thread: {"type": "create"}` to start a new thread.',
    "thread_already_continued": "The response that `thread.previous_message_id` names has already been continued, and "
    "each response can be continued only once. Continue from the thread's most recent response `id`.",
    "thread_continue_in_flight": "Another request is still continuing from the same `thread.previous_message_id`. Wait "
    "for it to complete and continue from its response `id`, or replay the full conversation with "
    '`thread: {"type": "create"}`.',
}
"""What is said when a thread cannot be continued, by its code. Source: anthropic-python 2.12, the errors of threads."""


class DetailedError(ClientError):
    """An error with a machine-readable code, and what else stands beside it."""

    def __init__(self, message: str, code: str, *, status: int = 400, **details: object) -> None:
        super().__init__(message, status=status, code=code)
        self.details = {"error_code": code, **details}


def type_of(status: int) -> str:
    """The type of an error of this status."""
    return TYPES.get(status, "invalid_request_error" if status < 500 else "api_error")


def body_of(error: ClientError, request_id: str | None) -> dict[str, Any]:
    """The envelope of an error; never fails, whatever the text."""
    error = in_words(error)
    message = error.message.encode(errors="replace").decode()
    said: dict[str, Any] = {"type": type_of(error.status), "message": message}
    if isinstance(error, DetailedError):
        said["details"] = error.details
    return {"type": "error", "error": said, "request_id": request_id}


def refuse(error: ClientError, digest: bytes) -> Refusal:
    """The response to a request that is refused; `digest` (16 bytes) makes its id."""
    request_id = http.request_id(digest)
    data = orjson.dumps(body_of(error, request_id))
    headers = (
        ("content-type", http.JSON),
        ("content-length", str(len(data))),
        ("x-should-retry", "true" if error.status in {408, 409, 429} or error.status >= 500 else "false"),
        *http.standard(request_id),
    )
    return Refusal(error.status, headers, data)


def in_words(error: ClientError) -> ClientError:
    """An error that no dialect has worded yet, in Anthropic's words."""
    if isinstance(error, UnknownPath):
        return ClientError("Not Found", status=404)
    if isinstance(error, WrongMethod):
        return ClientError("Method Not Allowed", status=405)
    if isinstance(error, UnknownModel):
        return ClientError(f"model: {error.model}", status=404)
    if isinstance(error, ContextOverflow):
        return ClientError(f"prompt is too long: {error.tokens} tokens > {error.window} maximum")
    return error


def thread_error(code: str) -> ClientError:
    """A thread that cannot be continued; `code` is one of THREADS."""
    return DetailedError(THREADS[code], code, status=404 if code == "thread_not_found" else 400)


def thread_differs(fields: Sequence[str]) -> ClientError:
    """A thread is continued with other values in these fields."""
    named = ", ".join(f"`{field}`" for field in fields)
    return DetailedError(
        f"The request differs from the thread it continues in: {named}. Send the values that the thread was created "
        'with, or replay the full conversation with `thread: {"type": "create"}` to change them.',
        "thread_fingerprint_mismatch",
    )


def thread_unsupported(features: Sequence[str]) -> ClientError:
    """A thread together with what threads do not support."""
    named = ", ".join(f"`{feature}`" for feature in features)
    return DetailedError(
        f"`thread` is not supported together with: {named}. Send the full conversation without `thread`.",
        "thread_unsupported_request",
        unsupported=list(features),
    )
