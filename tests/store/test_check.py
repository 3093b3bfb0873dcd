"""Each invariant is broken once and found; any damage at all is survived."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmsim.store.check import Finding, check, check_pages
from llmsim.store.codec import encode
from llmsim.store.environment import DATA_FILE, Environment, View
from llmsim.store.operations import PutTurn, heads
from llmsim.store.ownership import open_for
from llmsim.store.resources import AppendItems, Count, PutResource
from llmsim.store.schema import (
    META_KEY,
    Ending,
    Meta,
    Outcome,
    Session,
    Table,
    Turn,
    TurnKey,
    branch_of,
    turn_key,
    within,
)
from llmsim.store.sessions import idempotency_key, pack_head
from llmsim.turn import Message, Role
from tests.stored import PROFILE, PROFILE_DIGEST, conversation, items_of, shown, turn_of

pytestmark = pytest.mark.leaves_unsound("what check must find")

FIRST, SECOND, THIRD = conversation("s", 3)
ASIDE = turn_of("s", "otherwise", FIRST, replies=2)
SUMMARY = Session("s", FIRST.created_s, THIRD.created_s, 4, ASIDE.key)
[(_, HEAD)] = heads(THIRD)
NOWHERE = TurnKey(3, b"nowhere!")


@contextmanager
def stored() -> Iterator[Environment]:
    """A sound store with a little of everything."""
    with tempfile.TemporaryDirectory() as folder, Environment.open(Path(folder), create=True) as environment:
        open_for(environment, seed=7, ordinal=0, now_s=1)
        with environment.write() as view:
            for turn in (FIRST, SECOND, THIRD, ASIDE, turn_of("t", "hello")):
                PutTurn(turn, PROFILE, f"key of {turn.key}")(view)
            view.put(Table.OUTCOMES, turn_key("s", FIRST.key), encode(Outcome(Ending.COMPLETED, 3)))
            PutResource(shown(FIRST, id="resp_1", lists=("all",)))(view)
            PutResource(shown(SECOND, turn=None, session="u", id="conv_1"))(view)
            AppendItems("u", items_of("u", 2))(view)
            Count(b"d" * 16, 1)(view)
        yield environment


@pytest.fixture
def environment() -> Iterator[Environment]:
    with stored() as opened:
        yield opened


def putting(table: Table, key: bytes, record: bytes) -> Callable[[View], object]:
    return lambda view: view.put(table, key, record)


def deleting(table: Table, key: bytes) -> Callable[[View], object]:
    return lambda view: view.delete(table, key)


def turn_put(turn: Turn, **changes: Any) -> Callable[[View], object]:  # noqa: ANN401
    return putting(Table.TURNS, turn_key("s", turn.key), encode(attrs.evolve(turn, **changes)))


def summary_put(**changes: Any) -> Callable[[View], object]:  # noqa: ANN401
    return putting(Table.SESSIONS, b"s", encode(attrs.evolve(SUMMARY, **changes)))


BROKEN = {
    "no stamp": (deleting(Table.META, META_KEY), "missing: meta store"),
    "stamp unreadable": (putting(Table.META, META_KEY, b"{}"), "unreadable: meta store"),
    "other format": (putting(Table.META, META_KEY, encode(Meta(7, 0, 1, format=4))), "format: meta store"),
    "profile changed": (putting(Table.PROFILES, PROFILE_DIGEST, b"{}"), f"digest: profiles {PROFILE_DIGEST.hex()}"),
    "profile gone": (deleting(Table.PROFILES, PROFILE_DIGEST), f"profile: turns s {FIRST.key}"),
    "session not an id": (putting(Table.SESSIONS, b"a b", encode(SUMMARY)), "name: sessions a b"),
    "summary unreadable": (putting(Table.SESSIONS, b"s", b"[]"), "unreadable: sessions s"),
    "summary of another": (summary_put(id="t"), "key: sessions s: its record says t"),
    "wrong count": (summary_put(turns=5), "count: sessions s: its number of turns is 5, it has 4"),
    "tip missing": (summary_put(tip=NOWHERE), f"tip: sessions s: its tip {NOWHERE} is missing"),
    "made later": (summary_put(created_s=FIRST.created_s + 1), "stamp: sessions s"),
    "updated earlier": (summary_put(updated_s=THIRD.created_s - 1), "stamp: sessions s"),
    "turn unreadable": (putting(Table.TURNS, turn_key("s", SECOND.key), b"{}"), "unreadable: turns s"),
    "turn under a short key": (putting(Table.TURNS, within("s", b"short"), encode(SECOND)), "unreadable: turns s"),
    "turn of another session": (turn_put(SECOND, session="t"), f"key: turns s {SECOND.key}: its record says t"),
    "turn under another key": (putting(Table.TURNS, turn_key("s", NOWHERE), encode(THIRD)), f"key: turns s {NOWHERE}"),
    "turn gone": (deleting(Table.TURNS, turn_key("s", SECOND.key)), f"parent: turns s {THIRD.key}"),
    "parent has no such choice": (turn_put(THIRD, parent_choice=1), f"parent: turns s {THIRD.key}"),
    "parent has no choice -1": (turn_put(THIRD, parent_choice=-1), f"parent: turns s {THIRD.key}"),
    "parent is itself": (turn_put(THIRD, parent=THIRD.key), f"order: turns s {THIRD.key}"),
    "parent is another": (turn_put(THIRD, parent=ASIDE.key), f"chain: turns s {THIRD.key}"),
    "other words": (turn_put(THIRD, messages=(Message(Role.USER, "no"),)), f"chain: turns s {THIRD.key}"),
    "other request": (turn_put(THIRD, request_digest=bytes(16)), f"branch: turns s {THIRD.key}"),
    "no reply": (turn_put(THIRD, replies=()), f"reply: turns s {THIRD.key}"),
    "other reply": (turn_put(THIRD, replies=FIRST.replies), f"head: heads s {HEAD.hex()}"),
    "head gone": (deleting(Table.HEADS, within("s", HEAD)), f"head: heads s {HEAD.hex()}: a reply ends there"),
    "head elsewhere": (
        putting(Table.HEADS, within("s", HEAD), pack_head(FIRST.key, 0)),
        f"head: heads s {HEAD.hex()}: points to {FIRST.key}, choice 0",
    ),
    "head of nothing": (putting(Table.HEADS, within("s", b"x" * 16), pack_head(FIRST.key, 0)), "head: heads s 7878"),
    "head unreadable": (putting(Table.HEADS, within("s", HEAD), b"?"), f"head: heads s {HEAD.hex()}: points to a head"),
    "outcome of nothing": (
        putting(Table.OUTCOMES, turn_key("s", NOWHERE), encode(Outcome(Ending.COMPLETED, 1))),
        f"orphan: outcomes s {NOWHERE.pack().hex()}",
    ),
    "outcome unreadable": (putting(Table.OUTCOMES, turn_key("s", FIRST.key), b"1"), "unreadable: outcomes s"),
    "client key of nothing": (
        putting(Table.IDEMPOTENCY, idempotency_key("s", "k"), NOWHERE.pack()),
        f"orphan: idempotency s {idempotency_key('s', 'k')[2:].hex()}",
    ),
    "client key unreadable": (putting(Table.IDEMPOTENCY, idempotency_key("s", "k"), b"?"), "orphan: idempotency s"),
    "session gone": (deleting(Table.SESSIONS, b"s"), "orphan: turns s: there is no such session"),
    "turn of no session": (putting(Table.TURNS, b"no separator", b"{}"), "orphan: turns no separator"),
}


def test_check_of_a_sound_store_finds_nothing(environment: Environment) -> None:
    assert check(environment) == []
    assert check_pages(environment) == []


@pytest.mark.parametrize("name", BROKEN)
def test_check_finds_what_is_broken(name: str, environment: Environment) -> None:
    damage, finding = BROKEN[name]
    with environment.write() as view:
        damage(view)
    found = [str(one) for one in check(environment)]
    assert any(one.startswith(finding) for one in found), found


def test_check_finds_a_number_that_does_not_count_the_replies(environment: Environment) -> None:
    """The client told of a reply that this store never gave: it counts."""
    told = (Message(Role.ASSISTANT, "as I said"), Message(Role.USER, "did you?"))
    turn = turn_of("u", "hello")
    wrong = attrs.evolve(turn, messages=(*turn.messages, *told))
    with environment.write() as view:
        PutTurn(wrong, PROFILE)(view)
    assert f"number: turns u {turn.key}: its number is not that of the replies before it, and one" in map(
        str, check(environment)
    )


def test_check_tells_of_turns_as_they_pass(environment: Environment) -> None:
    told: list[int] = []
    check(environment, told.append)
    assert sum(told) == 5


def test_finding_reads_as_one_line() -> None:
    finding = Finding("tip", "sessions", "s", "its tip is missing")
    assert str(finding) == "tip: sessions s: its tip is missing"


@given(st.data())
def test_check_of_any_damage_never_raises(data: st.DataObject) -> None:
    """Records are replaced by others, by noise, or removed; what was changed is named where it broke something."""
    with stored() as environment:
        with environment.write() as view:
            entries = [(table, key, record) for table in Table for key, record in view.scan(table)]
            records = st.sampled_from([record for _, _, record in entries]) | st.binary(max_size=40)
            for table, key, _ in data.draw(st.lists(st.sampled_from(entries), min_size=1, max_size=3)):
                name = data.draw(st.just(key) | st.binary(min_size=1, max_size=40))
                if data.draw(st.booleans()):
                    view.put(data.draw(st.just(table) | st.sampled_from(Table)), name, data.draw(records))
                else:
                    view.delete(table, key)
        for finding in check(environment):
            assert finding.table in set(Table)
            assert finding.text


def test_check_pages_finds_a_page_that_is_another(environment: Environment) -> None:
    with environment.read() as view:
        assert view.count(Table.TURNS) == 5
    data = environment.path / DATA_FILE
    with data.open("r+b") as file:
        for page in range(2, data.stat().st_size // 4096):
            file.seek(page * 4096)
            file.write(b"\xff")
    found = check_pages(environment)
    assert found
    assert {(one.kind, one.table, one.key) for one in found} == {("page", "pages", DATA_FILE)}


def test_branch_of_is_what_the_turns_have() -> None:
    assert FIRST.key.branch == branch_of(FIRST.chain, FIRST.request_digest)
