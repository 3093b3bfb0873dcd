"""The data file's pages, looked at without LMDB's C engine.

The engine maps the file; a page that is missing, or a page size of 0, would end the process with a signal. So both
meta pages are read here first, with plain reads, and whatever is not plainly right is walked page by page.
Layout: LMDB 0.9, data version 1, 64-bit, in the byte order of the machine (mdb.c: MDB_page, MDB_meta).
"""

import sys
from pathlib import Path

import attrs
import lmdb.verify

from llmsim.errors import StoreDamaged, StoreFormat

_MAGIC = 0xBEEFC0DE
_VERSION = 1
_META_BYTES = 152
_META_FLAG = 0x08
_PAGE_BYTES_MIN, _PAGE_BYTES_MAX = 256, 1 << 15


@attrs.frozen
class _Meta:
    """One of the two meta pages, as far as it matters whether the engine can trust the file's size."""

    valid: bool
    page_bytes: int
    last_page: int
    transaction: int

    @classmethod
    def read(cls, page: bytes) -> "_Meta":
        def number(start: int, size: int) -> int:
            return int.from_bytes(page[start : start + size], sys.byteorder)

        page_bytes = number(40, 4)
        valid = (
            len(page) == _META_BYTES
            and number(10, 2) & _META_FLAG != 0
            and number(16, 4) == _MAGIC
            and number(20, 4) == _VERSION
            and page_bytes & (page_bytes - 1) == 0
            and _PAGE_BYTES_MIN <= page_bytes <= _PAGE_BYTES_MAX
        )
        return cls(valid, page_bytes, number(136, 8), number(144, 8))


def refuse_truncated(path: Path) -> None:
    """Make sure that every page that the engine may read is in the file.

    A file may lawfully be shorter than its last page says, when the pages at the end are free; then every page is
    walked, which takes seconds for each gigabyte.

    Raises:
        StoreFormat: not an LMDB file.
        StoreDamaged: pages are missing.
        OSError: the file may not be read.
    """
    with path.open("rb") as file:
        first = _Meta.read(file.read(_META_BYTES))
        file.seek(first.page_bytes)
        second = _Meta.read(file.read(_META_BYTES))
        size_bytes = path.stat().st_size
    if first.valid and second.valid and first.page_bytes == second.page_bytes:
        newest = max(first, second, key=lambda meta: meta.transaction)
        if size_bytes >= (newest.last_page + 1) * newest.page_bytes:
            return
    if found := walk(path):
        raise StoreDamaged(f"{path} is damaged: {found[0]}")


def walk(path: Path) -> list[str]:
    """What is wrong with the pages of a data file, one sentence each; takes seconds for each gigabyte.

    Raises:
        StoreFormat: not an LMDB file.
        OSError: the file may not be read.
    """
    try:
        found: list[str] = lmdb.verify.verify(str(path), subdir=False)  # type: ignore[no-untyped-call]  # lmdb types the rest
    except lmdb.verify.VerifyError as error:
        raise StoreFormat(f"{path} is not an LMDB file: {error}") from error
    return found
