"""Making a data file out of records that come in order: a store that is restored, or copied.

Records are appended, so that pages are filled in order, and committed in pieces, without a sync. Invariants: no byte of
the file was ever in a record that did not come; nothing is durable before whoever made the folder says so.
"""

from collections.abc import Iterable
from contextlib import AbstractContextManager
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from types import TracebackType
from typing import Self

import lmdb

from llmsim.errors import StoreDamaged
from llmsim.store.changes import Change
from llmsim.store.checksums import summed
from llmsim.store.lmdb_errors import MapFull, translated
from llmsim.store.schema import SUMS_SINCE, Table, tables_of

MAP_BYTES = 64 << 20
"""Address space to begin with; it doubles as it is filled."""


class Loading:
    """A data file in the making, in an existing folder; one process, one thread."""

    def __init__(self, folder: Path, store_format: int) -> None:
        """Begin a file of this format, with all its tables empty.

        Raises:
            StoreFull: the disk is full.
            StoreError: the file cannot be made.
        """
        self._folder = folder
        self._sums = store_format >= SUMS_SINCE
        with self._errors():
            self._environment = lmdb.open(
                str(folder),
                map_size=MAP_BYTES,
                max_dbs=len(Table),
                sync=False,
                metasync=False,
                lock=False,
                mode=0o600,
            )
            with self._environment.begin(write=True) as transaction:
                self._opened = {
                    table: self._environment.open_db(table.value.encode(), transaction)
                    for table in tables_of(store_format)
                }

    def load(self, changes: Iterable[Change]) -> int:
        """Append records, in the order of tables and keys; returns how many.

        Raises:
            StoreDamaged: a record is removed, has no such table, or does not come in order.
            StoreFull: the disk is full.
            StoreError: the file cannot be written.
        """
        records = list(changes)
        while True:
            try:
                with self._errors(), self._environment.begin(write=True) as transaction:
                    for table, found in groupby(records, key=itemgetter(0)):
                        self._append(transaction, table, [self._put(change) for change in found])
                return len(records)
            except MapFull:
                self._environment.set_mapsize(self._environment.info()["map_size"] * 2)

    def _append(self, transaction: "lmdb.Transaction[bytes]", table: Table, puts: list[tuple[bytes, bytes]]) -> None:
        if table not in self._opened:
            raise StoreDamaged(f"records of a table {table.value}, which a store of this format does not have")
        with transaction.cursor(db=self._opened[table]) as cursor:
            _, added = cursor.putmulti(puts, append=True, overwrite=False)
        if added != len(puts):
            raise StoreDamaged(f"records of the table {table.value} do not come in the order of their keys")

    def _put(self, change: Change) -> tuple[bytes, bytes]:
        _, key, value = change
        if value is None:
            raise StoreDamaged("a record is removed that was never there")
        return key, summed(key, value) if self._sums else value

    def _errors(self) -> AbstractContextManager[None]:
        return translated(f"store {self._folder}", writing_in=self._folder)

    def close(self) -> None:
        """No more records come."""
        self._environment.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
