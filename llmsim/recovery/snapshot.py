"""Snapshots: a copy of a store that is known to be whole, made while the store is in use.

A snapshot is a folder `llmsim-ORDINAL-TIME` with `data.mdb` and `manifest.json`. It is made under a hidden name, made
durable file by file, and gets its own name last, so that whatever has the name is whole. What a killed `create` leaves
behind is hidden, is never listed, and goes away with the next `create` in that folder. Knows nothing of restoring.
"""

import errno
import fcntl
import os
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager, nullcontext
from itertools import count
from pathlib import Path

import attrs

from llmsim import clock
from llmsim.errors import LlmsimError, OperatorError, StoreFormat
from llmsim.recovery.manifest import MANIFEST, Manifest, iso, render
from llmsim.recovery.verify import describe, is_snapshot, read_intact
from llmsim.store.environment import DATA_FILE, READERS_FILE, Environment, claim
from llmsim.store.files import (
    Report,
    digest_file,
    disk_errors,
    make_folder,
    require_space,
    silent,
    sync_file,
    sync_folder,
    write_file,
)

PARTIAL_PREFIX = ".partial-"
NAME_PREFIX = "llmsim-"
LOCK = ".llmsim-snapshots.lock"
POLL_S = 0.1
"""How often the growing copy is looked at, for the report."""

CREATE_STEPS = ("copy", "hash", "manifest", "publish")


@attrs.frozen
class Snapshot:
    """A snapshot and its manifest; `manifest` is None, and `problem` says why, where that cannot be read."""

    path: Path
    manifest: Manifest | None
    problem: str | None = None


def create(data_dir: Path, to: Path, report: Report = silent) -> Snapshot:
    """Copy the store in `data_dir` to a new snapshot in `to`; a server may go on writing to the store meanwhile.

    The copy is of one transaction, and has nothing of what was deleted before; it holds that transaction open, so the
    store grows under writes until it is done.
    Any exception, one raised by a signal handler or by `report` included, leaves nothing behind.

    Raises:
        OperatorError: a path is missing, not a folder, or not permitted.
        StoreFull: there is not enough room in `to`.
        StoreInUse: a server begins to use a store that was never in use before.
        StoreError: `data_dir` holds no store, or one that cannot be read.
    """
    with disk_errors("cannot create a snapshot"), _unchanging(data_dir) as environment:
        if environment.meta() is None:
            msg = f"{data_dir} holds no store: nothing to take a snapshot of"
            raise StoreFormat(msg)
        make_folder(to)
        require_space(to, environment.used_bytes())
        created_s = clock.wall()
        with _partial(to, created_s) as folder:
            transaction = _copy(environment, folder, report)
            manifest = attrs.evolve(_manifest(folder, created_s, report), transaction=transaction)
            report("manifest", 0, 0)
            write_file(folder / MANIFEST, render(manifest))
            sync_folder(folder)
            report("publish", 0, 0)
            path = _publish(folder, to, _name(manifest.ordinal, created_s))
    return Snapshot(path, manifest)


def listed(folder: Path) -> list[Snapshot]:
    """The snapshots in a folder, oldest first, as their manifests describe them; nothing is hashed.

    Raises:
        OperatorError: no such folder, or it may not be read.
    """
    with disk_errors("cannot list snapshots"):
        found = [_look(path) for path in folder.iterdir() if path.is_dir() and _is_ours(path)]
    return sorted(found, key=lambda one: (one.manifest.created if one.manifest else "", one.path.name))


@contextmanager
def _unchanging(data_dir: Path) -> Iterator[Environment]:
    """The store, opened so that no server can use pages again that are being copied.

    A reader is known to a server by its place in `lock.mdb`. LMDB goes without one where it cannot write to that file,
    and where there is none yet; then nobody may write at all.
    """
    readers = data_dir / READERS_FILE
    if readers.exists() and not os.access(readers, os.W_OK):
        raise OperatorError(
            f"cannot create a snapshot: {readers} is not writable, and only there a server can see that its store is "
            "being copied: mount the data directory writable"
        )
    alone = not readers.exists() and (data_dir / DATA_FILE).exists()
    with claim(data_dir) if alone else nullcontext(), Environment.open(data_dir, readonly=True) as environment:
        yield environment


def _copy(environment: Environment, folder: Path, report: Report) -> int:
    """Copy in a thread, so that this one can report and be interrupted; the files of an interrupted copy go first.

    Returns the last transaction of the store that is in the copy.
    """
    total = environment.used_bytes()
    data = folder / DATA_FILE
    report("copy", 0, total)
    with ThreadPoolExecutor(max_workers=1) as copier:
        try:
            copying = copier.submit(environment.copy, folder)
            while not copying.done():
                wait([copying], timeout=POLL_S)
                report("copy", data.stat().st_size if data.exists() else 0, total)
            transaction = copying.result()
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
    sync_file(data)
    return transaction


def _manifest(folder: Path, created_s: float, report: Report) -> Manifest:
    data = folder / DATA_FILE
    sha256 = digest_file(data, "hash", report)
    with Environment.open(folder, readonly=True, lock=False) as copied:
        return describe(copied, iso(created_s), data.stat().st_size, sha256)


def _name(ordinal: int, created_s: float) -> str:
    """`llmsim-2-20261123T052700.123Z`."""
    return f"{NAME_PREFIX}{ordinal}-{iso(created_s).replace('-', '').replace(':', '')}"


@contextmanager
def _partial(to: Path, created_s: float) -> Iterator[Path]:
    """A hidden folder to make a snapshot in, removed with all it holds if the body raises.

    Its manifest is locked for as long as this process works on it: a partial that nobody holds is a leftover.
    """
    folder = to / f"{PARTIAL_PREFIX}{os.getpid()}-{iso(created_s)}"
    held = None
    try:
        with _locked(to / LOCK):
            _clear_leftovers(to)
            folder.mkdir(mode=0o700)
            held = os.open(folder / MANIFEST, os.O_RDWR | os.O_CREAT, 0o600)
            fcntl.flock(held, fcntl.LOCK_EX)
        yield folder
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    finally:
        if held is not None:
            os.close(held)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _clear_leftovers(to: Path) -> None:
    for left in to.glob(PARTIAL_PREFIX + "*"):
        if not _is_held(left):
            shutil.rmtree(left)


def _is_held(partial: Path) -> bool:
    try:
        handle = os.open(partial / MANIFEST, os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False


def _publish(partial: Path, to: Path, name: str) -> Path:
    """Give a finished partial its name, durably; a name that is taken gets a number."""
    for number in count(1):
        path = to / (name if number == 1 else f"{name}-{number}")
        try:
            partial.rename(path)
        except OSError as error:
            if error.errno not in {errno.EEXIST, errno.ENOTEMPTY}:
                raise
            continue
        sync_folder(to)
        return path
    raise AssertionError  # numbers do not end


def _is_ours(path: Path) -> bool:
    """Whether a folder is to be listed; one of our names without a manifest is a damaged snapshot, not a stranger."""
    return not path.name.startswith(".") and (path.name.startswith(NAME_PREFIX) or is_snapshot(path))


def _look(path: Path) -> Snapshot:
    try:
        return Snapshot(path, read_intact(path))
    except LlmsimError as error:
        return Snapshot(path, None, str(error))
