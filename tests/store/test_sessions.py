"""Reads over a store with branches, attempts and choices; damage has a name, never an endless loop."""

from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest

from llmsim.errors import ClientError, StoreDamaged
from llmsim.store import sessions
from llmsim.store.codec import encode
from llmsim.store.environment import Environment, View
from llmsim.store.operations import heads
from llmsim.store.ownership import open_for
from llmsim.store.schema import SESSION_ID, Session, Table, TurnKey, turn_key
from llmsim.store.sessions import (
    Parent,
    by_idempotency_key,
    fork_name,
    idempotency_key,
    next_attempt,
    pack_head,
    parent_of,
    transcript,
    turns,
    unpack_head,
    unpack_key,
)
from llmsim.turn import ROOT, Message, Role, chain_digests
from tests.stored import conversation, put, turn_of

KEY = TurnKey(1, b"a branch")


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[Environment]:
    with Environment.open(tmp_path, create=True) as opened:
        open_for(opened, seed=7, ordinal=0, now_s=1)
        yield opened


@pytest.fixture
def view(environment: Environment) -> Iterator[View]:
    """A view of a store with a few sessions, one of them with branches."""
    first, second, third = conversation("s", 3)
    put(
        environment, first, second, third, turn_of("s", "otherwise", first), turn_of("s", "otherwise", first, attempt=1)
    )
    put(environment, turn_of("s-10", "hello"), turn_of("s-9", "hello"), turn_of("t", "hello", replies=3))
    with environment.read() as opened:
        yield opened


def names(found: Iterator[Session]) -> list[str]:
    return [session.id for session in found]


def test_sessions_come_in_order_of_their_ids(view: View) -> None:
    assert names(sessions.sessions(view)) == ["s", "s-10", "s-9", "t"]


@pytest.mark.parametrize(
    ("prefix", "after", "limit", "found"),
    [
        ("s", "", None, ["s", "s-10", "s-9"]),
        ("s-", "", None, ["s-10", "s-9"]),
        ("", "s", 2, ["s-10", "s-9"]),
        ("", "s-11", None, ["s-9", "t"]),
        ("s-", "a", None, ["s-10", "s-9"]),
        ("s-", "s-9", None, []),
        ("", "", 0, []),
        ("u", "", None, []),
        ("s" * 1000, "", None, []),
        ("", "s-1" + "0" * 1000, None, ["s-9", "t"]),
        ("\ud800", "", None, []),
        ("s\0", "", None, []),
    ],
)
def test_sessions_of_a_page_are_those_asked_for(
    view: View, prefix: str, after: str, limit: int | None, found: list[str]
) -> None:
    assert names(sessions.sessions(view, prefix, after, limit)) == found


@pytest.mark.parametrize("name", ["", "x" * 600, "a b", "s\0", "\ud800", "S"])
def test_session_of_what_is_no_id_or_nobodys_is_none(view: View, name: str) -> None:
    assert sessions.session(view, name) is None


def test_turns_after_one_are_the_rest(view: View) -> None:
    keys = [turn.key for turn in turns(view, "s")]
    assert [turn.key for turn in turns(view, "s", after=keys[1])] == keys[2:]
    assert keys == sorted(keys)
    assert sessions.turn(view, "s", attrs.evolve(keys[0], attempt=5)) is None


def test_parents_is_the_shape_of_the_session(view: View) -> None:
    shape = sessions.parents(view, "s")
    first, second, third = conversation("s", 3)
    aside = turn_of("s", "otherwise", first)
    assert shape == {
        first.key: None,
        second.key: first.key,
        third.key: second.key,
        aside.key: first.key,
        attrs.evolve(aside.key, attempt=1): first.key,
    }


def test_turn_named_by_its_id_is_one_look_and_by_its_number_reads_the_session(
    view: View, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = sessions.session(view, "s")
    assert known is not None
    assert known.tip is not None
    assert sessions.turn_named(view, known, "1").number == 1
    with pytest.raises(ClientError, match=f"^Session 's': no turn 3-{'00' * 8}-0: there is {known.tip.number + 1}-"):
        sessions.turn_named(view, known, f"3-{'00' * 8}-0")
    monkeypatch.delattr(sessions, "parents")
    assert sessions.turn_named(view, known, str(known.tip)) == known.tip


def test_next_attempt_counts_from_the_last(view: View) -> None:
    aside = turn_of("s", "otherwise", next(conversation("s", 1)))
    assert next_attempt(view, "s", 2, aside.key.branch) == 2
    assert next_attempt(view, "s", 3, aside.key.branch) == 0
    assert next_attempt(view, "t", 2, aside.key.branch) == 0


def test_parent_of_a_conversation_is_its_longest_known_beginning(view: View) -> None:
    first, second, third = conversation("s", 3)
    said = (*transcript(view, "s", second.key), Message(Role.USER, "And then?"), Message(Role.USER, "Well?"))
    assert parent_of(view, "s", chain_digests(said)) == Parent(second.key, 0, 4)
    assert parent_of(view, "s", chain_digests(said[:3])) == Parent(first.key, 0, 2)
    assert parent_of(view, "s", chain_digests(transcript(view, "s", third.key))) == Parent(third.key, 0, 6)


def test_parent_of_an_edited_history_is_the_turn_before_the_edit(view: View) -> None:
    first, second, _ = conversation("s", 3)
    said = transcript(view, "s", second.key)
    edited = (*said[:2], Message(Role.USER, "I meant this"), *said[3:])
    assert parent_of(view, "s", chain_digests(edited)) == Parent(first.key, 0, 2)


def test_parent_of_what_nobody_said_here_is_none(view: View) -> None:
    first = next(conversation("s", 1))
    assert parent_of(view, "t", chain_digests(transcript(view, "s", first.key))) is None
    assert parent_of(view, "s", []) is None
    assert parent_of(view, "s", [ROOT]) is None


def test_parent_of_another_choice_names_it(view: View) -> None:
    turn = turn_of("t", "hello", replies=3)
    digests = dict(heads(turn))
    assert parent_of(view, "t", [digests[2]]) == Parent(turn.key, 2, 1)


def test_transcript_of_a_choice_ends_with_it(view: View) -> None:
    turn = turn_of("t", "hello", replies=3)
    assert transcript(view, "t", turn.key, 1) == (
        Message(Role.USER, "hello"),
        Message(Role.ASSISTANT, "You said: hello. (1)"),
    )
    with pytest.raises(StoreDamaged, match=f"turn {turn.key} of session t has no choice 3"):
        transcript(view, "t", turn.key, 3)


def test_transcript_beyond_a_choice_goes_through_it(environment: Environment) -> None:
    turn = turn_of("s", "hello", replies=3)
    after = turn_of("s", "go on", turn, choice=2)
    put(environment, turn, after)
    with environment.read() as view:
        assert [message.content for message in transcript(view, "s", after.key)] == [
            "hello",
            "You said: hello. (2)",
            "go on",
            "You said: go on. (0)",
        ]


def test_transcript_of_a_turn_that_is_not_there_is_damage(view: View) -> None:
    with pytest.raises(StoreDamaged, match=f"session s lacks turn {KEY}"):
        transcript(view, "s", KEY)


@pytest.mark.leaves_unsound("turns in a circle")
def test_upwards_of_turns_in_a_circle_ends(environment: Environment) -> None:
    first, second = conversation("s", 2)
    put(environment, first, second)
    with environment.write() as view:
        circular = attrs.evolve(first, parent=second.key)
        view.put(Table.TURNS, turn_key("s", first.key), encode(circular))
    with environment.read() as view, pytest.raises(StoreDamaged, match="which comes later"):
        list(sessions.upwards(view, "s", second.key))


def test_fork_name_is_free_and_an_id(environment: Environment) -> None:
    longest = "s" * 128
    put(environment, turn_of("s", "hello"), turn_of("s.fork-1", "hello"), turn_of(longest, "hello"))
    with environment.read() as view:
        assert fork_name(view, "s") == "s.fork-2"
        assert SESSION_ID.fullmatch(fork_name(view, longest))
        assert fork_name(view, longest) != longest


@pytest.mark.leaves_unsound("bytes that are no key")
def test_by_idempotency_key_of_damaged_bytes_is_damage(environment: Environment) -> None:
    with environment.write() as view:
        view.put(Table.IDEMPOTENCY, idempotency_key("s", "key"), b"short")
    with environment.read() as view, pytest.raises(StoreDamaged, match="a turn key has 16 bytes, not 5"):
        by_idempotency_key(view, "s", "key")


def test_unpack_head_of_a_packed_head_is_the_head() -> None:
    assert unpack_head(pack_head(KEY, 65_535)) == (KEY, 65_535)
    with pytest.raises(StoreDamaged, match="a head has 18 bytes, not 16"):
        unpack_head(KEY.pack())


def test_unpack_key_of_other_bytes_is_damage() -> None:
    assert unpack_key(KEY.pack()) == KEY
    with pytest.raises(StoreDamaged, match="a turn key has 16 bytes, not 3"):
        unpack_key(b"abc")
