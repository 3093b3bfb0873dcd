"""Changes of records as bytes: what a transaction did to the store, in the order in which it did it.

The one framing of the journal, of the archive's segments and of snapshots (whose records are changes of an empty
store). A change is a byte for its table, two for the length of the key, four for that of the value, then both; a value
of length NONE is none: the record was removed. Big-endian. Pure. Invariant: `unpack(pack(changes)) == changes`, and
bytes that are no changes are StoreDamaged, whatever they are.
"""

import struct
from collections.abc import Iterable, Iterator

from llmsim.errors import StoreDamaged
from llmsim.store.schema import Table

Change = tuple[Table, bytes, bytes | None]
"""A record that was put, or removed where its value is None."""

NUMBERS = {table: number for number, table in enumerate(Table)}
"""The byte of each table: its place in `Table`, to which new ones are only ever added at the end."""
_TABLES = tuple(Table)
_HEAD = struct.Struct(">BHI")
_NONE = 0xFFFF_FFFF
HEAD_BYTES = _HEAD.size


def pack(changes: Iterable[Change]) -> bytes:
    """The bytes of changes."""
    parts: list[bytes] = []
    for table, key, value in changes:
        parts += (_HEAD.pack(NUMBERS[table], len(key), _NONE if value is None else len(value)), key, value or b"")
    return b"".join(parts)


def unpack(data: bytes | memoryview) -> Iterator[Change]:
    """The changes that bytes are.

    Raises:
        StoreDamaged: they are none, or end within one.
    """
    view = memoryview(data)
    at = 0
    while at < len(view):
        if len(view) - at < HEAD_BYTES:
            raise StoreDamaged("changes end within the head of one")
        number, key_bytes, value_bytes = _HEAD.unpack_from(view, at)
        at += HEAD_BYTES
        end = at + key_bytes + (0 if value_bytes == _NONE else value_bytes)
        if number >= len(_TABLES):
            raise StoreDamaged(f"changes of a table {number}, which there is not")
        if end > len(view):
            raise StoreDamaged("changes end within one")
        key = bytes(view[at : at + key_bytes])
        yield _TABLES[number], key, None if value_bytes == _NONE else bytes(view[at + key_bytes : end])
        at = end
