"""The journal: what each commit changed, in the same transaction as the changes themselves.

Kept while a store is archived (META record `archive`), so that whoever ships commits elsewhere finds each of them here,
in order, however long the other side was away: there is no second log that could be lost, or say something else. An
entry goes once it is durable over there. Large commits are several entries, the last of which is `whole`.
Invariant: entries are numbered without a gap from the first that is not shipped; stamps and turns never go back.
"""

import struct
from collections.abc import Iterator, Sequence

import attrs

from llmsim import clock
from llmsim.errors import StoreDamaged
from llmsim.store.changes import Change, pack, unpack
from llmsim.store.codec import decode, encode
from llmsim.store.schema import ARCHIVE_KEY, Archived, Table
from llmsim.store.view import View

ENTRY_BYTES = 4 << 20
"""Changes of one entry: what a transaction of any size holds in memory for the journal."""
SEQUENCE_BYTES = 8
_HEAD = struct.Struct(">QQBI")
_OPERATION = struct.Struct(">IQ")


@attrs.frozen
class Operation:
    """What one operation changed; `turns` are the new turns among it."""

    changes: bytes
    turns: int


@attrs.frozen
class Entry:
    """One entry: `stamp_ms` is unix milliseconds, `turns` counts all turns since the archive began and before it.

    `whole` says that a commit ends with it, `open` that its last operation goes on in the next entry.
    """

    sequence: int
    stamp_ms: int
    turns: int
    whole: bool
    open: bool
    operations: tuple[Operation, ...]


def pack_entry(entry: Entry) -> bytes:
    """The bytes of an entry, but for its sequence, which is its key."""
    parts = [_HEAD.pack(entry.stamp_ms, entry.turns, entry.whole | entry.open << 1, len(entry.operations))]
    for operation in entry.operations:
        parts += (_OPERATION.pack(len(operation.changes), operation.turns), operation.changes)
    return b"".join(parts)


def unpack_entry(sequence: int, data: bytes) -> Entry:
    """The entry that bytes are; its changes are looked at as well.

    Raises:
        StoreDamaged: they are none.
    """
    try:
        stamp_ms, turns, flags, count = _HEAD.unpack_from(data)
        at = _HEAD.size
        operations = []
        for _ in range(count):
            size, new_turns = _OPERATION.unpack_from(data, at)
            at += _OPERATION.size
            operations.append(Operation(data[at : at + size], new_turns))
            at += size
    except struct.error as error:
        raise StoreDamaged(f"entry {sequence} of the journal ends within itself: {error}") from error
    if at != len(data) or flags not in range(3):
        raise StoreDamaged(f"entry {sequence} of the journal is {len(data):,} bytes long, and says {at:,}")
    for operation in operations:
        for _ in unpack(operation.changes):
            pass
    return Entry(sequence, stamp_ms, turns, flags == 1, flags == 2, tuple(operations))


def archived(view: View) -> Archived | None:
    """How far the store is archived; None where it is not."""
    record = view.get(Table.META, ARCHIVE_KEY)
    return decode(record, Archived) if record is not None else None


def end_of(view: View, state: Archived) -> Archived:
    """As `state`, at the newest entry of the journal in place of the last that was shipped; its digest is empty."""
    for key, record in view.scan(Table.JOURNAL, reverse=True):
        stamp_ms, turns, *_ = _HEAD.unpack_from(record)
        return attrs.evolve(state, sequence=int.from_bytes(key), stamp_ms=stamp_ms, turns=turns, digest=b"")
    return state


def entries(view: View, after: int) -> Iterator[tuple[int, bytes]]:
    """The entries behind a sequence, in order, as bytes."""
    for key, record in view.scan(Table.JOURNAL, after=after.to_bytes(SEQUENCE_BYTES)):
        yield int.from_bytes(key), record


class Recorder:
    """Notes what one transaction changes, and puts it into the journal.

    Entries are written as changes come to ENTRY_BYTES, so that a transaction of any size takes no more memory than one.
    """

    def __init__(self, view: View, state: Archived) -> None:
        self._view = view
        self._at = end_of(view, state)
        self._operations: list[Operation] = []
        self._changes: list[Change] = []
        self._turns = 0
        self._size_bytes = 0
        self._ended = True

    def note(self, change: Change, *, new_turn: bool) -> None:
        """One change of the operation that is under way."""
        self._changes.append(change)
        self._turns += new_turn
        self._size_bytes += len(change[1]) + len(change[2] or b"")
        if self._size_bytes >= ENTRY_BYTES:
            self.end_operation()
            self._write(whole=False)

    def end_operation(self) -> None:
        """What comes next is of another operation."""
        if self._changes:
            self._operations.append(Operation(pack(self._changes), self._turns))
            self._changes, self._turns = [], 0

    def end(self) -> None:
        """The transaction has no more changes."""
        self.end_operation()
        if self._operations or not self._ended:
            self._write(whole=True)

    def _write(self, *, whole: bool) -> None:
        turns = self._at.turns + sum(operation.turns for operation in self._operations)
        stamp_ms = max(self._at.stamp_ms, int(clock.wall() * 1000))
        entry = Entry(self._at.sequence + 1, stamp_ms, turns, whole, not whole, tuple(self._operations))
        self._view.put_unrecorded(Table.JOURNAL, entry.sequence.to_bytes(SEQUENCE_BYTES), pack_entry(entry))
        self._at = attrs.evolve(self._at, sequence=entry.sequence, stamp_ms=stamp_ms, turns=turns)
        self._operations, self._size_bytes, self._ended = [], 0, whole


@attrs.frozen
class BeginArchive:
    """Archive the store from here on, under this generation; whatever was archived before is another one."""

    generation: str

    def __call__(self, view: View) -> None:
        view.clear(Table.JOURNAL)
        stamp_ms = int(clock.wall() * 1000)
        state = Archived(self.generation, 0, stamp_ms, view.count(Table.TURNS), b"")
        view.put_unrecorded(Table.META, ARCHIVE_KEY, encode(state))


@attrs.frozen
class EndArchive:
    """Archive the store no more; what is not shipped never will be."""

    def __call__(self, view: View) -> None:
        view.clear(Table.JOURNAL)
        view.delete_unrecorded(Table.META, ARCHIVE_KEY)


@attrs.frozen
class Shipped:
    """The journal is durable elsewhere up to `state`; nothing is done where another generation has begun meanwhile."""

    state: Archived

    def __call__(self, view: View) -> None:
        known = archived(view)
        if known is None or known.generation != self.state.generation or known.sequence >= self.state.sequence:
            return
        for sequence in range(known.sequence + 1, self.state.sequence + 1):
            view.delete_unrecorded(Table.JOURNAL, sequence.to_bytes(SEQUENCE_BYTES))
        view.put_unrecorded(Table.META, ARCHIVE_KEY, encode(self.state))


def check_journal(view: View) -> Iterator[tuple[str, str]]:
    """What is wrong with the journal: where, and a sentence."""
    record = view.get(Table.META, ARCHIVE_KEY)
    try:
        state = archived(view)
    except StoreDamaged as error:
        yield "archive", str(error)
        return
    if record is None and view.count(Table.JOURNAL):
        yield "journal", "it has entries, and the store is not archived"
    found: Sequence[Entry] = ()
    for key, data in view.scan(Table.JOURNAL):
        try:
            entry = unpack_entry(int.from_bytes(key), data)
        except StoreDamaged as error:
            yield key.hex(), str(error)
            return
        before = found[-1] if found else None
        found = (entry,)
        expected = before.sequence + 1 if before else (state.sequence + 1 if state else 1)
        if entry.sequence != expected:
            yield key.hex(), f"entry {entry.sequence} stands where {expected} should"
        if before and (entry.stamp_ms < before.stamp_ms or entry.turns < before.turns):
            yield key.hex(), f"entry {entry.sequence} goes back behind the one before it"
    if found and not found[-1].whole:
        yield "journal", "its last commit has no end"
