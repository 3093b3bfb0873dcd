"""What is sealed comes back; what was bent, cut, made by others or is a bomb, does not."""

import base64
import hashlib
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmsim.wire.openai.responses.sealed_content import MOST_UNFOLDING, seal, unseal
from tests.wire.plans import JSON_VALUES


@given(JSON_VALUES, st.integers(0, 2**40))
def test_sealed_value_comes_back(value: object, created_s: int) -> None:
    text = seal(value, created_s)
    assert text.startswith("gA")
    assert text == seal(value, created_s)
    assert unseal(text) == value


def test_what_folds_well_comes_back_and_is_no_bomb() -> None:
    value = "a" * 1_000_000
    assert unseal(seal(value, 1)) == value
    assert len(seal(value, 1)) > 1_000_000 / MOST_UNFOLDING


def test_it_looks_like_a_fernet_token() -> None:
    assert seal({}, 1_767_225_600).startswith("gAAAAAB")


@given(st.text() | st.binary().map(lambda data: base64.urlsafe_b64encode(data).decode()))
def test_what_others_made_is_no_value(text: str) -> None:
    assert unseal(text) is None


@given(st.data())
def test_what_was_bent_is_no_value(data: st.DataObject) -> None:
    text = seal({"a": "some text that is sealed"}, 1)
    at = data.draw(st.integers(2, len(text) - 5))
    other = data.draw(st.sampled_from("ABab09-_").filter(lambda character: character != text[at]))
    assert unseal(text[:at] + other + text[at + 1 :]) is None
    assert unseal(text[:at]) is None


@pytest.mark.parametrize("packed", [b"", b"no zlib", zlib.compress(b"no json"), zlib.compress(b"1".ljust(100_000))])
def test_what_only_looks_sealed_is_no_value(packed: bytes) -> None:
    stamp = bytes(8)
    digest = hashlib.blake2b(stamp + packed, digest_size=16, person=b"llmsim sealed").digest()
    assert unseal(base64.urlsafe_b64encode(b"\x80" + stamp + digest + packed).decode()) is None
