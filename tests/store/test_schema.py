"""Keys: their bytes are the format; their order is turn order; their text has one form."""

from itertools import product

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from llmsim.store.schema import SESSION_ID, STORED_SESSION_ID, TurnKey, branch_of, turn_key, within

COUNTS = st.integers(0, 2**32 - 1)
BRANCHES = st.binary(min_size=8, max_size=8)
KEYS = st.builds(TurnKey, COUNTS, BRANCHES, COUNTS)
SAID = st.integers(0, 10**9 - 1)
SAYABLE = st.builds(TurnKey, SAID, BRANCHES, SAID)


def test_keys_have_the_bytes_of_the_format() -> None:
    key = TurnKey(3, bytes.fromhex("0123456789abcdef"), 2)
    assert turn_key("a.b", key) == b"a.b\x00" + bytes.fromhex("000000030123456789abcdef00000002")
    assert within("a.b") == b"a.b\x00"
    assert within("a.b", b"tail") == b"a.b\x00tail"
    assert str(key) == "3-0123456789abcdef-2"
    assert branch_of(b"said", b"asked").hex() == "608e66865a0a435e"


@given(KEYS)
def test_turn_key_packed_and_unpacked_is_the_key(key: TurnKey) -> None:
    assert TurnKey.unpack(key.pack()) == key


@given(KEYS, KEYS)
def test_turn_keys_sort_as_their_bytes_do(one: TurnKey, other: TurnKey) -> None:
    assert (one < other) == (one.pack() < other.pack())


@pytest.mark.parametrize("size", [0, 15, 17])
def test_turn_key_of_another_size_is_refused(size: int) -> None:
    with pytest.raises(ValueError, match=f"a turn key has 16 bytes, not {size}"):
        TurnKey.unpack(bytes(size))


@given(SAYABLE)
def test_turn_key_said_and_parsed_is_the_key(key: TurnKey) -> None:
    assert TurnKey.parse(str(key)) == key


@given(st.text("0123456789abcdef-٣ \n", max_size=24))
@example("03-0123456789abcdef-0")
@example("3-0123456789abcdef-00")
@example("٣-0123456789abcdef-0")
@example("3-0123456789ABCDEF-0")
@example("3-0123456789abcdef-0\n")
@example("1234567890-0123456789abcdef-0")
def test_turn_key_has_one_text(text: str) -> None:
    """What is parsed at all is said again as it was."""
    try:
        assert str(TurnKey.parse(text)) == text
    except ValueError as error:
        assert "a turn id looks like" in str(error)  # noqa: PT017  (either outcome is right)


@pytest.mark.parametrize("session", ["a", "A-z0.9_:", "x" * 128])
def test_session_id_is_one(session: str) -> None:
    assert SESSION_ID.fullmatch(session)


@pytest.mark.parametrize("session", ["", "x" * 129, "a b", "a/b", "ä", "a\n", "a\x00"])
def test_session_id_is_none(session: str) -> None:
    assert SESSION_ID.fullmatch(session) is None
    assert STORED_SESSION_ID.fullmatch(session) is None


def test_names_that_urls_resolve_are_only_read() -> None:
    for name in (".", ".."):
        assert SESSION_ID.fullmatch(name) is None
        assert STORED_SESSION_ID.fullmatch(name)
    assert all(SESSION_ID.fullmatch(name) for name in ("...", "..a", "a..", ".a"))


@given(st.sets(st.from_regex(SESSION_ID, fullmatch=True), min_size=2, max_size=4))
def test_no_session_lies_within_another(sessions: set[str]) -> None:
    """`s` and `s-1` are neighbours; neither has a key with the other's prefix."""
    names = sessions | {f"{name[:126]}-1" for name in sessions}
    for one, other in product(names, names):
        assert (one == other) == turn_key(one, TurnKey(1, bytes(8))).startswith(within(other))
