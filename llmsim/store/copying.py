"""A copy of a store that is written anew, record by record, into a file of its own.

LMDB takes back the pages of what was deleted without clearing them, and leaves old bytes between the records of pages
that it keeps. A copy of pages would carry them on; a copy of records has nothing but what the store says. Invariant: no
byte of the copy was ever in a record that the view does not have.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

import lmdb

from llmsim.store.schema import Table
from llmsim.store.view import View

COPY_MAP_FACTOR = 2
"""Address space of the copy for each byte of the store: pages that are filled in order never come to as much."""
SPARE_BYTES = 1 << 20
CHUNK_BYTES = 4 << 20
"""Records of one transaction: keeps the copy's pages in memory bounded."""
RECORD_BYTES = 64
"""What a record counts beside its own bytes."""


def copy_records(view: View, folder: Path, size_bytes: int) -> None:
    """Write all tables of a view into a new data file in this folder; `size_bytes` is that of the store.

    Nothing is durable when it returns.

    Raises:
        lmdb.Error: whatever the engine says.
    """
    with lmdb.open(
        str(folder),
        map_size=size_bytes * COPY_MAP_FACTOR + SPARE_BYTES,
        max_dbs=len(Table),
        sync=False,
        metasync=False,
        lock=False,
        mode=0o600,
    ) as copy:
        with copy.begin(write=True) as transaction:
            opened = {table: copy.open_db(table.value.encode(), transaction) for table in view.tables}
        for table, into in opened.items():
            for chunk in _chunks(view.scan(table)):
                with copy.begin(write=True) as transaction, transaction.cursor(db=into) as cursor:
                    cursor.putmulti(chunk, append=True)


def _chunks(records: Iterable[tuple[bytes, bytes]]) -> Iterator[list[tuple[bytes, bytes]]]:
    chunk: list[tuple[bytes, bytes]] = []
    size_bytes = 0
    for record in records:
        chunk.append(record)
        size_bytes += len(record[1]) + RECORD_BYTES
        if size_bytes > CHUNK_BYTES:
            yield chunk
            chunk, size_bytes = [], 0
    if chunk:
        yield chunk
