"""What conversations do to a store: names that are told apart, items that are named, and what comes too late."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest

from llmsim.errors import ClientError, WrongPod
from llmsim.keeping.conversations import (
    KIND,
    AddItems,
    MakeConversation,
    Remove,
    RemoveItem,
    Update,
    append,
    conversation,
    hold,
)
from llmsim.store import resources, sessions
from llmsim.store.check import check
from llmsim.store.environment import Environment
from llmsim.store.ownership import open_for
from llmsim.store.schema import Resource
from llmsim.turn import Place, Pod
from llmsim.wire.ids import key_last_id, owner_of, partition_key

POD = Pod(7, 2)
ITEM: dict[str, Any] = {"type": "message", "status": "completed", "role": "user", "content": []}
CREATED_S = 1_767_225_600


def stamp(_place: Place) -> int:
    return CREATED_S


MAKE = MakeConversation(POD, stamp, bytes(16), None, {"a": "b"}, [ITEM, ITEM])


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[Environment]:
    with Environment.open(tmp_path / "data", create=True, durable=False) as opened:
        open_for(opened, seed=POD.root_seed, ordinal=POD.ordinal, now_s=1)
        yield opened
        assert [str(finding) for finding in check(opened)] == []


def do(environment: Environment, operation: Callable[..., Any]) -> Any:  # noqa: ANN401
    with environment.write() as view:
        return operation(view)


def ids(environment: Environment, known: Resource) -> list[str]:
    with environment.read() as view:
        return [item["id"] for item in resources.items(view, known.session)]


def test_conversations_that_begin_alike_have_sessions_and_ids_of_their_own(environment: Environment) -> None:
    made = [do(environment, MAKE) for _ in range(3)]
    made.append(do(environment, attrs.evolve(MAKE, session="tour")))
    assert len({one.id for one in made}) == len({one.session for one in made}) == 4
    for one in made:
        assert one.id.endswith(partition_key(2, one.session))
        assert owner_of(one.id) == 2
        assert len(ids(environment, one)) == 2
        assert {name[-16:] for name in ids(environment, one)} == {one.id[-16:]}
    with pytest.raises(ClientError, match="has a conversation already"):
        do(environment, attrs.evolve(MAKE, session="tour"))


def test_other_pods_and_seeds_make_others(environment: Environment) -> None:
    made = [do(environment, attrs.evolve(MAKE, pod=pod)) for pod in (POD, Pod(8, 2))]
    assert made[0].session != made[1].session


def test_items_keep_ids_that_are_free_and_get_others_for_those_that_are_not(environment: Environment) -> None:
    made = do(environment, MAKE)
    [taken, _] = ids(environment, made)
    items = [ITEM | {"id": name} for name in ("mine", "mine", taken, made.id, "x" * 129, "")]
    added = do(environment, AddItems(POD, made.id, items, CREATED_S))
    assert [item["id"] for item in added] == ids(environment, made)[2:]
    assert added[0]["id"] == "mine"
    assert [item["id"] for item in added[1:]] == [
        name for name in ids(environment, made)[3:] if name.startswith("msg_")
    ]


def test_items_that_come_after_others_were_removed_have_new_ids(environment: Environment) -> None:
    made = do(environment, MAKE)
    before = ids(environment, made)
    do(environment, RemoveItem(POD, made.id, before[1]))
    do(environment, AddItems(POD, made.id, [ITEM], CREATED_S))
    after = ids(environment, made)
    assert after[0] == before[0]
    assert after[1] not in before


def test_changed_metadata_leaves_all_else(environment: Environment) -> None:
    made = do(environment, MAKE)
    do(environment, lambda view: hold(view, made.id, "resp_x"))
    changed = do(environment, Update(POD, made.id, {"c": "d"}))
    assert changed.body == {"metadata": {"c": "d"}, "added": 2, "running": "resp_x"}
    do(environment, lambda view: hold(view, made.id, None))
    with environment.read() as view:
        assert conversation(view, POD, made.id).body == {"metadata": {"c": "d"}, "added": 2}


def test_removed_conversation_takes_everything_and_nothing_brings_it_back(environment: Environment) -> None:
    made = do(environment, MAKE)
    [first, _] = ids(environment, made)
    do(environment, Remove(POD, made.id))
    do(environment, lambda view: hold(view, made.id, "resp_x"))
    for operation in (
        Remove(POD, made.id),
        Update(POD, made.id, {}),
        AddItems(POD, made.id, [ITEM], CREATED_S),
        RemoveItem(POD, made.id, first),
    ):
        with pytest.raises(ClientError, match=f"^Conversation with id '{made.id}' not found"):
            do(environment, operation)
    with environment.read() as view:
        assert resources.resource(view, made.id) is None
        assert list(sessions.sessions(view)) == []


def test_what_is_no_conversation_is_none_and_another_pods_is_that(environment: Environment) -> None:
    made = do(environment, MAKE)
    other = attrs.evolve(made, id="resp_x", kind="openai.response")
    do(environment, resources.PutResource(other))
    with environment.read() as view:
        assert conversation(view, POD, made.id).kind == KIND
        for name in ("resp_x", "", "conv_x", "\ud800", ids(environment, made)[0]):
            with pytest.raises(ClientError) as refused:
                conversation(view, POD, name)
            assert refused.value.status == 404
        theirs = key_last_id("conv", partition_key(5, "s"), 1, bytes(32))
        with pytest.raises(WrongPod):
            conversation(view, POD, theirs)
    do(environment, lambda view: hold(view, "resp_x", "resp_y"))
    with environment.read() as view:
        assert resources.resource(view, "resp_x") == other


def test_items_of_a_response_are_appended_behind_all_others(environment: Environment) -> None:
    made = do(environment, MAKE)
    said = [(ITEM, "msg_a"), (ITEM | {"id": "msg_b"}, "msg_c")]
    do(environment, lambda view: append(view, made.session, said))
    assert ids(environment, made)[2:] == ["msg_a", "msg_b"]
