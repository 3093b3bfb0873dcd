"""Versions, keys and betas, from headers; objects, from bytes; ids, from digests."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmsim.errors import ClientError
from llmsim.wire.anthropic.http import VERSIONS, betas_of, canonical, read_object, request_id, version_of

KEY = {"x-api-key": "k"}


@pytest.mark.parametrize(
    ("headers", "status", "said"),
    [
        ({}, 401, "x-api-key header is required"),
        ({"x-api-key": " "}, 401, "invalid x-api-key"),
        ({"authorization": "Bearer "}, 401, "Invalid bearer token"),
        ({"authorization": "Basic abc"}, 401, "Invalid bearer token"),
        (KEY, 400, "anthropic-version: header is required"),
        (KEY | {"anthropic-version": "2023-10-01"}, 400, 'anthropic-version: "2023-10-01" is not a valid version'),
    ],
)
def test_request_without_a_key_or_a_version_is_refused(headers: dict[str, str], status: int, said: str) -> None:
    with pytest.raises(ClientError) as refused:
        version_of(headers)
    assert (refused.value.status, refused.value.message) == (status, said)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("key", [KEY, {"authorization": "Bearer k"}, {"authorization": "bearer k", "x-api-key": "k"}])
def test_either_key_is_taken_under_either_version(version: str, key: dict[str, str]) -> None:
    assert version_of({**key, "anthropic-version": version}) == version


def test_betas_are_taken_apart_and_sorted() -> None:
    assert betas_of({"anthropic-beta": "b, a,,b"}) == ("a", "b")
    assert betas_of({}) == ()


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b'{"a": NaN}', b'"\\ud800"'])
def test_what_is_no_json_is_refused(body: bytes) -> None:
    with pytest.raises(ClientError, match=r"^The request body is not valid JSON: "):
        read_object(body)


def test_what_is_no_object_is_refused() -> None:
    with pytest.raises(ClientError, match=r"^Input should be an object$"):
        read_object(b"[]")


@given(st.binary(min_size=16, max_size=16))
def test_request_id_has_its_shape(digest: bytes) -> None:
    made = request_id(digest)
    assert made.startswith("req_011C")
    assert len(made) == 28
    assert made == request_id(digest)


def test_canonical_json_is_the_same_for_the_same_value() -> None:
    assert canonical({"b": 1, "a": 2}) == b'{"a":2,"b":1}'
    deep: object = 1
    for _ in range(300):
        deep = [deep]
    with pytest.raises(ClientError, match="nested too deeply"):
        canonical(deep)
