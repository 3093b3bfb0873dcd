"""Records come back as they were, and bytes that are no record are never taken for one."""

from typing import Any

import attrs
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmsim.errors import StoreDamaged
from llmsim.store.codec import decode, decode_format, decode_meta, encode
from llmsim.store.schema import Meta, Outcome, Session, Turn, TurnKey
from llmsim.turn import Message
from tests.stored import turn_of

JSON_INTEGERS = st.integers(-(2**63), 2**64 - 1)
TEXT = st.text(st.characters(codec="utf-8"), max_size=20)
JSON = st.recursive(
    st.none() | st.booleans() | JSON_INTEGERS | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=5,
)
KINDS = (Meta, Session, Turn, Outcome)

st.register_type_strategy(TurnKey, st.builds(TurnKey, st.integers(1, 10**9 - 1), st.binary(min_size=8, max_size=8)))
st.register_type_strategy(int, JSON_INTEGERS)
st.register_type_strategy(str, TEXT)
TURNS = st.builds(
    Turn, params=st.dictionaries(TEXT, JSON, max_size=3), messages=st.lists(st.from_type(Message)).map(tuple)
)
RECORDS = st.from_type(Meta) | st.from_type(Session) | st.from_type(Outcome) | TURNS


@given(RECORDS)
def test_decode_of_what_was_encoded_is_the_record(record: Meta | Session | Turn | Outcome) -> None:
    data = encode(record)
    again = decode(data, type(record))
    assert again == record
    assert encode(again) == data


def test_decode_gives_enums_and_tuples_not_their_texts_and_lists() -> None:
    turn = decode(encode(turn_of("s", "hello")), Turn)
    assert type(turn.messages) is tuple
    assert type(turn.messages[0].role).__name__ == "Role"
    assert type(turn.replies[0].finish_reason).__name__ == "FinishReason"


@given(st.binary() | JSON.map(orjson.dumps), st.sampled_from(KINDS))
def test_decode_of_any_bytes_is_a_record_or_damage(data: bytes, kind: type[Any]) -> None:
    try:
        assert isinstance(decode(data, kind), kind)
    except StoreDamaged as error:
        assert f"not a record of kind {kind.__name__}" in str(error)  # noqa: PT017  (either outcome is right)


@given(st.data())
def test_decode_of_a_record_with_one_value_replaced_is_exact_or_damage(data: st.DataObject) -> None:
    """Whatever stands where a value stood: it is taken for what it is, never for something near it."""
    table = orjson.loads(encode(turn_of("s", "hello", turn_of("s", "hi"))))
    at: Any = table
    while True:
        key = data.draw(st.sampled_from(sorted(at) if isinstance(at, dict) else range(len(at))))
        if not at[key] or not isinstance(at[key], dict | list) or data.draw(st.booleans()):
            break
        at = at[key]
    at[key] = data.draw(JSON)
    changed = orjson.dumps(table, option=orjson.OPT_SORT_KEYS)
    if isinstance(table["script"], str):
        table["script"] = {"calls": [], "reasoning": "", "refused": False, "text": table["script"]}  # as of format 1
    try:
        assert encode(decode(changed, Turn)) == orjson.dumps(table, option=orjson.OPT_SORT_KEYS)
    except StoreDamaged as error:
        assert "kind Turn" in str(error)  # noqa: PT017


@pytest.mark.parametrize(
    "text",
    [
        '{"delivered":"3","ending":"completed"}',
        '{"delivered":3.0,"ending":"completed"}',
        '{"delivered":true,"ending":"completed"}',
        '{"delivered":1e999,"ending":"completed"}',
        '{"delivered":3,"ending":"finished"}',
        '{"delivered":3}',
        '{"delivered":3,"ending":"completed","more":1}',
        "[]",
        "null",
        "",
    ],
)
def test_decode_coerces_nothing(text: str) -> None:
    with pytest.raises(StoreDamaged, match="not a record of kind Outcome"):
        decode(text.encode(), Outcome)


@pytest.mark.parametrize("digest", ["AB" * 16, " ab" * 16, "abc", "xy"])
def test_decode_of_digests_in_another_form_is_damage(digest: str) -> None:
    table = orjson.loads(encode(turn_of("s", "hello")))
    with pytest.raises(StoreDamaged, match="not a record of kind Turn"):
        decode(orjson.dumps(table | {"chain": digest}), Turn)


def test_decode_meta_of_a_stamp_is_the_stamp() -> None:
    meta = Meta(root_seed=2**64 - 1, ordinal=3, created_s=1_700_000_000)
    assert decode_meta(encode(meta)) == meta
    assert decode_format(encode(attrs.evolve(meta, format=9))) == 9


def test_decode_format_of_a_later_release_needs_nothing_else() -> None:
    assert decode_format(b'{"format":2,"pods":["many"]}') == 2


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b"3", b'{"format":"1"}', b'{"format":true}'])
def test_decode_format_of_no_stamp_is_damage(data: bytes) -> None:
    with pytest.raises(StoreDamaged, match="not the stamp of a store"):
        decode_format(data)
