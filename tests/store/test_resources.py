"""What an id leads to: made, changed, listed and removed, with nothing left that leads nowhere."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest

from llmsim.errors import ClientError, StoreDamaged, StoreError
from llmsim.store import resources, sessions
from llmsim.store.batch import Operation, apply
from llmsim.store.environment import Environment, View
from llmsim.store.operations import DeleteSession, ForkSession, PutTurn
from llmsim.store.resources import AppendItems, Count, DeleteItem, DeleteResource, PutResource
from llmsim.store.schema import Resource, Session, Table
from tests.stored import PROFILE, checked, conversation, fill, items_of, shown

FIRST, SECOND, *_ = TURNS = tuple(conversation("s-0", 4))
RESPONSE = shown(FIRST, id="resp_1", lists=("all", "running"), body={"said": "é"})
CONVERSATION = Resource("conv_1", "made", "test.conversation", 1_800_000_000, {"metadata": {}}, lists=("all",))


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[Environment]:
    """A store of one session of 4 turns; sound afterwards."""
    with checked(fill(tmp_path, sessions=1)) as opened:
        yield opened


def do(environment: Environment, *operations: Operation) -> None:
    for result in apply(environment, operations):
        if result.error is not None:
            raise result.error


def listed(environment: Environment, name: str, **options: Any) -> list[str]:  # noqa: ANN401
    with environment.read() as view:
        return [found.id for found in resources.listed(view, name, **options)]


def count(environment: Environment) -> dict[str, int]:
    with environment.read() as view:
        kept = (Table.RESOURCES, Table.ITEMS, Table.NAMES, Table.LISTS)
        return {table.value: view.count(table) for table in kept}


def test_resource_put_is_found_by_its_id(environment: Environment) -> None:
    do(environment, PutResource(RESPONSE))
    with environment.read() as view:
        assert resources.resource(view, "resp_1") == RESPONSE
        assert list(resources.of_session(view, "s-0")) == [RESPONSE]
        assert resources.counts(view, "s-0") == (1, 0)
        assert resources.taken(view, "resp_1")
        assert resources.item(view, "resp_1") is None


@pytest.mark.parametrize("asked", ["", "resp_", "resp_11", "x" * 600, "\ud800", "\x00", "s-0", "é" * 65])
def test_resource_of_what_is_no_id_is_none(environment: Environment, asked: str) -> None:
    do(environment, PutResource(RESPONSE))
    with environment.read() as view:
        assert resources.resource(view, asked) is None
        assert resources.item(view, asked) is None
        assert not resources.taken(view, asked)


def test_resource_put_again_is_changed_and_leaves_the_lists_that_it_no_longer_names(environment: Environment) -> None:
    changed = attrs.evolve(RESPONSE, lists=("all", "done"), body={}, created_s=RESPONSE.created_s + 1)
    do(environment, PutResource(RESPONSE), PutResource(changed))
    with environment.read() as view:
        assert resources.resource(view, "resp_1") == changed
    assert [listed(environment, name) for name in ("all", "running", "done")] == [["resp_1"], [], ["resp_1"]]
    assert count(environment) == {"resources": 1, "items": 0, "names": 1, "lists": 2}


def test_resource_makes_its_session_where_there_is_none(environment: Environment) -> None:
    do(environment, PutResource(CONVERSATION))
    with environment.read() as view:
        made = CONVERSATION.created_s
        assert sessions.session(view, "made") == Session("made", made, made, 0, None)
        assert sessions.history(view, "made") == ()
    do(environment, *(PutTurn(attrs.evolve(turn, session="made"), PROFILE) for turn in TURNS))
    with environment.read() as view:
        known = sessions.session(view, "made")
        assert known is not None
        assert (known.created_s, known.updated_s, known.turns) == (FIRST.created_s, made, 4)
        assert known.tip == TURNS[-1].key


def test_resource_of_another_session_keeps_its_id(environment: Environment) -> None:
    do(environment, PutResource(CONVERSATION))
    with pytest.raises(StoreError, match="the id conv_1 is another session's"):
        do(environment, PutResource(attrs.evolve(CONVERSATION, session="s-0")))
    with environment.read() as view:
        assert resources.resource(view, "conv_1") == CONVERSATION


def test_resource_leaves_the_id_of_an_item_alone(environment: Environment) -> None:
    do(environment, AppendItems("s-0", items_of("s-0", 1)))
    with pytest.raises(StoreError, match="the id msg_s-0_0 is an item's"):
        do(environment, PutResource(attrs.evolve(RESPONSE, id="msg_s-0_0")))


def test_resource_of_a_turn_that_is_gone_is_not_stored(environment: Environment) -> None:
    do(environment, DeleteSession("s-0"), PutResource(RESPONSE))
    with environment.read() as view:
        assert resources.resource(view, "resp_1") is None
        assert sessions.session(view, "s-0") is None


@pytest.mark.parametrize("bad", ["", "x" * 129, "é" * 65])
def test_id_that_is_no_key_is_refused(environment: Environment, bad: str) -> None:
    for operation in (PutResource(attrs.evolve(RESPONSE, id=bad)), AppendItems("s-0", ({"id": bad},))):
        with pytest.raises(StoreError, match="an id has 1 to 128 bytes"):
            do(environment, operation)


@pytest.mark.parametrize("bad", ["", "a\0b", "A", "é", "x" * 65])
def test_list_that_is_no_key_is_refused(environment: Environment, bad: str) -> None:
    with pytest.raises(StoreError, match="stands in lists that cannot be called so"):
        do(environment, PutResource(attrs.evolve(RESPONSE, lists=("all", bad))))


def test_longest_names_have_room(environment: Environment) -> None:
    session = "s" * 128
    longest = Resource("x" * 128, session, "test", 2**63, {}, lists=("l" * 64,))
    item = {"id": "y" * 128}
    do(environment, PutResource(longest), AppendItems(session, (item,)))
    with environment.read() as view:
        assert resources.resource(view, longest.id) == longest
        assert resources.item(view, item["id"]) == (session, 0, item)
    assert listed(environment, "l" * 64) == [longest.id]


def test_lists_are_in_order_of_stamps_and_of_nothing_else(environment: Environment) -> None:
    made = [
        Resource(f"r_{number}", f"m-{9 - number}", "test", 1_800_000_000 + number % 5, {}, lists=("all",))
        for number in range(10)
    ]
    do(
        environment,
        *map(PutResource, made),
        PutResource(Resource("other", "m-0", "test", 1, {}, lists=("al", "all-2"))),
    )
    oldest_first = ["r_0", "r_5", "r_1", "r_6", "r_2", "r_7", "r_3", "r_8", "r_4", "r_9"]
    assert listed(environment, "all") == oldest_first
    assert listed(environment, "all", reverse=True) == oldest_first[::-1]
    assert listed(environment, "all", after=made[6]) == oldest_first[4:]
    assert listed(environment, "all", after=made[6], reverse=True) == oldest_first[2::-1]
    assert listed(environment, "nothing") == []


def test_beginning_finds_the_first_resource_that_begins_so(environment: Environment) -> None:
    do(environment, PutResource(RESPONSE), PutResource(attrs.evolve(RESPONSE, id="resp_2")))
    do(environment, AppendItems("s-0", ({"id": "resp_0"},)))
    with environment.read() as view:
        found = {
            text: resources.beginning(view, text) for text in ("resp", "resp_2", "resp_0", "", "x" * 129, "\ud800")
        }
    assert {text: one.id if one else None for text, one in found.items()} == {
        "resp": "resp_1", "resp_2": "resp_2", "resp_0": None, "": None, "x" * 129: None, "\ud800": None,
    }  # fmt: skip


def test_delete_resource_leaves_its_turn_and_nothing_that_leads_to_it(environment: Environment) -> None:
    do(environment, PutResource(RESPONSE), DeleteResource("resp_1"), DeleteResource("resp_1"), DeleteResource("?"))
    assert count(environment) == {"resources": 0, "items": 0, "names": 0, "lists": 0}
    with environment.read() as view:
        assert sessions.turn(view, "s-0", FIRST.key) == FIRST


def test_items_are_in_their_order_from_either_end(environment: Environment) -> None:
    kept = items_of("s-0", 5)
    do(environment, AppendItems("s-0", kept[:2]), AppendItems("s-0", ()), AppendItems("s-0", kept[2:]))
    with environment.read() as view:
        assert tuple(resources.items(view, "s-0")) == kept
        assert tuple(resources.items(view, "s-0", reverse=True)) == kept[::-1]
        assert tuple(resources.items(view, "s-0", after=1)) == kept[2:]
        assert tuple(resources.items(view, "s-0", after=1, reverse=True)) == kept[:1]
        assert list(resources.placed(view, "s-0", after=3)) == [(4, kept[4])]
        assert resources.item(view, kept[3]["id"]) == ("s-0", 3, kept[3])
        assert resources.resource(view, kept[3]["id"]) is None
        assert resources.counts(view, "s-0") == (0, 5)
        assert list(resources.items(view, "s")) == []


def test_items_of_two_sessions_do_not_meet(environment: Environment) -> None:
    do(environment, PutResource(CONVERSATION), AppendItems("made", items_of("made", 2)))
    do(environment, AppendItems("s-0", items_of("s-0", 1)))
    with environment.read() as view:
        assert [body["id"] for body in resources.items(view, "made")] == ["msg_made_0", "msg_made_1"]
        assert resources.next_position(view, "made") == 2
        assert resources.next_position(view, "s-0") == 1
        assert resources.next_position(view, "nobody") == 0


def test_position_of_a_removed_item_is_taken_again_only_at_the_end(environment: Environment) -> None:
    kept = items_of("s-0", 3)
    do(environment, AppendItems("s-0", kept), DeleteItem(kept[1]["id"]), DeleteItem(kept[1]["id"]), DeleteItem("?"))
    with environment.read() as view:
        assert list(resources.placed(view, "s-0")) == [(0, kept[0]), (2, kept[2])]
        assert resources.item(view, kept[1]["id"]) is None
    do(environment, AppendItems("s-0", (kept[1],)))
    with environment.read() as view:
        assert list(resources.placed(view, "s-0")) == [(0, kept[0]), (2, kept[2]), (3, kept[1])]


@pytest.mark.parametrize("taken", ["resp_1", "msg_s-0_0", "msg_s-0_1"])
def test_item_whose_id_is_taken_leaves_no_trace(environment: Environment, taken: str) -> None:
    do(environment, PutResource(RESPONSE), AppendItems("s-0", items_of("s-0", 1)))
    before = count(environment)
    with pytest.raises(StoreError, match=f"the id {taken} is taken"):
        do(environment, AppendItems("s-0", ({"id": "msg_s-0_1"}, {"id": taken})))
    assert count(environment) == before


def test_items_of_a_session_that_is_gone_are_refused(environment: Environment) -> None:
    with pytest.raises(ClientError, match="Session 'gone', which items were to be put into, is gone") as refused:
        do(environment, AppendItems("gone", items_of("gone", 1)))
    assert (refused.value.status, refused.value.code) == (409, "session_changed")


def test_delete_item_of_a_resource_does_nothing(environment: Environment) -> None:
    do(environment, PutResource(RESPONSE), AppendItems("s-0", items_of("s-0", 1)))
    do(environment, DeleteItem("resp_1"), DeleteResource("msg_s-0_0"))
    assert count(environment) == {"resources": 1, "items": 1, "names": 2, "lists": 2}


def test_delete_session_takes_all_along_and_nothing_of_others(environment: Environment) -> None:
    do(environment, PutResource(CONVERSATION), AppendItems("made", items_of("made", 2)))
    do(environment, PutResource(RESPONSE), AppendItems("s-0", items_of("s-0", 2)))
    do(environment, DeleteSession("s-0"))
    assert count(environment) == {"resources": 1, "items": 2, "names": 3, "lists": 1}
    assert listed(environment, "all") == ["conv_1"]
    do(environment, DeleteSession("made"))
    assert count(environment) == {"resources": 0, "items": 0, "names": 0, "lists": 0}


def test_fork_leaves_ids_with_the_session_that_it_is_a_fork_of(environment: Environment) -> None:
    do(environment, PutResource(RESPONSE), AppendItems("s-0", items_of("s-0", 2)))
    do(environment, ForkSession("s-0", SECOND.key, "fork"))
    with environment.read() as view:
        assert resources.counts(view, "fork") == (0, 0)
        assert resources.resource(view, "resp_1") == RESPONSE


def test_counted_is_what_was_noted_last(environment: Environment) -> None:
    digest, other = b"d" * 16, b"e" * 16
    do(environment, Count(digest, 1), Count(digest, 2**40))
    with environment.read() as view:
        assert (resources.counted(view, digest), resources.counted(view, other)) == (2**40, 0)


@pytest.mark.parametrize("failing", [0, 1, 2])
def test_operation_made_of_several_leaves_no_trace_when_one_raises(environment: Environment, failing: int) -> None:
    """A turn with what it leaves behind, beside others in one transaction."""
    turn = next(conversation("new", 1))
    steps: list[Operation] = [
        PutTurn(turn, PROFILE),
        PutResource(shown(turn, id="resp_new", lists=("all",))),
        AppendItems("new", items_of("new", 2)),
    ]

    def together(view: View) -> None:
        for number, step in enumerate(steps):
            step(view)
            if number == failing:
                raise ZeroDivisionError

    results = apply(environment, [PutResource(RESPONSE), together, PutResource(CONVERSATION)])
    assert [type(result.error) for result in results] == [type(None), ZeroDivisionError, type(None)]
    with environment.read() as view:
        assert sessions.session(view, "new") is None
        assert resources.resource(view, "resp_new") is None
    assert count(environment) == {"resources": 2, "items": 0, "names": 2, "lists": 3}
    assert listed(environment, "all") == ["resp_1", "conv_1"]


@pytest.mark.parametrize(
    ("table", "key", "look"),
    [
        (Table.RESOURCES, b"s-0\x00resp_1", lambda view: resources.resource(view, "resp_1")),
        (Table.RESOURCES, b"s-0\x00resp_1", lambda view: list(resources.listed(view, "all"))),
        (Table.ITEMS, b"s-0\x00\x00\x00\x00\x00", lambda view: resources.item(view, "msg_s-0_0")),
    ],
    ids=["resource", "listed", "item"],
)
@pytest.mark.leaves_unsound("a record is gone that something leads to")
def test_id_that_leads_nowhere_is_damage(tmp_path: Path, table: Table, key: bytes, look: Operation) -> None:
    with Environment.open(fill(tmp_path, sessions=1)) as environment:
        do(environment, PutResource(RESPONSE), AppendItems("s-0", items_of("s-0", 1)))
        with environment.write() as view:
            assert view.delete(table, key)
        with environment.read() as view, pytest.raises(StoreDamaged, match=r"no record|no item"):
            look(view)
