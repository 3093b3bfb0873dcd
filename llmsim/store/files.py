"""The files below the store: hashed, copied and made durable.

Everything that snapshots and restores do to a file system happens through here, so that errors of the disk reach the
operator in one form. Knows no LMDB and no records. Invariant: what a function here reports as written is on the disk
(`fsync` of the file) when it returns; a new or renamed name is durable only after `sync_folder` of its folder.
"""

import errno
import hashlib
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from llmsim.errors import OperatorError, StoreError, StoreFull

CHUNK_BYTES = 4 << 20
"""How much of a file is in memory at a time while it is hashed or copied."""
SPACE_MARGIN_BYTES = 1 << 20
"""Room asked for beyond the data itself: manifest, lock file, the pages of an adoption."""

Report = Callable[[str, int, int], None]
"""Told as work goes on: the name of the step, what is done of it and what there is to do, in bytes (in the step
"check" in turns); 0, 0 where a step has no size. A step is reported once before it begins, so an exception from here
stops the work at that very point."""

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_OPERATOR = frozenset(
    {errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.EACCES, errno.EPERM, errno.EROFS, errno.ENAMETOOLONG, errno.ELOOP}
)


def silent(_step: str, _done: int, _total: int) -> None:
    """The report of a caller who does not want to know."""


@contextmanager
def disk_errors(doing: str) -> Iterator[None]:
    """Translate what the operating system says while `doing` something.

    Raises:
        StoreFull: no space or quota is left.
        OperatorError: a path is missing, of the wrong kind, or not permitted.
        StoreError: anything else, such as an input/output error.
    """
    try:
        yield
    except OSError as error:
        where = f": {os.fsdecode(error.filename)}" if error.filename is not None else ""
        message = f"{doing}: {(error.strerror or str(error)).lower()}{where}"
        if error.errno in _FULL:
            raise StoreFull(message) from error
        if error.errno in _OPERATOR:
            raise OperatorError(message) from error
        raise StoreError(message) from error


def make_folder(path: Path, *, parents: bool = False) -> None:
    """Make sure that there is this folder; a new one is its owner's alone."""
    try:
        path.mkdir(mode=0o700, parents=parents, exist_ok=True)
    except FileExistsError as error:
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path)) from error


def sync_file(path: Path) -> None:
    """Return when the content of this file is on the disk."""
    _sync(path, os.O_RDONLY)


def sync_folder(path: Path) -> None:
    """Return when the names in this folder are on the disk."""
    _sync(path, os.O_RDONLY | os.O_DIRECTORY)


def write_file(path: Path, content: bytes) -> None:
    """Write a whole file, readable by its owner alone, and return when it is on the disk; replaces its content."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def digest_file(path: Path, step: str, report: Report = silent) -> str:
    """The sha256 of a file, as hex."""
    digest = hashlib.sha256()
    total = path.stat().st_size
    done = 0
    report(step, done, total)
    with path.open("rb", buffering=0) as file:
        while chunk := file.read(CHUNK_BYTES):
            digest.update(chunk)
            done += len(chunk)
            report(step, done, total)
    return digest.hexdigest()


def copy_file(source: Path, target: Path, step: str, report: Report = silent) -> str:
    """Copy a file to a name that must be free, return the sha256 (hex) of what was written once it is on the disk.

    One pass: a chunk is hashed in a thread while it is written, so the digest is of the very bytes that went out.
    """
    digest = hashlib.sha256()
    total = source.stat().st_size
    done = 0
    report(step, done, total)
    handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb", buffering=0) as file, source.open("rb", buffering=0) as origin:
        with ThreadPoolExecutor(max_workers=1) as hasher:
            while chunk := origin.read(CHUNK_BYTES):
                hashed = hasher.submit(digest.update, chunk)
                _write_all(file.fileno(), chunk)
                hashed.result()
                done += len(chunk)
                report(step, done, total)
        os.fsync(file.fileno())
    return digest.hexdigest()


def require_space(folder: Path, needed_bytes: int) -> None:
    """Refuse early what would not fit.

    Raises:
        StoreFull: the file system of `folder` has less room than `needed_bytes` and a margin; names both figures.
    """
    status = os.statvfs(folder)
    free_bytes = status.f_bavail * status.f_frsize
    if free_bytes < needed_bytes + SPACE_MARGIN_BYTES:
        wanted = needed_bytes + SPACE_MARGIN_BYTES
        msg = f"not enough room in {folder}: {wanted:,} bytes are needed, {free_bytes:,} are free"
        raise StoreFull(msg)


def _sync(path: Path, flags: int) -> None:
    handle = os.open(path, flags)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _write_all(handle: int, chunk: bytes) -> None:
    rest = memoryview(chunk)
    while rest:
        rest = rest[os.write(handle, rest) :]
