"""The one border at which LMDB's errors become ours.

Knows no environment and no table; errors of files that LMDB has no part in are translated in `files.py`.
Invariant: nothing that LMDB raises inside `translated` leaves it as it is, so no other room need know LMDB.
"""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import lmdb

from llmsim.errors import OperatorError, StoreDamaged, StoreError, StoreFormat, StoreFull, StoreInUse

_FULL = {errno.ENOSPC, errno.EDQUOT}
_WRITE_BYTES = 64 * 4096
"""The largest single write of LMDB (`MDB_COMMIT_PAGES`), at the usual page size."""
_OPERATOR = {errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.EACCES, errno.EPERM, errno.EROFS}


class MapFull(StoreError):
    """The map is too small for this transaction; it left no trace, and works again after `Environment.grow`."""


_BY_CLASS: dict[type[lmdb.Error], tuple[type[StoreError], str]] = {
    lmdb.MapFullError: (MapFull, "the map is full"),
    lmdb.NotFoundError: (StoreFormat, "an LMDB file, but not a store of llmsim"),
    lmdb.InvalidError: (StoreFormat, "not an LMDB file"),
    lmdb.VersionMismatchError: (StoreFormat, "a file of another LMDB"),
    lmdb.IncompatibleError: (StoreFormat, "an LMDB file, but not a store of llmsim"),
    lmdb.CorruptedError: (StoreDamaged, "damaged"),
    lmdb.PageNotFoundError: (StoreDamaged, "damaged"),
    lmdb.ReadersFullError: (StoreInUse, "too many processes read it at once"),
}


@contextmanager
def translated(what: str, writing_in: Path | None = None) -> Iterator[None]:
    """Run the block; `what` begins the text of every error that LMDB raises in it.

    Of a write that finds room for its first pages only, LMDB says `EIO`, as of a broken disk. Where a block writes in
    a folder, the room that is left there tells the one from the other. Either way nothing was committed: the meta page
    is written last, and in place.

    Raises:
        MapFull: the map is full.
        StoreFull: the disk or a quota is.
        StoreFormat: not a store, or one of another LMDB.
        StoreDamaged: pages make no sense.
        StoreInUse: all places for readers are taken, or this process's own by another container.
        OperatorError: a path is missing, of the wrong kind, or not permitted.
        StoreError: anything else, such as an input/output error.
    """
    try:
        yield
    except lmdb.Error as error:
        if error.code == errno.EIO and writing_in is not None and _has_no_room(writing_in):
            raise StoreFull(f"{what}: {os.strerror(errno.ENOSPC).lower()}") from error
        raise ours(what, error) from error


def _has_no_room(folder: Path) -> bool:
    """Whether LMDB's largest single write may have been cut short here."""
    status = os.statvfs(folder)
    return status.f_bavail * status.f_frsize < _WRITE_BYTES


def ours(what: str, error: lmdb.Error) -> StoreError | OperatorError:
    """The error of ours that says this; `what` begins its text."""
    kind, text = _BY_CLASS.get(type(error), (StoreError, ""))
    if text:
        return kind(f"{what}: {text} ({error})")
    if error.code in _FULL:
        return StoreFull(f"{what}: {os.strerror(error.code).lower()}")
    if error.code == errno.EAGAIN:
        return StoreInUse(
            f"{what}: a process of another container has it open under the same process id, {os.getpid()}: "
            "run this in that container, or let the containers share one process namespace"
        )
    if error.code in _OPERATOR:
        return OperatorError(f"{what}: {os.strerror(error.code).lower()}")
    return StoreError(f"{what}: {error}")
