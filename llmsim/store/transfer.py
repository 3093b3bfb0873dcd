"""Sessions as JSON Lines, into a store: what `export.py` gave, with nothing lost.

Exports of format 1, which had no resources and items, are read too. An import is one transaction: all of the file, or
nothing and a line number. Memory is that of the longest session and of what LMDB holds of a transaction (half a
gigabyte at most, then it spills to disk).
"""

import hashlib
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import attrs
import orjson

from llmsim.errors import ClientError, StoreDamaged, StoreError
from llmsim.identity import MAX_ORDINAL, MAX_ROOT_SEED
from llmsim.store import resources, sessions
from llmsim.store.check import check_session
from llmsim.store.codec import decode, encode
from llmsim.store.environment import View
from llmsim.store.operations import PutOutcome, PutTurn, heads
from llmsim.store.resources import PutResource
from llmsim.store.schema import (
    FORMAT_VERSION,
    READABLE_FORMATS,
    SESSION_ID,
    Outcome,
    Resource,
    Session,
    Table,
    Turn,
    TurnKey,
    within,
)
from llmsim.store.sessions import pack_head
from llmsim.turn import DIGEST_BYTES

LINE_BYTES_MAX = 64 << 20
"""Longest line that is read: a turn with the largest request body, every character of it escaped."""
NAMED_MAX = 10
"""Session ids that an error names before it only counts."""


@attrs.frozen
class Imported:
    """What an import brought."""

    sessions: int
    turns: int
    resources: int = 0
    items: int = 0


@attrs.frozen
class ImportSessions:
    """The operation that stores what `export_lines` gave; `name` says in errors where the lines come from.

    `lines` begins anew each time it is called: an operation may be tried again. Refused as a whole, with the number of
    the line: what is no export, or not a whole one; sessions that the store has; turns that break an invariant.

    Raises:
        ClientError: 400, or 409 where sessions are there already.
    """

    lines: Callable[[], Iterable[bytes]]
    name: str

    def __call__(self, view: View) -> Imported:
        return _Import(view, self.name).run(self.lines())


class _Import:
    """One run of an import: what has been read so far, and the session that is being read."""

    def __init__(self, view: View, name: str) -> None:
        self.view = view
        self.name = name
        self.number = 0
        self.format = FORMAT_VERSION
        self.done = Imported(0, 0)
        self.taken: list[str] = []
        self.session: Session | None = None
        self.position = -1
        self.ended = False

    def run(self, lines: Iterable[bytes]) -> Imported:
        for self.number, line in enumerate(lines, 1):
            self._take(line)
        if not self.ended:
            raise self._wrong("it ends early: the last line of an export is of type end")
        if self.taken:
            named = ", ".join(self.taken[:NAMED_MAX])
            more = f" and {len(self.taken) - NAMED_MAX} more" if len(self.taken) > NAMED_MAX else ""
            message = f"{self.name}: nothing was imported, these sessions exist already: {named}{more}"
            raise ClientError(message, status=409, code="session_exists")
        return self.done

    def _take(self, line: bytes) -> None:
        if len(line) > LINE_BYTES_MAX:
            raise self._wrong(f"longer than {LINE_BYTES_MAX:,} bytes")
        try:
            entry = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            raise self._wrong(f"not JSON: {error}") from None
        kind = entry.get("type") if isinstance(entry, dict) else None
        if self.ended:
            raise self._wrong("there is more after the line of type end")
        if (kind == "export") != (self.number == 1):
            raise self._wrong('an export begins with one line {"type":"export",...}')
        try:
            self._store(str(kind), entry)
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError, StoreDamaged) as error:
            raise self._wrong(f"not a line of type {kind}: {_said(error)}") from error

    def _store(self, kind: str, entry: dict[str, Any]) -> None:
        if kind == "export":
            self._begin(entry["format"])
        elif kind == "session":
            self._finish_session()
            self._begin_session(_record(entry["session"], Session))
        elif kind == "profile":
            self._put_profile(bytes.fromhex(entry["digest"]), _dump(entry["profile"]))
        elif kind == "turn":
            self._put_turn(entry)
        elif kind == "idempotency":
            self._put_idempotency(bytes.fromhex(entry["digest"]), TurnKey.parse(entry["turn"]))
        elif kind == "resource" and self.format > 1:
            self._put_resource(_record(entry["resource"], Resource))
        elif kind == "item" and self.format > 1:
            self._put_item(entry["position"], entry["item"])
        elif kind == "end":
            self._finish_session()
            self.ended = True
            counted = attrs.fields_dict(Imported) if self.format > 1 else ("sessions", "turns")
            told = {name: entry[name] for name in counted}
            came = {name: getattr(self.done, name) for name in counted}
            if told != came:
                raise self._wrong(f"it counts {_counts(told)}; there came {_counts(came)}")
        else:
            raise self._wrong(f"unknown type {kind!r}")

    def _begin(self, told: Any) -> None:  # noqa: ANN401  (any JSON value)
        if type(told) is not int or told not in READABLE_FORMATS:
            raise self._wrong(f"format {told}; this release reads format {FORMAT_VERSION} and older ones")
        self.format = told

    def _begin_session(self, session: Session) -> None:
        if SESSION_ID.fullmatch(session.id) is None:
            raise self._wrong(f"not a session id: {session.id!r}")
        if sessions.session(self.view, session.id) is not None:
            self.taken.append(session.id)
        self.session = session
        self.position = -1

    def _finish_session(self) -> None:
        """Put the summary as it was exported, and hold the whole session against the invariants."""
        session = self.session
        if session is None:
            return
        self.session = None
        self.done = attrs.evolve(self.done, sessions=self.done.sessions + 1, turns=self.done.turns + session.turns)
        if self.taken:
            return
        record = encode(session)
        self.view.put(Table.SESSIONS, session.id.encode(), record)
        for finding in check_session(self.view, session.id.encode(), record):
            raise self._wrong(f"session {session.id} is not whole: {finding}")

    def _put_profile(self, digest: bytes, body: bytes) -> None:
        if hashlib.blake2b(body, digest_size=DIGEST_BYTES).digest() != digest:
            raise self._wrong("the profile does not have its digest")
        self.view.put(Table.PROFILES, digest, body, overwrite=False)

    def _put_turn(self, entry: dict[str, Any]) -> None:
        turn = _record(entry["turn"], Turn)
        owned = [(choice, digest) for choice, digest in heads(turn) if choice in entry["heads"]]
        outcome = None if entry["outcome"] is None else _record(entry["outcome"], Outcome)
        if self.session is None or turn.session != self.session.id:
            raise self._wrong(f"a turn of session {turn.session} outside of it")
        if not (0 <= turn.origin.root_seed <= MAX_ROOT_SEED and 0 <= turn.origin.ordinal <= MAX_ORDINAL):
            raise self._wrong("the origin of the turn is no pod's")
        if self.taken:
            return
        body = sessions.profile(self.view, turn.profile)
        if body is None:
            raise self._wrong(f"its profile {turn.profile.hex()} did not come before it")
        self._do(PutTurn(turn, body))
        for choice, digest in owned:
            self.view.put(Table.HEADS, within(turn.session, digest), pack_head(turn.key, choice))
        if outcome is not None:
            PutOutcome(turn.session, turn.key, outcome)(self.view)

    def _put_idempotency(self, digest: bytes, key: TurnKey) -> None:
        if self.session is None or len(digest) != DIGEST_BYTES:
            raise self._wrong("an idempotency key belongs to a session, and its digest has 16 bytes")
        if not self.taken:
            self.view.put(Table.IDEMPOTENCY, within(self.session.id, digest), key.pack())

    def _put_resource(self, found: Resource) -> None:
        self.done = attrs.evolve(self.done, resources=self.done.resources + 1)
        if self.session is None or found.session != self.session.id:
            raise self._wrong(f"a resource of session {found.session} outside of it")
        if self.taken:
            return
        if resources.taken(self.view, found.id):
            raise self._wrong(f"the id {found.id} is taken")
        if found.turn is not None and sessions.turn(self.view, found.session, found.turn) is None:
            raise self._wrong(f"session {found.session} has no turn {found.turn}")
        self._do(PutResource(found))

    def _put_item(self, position: Any, item: Any) -> None:  # noqa: ANN401  (any JSON values)
        self.done = attrs.evolve(self.done, items=self.done.items + 1)
        if self.session is None or type(position) is not int or position <= self.position:
            raise self._wrong("an item belongs to a session, and its position is beyond that of the one before it")
        if not isinstance(item, dict) or type(item.get("id")) is not str:
            raise self._wrong("an item is an object with an id")
        self.position = position
        if not self.taken:
            self._do(partial(resources.put_item, session=self.session.id, position=position, body=item))

    def _do(self, operation: Callable[[View], object]) -> None:
        try:
            operation(self.view)
        except (ClientError, StoreError) as error:
            raise self._wrong(str(error)) from error

    def _wrong(self, text: str) -> ClientError:
        return ClientError(f"{self.name}: line {self.number}: {text}", code="invalid_import")


def _counts(found: dict[str, Any]) -> str:
    return ", ".join(f"{name}: {count}" for name, count in found.items())


def _dump(value: Any) -> bytes:  # noqa: ANN401  (any JSON value)
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def _record(value: Any, kind: type[Any]) -> Any:  # noqa: ANN401  (a JSON value, and the record that it is)
    return decode(_dump(value), kind)


def _said(error: Exception) -> str:
    return f"the key {error} is missing" if isinstance(error, KeyError) else str(error)
