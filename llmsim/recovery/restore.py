"""Restore: put a snapshot in the place of a store, so that a crash at any moment leaves the old one or the new, whole.

The new store is copied into a hidden folder of the data dir (which may be a mount point and cannot be renamed), proven
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
from llmsim.errors import RestoreTargetExists, SnapshotDamaged, WrongOrdinal
from llmsim.recovery.manifest import Manifest, iso
from llmsim.recovery.verify import inspect, read_intact
from llmsim.store.environment import DATA_FILE, LOCK_FILE, READERS_FILE, STAGING, Environment, claim
from llmsim.store.files import (
    Report,
    copy_file,
    disk_errors,
    make_folder,
    require_space,
    silent,
    sync_file,
    sync_folder,
)

KEPT_PREFIX = "replaced-"

RESTORE_STEPS = ("copy", "page walk", "check", "adopt", "keep", "switch", "tidy")


@attrs.frozen
class Restored:
    """What a restore did: the manifest it restored, the ordinal now in the store, and where the old store is kept."""

    manifest: Manifest
    ordinal: int
    kept: Path | None


def restore(
    snapshot: Path,
    data_dir: Path,
    ordinal: int,
    *,
    replace: bool = False,
    adopt: bool = False,
    report: Report = silent,
) -> Restored:
    """Make `data_dir` hold the store of `snapshot`; `ordinal` is the pod's that will serve it.

    Any exception before the step "switch", one raised by a signal handler or by `report` included, leaves the data dir
    as it was.

    Raises:
        SnapshotDamaged: the snapshot is not whole; names what is wrong.
        StoreFormat: its format is one that this release does not read.
        StoreInUse: a process writes to `data_dir`.
        RestoreTargetExists: `data_dir` holds something, and `replace` is not given.
        WrongOrdinal: the snapshot is of another pod, and `adopt` is not given.
        StoreFull: there is not enough room in `data_dir`.
        OperatorError: a path is missing, not a folder, or not permitted.
        StoreError: the disk failed.
    """
    with disk_errors("cannot restore"):
        manifest = read_intact(snapshot)
        if manifest.ordinal != ordinal and not adopt:
            msg = (
                f"the snapshot is of pod {manifest.ordinal}, this is pod {ordinal}: "
                f"restore --adopt makes it the store of pod {ordinal}"
            )
            raise WrongOrdinal(msg)
        make_folder(data_dir, parents=True)
        with claim(data_dir):
            if not replace:
                _require_empty(data_dir)
            with _staging(data_dir) as staging:
                require_space(data_dir, manifest.size_bytes)
                _stage(snapshot, manifest, staging, report)
                report("adopt", 0, 0)
                if manifest.ordinal != ordinal:
                    _adopt(staging, ordinal)
                kept = _switch(staging, data_dir, report)
                report("tidy", 0, 0)
    return Restored(manifest, ordinal, kept)


def _require_empty(data_dir: Path) -> None:
    """Only what a restore or a mount leaves in an otherwise empty folder may be there."""
    ours = {STAGING, READERS_FILE, LOCK_FILE, "lost+found"}
    names = sorted(path.name for path in data_dir.iterdir() if path.name not in ours)
    names = [name for name in names if not name.startswith(KEPT_PREFIX)]
    if DATA_FILE in names:
        msg = f"{data_dir} already holds a store: restore --replace keeps that aside and puts the snapshot in its place"
        raise RestoreTargetExists(msg)
    if names:
        msg = f"{data_dir} is not empty: it holds {', '.join(names[:5])}; restore --replace leaves that alone"
        raise RestoreTargetExists(msg)


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


def _stage(snapshot: Path, manifest: Manifest, staging: Path, report: Report) -> None:
    """Copy the data and prove the copy: its digest, its pages, its invariants."""
    if copy_file(snapshot / DATA_FILE, staging / DATA_FILE, "copy", report) != manifest.sha256:
        msg = f"{snapshot}: {DATA_FILE} does not have the sha256 of the manifest"
        raise SnapshotDamaged(msg)
    if found := inspect(staging, manifest, report):
        msg = f"{snapshot} is damaged: {'; '.join(found[:5])}"
        raise SnapshotDamaged(msg)


def _adopt(staging: Path, ordinal: int) -> None:
    """Stamp the staged store with this pod's ordinal; its turns keep the origin they were drawn under."""
    with Environment.open(staging, lock=False) as environment:
        meta = environment.meta()
        if meta is not None:
            environment.stamp(attrs.evolve(meta, ordinal=ordinal))
    sync_file(staging / DATA_FILE)


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
