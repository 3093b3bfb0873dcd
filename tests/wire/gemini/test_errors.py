"""Google's envelope, whatever went wrong."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmsim.errors import ClientError, ContextOverflow, UnknownModel, UnknownPath, WrongMethod
from llmsim.wire.gemini.errors import BAD_KEY, NO_KEY, bad_key, no_key, refuse
from tests.wire.gemini.asks import ARRAY, EVENTS, WIRE, body, refused


@given(st.text(), st.integers(400, 599))
def test_envelope_of_any_error_has_code_message_and_status(message: str, status: int) -> None:
    refusal = refuse(ClientError(message, status=status))
    error = orjson.loads(refusal.body)["error"]
    assert list(error) == ["code", "message", "status"]
    assert (refusal.status, error["code"]) == (status, status)
    assert error["status"] == error["status"].upper()
    assert dict(refusal.headers)["content-length"] == str(len(refusal.body))


def test_an_unknown_model_is_told_with_version_and_method() -> None:
    error = orjson.loads(EVENTS.refuse(UnknownModel("x"), bytes(16)).body)["error"]
    assert (error["code"], error["status"]) == (404, "NOT_FOUND")
    assert error["message"] == (
        "models/x is not found for API version v1beta, or is not supported for streamGenerateContent. Call "
        "ModelService.ListModels to see the list of available models and their supported methods."
    )


def test_too_long_a_prompt_is_told_with_its_numbers() -> None:
    error = orjson.loads(WIRE.refuse(ContextOverflow(1200293, 1048576), bytes(16)).body)["error"]
    assert error["message"] == "The input token count (1200293) exceeds the maximum number of tokens allowed (1048576)."


@pytest.mark.parametrize("error", [UnknownPath("POST", "/v1beta/<x>"), WrongMethod("PUT", "/v1beta/<x>")])
def test_where_no_service_answers_the_front_end_says_so(error: ClientError) -> None:
    refusal = refuse(error)
    assert refusal.status == 404
    assert dict(refusal.headers)["content-type"] == "text/html; charset=UTF-8"
    assert b"<code>/v1beta/&lt;x&gt;</code> was not found on this server." in refusal.body


def test_who_streams_an_array_gets_errors_in_one() -> None:
    listed = orjson.loads(refused(b"{}", ARRAY).body)
    assert [list(one) for one in listed] == [["error"]]
    assert "error" in orjson.loads(refused(b"{}", EVENTS).body)


def test_who_gives_no_key_is_not_permitted() -> None:
    refusal = refused(body(), headers={})
    assert (refusal.status, orjson.loads(refusal.body)["error"]) == (
        403,
        {"code": 403, "message": NO_KEY, "status": "PERMISSION_DENIED"},
    )
    assert no_key().message == NO_KEY


def test_an_empty_key_is_no_key() -> None:
    refusal = refused(body(), headers={"x-goog-api-key": " "})
    error = orjson.loads(refusal.body)["error"]
    assert (refusal.status, error["message"], error["status"]) == (400, BAD_KEY, "INVALID_ARGUMENT")
    assert error["details"] == bad_key().details
    assert error["details"][0]["reason"] == "API_KEY_INVALID"
