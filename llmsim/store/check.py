"""Every invariant of a store, stated as a test that names what breaks it.

Runs after each store test, at restore and verify, and as `llmsim check`. Reads in one transaction, session by session,
so that its memory is that of the longest session. Invariant of its own: it never raises for what it is here to find.
"""

import hashlib
from collections.abc import Callable, Iterator

from llmsim.errors import StoreDamaged
from llmsim.store import pages, sessions
from llmsim.store.check_resources import Finding, check_items, check_names, check_resources
from llmsim.store.checksums import named
from llmsim.store.codec import decode, decode_meta
from llmsim.store.environment import DATA_FILE, Environment, View
from llmsim.store.journal import check_journal
from llmsim.store.operations import heads
from llmsim.store.schema import (
    FORMAT_VERSION,
    META_KEY,
    OF_SESSIONS,
    READABLE_FORMATS,
    SEPARATOR,
    STORED_SESSION_ID,
    Outcome,
    Session,
    Table,
    Turn,
    TurnKey,
    branch_of,
    within,
)
from llmsim.store.sessions import KEY_BYTES, pack_head, unpack_head
from llmsim.turn import DIGEST_BYTES, ROOT, Role, chain_digests

NOT_WRITTEN = "it is not what was written there"

__all__ = ["Finding", "check", "check_pages", "check_session", "nobody"]


def nobody(_turns: int) -> None:
    """The observer of a check that nobody watches."""


def check(environment: Environment, advance: Callable[[int], None] = nobody) -> list[Finding]:
    """All findings, in the order of the store; empty when it is sound. `advance` is told of turns as they pass."""
    with environment.read() as view:
        try:
            return _check(view, advance)
        except StoreDamaged:
            found = [Finding("checksum", table, named(key), NOT_WRITTEN) for table, key in view.damaged()]
            if not found:
                raise
            return found


def _check(view: View, advance: Callable[[int], None]) -> list[Finding]:
    found = [*_check_meta(view), *_check_profiles(view)]
    for key, record in view.scan(Table.SESSIONS):
        found += check_session(view, key, record, advance)
    found += check_names(view)
    found += [Finding("journal", "journal", where, text) for where, text in check_journal(view)]
    for table in OF_SESSIONS:
        found += _check_orphans(view, table)
    return found


def check_pages(environment: Environment) -> list[Finding]:
    """All findings in the pages below the records; seconds for each gigabyte, and memory of two bytes for each page.

    Safe while others write: a transaction that is open here keeps every page of later ones from being used again. A
    writer may still lengthen the file between two looks at it, so a finding must be seen twice.
    """
    path = environment.path / DATA_FILE
    with environment.read():
        found = pages.walk(path) and pages.walk(path)
    return [Finding("page", "pages", DATA_FILE, text) for text in found]


def _check_meta(view: View) -> Iterator[Finding]:
    record = view.get(Table.META, META_KEY)
    if record is None:
        yield Finding("missing", "meta", "store", "the store is not stamped with its ordinal and seed")
        return
    try:
        meta = decode_meta(record)
    except StoreDamaged as error:
        yield Finding("unreadable", "meta", "store", str(error))
        return
    if meta.format not in READABLE_FORMATS:
        yield Finding("format", "meta", "store", f"format {meta.format}, expected {FORMAT_VERSION}")


def _check_profiles(view: View) -> Iterator[Finding]:
    for digest, body in view.scan(Table.PROFILES):
        if hashlib.blake2b(body, digest_size=DIGEST_BYTES).digest() != digest:
            yield Finding("digest", "profiles", digest.hex(), "its bytes have another digest")


def check_session(view: View, key: bytes, record: bytes, advance: Callable[[int], None] = nobody) -> Iterator[Finding]:
    """The findings of one session, whose summary is this record."""
    name = key.decode("utf-8", "backslashreplace")
    if STORED_SESSION_ID.fullmatch(name) is None:
        yield Finding("name", "sessions", name, "not a session id")
        return
    turns: dict[TurnKey, Turn] = {}
    for turn_key, data in view.scan(Table.TURNS, within(name)):
        advance(1)
        try:
            tail = TurnKey.unpack(turn_key[len(within(name)) :])
            turn = decode(data, Turn)
        except (ValueError, StoreDamaged) as error:
            yield Finding("unreadable", "turns", f"{name} {turn_key[len(within(name)) :].hex()}", str(error))
            continue
        turns[tail] = turn
        if (turn.session, turn.key) != (name, tail):
            yield Finding("key", "turns", f"{name} {tail}", f"its record says {turn.session} {turn.key}")
    for turn in turns.values():
        yield from _check_turn(view, turn, turns)
    yield from _check_heads(view, name, turns)
    yield from _check_satellites(view, name, turns)
    stamps = [turn.created_s for turn in turns.values()]
    for resource in check_resources(view, name, turns):
        if isinstance(resource, Finding):
            yield resource
        else:
            stamps.append(resource.created_s)
    yield from check_items(view, name)
    yield from _check_summary(name, record, turns, stamps)


def _check_turn(view: View, turn: Turn, turns: dict[TurnKey, Turn]) -> Iterator[Finding]:
    where = f"{turn.session} {turn.key}"
    start = ROOT
    replies_before = 0
    if turn.parent is not None:
        parent = turns.get(turn.parent)
        if parent is None or not 0 <= turn.parent_choice < len(parent.replies):
            yield Finding("parent", "turns", where, f"its parent {turn.parent} choice {turn.parent_choice} is missing")
            return
        if turn.parent.number >= turn.key.number:
            yield Finding("order", "turns", where, f"its parent {turn.parent} does not come before it")
        start = dict(heads(parent))[turn.parent_choice]
        replies_before = turn.parent.number
    if (chain_digests(turn.messages, start) or (start,))[-1] != turn.chain:
        yield Finding("chain", "turns", where, "its chain digest does not follow from its parent and messages")
    if turn.key.number != 1 + replies_before + sum(message.role is Role.ASSISTANT for message in turn.messages):
        yield Finding("number", "turns", where, "its number is not that of the replies before it, and one")
    if turn.key.branch != branch_of(turn.chain, turn.request_digest):
        yield Finding("branch", "turns", where, "its branch does not follow from what was said and asked")
    if not turn.replies:
        yield Finding("reply", "turns", where, "it has no reply")
    if sessions.profile(view, turn.profile) is None:
        yield Finding("profile", "turns", where, f"its profile {turn.profile.hex()} is not stored")


def _check_heads(view: View, name: str, turns: dict[TurnKey, Turn]) -> Iterator[Finding]:
    wanted: dict[bytes, set[bytes]] = {}
    for turn in turns.values():
        for choice, digest in heads(turn):
            wanted.setdefault(digest, set()).add(pack_head(turn.key, choice))
    for key, record in view.scan(Table.HEADS, within(name)):
        digest = key[len(within(name)) :]
        if record not in wanted.pop(digest, set()):
            try:
                points = "{}, choice {}".format(*unpack_head(record))
            except StoreDamaged as error:
                points = str(error)
            yield Finding("head", "heads", f"{name} {digest.hex()}", f"points to {points}, whose reply is another")
    for digest in wanted:
        yield Finding("head", "heads", f"{name} {digest.hex()}", "a reply ends there, and no head says so")


def _check_satellites(view: View, name: str, turns: dict[TurnKey, Turn]) -> Iterator[Finding]:
    for key, record in view.scan(Table.OUTCOMES, within(name)):
        tail = key[len(within(name)) :]
        if len(tail) != KEY_BYTES or TurnKey.unpack(tail) not in turns:
            yield Finding("orphan", "outcomes", f"{name} {tail.hex()}", "there is no such turn")
        try:
            decode(record, Outcome)
        except StoreDamaged as error:
            yield Finding("unreadable", "outcomes", f"{name} {tail.hex()}", str(error))
    for key, record in view.scan(Table.IDEMPOTENCY, within(name)):
        if len(record) != KEY_BYTES or TurnKey.unpack(record) not in turns:
            digest = key[len(within(name)) :].hex()
            yield Finding("orphan", "idempotency", f"{name} {digest}", f"there is no turn {record.hex()}")


def _check_summary(name: str, record: bytes, turns: dict[TurnKey, Turn], stamps: list[int]) -> Iterator[Finding]:
    try:
        session = decode(record, Session)
    except StoreDamaged as error:
        yield Finding("unreadable", "sessions", name, str(error))
        return
    if session.id != name:
        yield Finding("key", "sessions", name, f"its record says {session.id}")
    if session.turns != len(turns):
        yield Finding("count", "sessions", name, f"its number of turns is {session.turns}, it has {len(turns)}")
    if (session.tip is not None or turns) and session.tip not in turns:
        yield Finding("tip", "sessions", name, f"its tip {session.tip} is missing")
    if stamps and not session.created_s <= min(stamps) <= max(stamps) <= session.updated_s:
        yield Finding("stamp", "sessions", name, "its stamps are not those of its first and last turn")


def _check_orphans(view: View, table: Table) -> Iterator[Finding]:
    """Entries of sessions that have no summary."""
    last = b""
    for key, _ in view.scan(table):
        name, separator, _tail = key.partition(SEPARATOR)
        if name == last:
            continue
        last = name
        if not separator or view.get(Table.SESSIONS, name) is None:
            yield Finding("orphan", table.value, name.decode("utf-8", "backslashreplace"), "there is no such session")
