"""A signature fits its own text and no other; the live API's are taken as they are; anything else is none."""

import base64

from hypothesis import given
from hypothesis import strategies as st

from llmsim.wire.anthropic.signature import fits, sign

UNIQUE = bytes(range(32))
THEIRS = base64.b64encode(bytes((0x12, 0xA4, 0x01)) + bytes(164) + bytes((0x18, 0x02))).decode()


@given(st.text(), st.text(), st.binary(min_size=16, max_size=40))
def test_signature_fits_its_own_text_alone(thinking: str, other: str, unique: bytes) -> None:
    signature = sign(thinking, unique)
    assert fits(signature, thinking)
    assert fits(signature, other) is (other == thinking)


@given(st.integers(0, 299), st.sampled_from("ABCDEFabcdef0123456789+/="))
def test_signature_that_was_changed_anywhere_fits_nothing(at: int, character: str) -> None:
    signature = sign("so", UNIQUE)
    changed = signature[:at] + character + signature[at + 1 :]
    assert fits(changed, "so") is (changed == signature)
    assert not fits(signature[:at], "so")
    assert not fits(signature + character, "so")


@given(st.text())
def test_any_text_is_a_signature_or_none(text: str) -> None:
    assert not fits(text, text)


def test_signature_of_the_live_api_is_taken_as_it_is() -> None:
    assert fits(THEIRS, "whatever")
    assert not fits(THEIRS[:-8], "whatever")
    assert not fits(base64.b64encode(bytes((0x12, 0xFF))).decode(), "")
    assert not fits(base64.b64encode(bytes((0x12, 0xFF, 0xFF, 0xFF, 0xFF, 0x01))).decode(), "")


def test_signatures_of_two_turns_differ() -> None:
    assert sign("so", UNIQUE) != sign("so", UNIQUE[::-1])
    assert len(sign("", UNIQUE)) == 304
