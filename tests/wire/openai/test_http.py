"""Whatever bytes come in, an object or a ClientError comes out; a digest sees one form of each value."""

from contextlib import suppress
from functools import partial
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmsim.errors import ClientError
from llmsim.wire.openai.http import NOT_JSON, TOO_DEEP, canonical, check_exactly, deployed, read_object
from tests.wire.plans import JSON_VALUES


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"  \n",
        b"[]",
        b"null",
        b'"text"',
        b"7",
        b"{",
        b"{}{}",
        b"{'a': 1}",
        b'{"a": 1,}',
        b'{"a": NaN}',
        b'{"a": Infinity}',
        b'{"a": 1e400}',
        b'{"a": 01}',
        b'{"a": "\xff"}',
        b'{"a": "\xed\xa0\x80"}',
        b'{"a": "\\ud800"}',
        b'{"\\udfff": 1}',
        b'{"a": "\n"}',
        b'\xef\xbb\xbf{"a": 1}',
        '{"a": 1}'.encode("utf-16"),
        b'{"a": ' + b"[" * 2000 + b"]" * 2000 + b"}",
        b"[" * 1_000_000,
        b'{"a":' * 100_000,
        b'{"a": ' + b"9" * 5000 + b"}",
    ],
    ids=lambda body: repr(body[:24]),
)
def test_body_that_is_no_json_object_is_refused(body: bytes) -> None:
    with pytest.raises(ClientError) as refused:
        read_object(body)
    assert (refused.value.message, refused.value.status) == (NOT_JSON, 400)


@given(st.binary())
def test_any_bytes_are_an_object_or_refused(body: bytes) -> None:
    with suppress(ClientError):
        assert isinstance(read_object(body), dict)


@given(st.dictionaries(st.text(), JSON_VALUES))
def test_object_is_read_as_it_was_written(value: dict[str, Any]) -> None:
    assert read_object(orjson.dumps(value)) == value


def test_integer_beyond_64_bits_is_a_decimal() -> None:
    assert read_object(b'{"a": 18446744073709551615, "b": 18446744073709551616}') == {
        "a": 2**64 - 1,
        "b": pytest.approx(2.0**64),
    }


@given(st.dictionaries(st.text(), JSON_VALUES))
def test_canonical_form_does_not_depend_on_the_order_of_keys(value: dict[str, Any]) -> None:
    turned = dict(reversed(value.items()))
    assert canonical(turned) == canonical(value)
    assert orjson.loads(canonical(value)) == value


@pytest.mark.parametrize("levels", [300, 900])
def test_canonical_form_of_what_is_too_deep_to_write_is_refused(levels: int) -> None:
    deep = read_object(b'{"a": ' + b"[" * levels + b"]" * levels + b"}")
    with pytest.raises(ClientError) as refused:
        canonical(deep)
    assert refused.value.message == TOO_DEEP


def test_fault_is_told_of_the_exact_integers_of_the_body_as_it_was_amended() -> None:
    body = b'{"n": 123456789012345678901234567890}'
    seen: list[dict[str, Any]] = []

    def refusing(asked: dict[str, Any]) -> None:
        seen.append(asked)
        raise ClientError("No.")

    with pytest.raises(ClientError, match=r"No\."):
        check_exactly(deployed("mine", read_object(body)), body, refusing, partial(deployed, "mine"))
    assert [asked["model"] for asked in seen] == ["mine", "mine"]
    assert [isinstance(asked["n"], int) for asked in seen] == [False, True]
    check_exactly({}, body, lambda _: None)
