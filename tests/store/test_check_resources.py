"""Each invariant of resources and items is broken once and found."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import attrs
import orjson
import pytest

from llmsim.store.check import check
from llmsim.store.codec import encode
from llmsim.store.environment import Environment, View
from llmsim.store.resources import AppendItems, Count, PutResource
from llmsim.store.schema import Resource, Table, TurnKey, within
from tests.stored import conversation, fill, items_of, shown

pytestmark = pytest.mark.leaves_unsound("what check must find")

FIRST, *_ = conversation("s-0", 4)
RESPONSE = shown(FIRST, id="resp_1", lists=("all", "running"))
OTHER = Resource("conv_1", "s-1", "test.conversation", FIRST.created_s, {})
ITEM, SECOND_ITEM = items_of("s-0", 2)
DIGEST = b"d" * 16
STAMP = FIRST.created_s.to_bytes(8)


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[Environment]:
    with Environment.open(fill(tmp_path, sessions=2)) as opened:
        with opened.write() as view:
            for operation in (
                PutResource(RESPONSE),
                PutResource(OTHER),
                AppendItems("s-0", (ITEM, SECOND_ITEM)),
                Count(DIGEST, 3),
            ):
                operation(view)
        yield opened


def at(position: int) -> bytes:
    return within("s-0", position.to_bytes(4))


def putting(table: Table, key: bytes, record: bytes) -> Callable[[View], object]:
    return lambda view: view.put(table, key, record)


def deleting(table: Table, key: bytes) -> Callable[[View], object]:
    return lambda view: view.delete(table, key)


def resource_put(key: bytes = b"resp_1", **changes: Any) -> Callable[[View], object]:  # noqa: ANN401
    return putting(Table.RESOURCES, within("s-0", key), encode(attrs.evolve(RESPONSE, **changes)))


def item_put(position: int, body: object) -> Callable[[View], object]:
    return putting(Table.ITEMS, at(position), orjson.dumps(body))


BROKEN = {
    "resource unreadable": (
        putting(Table.RESOURCES, within("s-0", b"resp_1"), b"{}"),
        ["unreadable: resources s-0 resp_1: not a record of kind Resource"],
    ),
    "resource gone": (
        deleting(Table.RESOURCES, within("s-0", b"resp_1")),
        [
            "orphan: names resp_1: it leads to no record",
            f"orphan: lists all\x00{STAMP.decode('utf-8', 'backslashreplace')}resp_1: it has no such resource",
            f"orphan: lists running\x00{STAMP.decode('utf-8', 'backslashreplace')}resp_1: it has no such resource",
        ],
    ),
    "resource of another session": (
        resource_put(session="s-1"),
        ["key: resources s-0 resp_1: its record says s-1 resp_1"],
    ),
    "resource of another id": (resource_put(id="resp_2"), ["key: resources s-0 resp_1: its record says s-0 resp_2"]),
    "resource of no turn": (
        resource_put(turn=TurnKey(9, b"nowhere!")),
        ["turn: resources s-0 resp_1: its turn 9-6e6f776865726521-0 is missing"],
    ),
    "resource without a name": (
        deleting(Table.NAMES, b"resp_1"),
        ["name: resources s-0 resp_1: its id does not lead to it"],
    ),
    "resource under a second key": (
        resource_put(b"resp_2"),
        ["key: resources s-0 resp_2", "name: resources s-0 resp_2: its id does not lead to it"],
    ),
    "resource of an id that is no text": (
        resource_put(b"\xff"),
        ["key: resources s-0 \\xff", "name: resources s-0 \\xff"],
    ),
    "name of a resource leads to another session": (
        putting(Table.NAMES, b"resp_1", b"rs-1"),
        ["name: resources s-0 resp_1", "orphan: names resp_1"],
    ),
    "name of a resource leads to an item": (
        putting(Table.NAMES, b"resp_1", b"i" + at(0)),
        ["name: resources s-0 resp_1", "orphan: names resp_1"],
    ),
    "name of nothing": (putting(Table.NAMES, b"resp_9", b"rs-0"), ["orphan: names resp_9: it leads to no record"]),
    "name of no kind": (putting(Table.NAMES, b"resp_9", b"xs-0"), ["orphan: names resp_9"]),
    "name that is empty": (putting(Table.NAMES, b"resp_9", b""), ["orphan: names resp_9"]),
    "name of a kind alone": (putting(Table.NAMES, b"resp_9", b"r"), ["orphan: names resp_9"]),
    "name that is no key": (putting(Table.NAMES, b"resp_9", b"i" + b"x" * 600), ["orphan: names resp_9"]),
    "list lacks a resource": (
        deleting(Table.LISTS, b"all\x00" + STAMP + b"resp_1"),
        ["list: resources s-0 resp_1: the list all lacks it"],
    ),
    "list says another session": (
        putting(Table.LISTS, b"all\x00" + STAMP + b"resp_1", b"s-1"),
        ["list: resources s-0 resp_1: the list all lacks it", "orphan: lists all"],
    ),
    "list has a resource that is not of it": (
        putting(Table.LISTS, b"done\x00" + STAMP + b"resp_1", b"s-0"),
        ["orphan: lists done"],
    ),
    "list has a resource under another stamp": (
        putting(Table.LISTS, b"all\x00" + bytes(8) + b"resp_1", b"s-0"),
        ["orphan: lists all"],
    ),
    "list has nothing": (putting(Table.LISTS, b"all\x00" + STAMP + b"resp_9", b"s-0"), ["orphan: lists all"]),
    "list without a name": (putting(Table.LISTS, b"?", b""), ["orphan: lists ?"]),
    "list that leads to no key": (putting(Table.LISTS, b"all\x00", b"x" * 600), ["orphan: lists all"]),
    "item unreadable": (item_put(0, {}), ["unreadable: items s-0 \x00\x00\x00\x00: not an item with an id"]),
    "item that is none": (item_put(0, [1]), ["unreadable: items s-0"]),
    "item of an id that is no text": (item_put(0, {"id": 1}), ["unreadable: items s-0"]),
    "item that is no JSON": (putting(Table.ITEMS, at(0), b"{"), ["unreadable: items s-0", "orphan: names msg_s-0_0"]),
    "item of no position": (
        putting(Table.ITEMS, within("s-0", b"\x00"), orjson.dumps({"id": "x"})),
        ["unreadable: items s-0 \x00: not an item with an id and a position"],
    ),
    "item gone": (deleting(Table.ITEMS, at(0)), ["orphan: names msg_s-0_0: it leads to no record"]),
    "item of another id": (
        item_put(0, SECOND_ITEM),
        ["name: items s-0 \x00\x00\x00\x00: its id msg_s-0_1 does not lead to it", "orphan: names msg_s-0_0"],
    ),
    "item of an id that is no key": (item_put(0, {"id": "x" * 600}), ["name: items s-0"]),
    "item of an empty id": (item_put(0, {"id": ""}), ["unreadable: items s-0"]),
    "item without a name": (
        deleting(Table.NAMES, b"msg_s-0_0"),
        ["name: items s-0 \x00\x00\x00\x00: its id msg_s-0_0 does not lead to it"],
    ),
    "item twice": (item_put(7, ITEM), ["name: items s-0 \x00\x00\x00\x07: its id msg_s-0_0 does not lead to it"]),
    "resource of no session": (
        putting(Table.RESOURCES, b"gone\x00x", encode(RESPONSE)),
        ["orphan: resources gone: there is no such session"],
    ),
    "item of no session": (
        putting(Table.ITEMS, b"gone\x00\x00\x00\x00\x00", orjson.dumps(ITEM)),
        ["orphan: items gone: there is no such session"],
    ),
    "resource of a stamp that is no key": (
        resource_put(created_s=-1),
        ["list: resources s-0 resp_1: the list all lacks it", "orphan: lists all", "stamp: sessions s-0"],
    ),
    "resource of a stamp that is too large": (
        resource_put(created_s=2**63),
        ["list: resources s-0 resp_1: the list all lacks it", "orphan: lists all", "stamp: sessions s-0"],
    ),
    "resource made before its session": (
        putting(Table.RESOURCES, within("s-1", b"conv_1"), encode(attrs.evolve(OTHER, created_s=5))),
        ["stamp: sessions s-1"],
    ),
    "count of another size": (
        putting(Table.COUNTERS, DIGEST, b"3"),
        [f"unreadable: counters {DIGEST.hex()}: a count has 8 bytes, not 1"],
    ),
}


def test_check_of_resources_and_items_that_are_sound_finds_nothing(environment: Environment) -> None:
    assert check(environment) == []


@pytest.mark.parametrize("name", BROKEN)
def test_check_finds_what_is_broken_in_resources(name: str, environment: Environment) -> None:
    damage, findings = BROKEN[name]
    with environment.write() as view:
        damage(view)
    found = [str(one) for one in check(environment)]
    for expected in findings:
        assert any(one.startswith(expected) for one in found), found
