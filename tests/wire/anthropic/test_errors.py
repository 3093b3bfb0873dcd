"""The envelope of every error, by its status; errors that others raise, in Anthropic's words."""

import orjson
import pytest
from anthropic.types import ErrorResponse
from hypothesis import given
from hypothesis import strategies as st

from llmsim.errors import ClientError, ContextOverflow, UnknownModel, UnknownPath, WrongMethod, WrongPod
from llmsim.wire.anthropic.errors import THREADS, refuse, thread_differs, thread_error, thread_unsupported, type_of


@given(st.text(st.characters(exclude_categories=())), st.sampled_from([400, 401, 403, 404, 429, 500, 504, 529]))
def test_any_error_is_told_in_the_envelope(text: str, status: int) -> None:
    refusal = refuse(ClientError(text, status=status), bytes(16))
    told = ErrorResponse.model_validate_json(refusal.body, strict=True)
    headers = dict(refusal.headers)
    assert refusal.status == status
    assert told.error.type == type_of(status)
    assert headers["request-id"] == told.request_id == "req_011C" + "1" * 20
    assert int(headers["content-length"]) == len(refusal.body)


@pytest.mark.parametrize(
    ("error", "status", "kind", "message"),
    [
        (ClientError("no"), 400, "invalid_request_error", "no"),
        (UnknownModel("x"), 404, "not_found_error", "model: x"),
        (UnknownPath("GET", "/v1/x"), 404, "not_found_error", "Not Found"),
        (WrongMethod("GET", "/v1/x"), 405, "invalid_request_error", "Method Not Allowed"),
        (ContextOverflow(9, 8), 400, "invalid_request_error", "prompt is too long: 9 tokens > 8 maximum"),
        (ClientError("full", status=507, kind="server_error"), 507, "api_error", "full"),
        (ClientError("large", status=413, kind="x"), 413, "invalid_request_error", "large"),
        (WrongPod("msg_1", 3, 2), 421, "invalid_request_error",
         "The id 'msg_1' belongs to pod 3, and this is pod 2: ask that one."),
    ],
)  # fmt: skip
def test_error_is_told_in_its_words(error: ClientError, status: int, kind: str, message: str) -> None:
    refusal = refuse(error, bytes(16))
    assert refusal.status == status
    assert orjson.loads(refusal.body)["error"] == {"type": kind, "message": message}


@pytest.mark.parametrize("code", THREADS)
def test_error_of_a_thread_has_its_code(code: str) -> None:
    refusal = refuse(thread_error(code), bytes(16))
    assert refusal.status == (404 if code == "thread_not_found" else 400)
    assert orjson.loads(refusal.body)["error"]["details"] == {"error_code": code}


def test_what_does_not_fit_a_thread_is_named() -> None:
    differs = orjson.loads(refuse(thread_differs(["model", "tools"]), bytes(16)).body)["error"]
    assert "`model`, `tools`" in differs["message"]
    assert differs["details"] == {"error_code": "thread_fingerprint_mismatch"}
    unsupported = orjson.loads(refuse(thread_unsupported(["fallbacks"]), bytes(16)).body)["error"]
    assert unsupported["details"] == {"error_code": "thread_unsupported_request", "unsupported": ["fallbacks"]}


@pytest.mark.parametrize(
    ("status", "again"), [(400, "false"), (404, "false"), (429, "true"), (500, "true"), (529, "true")]
)
def test_refusal_says_whether_to_try_again(status: int, again: str) -> None:
    assert dict(refuse(ClientError("x", status=status), bytes(16)).headers)["x-should-retry"] == again
