"""One transaction over the tables, read or written; what the rest of the store sees of LMDB.

A `View` belongs to the thread that began it, and to the `with` block of `Environment.read` or `write`, which also
turns LMDB's errors into ours. Knows keys and bytes, no records.
"""

from collections.abc import Iterator
from types import TracebackType
from typing import Protocol, Self

import lmdb

from llmsim.store.changes import Change
from llmsim.store.checksums import holds, summed, unsummed
from llmsim.store.schema import Table

EngineError = lmdb.Error
"""What LMDB raises inside a transaction, before `Environment` translates it: the transaction is lost."""

_BEYOND = b"\xff" * 32
"""Appended to a prefix, greater than every key that has it: no tail begins with as many of these bytes."""


class Recorder(Protocol):
    """Is told of what a transaction changes (`journal.Recorder`)."""

    def note(self, change: Change, *, new_turn: bool) -> None:
        """One change; `new_turn`: a turn that was not there before."""

    def end_operation(self) -> None:
        """What comes next is of another operation."""


class View:
    """One transaction. `changes` counts the puts and deletes that changed something.

    As a context manager it ends the transaction and lets go of it: LMDB's readers are few, and an ended transaction is
    one of them until it is collected, however long a waiting task still has the view.
    """

    def __init__(
        self, transaction: "lmdb.Transaction[bytes]", tables: "dict[Table, lmdb._Database]", *, sums: bool
    ) -> None:
        """`sums`: records have checksums, as they do since format 3."""
        self._transaction = transaction
        self._sums = sums
        self._tables = tables
        self._recorder: Recorder | None = None
        self.changes = 0

    def record(self, recorder: Recorder) -> None:
        """Tell of every change from here on."""
        self._recorder = recorder

    def end_operation(self) -> None:
        """What comes next is of another operation: a journal tells them apart."""
        if self._recorder is not None:
            self._recorder.end_operation()

    def __enter__(self) -> Self:
        self._transaction.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        transaction = self._transaction
        del self._transaction
        transaction.__exit__(kind, error, trace)

    def get(self, table: Table, key: bytes) -> bytes | None:
        """A record; None where there is none, or no such table yet (an older format).

        Raises:
            StoreDamaged: it is not what was written.
        """
        found = self._tables.get(table)
        stored = self._transaction.get(key, db=found) if found is not None else None
        return unsummed(key, stored, table) if stored is not None and self._sums else stored

    def scan(
        self, table: Table, prefix: bytes = b"", after: bytes = b"", *, reverse: bool = False
    ) -> Iterator[tuple[bytes, bytes]]:
        """Entries whose key has the prefix and, in the direction of the scan, lies beyond `after`.

        Raises:
            StoreDamaged: one of them is not what was written.
        """
        for key, stored in self._stored(table, prefix, after, reverse=reverse):
            yield key, unsummed(key, stored, table) if self._sums else stored

    def damaged(self) -> Iterator[tuple[Table, bytes]]:
        """The keys of all records that are not what was written."""
        for table in self._tables:
            for key, stored in self._stored(table):
                if self._sums and not holds(key, stored):
                    yield table, key

    def _stored(
        self, table: Table, prefix: bytes = b"", after: bytes = b"", *, reverse: bool = False
    ) -> Iterator[tuple[bytes, bytes]]:
        found = self._tables.get(table)
        if found is None:
            return
        with self._transaction.cursor(db=found) as cursor:
            yield from (_descending if reverse else _ascending)(cursor, prefix, after)

    def put(self, table: Table, key: bytes, value: bytes, *, overwrite: bool = True) -> bool:
        """Store a record; False, and nothing done, where there is one that must not be overwritten."""
        done = self.put_unrecorded(table, key, value, overwrite=overwrite)
        if done and self._recorder is not None:
            self._recorder.note((table, key, value), new_turn=table is Table.TURNS and not overwrite)
        return done

    def delete(self, table: Table, key: bytes) -> bool:
        """Remove a record; False where there was none."""
        done = self.delete_unrecorded(table, key)
        if done and self._recorder is not None:
            self._recorder.note((table, key, None), new_turn=False)
        return done

    def put_unrecorded(self, table: Table, key: bytes, value: bytes, *, overwrite: bool = True) -> bool:
        """As `put`, and no journal says so: for what the journal itself is about."""
        stored = summed(key, value) if self._sums else value
        done = self._transaction.put(key, stored, db=self._tables[table], overwrite=overwrite)
        self.changes += done
        return done

    def delete_unrecorded(self, table: Table, key: bytes) -> bool:
        """As `delete`, and no journal says so."""
        done = self._transaction.delete(key, db=self._tables[table])
        self.changes += done
        return done

    def clear(self, table: Table) -> None:
        """Remove all records of a table; no journal says so."""
        self.changes += self.count(table)
        self._transaction.drop(self._tables[table], delete=False)

    @property
    def transaction(self) -> int:
        """The number of the transaction that this view looks at: the commits in the life of the file."""
        return self._transaction.id()

    @property
    def tables(self) -> tuple[Table, ...]:
        """The tables that the store has; one of an older format has not all."""
        return tuple(self._tables)

    def count(self, table: Table) -> int:
        """How many records the table has."""
        found = self._tables.get(table)
        return self._transaction.stat(found)["entries"] if found is not None else 0

    def size_bytes(self, table: Table) -> int:
        """How much of the file the pages of a table take."""
        found = self._tables.get(table)
        if found is None:
            return 0
        stat = self._transaction.stat(found)
        return (stat["branch_pages"] + stat["leaf_pages"] + stat["overflow_pages"]) * stat["psize"]


def _ascending(cursor: "lmdb.Cursor[bytes]", prefix: bytes, after: bytes) -> Iterator[tuple[bytes, bytes]]:
    start = max(prefix, after)
    found = cursor.set_range(start) if start else cursor.first()
    if found and after and cursor.key() == after:
        found = cursor.next()
    while found and cursor.key().startswith(prefix):
        yield cursor.item()
        found = cursor.next()


def _descending(cursor: "lmdb.Cursor[bytes]", prefix: bytes, after: bytes) -> Iterator[tuple[bytes, bytes]]:
    end = min(after, prefix + _BEYOND) if after else prefix + _BEYOND
    found = cursor.prev() if cursor.set_range(end) else cursor.last()
    while found and cursor.key().startswith(prefix):
        yield cursor.item()
        found = cursor.prev()
