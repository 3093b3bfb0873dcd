"""One LMDB environment: opened with care, read inline, written in one transaction at a time. LMDB's errors end here.

The only module that hands a file to LMDB's C engine. A data directory holds `data.mdb`, `lock.mdb` and `llmsim.lock`,
an exclusive lock of whoever writes; readers need none. Commits are synced (`sync=True`) unless told otherwise, and the
map is never written through (`writemap`), so that a stray pointer cannot reach the disk.
Invariant: a file that is shorter than its own meta page says is refused before the engine maps it.
"""

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

import lmdb

from llmsim.errors import OperatorError, StoreDamaged, StoreError, StoreFormat, StoreFull, StoreInUse
from llmsim.store.codec import decode_meta, encode
from llmsim.store.pages import refuse_truncated
from llmsim.store.schema import FORMAT_VERSION, META_KEY, Meta, Table

DATA_FILE = "data.mdb"
LOCK_FILE = "llmsim.lock"
MAP_BYTES = 1 << 30
"""Address space to begin with; the file grows only as it is used, and the map doubles when it is full."""
MAX_READERS = 126
"""Processes and threads that may read at once: a server, and people looking."""
_FULL = {errno.ENOSPC, errno.EDQUOT}
_OPERATOR = {errno.ENOENT, errno.ENOTDIR, errno.EACCES, errno.EPERM, errno.EROFS, errno.EISDIR}


class MapFull(StoreError):
    """The map is too small for this transaction; it left no trace, and works again after `grow`."""


@contextmanager
def claim(data_dir: Path) -> Iterator[None]:
    """Be the one process that writes to this data directory while the block runs; makes the directory if need be.

    Raises:
        StoreInUse: another process is.
        OperatorError: the directory cannot be made or written to.
    """
    path = data_dir / LOCK_FILE
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise OperatorError(f"data directory {data_dir}: {_reason(error)}") from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(handle, 32).decode("ascii", "replace").strip() or "unknown"
            message = f"data directory {data_dir} is in use by process {holder}: stop it, or ask it with --url"
            raise StoreInUse(message) from None
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(handle)


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()


class View:
    """One transaction over the tables. Belongs to the thread that began it, and to its `with` block."""

    def __init__(self, transaction: "lmdb.Transaction[bytes]", tables: "dict[Table, lmdb._Database]") -> None:
        self._transaction = transaction
        self._tables = tables

    def get(self, table: Table, key: bytes) -> bytes | None:
        return self._transaction.get(key, db=self._tables[table])

    def scan(
        self, table: Table, prefix: bytes = b"", after: bytes = b"", *, reverse: bool = False
    ) -> Iterator[tuple[bytes, bytes]]:
        """Entries whose key has the prefix and, in the direction of the scan, lies beyond `after`."""
        with self._transaction.cursor(db=self._tables[table]) as cursor:
            if reverse:
                yield from _descending(cursor, prefix, after)
            else:
                yield from _ascending(cursor, prefix, after)

    def put(self, table: Table, key: bytes, value: bytes, *, overwrite: bool = True) -> bool:
        """Store a record; False, and nothing done, where there is one that must not be overwritten."""
        return self._transaction.put(key, value, db=self._tables[table], overwrite=overwrite)

    def delete(self, table: Table, key: bytes) -> bool:
        """Remove a record; False where there was none."""
        return self._transaction.delete(key, db=self._tables[table])

    @property
    def transaction(self) -> int:
        """The number of the transaction that this view looks at: the commits in the life of the file."""
        return self._transaction.id()

    def count(self, table: Table) -> int:
        """How many records the table has."""
        return self._transaction.stat(self._tables[table])["entries"]


def _ascending(cursor: "lmdb.Cursor[bytes]", prefix: bytes, after: bytes) -> Iterator[tuple[bytes, bytes]]:
    found = cursor.set_range(max(prefix, after)) if prefix or after else cursor.first()
    while found and cursor.key().startswith(prefix):
        if cursor.key() > after or not after:
            yield cursor.key(), cursor.value()
        found = cursor.next()


def _descending(cursor: "lmdb.Cursor[bytes]", prefix: bytes, after: bytes) -> Iterator[tuple[bytes, bytes]]:
    end = after or prefix + b"\xff" * 32
    found = cursor.prev() if cursor.set_range(end) else cursor.last()
    while found and cursor.key().startswith(prefix):
        yield cursor.key(), cursor.value()
        found = cursor.prev()


class Environment:
    """An open store. Reads run inline on any one thread; writes are one transaction at a time, whole or not at all."""

    def __init__(self, path: Path, environment: lmdb.Environment, tables: "dict[Table, lmdb._Database]") -> None:
        self.path = path
        self._environment = environment
        self._tables = tables

    @classmethod
    def open(
        cls,
        data_dir: Path,
        *,
        readonly: bool = False,
        create: bool = False,
        durable: bool = True,
        lock: bool = True,
        map_bytes: int = MAP_BYTES,
    ) -> Self:
        """Open the store of a data directory. `create` makes an empty one where there is none.

        `lock` False is for files that nobody writes, such as snapshots: then nothing is written beside them.

        Raises:
            OperatorError: the directory or file is missing or may not be used.
            StoreFormat: not a store of ours.
            StoreDamaged: the file is shorter than it says, or broken.
        """
        path = data_dir / DATA_FILE
        fresh = not path.exists() or path.stat().st_size == 0
        if fresh and not create:
            raise OperatorError(f"no store in {data_dir}: expected a file {DATA_FILE}")
        if not fresh:
            refuse_truncated(path)
        with _translated(f"store {data_dir}"):
            opened = lmdb.open(
                str(data_dir),
                map_size=map_bytes,
                max_dbs=len(Table),
                max_readers=MAX_READERS,
                readonly=readonly,
                create=create,
                sync=durable,
                metasync=durable,
                lock=lock,
                mode=0o600,
            )
        try:
            with _translated(f"store {data_dir}"):
                tables = {table: opened.open_db(table.value.encode(), create=not readonly) for table in Table}
            environment = cls(data_dir, opened, tables)
            meta = environment.meta()
        except BaseException:
            opened.close()
            raise
        if meta is not None and meta.format != FORMAT_VERSION:
            opened.close()
            raise StoreFormat(f"store {data_dir} has format {meta.format}; this release reads format {FORMAT_VERSION}")
        return environment

    @contextmanager
    def read(self) -> Iterator[View]:
        """A consistent look at the store; keep it short, a reader keeps old pages from being used again."""
        with _translated(f"store {self.path}"):
            try:
                transaction = self._environment.begin()
            except lmdb.MapResizedError:
                self._environment.set_mapsize(0)
                transaction = self._environment.begin()
            with transaction:
                yield View(transaction, self._tables)

    @contextmanager
    def write(self) -> Iterator[View]:
        """One transaction: durable when the block has ended, without a trace when it raised.

        Raises:
            StoreFull: the disk is full.
            MapFull: the map is; `grow` it and try again.
            StoreError: the transaction could not be committed for another reason.
        """
        with _translated(f"store {self.path}"):
            try:
                transaction = self._environment.begin(write=True)
            except lmdb.MapResizedError:
                self._environment.set_mapsize(0)
                transaction = self._environment.begin(write=True)
            with transaction:
                yield View(transaction, self._tables)

    def grow(self) -> int:
        """Double the map; only while no transaction of this process is open. Returns its new size in bytes."""
        size = self._environment.info()["map_size"] * 2
        self._environment.set_mapsize(size)
        return size

    def copy(self, folder: Path) -> None:
        """Write a consistent copy of the data file into an existing folder, also while others write."""
        with _translated(f"copying store {self.path}"):
            try:
                self._environment.copy(str(folder))
            except lmdb.MapResizedError:
                (folder / DATA_FILE).unlink(missing_ok=True)
                self._environment.set_mapsize(0)
                self._environment.copy(str(folder))

    def used_bytes(self) -> int:
        """The size of the data file as the last committed transaction sees it."""
        info = self._environment.info()
        return (info["last_pgno"] + 1) * self._environment.stat()["psize"]

    def meta(self) -> Meta | None:
        """Whose store this is; None where it has not been stamped."""
        with self.read() as view:
            record = view.get(Table.META, META_KEY)
        return decode_meta(record) if record is not None else None

    def stamp(self, meta: Meta) -> None:
        """Say whose store this is."""
        with self.write() as view:
            view.put(Table.META, META_KEY, encode(meta))

    def close(self) -> None:
        self._environment.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


@contextmanager
def _translated(what: str) -> Iterator[None]:
    """The one border at which LMDB's errors become ours."""
    try:
        yield
    except lmdb.MapFullError as error:
        raise MapFull(f"{what}: the map is full") from error
    except (lmdb.InvalidError, lmdb.VersionMismatchError) as error:
        raise StoreFormat(f"{what} is not an LMDB store of this release: {error}") from error
    except (lmdb.CorruptedError, lmdb.PageNotFoundError, lmdb.PanicError) as error:
        raise StoreDamaged(f"{what} is damaged: {error}") from error
    except (lmdb.LockError, lmdb.ReadersFullError) as error:
        raise StoreInUse(f"{what}: {error}") from error
    except lmdb.Error as error:
        if error.code in _FULL:
            raise StoreFull(f"{what}: no space left on device") from error
        if error.code in _OPERATOR:
            raise OperatorError(f"{what}: {os.strerror(error.code).lower()}") from error
        raise StoreError(f"{what}: {error}") from error
