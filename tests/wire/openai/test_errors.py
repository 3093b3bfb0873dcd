"""The envelope is whole whatever the error; the sentences are OpenAI's."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmsim.errors import ClientError, ContextOverflow, UnknownModel, UnknownPath, WrongMethod
from llmsim.wire.openai import errors
from llmsim.wire.openai.errors import refuse

ID = bytes(range(16))
ANY_TEXT = st.text(st.characters())
"""Lone surrogates included: a file name that is no UTF-8 has them."""


@given(ANY_TEXT, st.integers(400, 599), st.text(), st.none() | st.text(), st.none() | st.text())
def test_envelope_of_any_error_has_all_four_keys(
    message: str, status: int, kind: str, param: str | None, code: str | None
) -> None:
    refusal = refuse(ClientError(message, status=status, kind=kind, param=param, code=code), ID)
    error = orjson.loads(refusal.body)["error"]
    assert list(error) == ["message", "type", "param", "code"]
    assert (error["param"], error["code"], refusal.status) == (param, code, status)
    assert dict(refusal.headers)["content-length"] == str(len(refusal.body))


def test_envelope_stays_what_it_was() -> None:
    refusal = refuse(errors.missing("messages"), ID)
    assert refusal.body == (
        b'{\n  "error": {\n    "message": "Missing required parameter: \'messages\'.",\n'
        b'    "type": "invalid_request_error",\n    "param": "messages",\n'
        b'    "code": "missing_required_parameter"\n  }\n}\n'
    )
    assert refusal.headers == (
        ("content-type", "application/json; charset=utf-8"),
        ("content-length", "182"),
        ("openai-organization", "org-llmsim"),
        ("openai-project", "proj_llmsim"),
        ("openai-version", "2020-10-01"),
        ("x-request-id", "req_000102030405060708090a0b0c0d0e0f"),
    )


def test_context_overflow_is_told_with_its_numbers() -> None:
    error = orjson.loads(refuse(ContextOverflow(130_512, 128_000), ID).body)["error"]
    assert error == {
        "message": "This model's maximum context length is 128000 tokens. However, your messages resulted in 130512 "
        "tokens. Please reduce the length of the messages.",
        "type": "invalid_request_error",
        "param": "messages",
        "code": "context_length_exceeded",
    }


def test_unknown_model_is_404_and_says_which() -> None:
    refusal = refuse(UnknownModel("gpt-0"), ID)
    error = orjson.loads(refusal.body)["error"]
    assert refusal.status == 404
    assert (error["param"], error["code"]) == (None, "model_not_found")
    assert error["message"] == "The model `gpt-0` does not exist or you do not have access to it."


def test_unknown_url_and_wrong_method_say_what_was_asked() -> None:
    unknown, wrong = refuse(UnknownPath("POST", "/v1/foo"), ID), refuse(WrongMethod("GET", "/v1/foo"), ID)
    assert (unknown.status, wrong.status) == (404, 405)
    assert orjson.loads(unknown.body)["error"]["message"] == "Invalid URL (POST /v1/foo)"
    hint = "(HINT: Perhaps you meant to use a different HTTP method?)"
    assert orjson.loads(wrong.body)["error"]["message"] == f"Not allowed to GET on /v1/foo. {hint}"


@pytest.mark.parametrize(
    ("names", "text"),
    [(["a"], "'a'"), (["a", "b"], "'a' or 'b'"), (["a", "b", "c"], "'a', 'b', or 'c'")],
)
def test_names_are_listed_as_a_sentence_has_them(names: list[str], text: str) -> None:
    assert errors.listed(names, "or") == text


def test_wrong_value_is_not_repeated_at_length() -> None:
    error = errors.wrong_value("role", "x" * 100_000, ["a", "b"])
    assert len(error.message) < 200
