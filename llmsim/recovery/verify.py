"""Is this snapshot whole? Its files, its digest, its pages, its invariants, in this order.

A snapshot may come from anywhere. Handing a damaged file to LMDB's C engine can end the process, so the engine opens
it only after its sha256 fits the manifest and every page has been walked in Python. Writes nothing, not even a lock
file: a snapshot may lie on a read-only volume.
"""

from pathlib import Path

import attrs

from llmsim.errors import SnapshotDamaged, StoreDamaged, StoreFormat
from llmsim.identity import fingerprint
from llmsim.recovery.manifest import MANIFEST, Manifest, read_manifest
from llmsim.simulation.plan import PLAN_VERSION
from llmsim.store import pages
from llmsim.store.check import check
from llmsim.store.environment import DATA_FILE, Environment
from llmsim.store.examine import counting
from llmsim.store.files import Report, digest_file, disk_errors, silent
from llmsim.store.schema import Table

VERIFY_STEPS = ("hash", "page walk", "check")


def is_snapshot(path: Path) -> bool:
    """Whether this folder presents itself as a snapshot rather than as a data dir; OperatorError if it is closed."""
    with disk_errors("cannot look for a snapshot"):
        return (path / MANIFEST).exists()


def verify(snapshot: Path, report: Report = silent) -> list[str]:
    """What is wrong with a snapshot, one sentence each; an empty list says that it is whole and can be restored.

    Files, size and sha256 first; then every page, without the C engine; then every invariant of the store.
    Each of these is only looked at if the one before found nothing. Writes nothing.

    Raises:
        OperatorError: there is no such folder, or it may not be read.
        StoreFormat: a whole snapshot, but of a format that this release does not read.
        StoreError: the disk failed.
    """
    with disk_errors("cannot verify the snapshot"):
        try:
            manifest = read_intact(snapshot)
        except SnapshotDamaged as error:
            return [str(error)]
        data = snapshot / DATA_FILE
        if digest_file(data, "hash", report) != manifest.sha256:
            return [f"{DATA_FILE} does not have the sha256 of the manifest"]
        return inspect(snapshot, manifest, report)


def read_intact(snapshot: Path) -> Manifest:
    """The manifest of a snapshot that has just the files it should have, of the right size.

    Raises:
        SnapshotDamaged: a file is missing, is one too many, or has another size.
        StoreFormat: a format that this release does not read.
        OSError: the folder cannot be read.
    """
    names = {path.name for path in snapshot.iterdir()}
    manifest = read_manifest(snapshot)
    if names != {DATA_FILE, MANIFEST}:
        missing = [f"{name} is missing" for name in sorted({DATA_FILE, MANIFEST} - names)]
        extra = [f"{name} does not belong there" for name in sorted(names - {DATA_FILE, MANIFEST})]
        msg = f"{snapshot}: {'; '.join(missing + extra)}"
        raise SnapshotDamaged(msg)
    size_bytes = (snapshot / DATA_FILE).stat().st_size
    if size_bytes != manifest.size_bytes:
        msg = f"{DATA_FILE} has {size_bytes:,} bytes, the manifest says {manifest.size_bytes:,}"
        raise SnapshotDamaged(msg)
    return manifest


def inspect(folder: Path, manifest: Manifest, report: Report = silent) -> list[str]:
    """What is wrong with a data file whose sha256 is right: its pages, then its invariants, then its counts."""
    data = folder / DATA_FILE
    report("page walk", 0, 0)
    try:
        if broken := pages.walk(data):
            return [f"{DATA_FILE}: {problem}" for problem in broken]
        with Environment.open(folder, readonly=True, lock=False) as environment:
            found = [
                str(finding) for finding in check(environment, counting(manifest.tables.get(Table.TURNS, 0), report))
            ]
            described = describe(environment, manifest.created, manifest.size_bytes, manifest.sha256)
    except (StoreDamaged, StoreFormat) as error:
        return [str(error)]
    told = attrs.evolve(described, plan_version=manifest.plan_version, transaction=manifest.transaction)
    if not found and told != manifest:
        found = [f"{MANIFEST} describes another store than {DATA_FILE}"]
    return found


def describe(environment: Environment, created: str, size_bytes: int, sha256: str) -> Manifest:
    """The manifest that fits the store in this environment: its format, and the tables which that has.

    Raises:
        StoreFormat: the store was never stamped with an identity.
    """
    meta = environment.meta()
    if meta is None:
        msg = "the store has no identity"
        raise StoreFormat(msg)
    with environment.read() as view:
        return Manifest(
            format=meta.format,
            plan_version=PLAN_VERSION,
            ordinal=meta.ordinal,
            seed_fingerprint=fingerprint(meta.root_seed),
            created=created,
            transaction=view.transaction,
            tables={table.value: view.count(table) for table in view.tables},
            size_bytes=size_bytes,
            sha256=sha256,
        )
