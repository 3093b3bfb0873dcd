"""The data file's pages, looked at without LMDB's C engine.

The engine maps the file; a page that is missing would end the process with SIGBUS. So the newest meta page is read
here first, with plain reads. Layout: LMDB 0.9, data version 1, 64-bit little-endian (mdb.c: MDB_page, MDB_meta).
"""

from pathlib import Path

import lmdb.verify

from llmsim.errors import OperatorError, StoreDamaged, StoreFormat

_META_BYTES = 152
_PAGE_SIZE_AT, _LAST_PAGE_AT, _TXN_AT = 40, 136, 144


def refuse_truncated(path: Path) -> None:
    """Make sure that every page the engine may read is in the file: reading beyond its end would kill the process.

    A file may lawfully be shorter than its last page says, when the pages at the end are free; then every page is
    walked, without the engine.

    Raises:
        StoreFormat: not an LMDB file.
        StoreDamaged: pages are missing.
        OperatorError: the file may not be read.
    """
    try:
        with path.open("rb") as file:
            first = file.read(_META_BYTES)
            page_bytes = int.from_bytes(first[_PAGE_SIZE_AT : _PAGE_SIZE_AT + 4], "little")
            file.seek(page_bytes)
            second = file.read(_META_BYTES)
        size = path.stat().st_size
    except OSError as error:
        raise OperatorError(f"store file {path}: {(error.strerror or str(error)).lower()}") from error
    metas = [page for page in (first, second) if len(page) == _META_BYTES]
    if not metas:
        raise StoreFormat(f"{path} is not an LMDB file")
    newest = max(metas, key=lambda page: int.from_bytes(page[_TXN_AT:], "little"))
    last = int.from_bytes(newest[_LAST_PAGE_AT:_TXN_AT], "little")
    if size >= (last + 1) * page_bytes and len(metas) == 2:
        return
    try:
        wrong = lmdb.verify.verify(str(path))  # type: ignore[no-untyped-call]  # lmdb types all but this module
    except lmdb.verify.VerifyError as error:
        raise StoreFormat(f"{path} is not an LMDB file: {error}") from error
    if wrong:
        raise StoreDamaged(f"{path} is damaged: {wrong[0]}")
