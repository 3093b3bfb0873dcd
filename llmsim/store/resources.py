"""What providers' APIs call by an id: reading it, and the operations that make, change and remove it.

An id leads to a session (`names`), and the record stands with the session's turns, so that whoever deletes, exports or
moves a session takes it along. Knows no dialect: what a resource's body or an item says is its keeper's business.
Invariants: `names` and `lists` have exactly what the records say (`check_resources.py`).
"""

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

import attrs
import orjson

from llmsim.errors import ClientError, StoreDamaged, StoreError
from llmsim.store.codec import decode, encode
from llmsim.store.environment import View
from llmsim.store.schema import SEPARATOR, Resource, Session, Table, turn_key, within

POSITION_BYTES = 4
STAMP_BYTES = 8
OF_RESOURCE = b"r"
OF_ITEM = b"i"
ID_MAX_BYTES = 128
"""Longest id: an LMDB key, with a session in front of it, has room for it."""
LIST_NAME = re.compile(r"[a-z0-9._-]{1,64}")
"""What lists may be called: the key of an entry begins with it, and ends it with a 00 byte."""


def resource(view: View, resource_id: str) -> Resource | None:
    """The resource of this id; None for whatever is none's."""
    name = _name(view, resource_id)
    if name is None or not name.startswith(OF_RESOURCE):
        return None
    record = view.get(Table.RESOURCES, within(name[1:].decode(), resource_id.encode()))
    if record is None:
        raise StoreDamaged(f"the id {resource_id} leads to no record")
    return decode(record, Resource)


def item(view: View, item_id: str) -> tuple[str, int, dict[str, Any]] | None:
    """The session, the position and the body of an item; None for whatever is none's id."""
    name = _name(view, item_id)
    if name is None or not name.startswith(OF_ITEM):
        return None
    session, _, position = name[1:].partition(SEPARATOR)
    record = view.get(Table.ITEMS, name[1:])
    if record is None:
        raise StoreDamaged(f"the id {item_id} leads to no item")
    return session.decode(), int.from_bytes(position), orjson.loads(record)


def items(view: View, session: str, *, after: int | None = None, reverse: bool = False) -> Iterator[dict[str, Any]]:
    """The items of a conversation in their order, or against it; those beyond the position `after`."""
    for _, body in placed(view, session, after=after, reverse=reverse):
        yield body


def placed(
    view: View, session: str, *, after: int | None = None, reverse: bool = False
) -> Iterator[tuple[int, dict[str, Any]]]:
    """As `items`, each with its position."""
    start = within(session, after.to_bytes(POSITION_BYTES)) if after is not None else b""
    for key, record in view.scan(Table.ITEMS, within(session), start, reverse=reverse):
        yield int.from_bytes(key[-POSITION_BYTES:]), orjson.loads(record)


def counts(view: View, session: str) -> tuple[int, int]:
    """How many resources and how many items a session has."""
    found = [sum(1 for _ in view.scan(table, within(session))) for table in (Table.RESOURCES, Table.ITEMS)]
    return found[0], found[1]


def next_position(view: View, session: str) -> int:
    """Where the next item of a conversation stands."""
    last = next(islice(view.scan(Table.ITEMS, within(session), reverse=True), 1), None)
    return int.from_bytes(last[0][-POSITION_BYTES:]) + 1 if last else 0


def taken(view: View, text: str) -> bool:
    """Whether this is the id of a resource or of an item."""
    return _name(view, text) is not None


def beginning(view: View, text: str) -> Resource | None:
    """The first resource whose id begins with this text; None where there is none."""
    key = text.encode("utf-8", "surrogatepass")
    if not 0 < len(key) <= ID_MAX_BYTES:
        return None
    found = next((name for name, at in view.scan(Table.NAMES, key) if at.startswith(OF_RESOURCE)), None)
    return resource(view, found.decode()) if found is not None else None


def of_session(view: View, session: str) -> Iterator[Resource]:
    """The resources of a session, in order of their ids."""
    for _, record in view.scan(Table.RESOURCES, within(session)):
        yield decode(record, Resource)


def listed(view: View, name: str, after: Resource | None = None, *, reverse: bool = False) -> Iterator[Resource]:
    """The resources of a list, oldest first, or last: those beyond one of them."""
    start = _list_key(name, after) if after else b""
    for key, session in view.scan(Table.LISTS, name.encode() + SEPARATOR, start, reverse=reverse):
        resource_id = key[len(name) + 1 + STAMP_BYTES :]
        record = view.get(Table.RESOURCES, session + SEPARATOR + resource_id)
        if record is None:
            raise StoreDamaged(f"the list {name} has {resource_id.decode()}, which has no record")
        yield decode(record, Resource)


def counted(view: View, digest: bytes) -> int:
    """How often something of this digest (16 bytes) was made."""
    return int.from_bytes(view.get(Table.COUNTERS, digest) or b"")


@attrs.frozen
class PutResource:
    """Store a resource, new or changed; its session comes into being where there is none.

    Nothing is done where the turn that it shows has been deleted meanwhile.

    Raises:
        StoreError: its id is an item's, another session's, or no key; or a list cannot be called so.
    """

    resource: Resource

    def __call__(self, view: View) -> None:
        made = self.resource
        _refuse_long(made.id)
        if any(LIST_NAME.fullmatch(name) is None for name in made.lists):
            raise StoreError(f"the resource {made.id} stands in lists that cannot be called so: {made.lists}")
        if made.turn is not None and view.get(Table.TURNS, turn_key(made.session, made.turn)) is None:
            return
        known = resource(view, made.id)
        if known is None and taken(view, made.id):
            raise StoreError(f"the id {made.id} is an item's")
        if known is not None:
            if known.session != made.session:
                raise StoreError(f"the id {made.id} is another session's")
            _unlist(view, known)
        view.put(Table.NAMES, made.id.encode(), OF_RESOURCE + made.session.encode())
        view.put(Table.RESOURCES, within(made.session, made.id.encode()), encode(made))
        for name in made.lists:
            view.put(Table.LISTS, _list_key(name, made), made.session.encode())
        touch(view, made.session, made.created_s)


@attrs.frozen
class DeleteResource:
    """Remove a resource; nothing is done where it is gone. Its turn stays (`turn_removal.DeleteTurn`)."""

    id: str

    def __call__(self, view: View) -> None:
        known = resource(view, self.id)
        if known is None:
            return
        _unlist(view, known)
        view.delete(Table.NAMES, self.id.encode())
        view.delete(Table.RESOURCES, within(known.session, self.id.encode()))


@attrs.frozen
class AppendItems:
    """Put items at the end of a conversation, in this order; each is JSON with an `id`.

    Raises:
        ClientError: 409, the session was deleted meanwhile.
        StoreError: an id is taken, by whatever there is, or is no key.
    """

    session: str
    items: tuple[dict[str, Any], ...]

    def __call__(self, view: View) -> None:
        if view.get(Table.SESSIONS, self.session.encode()) is None:
            message = f"Session '{self.session}', which items were to be put into, is gone."
            raise ClientError(message, status=409, code="session_changed")
        for at, body in enumerate(self.items, next_position(view, self.session)):
            put_item(view, self.session, at, body)


@attrs.frozen
class DeleteItem:
    """Remove one item of a conversation; nothing is done where it is gone."""

    id: str

    def __call__(self, view: View) -> None:
        name = _name(view, self.id)
        if name is not None and name.startswith(OF_ITEM):
            view.delete(Table.NAMES, self.id.encode())
            view.delete(Table.ITEMS, name[1:])


@attrs.frozen
class Count:
    """Note that something of this digest was made: `number` is the new count."""

    digest: bytes
    number: int

    def __call__(self, view: View) -> None:
        view.put(Table.COUNTERS, self.digest, self.number.to_bytes(STAMP_BYTES))


def put_item(view: View, session: str, position: int, body: dict[str, Any]) -> None:
    """Store one item where it stands."""
    _refuse_long(body["id"])
    key = within(session, position.to_bytes(POSITION_BYTES))
    if not view.put(Table.NAMES, body["id"].encode(), OF_ITEM + key, overwrite=False):
        raise StoreError(f"the id {body['id']} is taken")
    view.put(Table.ITEMS, key, orjson.dumps(body, option=orjson.OPT_SORT_KEYS))


def touch(view: View, session: str, stamp_s: int) -> None:
    """Something of this stamp has come into a session: its summary says so."""
    record = view.get(Table.SESSIONS, session.encode())
    known = decode(record, Session) if record is not None else Session(session, stamp_s, stamp_s, 0, None)
    first, last = min(known.created_s, stamp_s), max(known.updated_s, stamp_s)
    view.put(Table.SESSIONS, session.encode(), encode(attrs.evolve(known, created_s=first, updated_s=last)))


def forget_names(view: View, session: str) -> None:
    """Remove what leads to the resources and items of a session, before they are removed."""
    for found in list(of_session(view, session)):
        _unlist(view, found)
        view.delete(Table.NAMES, found.id.encode())
    for body in list(items(view, session)):
        view.delete(Table.NAMES, body["id"].encode())


def _name(view: View, text: str) -> bytes | None:
    key = text.encode("utf-8", "surrogatepass")
    return view.get(Table.NAMES, key) if 0 < len(key) <= ID_MAX_BYTES else None


def _refuse_long(text: str) -> None:
    if not 0 < len(text.encode("utf-8", "surrogatepass")) <= ID_MAX_BYTES:
        raise StoreError(f"an id has 1 to {ID_MAX_BYTES} bytes, not so: {text[:ID_MAX_BYTES]!r}")


def _list_key(name: str, of: Resource) -> bytes:
    return name.encode() + SEPARATOR + of.created_s.to_bytes(STAMP_BYTES) + of.id.encode()


def _unlist(view: View, known: Resource) -> None:
    for name in known.lists:
        view.delete(Table.LISTS, _list_key(name, known))
