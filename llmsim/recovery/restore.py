"""Restore: put a store in place, so that a crash at any moment leaves the old one or the new, whole.

The new store is made in a hidden folder of the data dir (which may be a mount point and cannot be renamed), proven
there, and moved to its name in one rename. A store that it replaces is first given a second name in `replaced-TIME/`
and stays there; it is never in between, so nobody who starts a server on the folder meanwhile finds it empty. Holds
the claim on the data dir throughout: no server can run on it.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import attrs

from llmsim import clock
from llmsim.errors import OperatorError, RestoreTargetExists
from llmsim.recovery.manifest import iso
from llmsim.recovery.sources import Staged, Wanted, stage
from llmsim.store.codec import decode_meta
from llmsim.store.environment import DATA_FILE, LOCK_FILE, READERS_FILE, STAGING, Environment, claim
from llmsim.store.files import Report, disk_errors, make_folder, silent, sync_file, sync_folder
from llmsim.store.journal import EndArchive, archived
from llmsim.store.schema import META_KEY, Table

KEPT_PREFIX = "replaced-"

RESTORE_STEPS = ("unpack", "check", "adopt", "keep", "switch", "tidy")


@attrs.frozen
class Restored:
    """What a restore did: what the store was made from, its ordinal and tables, where the old one is kept."""

    staged: Staged
    ordinal: int
    tables: dict[str, int]
    kept: Path | None


def restore(wanted: Wanted, data_dir: Path, *, replace: bool = False, report: Report = silent) -> Restored:
    """Make `data_dir` hold the wanted store, as that of the pod `wanted.ordinal`.

    Any exception before the step "switch", one raised by a signal handler or by `report` included, leaves the data dir
    as it was.

    Raises:
        SnapshotDamaged: what it should be made from is not whole; names what is wrong.
        StoreFormat: it is of a later release.
        StoreInUse: a process writes to `data_dir`.
        RestoreTargetExists: `data_dir` holds something, and `replace` is not given.
        WrongOrdinal: it is of another pod, and `wanted.any_pod` is not given.
        StoreFull: there is not enough room in `data_dir`.
        PlaceUnreachable: the place that it comes from fails, or does not answer.
        NothingToRestore: it is to come from a place that has nothing of this pod.
        OperatorError: a path is missing, not a folder, or not permitted, or the place has nothing of that time.
        StoreError: the disk failed.
    """
    if "://" not in wanted.source and not Path(wanted.source).exists():
        raise OperatorError(f"cannot restore: no such file or directory: {wanted.source}")
    with disk_errors("cannot restore"), _target(data_dir) as staging:
        if not replace:
            _require_empty(data_dir)
        staged = stage(wanted, staging, report)
        report("adopt", 0, 0)
        tables = _make_own(staging, wanted.ordinal)
        kept = _switch(staging, data_dir, report)
        report("tidy", 0, 0)
    return Restored(staged, wanted.ordinal, tables, kept)


@contextmanager
def _target(data_dir: Path) -> Iterator[Path]:
    """The data dir, claimed, and a hidden folder in it; whatever of it is made goes again if nothing comes of it."""
    make_folder(data_dir, parents=True)
    with claim(data_dir), _staging(data_dir) as staging:
        yield staging


def _require_empty(data_dir: Path) -> None:
    names = held(data_dir)
    if DATA_FILE in names:
        msg = f"{data_dir} already holds a store: restore --replace keeps that aside and puts the snapshot in its place"
        raise RestoreTargetExists(msg)
    if names:
        msg = f"{data_dir} is not empty: it holds {', '.join(names[:5])}; restore --replace leaves that alone"
        raise RestoreTargetExists(msg)


def held(data_dir: Path) -> list[str]:
    """What a folder holds besides what a restore or a mount leaves in an otherwise empty one; in order, by name.

    Nothing, where there is no such folder. Raises OperatorError where it cannot be read.
    """
    ours = {STAGING, READERS_FILE, LOCK_FILE, "lost+found"}
    try:
        names = sorted(path.name for path in data_dir.iterdir() if path.name not in ours)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise OperatorError(f"{data_dir}: {(error.strerror or str(error)).lower()}") from error
    return [name for name in names if not name.startswith(KEPT_PREFIX)]


@contextmanager
def _staging(data_dir: Path) -> Iterator[Path]:
    """A hidden folder in the data dir to prove the new store in; whatever a killed restore left there goes first."""
    staging = data_dir / STAGING
    if staging.exists():
        shutil.rmtree(staging)
    _forget_second_names(data_dir)
    staging.mkdir(mode=0o700)
    try:
        yield staging
    finally:
        shutil.rmtree(staging, ignore_errors=True)
        _forget_second_names(data_dir)
        sync_folder(data_dir)


def _forget_second_names(data_dir: Path) -> None:
    """A restore that ended just before its switch has kept the very store that is still in place: let go of it."""
    data = data_dir / DATA_FILE
    for kept in data_dir.glob(KEPT_PREFIX + "*"):
        second = kept / DATA_FILE
        if data.exists() and second.exists() and data.samefile(second):
            second.unlink()
        if not any(kept.iterdir()):
            kept.rmdir()


def _make_own(staging: Path, ordinal: int) -> dict[str, int]:
    """Make the staged store this pod's: its ordinal, and no archive of another store's; its entries by table.

    Turns keep the origin they were drawn under.
    """
    with Environment.open(staging, readonly=True, lock=False) as environment, environment.read() as view:
        stamp = view.get(Table.META, META_KEY)
        is_own = stamp is None or decode_meta(stamp).ordinal == ordinal
        is_archived = archived(view) is not None
        tables = {table.value: view.count(table) for table in view.tables if table is not Table.JOURNAL}
    if not is_own or is_archived:
        with Environment.open(staging, durable=False, lock=False) as environment:
            with environment.write() as view:
                EndArchive()(view)
            meta = environment.meta()
            if meta is not None:
                environment.stamp(attrs.evolve(meta, ordinal=ordinal))
    sync_file(staging / DATA_FILE)
    return tables


def _switch(staging: Path, data_dir: Path, report: Report) -> Path | None:
    """Put the staged store in place; the one that was there keeps its file under a name in a folder of its own.

    The lock file goes first: it describes the readers and the last transaction of the old data file.
    """
    data = data_dir / DATA_FILE
    kept = None
    sync_folder(staging)
    report("keep", 0, 0)
    if data.exists():
        kept = data_dir / f"{KEPT_PREFIX}{iso(clock.wall()).replace(':', '')}"
        kept.mkdir(mode=0o700)
        os.link(data, kept / DATA_FILE)
        sync_folder(kept)
        sync_folder(data_dir)
    report("switch", 0, 0)
    (data_dir / READERS_FILE).unlink(missing_ok=True)
    (staging / DATA_FILE).replace(data)
    sync_folder(data_dir)
    return kept
