"""One LMDB environment: opened with care, read inline, written in one transaction at a time.

The only module that hands a file to LMDB's C engine (`loading.py` makes one). A data directory holds `data.mdb`,
`lock.mdb` and `llmsim.lock` (`claim.py`). Commits are synced (`sync=True`) unless told otherwise, and the map is never
written through (`writemap`), so that a stray pointer cannot reach the disk.
Invariants: a file that is shorter than its own meta page says is refused before the engine maps it; opening read-only
creates nothing; a file that is not ours is not changed.
"""

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import lmdb
from attrs import evolve

from llmsim.errors import OperatorError, StoreDamaged, StoreError, StoreFormat, StoreInUse
from llmsim.store import pages
from llmsim.store.checksums import SUM_BYTES, holds, summed
from llmsim.store.claim import LOCK_FILE, claim
from llmsim.store.codec import decode_format, decode_meta, encode
from llmsim.store.files import disk_errors, make_folder, sync_folder
from llmsim.store.journal import Recorder, archived
from llmsim.store.lmdb_errors import MapFull, ours, translated
from llmsim.store.schema import FORMAT_VERSION, META_KEY, READABLE_FORMATS, SUMS_SINCE, Meta, Table, tables_of
from llmsim.store.view import View

__all__ = ["DATA_FILE", "LOCK_FILE", "MAP_BYTES", "READERS_FILE", "STAGING", "Environment", "MapFull", "View", "claim"]

DATA_FILE = "data.mdb"
READERS_FILE = "lock.mdb"
STAGING = ".restoring"
"""Where a restore proves a store before it takes its place (`restore.py`)."""
MAP_BYTES = 1 << 30
"""Address space to begin with; the file grows only as it is used, and the map doubles when it is full."""
MAX_READERS = 126
"""Processes and threads that may read at once: a server, and people looking."""
READERS_BYTES = 8192
"""The size that LMDB gives `lock.mdb` for as many readers."""


def _size_bytes(path: Path) -> int:
    """The size of the data file, 0 where there is none."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _refuse_unfinished(data_dir: Path) -> None:
    """A restore that was killed left no store, but somebody wanted one: a fresh one would hide that."""
    if (data_dir / STAGING).exists():
        raise StoreError(
            f"{data_dir} holds no store, but a restore that did not end: run `llmsim restore` again, "
            f"or remove {data_dir / STAGING} to begin with a fresh store"
        )


def _reserve_readers(path: Path) -> None:
    """Give a new `lock.mdb` its place on the disk before LMDB maps it.

    LMDB makes the file sparse; on a full disk the first write to such a page would end the process with SIGBUS.
    """
    missing = READERS_BYTES - _size_bytes(path)
    if missing <= 0:
        return
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "ab") as file:
        file.write(bytes(missing))


def _sync_names(data_dir: Path) -> None:
    """Make sure that the names of a store and of its directory are on the disk: without them, so is no turn.

    A directory above that may not be read was not made for this store.
    """
    with disk_errors(f"store {data_dir}"):
        sync_folder(data_dir)
        with suppress(PermissionError):
            sync_folder(data_dir.parent)


def _format(view: View) -> int:
    """The format of the stamp; 1 where there is none yet, and so nothing that another would read otherwise.

    Raises:
        StoreDamaged: the stamp is none, or not what was written.
    """
    stored = view.get(Table.META, META_KEY)
    if stored is None:
        return 1
    if holds(META_KEY, stored):
        return decode_format(stored[:-SUM_BYTES])
    found = decode_format(stored)
    if found >= SUMS_SINCE:
        raise StoreDamaged(f"the stamp of a store of format {found} has no checksum")
    return found


class Environment:
    """An open store. Reads run inline on any one thread; writes are one transaction at a time, whole or not at all."""

    def __init__(self, path: Path, environment: lmdb.Environment) -> None:
        self.path = path
        self._environment = environment
        self._tables: dict[Table, lmdb._Database] = {}
        self._sums = False

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

        `lock` False is for files that nobody writes, such as snapshots: then nothing is written beside them. A reader
        of a directory without `lock.mdb` takes it for one that nobody writes to.

        Raises:
            OperatorError: the directory or file is missing or may not be used.
            StoreFull: the disk has no room to begin with.
            StoreFormat: not a store of ours, or one of another format version.
            StoreDamaged: the file is shorter than it says, or broken.
        """
        path = data_dir / DATA_FILE
        with disk_errors(f"store {data_dir}"), translated(f"store {data_dir}"):
            if _size_bytes(path):
                pages.refuse_truncated(path)
            elif create and not readonly:
                _refuse_unfinished(data_dir)
                make_folder(data_dir, parents=True)
            else:
                raise OperatorError(f"no store in {data_dir}: expected a file {DATA_FILE}")
            if lock and not readonly:
                _reserve_readers(data_dir / READERS_FILE)
            opened = lmdb.open(
                str(data_dir),
                map_size=map_bytes,
                max_dbs=len(Table),
                max_readers=MAX_READERS,
                readonly=readonly,
                create=create,
                sync=durable,
                metasync=durable,
                lock=lock and not (readonly and not (data_dir / READERS_FILE).exists()),
                mode=0o600,
            )
        environment = cls(data_dir, opened)
        try:
            environment._open_tables(create=create and not readonly, upgrade=not readonly)
            if create and durable and not readonly:
                _sync_names(data_dir)
        except BaseException:
            opened.close()
            raise
        return environment

    def _open_tables(self, *, create: bool, upgrade: bool) -> None:
        """All tables are made in one transaction, so that a file has none of them or all of its format.

        `upgrade` makes a store of an older format one of FORMAT_VERSION; otherwise it is read as it is.
        """
        with translated(f"store {self.path}", writing_in=self.path):
            self._environment.reader_check()
            if create and self._environment.stat()["entries"] == 0:
                with self._environment.begin(write=True) as transaction:
                    for table in Table:
                        self._environment.open_db(table.value.encode(), transaction)
            self._tables[Table.META] = self._environment.open_db(Table.META.value.encode(), create=False)
            with self._environment.begin() as transaction:
                found = _format(View(transaction, self._tables, sums=False))
            if found not in READABLE_FORMATS:
                raise StoreFormat(
                    f"store {self.path} has format {found}; this release reads format {FORMAT_VERSION} and older ones"
                )
            if found < FORMAT_VERSION and upgrade:
                self._upgrade()
            self._sums = upgrade or found >= SUMS_SINCE
            for table in Table if upgrade else tables_of(found):
                self._tables[table] = self._environment.open_db(table.value.encode(), create=False)

    def _upgrade(self) -> None:
        """From an older format, in one transaction: new tables, checksums, and the stamp, where there is one."""
        while True:
            try:
                with translated(f"store {self.path}", writing_in=self.path):
                    return self._upgraded()
            except MapFull:
                self.grow()

    def _upgraded(self) -> None:
        with self._environment.begin(write=True) as transaction:
            for table in Table:
                found = self._environment.open_db(table.value.encode(), transaction)
                with transaction.cursor(db=found) as cursor:
                    for key, record in cursor:
                        if (table, key) == (Table.META, META_KEY):
                            record = encode(evolve(decode_meta(record), format=FORMAT_VERSION))  # noqa: PLW2901
                        cursor.put(key, summed(key, record))

    def read(self) -> AbstractContextManager[View]:
        """A consistent look at the store; keep it short, a reader keeps old pages from being used again."""
        return _Look(self)

    @contextmanager
    def write(self) -> Iterator[View]:
        """One transaction: durable when the block has ended, without a trace when it raised.

        Raises:
            StoreFull: the disk is full.
            MapFull: the map is; `grow` it and try again.
            StoreError: the transaction could not be committed for another reason.
        """
        with translated(f"store {self.path}", writing_in=self.path), self._begin(write=True) as view:
            state = archived(view)
            if state is None:
                yield view
                return
            view.record(recorder := Recorder(view, state))
            yield view
            recorder.end()

    def _begin(self, *, write: bool) -> View:
        try:
            transaction = self._environment.begin(write=write)
        except lmdb.MapResizedError:
            self._environment.set_mapsize(0)
            transaction = self._environment.begin(write=write)
        view = View(transaction, self._tables, sums=self._sums)
        if not self._sums and _format(view) >= SUMS_SINCE:
            transaction.abort()
            raise StoreInUse(f"store {self.path}: a server has just changed its format: do it again")
        return view

    def grow(self) -> int:
        """Double the map; returns its new size in bytes.

        Only between writes, on the thread that reads: views that are open in this process are lost by it.
        """
        with translated(f"store {self.path}: growing the map"):
            size = self._environment.info()["map_size"] * 2
            self._environment.set_mapsize(size)
        return size

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


class _Look:
    """`Environment.read` as it would be with generators, at a fifth of their price: there is one for each request."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment

    def __enter__(self) -> View:
        try:
            self._view = self._environment._begin(write=False)  # noqa: SLF001  (the same module)
        except lmdb.Error as error:
            raise ours(f"store {self._environment.path}", error) from error
        return self._view.__enter__()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._view.__exit__(kind, error, trace)
        if isinstance(error, lmdb.Error):
            raise ours(f"store {self._environment.path}", error) from error
