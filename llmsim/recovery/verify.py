"""Is this snapshot whole? Its objects, their digests, its records, its invariants, in this order.

A snapshot may come from anywhere: nothing of it is opened before its bytes have the digest that the manifest says, and
its invariants are tested in a store that is made of its records, in a temporary folder. Changes nothing of it.
"""

import tempfile
from pathlib import Path

from llmsim.errors import ObjectMissing, OperatorError, SnapshotDamaged, StoreDamaged, StoreFormat
from llmsim.identity import fingerprint
from llmsim.recovery.manifest import MANIFEST, Manifest
from llmsim.recovery.places import place_of, split
from llmsim.recovery.sealing import PLAIN, Sealing
from llmsim.recovery.snapshot import Snapshot, read_manifest
from llmsim.recovery.unpacking import digest_parts, require_objects, unpack
from llmsim.store.check import check
from llmsim.store.environment import Environment
from llmsim.store.examine import counting
from llmsim.store.files import Report, disk_errors, silent
from llmsim.store.schema import ARCHIVE_KEY, Table

VERIFY_STEPS = ("unpack", "check")


def is_snapshot(path: Path) -> bool:
    """Whether this folder presents itself as a snapshot rather than as a data dir; OperatorError if it is closed."""
    with disk_errors("cannot look for a snapshot"):
        return (path / MANIFEST).exists()


def verify(snapshot: Snapshot, sealing: Sealing = PLAIN, report: Report = silent) -> list[str]:
    """What is wrong with a snapshot, one sentence each; an empty list says that it is whole and can be restored.

    Raises:
        OperatorError: there is no such snapshot, it may not be read, or it is encrypted and no key opens it.
        StoreFormat: a whole snapshot, but one that this release does not read.
        StoreFull: there is no room for its records in the temporary folder (TMPDIR).
        PlaceUnreachable: its place fails, or does not answer.
    """
    try:
        manifest = intact_manifest(snapshot)
        with disk_errors("cannot verify the snapshot"), tempfile.TemporaryDirectory(prefix="llmsim-") as folder:
            unpack(snapshot, manifest, sealing, Path(folder), report)
            return inspect(Path(folder), manifest, report)
    except SnapshotDamaged as error:
        return [str(error)]


def intact(snapshot: Snapshot, report: Report = silent) -> str | None:
    """What is wrong with the bytes of a snapshot, whether they can be opened or not; None if they are those written.

    Raises:
        PlaceUnreachable: its place fails, or does not answer.
    """
    try:
        digest_parts(snapshot, intact_manifest(snapshot), report)
    except (SnapshotDamaged, StoreFormat, ObjectMissing) as error:
        return str(error)
    return None


def intact_manifest(snapshot: Snapshot) -> Manifest:
    """The manifest of a snapshot that has just the objects that it should; raises as `verify`, and SnapshotDamaged."""
    try:
        manifest = read_manifest(snapshot.place, snapshot.name)
    except ObjectMissing as error:
        if not snapshot.place.find(f"{snapshot.name}/"):
            raise OperatorError(f"there is no snapshot {snapshot.url}") from error
        raise SnapshotDamaged(f"{snapshot.url}: {MANIFEST} is missing") from error
    require_objects(snapshot, manifest)
    return manifest


def snapshot_at(text: str) -> Snapshot:
    """The snapshot that a path or a URL means, whether it is there or not."""
    where, name = split(text)
    return Snapshot(place_of(where), name, None)


def inspect(folder: Path, manifest: Manifest, report: Report = silent) -> list[str]:
    """What is wrong with the store made of a snapshot: its invariants, and whether the manifest describes it."""
    try:
        with Environment.open(folder, readonly=True, lock=False) as environment:
            turns = manifest.tables.get(Table.TURNS, 0)
            if found := [str(finding) for finding in check(environment, counting(turns, report))]:
                return found
            require_described("its records", manifest, environment)
    except (StoreDamaged, StoreFormat, SnapshotDamaged) as error:
        return [str(error)]
    return []


def require_described(what: str, manifest: Manifest, environment: Environment) -> None:
    """Make sure that a manifest describes the store that was made of its snapshot.

    Raises:
        SnapshotDamaged: it is another one's.
    """
    meta = environment.meta()
    with environment.read() as view:
        tables = {table.value: view.count(table) for table in view.tables if table is not Table.JOURNAL}
        tables[Table.META] -= view.get(Table.META, ARCHIVE_KEY) is not None
    told = {name: count for name, count in manifest.tables.items() if name != Table.JOURNAL}
    whose = None if meta is None else (meta.format, meta.ordinal, fingerprint(meta.root_seed))
    if told != tables or whose != (manifest.format, manifest.ordinal, manifest.seed_fingerprint):
        raise SnapshotDamaged(f"{MANIFEST} describes another store than {what}")
