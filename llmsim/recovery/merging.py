"""Merging: the sessions of a pod that is gone, brought into the store of one that stays (a StatefulSet scaled down).

What is merged is made and proven in the temporary folder (TMPDIR) like anything that is restored, and merged while
nobody serves the store that it goes to. Changes nothing of its source.
"""

import tempfile
from pathlib import Path

import attrs

from llmsim.recovery.sources import Staged, Wanted, stage
from llmsim.store.environment import Environment, claim
from llmsim.store.files import Report, disk_errors, silent
from llmsim.store.merging import Merged, OnConflict, merge_sessions


@attrs.frozen
class Joined:
    """What was merged, and what came of it."""

    staged: Staged
    merged: Merged


def merge(wanted: Wanted, data_dir: Path, on_conflict: OnConflict, report: Report = silent) -> Joined:
    """Bring every session of what is wanted into the store of `data_dir`.

    Raises as `llmsim.recovery.sources.stage` does, and:
        OperatorError: there is no store in `data_dir`.
        StoreInUse: it is served.
        ClientError: an id that a session brings is taken.
        StoreFull: the disk is full; sessions that were brought before stay, and doing it again brings the others.
    """
    with (
        disk_errors("cannot merge"),
        claim(data_dir),
        Environment.open(data_dir) as target,
        tempfile.TemporaryDirectory(prefix="llmsim-") as folder,
    ):
        staged = stage(wanted, Path(folder), report)
        with Environment.open(Path(folder), readonly=True, lock=False) as source, source.read() as view:
            merged = merge_sessions(view, target, on_conflict, report)
    return Joined(staged, merged)
