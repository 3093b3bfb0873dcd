"""A delta and what hides its length have a multiple of 16 characters, others for each delta and each plan."""

import orjson
from hypothesis import given
from hypothesis import strategies as st

from llmsim.wire.openai.obfuscation import STEP, Obfuscation
from tests.wire.plans import plan_of


def hidden(pair: bytes) -> str:
    said: str = orjson.loads(b'{"a":1' + pair + b"}")["obfuscation"]
    return said


@given(st.text(max_size=40))
def test_delta_is_padded_to_a_multiple_of_16(delta: str) -> None:
    padding = hidden(Obfuscation.of(plan_of(["a"])).pair(delta))
    assert (len(delta) + len(padding)) % STEP == 0
    assert len(padding) < STEP
    assert padding.isalnum() or not padding


def test_padding_follows_from_the_plan() -> None:
    one, same, other = (Obfuscation.of(plan_of(["a"], unique=unique)) for unique in (b"a" * 32, b"a" * 32, b"b" * 32))
    first = [hidden(one.pair("a")) for _ in range(100)]
    assert first == [hidden(same.pair("a")) for _ in range(100)]
    assert first != [hidden(other.pair("a")) for _ in range(100)]
    assert len(set(first)) > 40
