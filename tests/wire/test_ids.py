"""Ids have the provider's shape, look uniform, and say which pod they are from."""

import hashlib
import re
from collections import Counter

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from llmsim.identity import MAX_ORDINAL
from llmsim.store.schema import SESSION_ID
from llmsim.turn import BASE62
from llmsim.wire.ids import base62, chat_completion_id, keyed_id, kin, owner_of, partition_key, request_id
from tests.wire.plans import plan_of

UNIQUE = st.binary(min_size=32, max_size=32)
SESSIONS = st.from_regex(SESSION_ID, fullmatch=True)


@given(st.integers(0, MAX_ORDINAL), SESSIONS, UNIQUE)
def test_chat_completion_id_of_any_turn_has_the_shape_and_names_its_pod(
    ordinal: int, session: str, unique: bytes
) -> None:
    made = chat_completion_id(plan_of([""], ordinal=ordinal, session=session, unique=unique))
    assert re.fullmatch(r"chatcmpl-[0-9A-Za-z]{29}", made)
    assert owner_of(made) == ordinal


@given(UNIQUE, UNIQUE)
def test_chat_completion_id_of_another_turn_is_another(one: bytes, other: bytes) -> None:
    assume(one[:11] != other[:11])
    assert chat_completion_id(plan_of([""], unique=one)) != chat_completion_id(plan_of([""], unique=other))


@given(SESSIONS, SESSIONS)
def test_chat_completion_id_of_another_session_is_another(here: str, there: str) -> None:
    made = [chat_completion_id(plan_of([""], session=session)) for session in (here, there)]
    assert (made[0] == made[1]) == (here == there)


def test_chat_completion_ids_of_one_pod_and_session_share_no_pattern() -> None:
    turns = 2000
    made = [
        chat_completion_id(plan_of([""], unique=hashlib.sha256(b"%d" % number).digest())).removeprefix("chatcmpl-")
        for number in range(turns)
    ]
    for position in range(1, 11):
        seen = Counter(text[position] for text in made)
        assert set(seen) == set(BASE62)
        assert max(seen.values()) < 3 * turns / len(BASE62)


def test_chat_completion_id_stays_what_it_was() -> None:
    assert chat_completion_id(plan_of([""])) == "chatcmpl-L5aDgcjwwDcMImkg7UHacy8q82Gh6"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "chatcmpl-",
        "chatcmpl-" + "z" * 29,
        "chatcmpl-" + "0" * 28,
        "chatcmpl-" + "0" * 28 + "é",
        "chatcmpl-" + "0" * 28 + "_",
        "chatcmpl-" + "0" * 28 + "²",
        "0" * 29,
    ],
)
def test_owner_of_what_is_no_such_id_is_none(text: str) -> None:
    assert owner_of(text) is None


@given(st.text())
def test_owner_of_any_text_is_an_ordinal_or_none(text: str) -> None:
    for candidate in (text, "chatcmpl-" + text):
        assert owner_of(candidate) is None or 0 <= (owner_of(candidate) or 0) <= MAX_ORDINAL


@given(st.binary(min_size=16, max_size=16))
def test_request_id_is_32_hex_digits(digest: bytes) -> None:
    made = request_id(digest)
    assert re.fullmatch(r"req_[0-9a-f]{32}", made)
    assert bytes.fromhex(made[4:]) == digest


@given(st.integers(0, 62**8 - 1))
def test_base62_has_the_asked_length_and_its_value(value: int) -> None:
    text = base62(value, 8)
    assert len(text) == 8
    assert sum(BASE62.index(digit) * 62**power for power, digit in enumerate(reversed(text))) == value


@given(st.integers(0, MAX_ORDINAL), SESSIONS, st.integers(0, 2**32 - 1), UNIQUE, UNIQUE)
def test_keyed_ids_of_one_turn_lead_to_one_another_and_to_no_other_turn(
    ordinal: int, session: str, created_s: int, one: bytes, other: bytes
) -> None:
    assume(one != other)
    key = partition_key(ordinal, session)
    items = [keyed_id("msg", key, created_s, one, "in", number) for number in range(3)]
    assert len({*items}) == 3
    for item in items:
        assert re.fullmatch(r"msg_[0-9a-f]{50}", item)
        assert owner_of(item) == ordinal
        beginning = kin("resp", item)
        assert beginning is not None
        assert keyed_id("resp", key, created_s, one).startswith(beginning)
        assert not keyed_id("resp", key, created_s, other).startswith(beginning)


@pytest.mark.parametrize("text", ["", "msg_", "msg_" + "0" * 50 + "x", "msg_" + "1" * 50, "conv_" + "0" * 48])
def test_what_is_no_keyed_id_leads_nowhere(text: str) -> None:
    assert kin("resp", text) is None


def test_ids_that_are_none_of_ours_hardly_ever_name_a_pod() -> None:
    theirs = ["resp_" + hashlib.sha256(b"%d" % at).hexdigest()[:48] for at in range(5000)]
    assert sum(owner_of(one) is not None for one in theirs) < 60
