"""The invariants of resources and items: what `names` and `lists` have is what the records say, no more and no less.

A part of `check.py`, apart because it is about other tables. Never raises for what it is here to find.
"""

from collections.abc import Collection, Iterator

import attrs
import orjson

from llmsim.errors import StoreDamaged
from llmsim.store.codec import decode
from llmsim.store.environment import View
from llmsim.store.resources import OF_ITEM, OF_RESOURCE, POSITION_BYTES, STAMP_BYTES
from llmsim.store.schema import SEPARATOR, Resource, Table, TurnKey, within

STAMP_MAX_S = (1 << 8 * STAMP_BYTES) - 1


@attrs.frozen
class Finding:
    """One broken invariant: its kind, the table and key (readable), and a sentence."""

    kind: str
    table: str
    key: str
    text: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.table} {self.key}: {self.text}"


def check_resources(view: View, session: str, turns: Collection[TurnKey]) -> Iterator[Finding | Resource]:
    """The findings in the resources and items of one session, and every resource that can be read."""
    for key, record in view.scan(Table.RESOURCES, within(session)):
        tail = key[len(within(session)) :]
        where = f"{session} {_shown(tail)}"
        try:
            found = decode(record, Resource)
        except StoreDamaged as error:
            yield Finding("unreadable", "resources", where, str(error))
            continue
        yield found
        if (found.session, found.id.encode()) != (session, tail):
            yield Finding("key", "resources", where, f"its record says {found.session} {found.id}")
        if found.turn is not None and found.turn not in turns:
            yield Finding("turn", "resources", where, f"its turn {found.turn} is missing")
        if view.get(Table.NAMES, tail) != OF_RESOURCE + session.encode():
            yield Finding("name", "resources", where, "its id does not lead to it")
        for name in found.lists:
            if view.get(Table.LISTS, _list_key(name, found)) != session.encode():
                yield Finding("list", "resources", where, f"the list {name} lacks it")


def check_items(view: View, session: str) -> Iterator[Finding]:
    """The findings in the items of one session."""
    for key, record in view.scan(Table.ITEMS, within(session)):
        where = f"{session} {_shown(key[len(within(session)) :])}"
        item_id = _item_id(record)
        if item_id is None or len(key) != len(within(session)) + POSITION_BYTES:
            yield Finding("unreadable", "items", where, "not an item with an id and a position")
        elif view.get(Table.NAMES, item_id.encode()) != OF_ITEM + key:
            yield Finding("name", "items", where, f"its id {item_id} does not lead to it")


def check_names(view: View) -> Iterator[Finding]:
    """The findings in what leads to resources and items: names and lists that lead nowhere."""
    for key, record in view.scan(Table.NAMES):
        kind, at = record[:1], record[1:]
        table = {OF_RESOURCE: Table.RESOURCES, OF_ITEM: Table.ITEMS}.get(kind)
        there = view.get(table, at + SEPARATOR + key if table is Table.RESOURCES else at) if table and at else None
        if there is None or (table is Table.ITEMS and (_item_id(there) or "").encode() != key):
            yield Finding("orphan", "names", _shown(key), "it leads to no record")
    for key, session in view.scan(Table.LISTS):
        name, _, tail = key.partition(SEPARATOR)
        found = _resource(view.get(Table.RESOURCES, session + SEPARATOR + tail[STAMP_BYTES:]) if session else None)
        if found is None or _shown(name) not in found.lists or _list_key(_shown(name), found) != key:
            yield Finding("orphan", "lists", _shown(key), "it has no such resource")
    for key, record in view.scan(Table.COUNTERS):
        if len(record) != STAMP_BYTES:
            yield Finding("unreadable", "counters", key.hex(), f"a count has {STAMP_BYTES} bytes, not {len(record)}")


def _item_id(record: bytes) -> str | None:
    try:
        found = orjson.loads(record)["id"]
    except (ValueError, TypeError, KeyError):
        return None
    return found if isinstance(found, str) and found else None


def _resource(record: bytes | None) -> Resource | None:
    """The resource that a record is; None where it is none, which is found where it stands."""
    try:
        return decode(record, Resource) if record is not None else None
    except StoreDamaged:
        return None


def _list_key(name: str, found: Resource) -> bytes:
    stamp_s = min(max(found.created_s, 0), STAMP_MAX_S)
    return name.encode() + SEPARATOR + stamp_s.to_bytes(STAMP_BYTES) + found.id.encode()


def _shown(key: bytes) -> str:
    return key.decode("utf-8", "backslashreplace")
