"""From a snapshot to a data file in a folder of our own, with every byte held against the manifest on the way.

Parts are fetched and opened ahead by other threads, and loaded in their order: memory is that of a few. What is not
what the manifest says is SnapshotDamaged before anything reads it; of a copy of a data file, as earlier releases made
them, every page is walked in Python before LMDB's C engine may open it. Nothing is durable when it returns.
"""

import hashlib
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TypeVar

from llmsim.errors import ObjectMissing, OperatorError, SnapshotDamaged, StoreDamaged, StoreFormat
from llmsim.recovery.manifest import MANIFEST, Manifest, Part
from llmsim.recovery.places import Folder
from llmsim.recovery.sealing import Sealing
from llmsim.recovery.snapshot import Snapshot, read_manifest
from llmsim.store import pages
from llmsim.store.changes import unpack as changes_of
from llmsim.store.environment import DATA_FILE
from llmsim.store.files import Report, copy_file, disk_errors, require_space, silent
from llmsim.store.loading import Loading

AHEAD = 2
"""Parts that are fetched before they are wanted."""
S = TypeVar("S")
T = TypeVar("T")


def unpack(snapshot: Snapshot, manifest: Manifest, sealing: Sealing, folder: Path, report: Report = silent) -> None:
    """Make the data file of a snapshot in an empty folder.

    Raises:
        SnapshotDamaged: a part is missing, or is not what the manifest says.
        OperatorError: it is encrypted, and no key opens it.
        StoreFull: there is not enough room in the folder.
        PlaceUnreachable: the place fails, or does not answer.
    """
    if manifest.version == 1:
        _copy(snapshot, manifest, folder, report)
        return
    total = sum(part.plain_bytes for part in manifest.parts)
    require_space(folder, total)
    done = 0
    report("unpack", 0, total)
    with Loading(folder, manifest.format) as loading:
        for part, content in fetched(snapshot, manifest.parts, lambda part, it: opened(it, part, manifest, sealing)):
            try:
                records = loading.load(changes_of(content))
            except StoreDamaged as error:
                raise SnapshotDamaged(f"{snapshot.url}/{part.name}: {error}") from error
            if records != part.records:
                raise SnapshotDamaged(f"{snapshot.url}/{part.name} has {records:,} records, not {part.records:,}")
            done += part.plain_bytes
            report("unpack", done, total)


@contextmanager
def unpacked(snapshot: Snapshot, sealing: Sealing, report: Report = silent) -> Iterator[Path]:
    """A temporary folder (in TMPDIR) with the data file of a snapshot, while the block runs; raises as `unpack`."""
    manifest = read_manifest(snapshot.place, snapshot.name)
    with disk_errors("cannot unpack the snapshot"), tempfile.TemporaryDirectory(prefix="llmsim-") as folder:
        unpack(snapshot, manifest, sealing, Path(folder), report)
        yield Path(folder)


def digest_parts(snapshot: Snapshot, manifest: Manifest, report: Report = silent) -> None:
    """Hold the bytes of every part against the manifest, and open none.

    Raises:
        SnapshotDamaged: a part is missing, or is not what the manifest says.
        PlaceUnreachable: the place fails, or does not answer.
    """
    done = 0
    report("hash", 0, manifest.size_bytes)
    for part, _ in fetched(snapshot, manifest.parts, lambda _part, sealed: sealed):
        done += part.size_bytes
        report("hash", done, manifest.size_bytes)


def fetched(snapshot: Snapshot, parts: tuple[Part, ...], then: Callable[[Part, bytes], T]) -> Iterator[tuple[Part, T]]:
    """Each part, in order, and what `then` makes of its bytes once they have their digest."""

    def one(part: Part) -> T:
        return then(part, _fetch(snapshot, part))

    with ThreadPoolExecutor(max_workers=AHEAD, thread_name_prefix="snapshot") as workers:
        coming = iter(parts)
        waiting = [(part, workers.submit(one, part)) for part in islice(coming, AHEAD)]
        try:
            while waiting:
                part, ready = waiting.pop(0)
                content = ready.result()
                waiting += [(after, workers.submit(one, after)) for after in islice(coming, 1)]
                yield part, content
        finally:
            for _, left in waiting:
                left.cancel()


def opened(sealed: bytes, part: Part, manifest: Manifest, sealing: Sealing) -> bytes:
    """The records of a part."""
    return sealing.open_sealed(sealed, part.plain_bytes, manifest.encryption, part.name)


def require_objects(snapshot: Snapshot, manifest: Manifest) -> None:
    """Make sure that a snapshot has just the objects that it should, each of its size.

    Raises:
        SnapshotDamaged: one is missing, one too many, or of another size.
        PlaceUnreachable: the place fails, or does not answer.
    """
    before = f"{snapshot.name}/"
    there = {found.name.removeprefix(before): found.size_bytes for found in snapshot.place.find(before)}
    there.pop(MANIFEST, None)
    expected = {part.name: part.size_bytes for part in manifest.parts}
    wrong = [f"{name} is missing" for name in sorted(expected.keys() - there.keys())]
    wrong += [f"{name} does not belong there" for name in sorted(there.keys() - expected.keys())]
    wrong += [
        f"{name} has {there[name]:,} bytes, the manifest says {size:,}"
        for name, size in sorted(expected.items())
        if name in there and there[name] != size
    ]
    if wrong:
        more = f", and {len(wrong) - 5} more" if len(wrong) > 5 else ""
        raise SnapshotDamaged(f"{snapshot.url}: {'; '.join(wrong[:5])}{more}")


def _fetch(snapshot: Snapshot, part: Part) -> bytes:
    try:
        sealed = snapshot.place.get(f"{snapshot.name}/{part.name}", part.size_bytes)
    except ObjectMissing as error:
        raise SnapshotDamaged(f"{snapshot.url}: {part.name} is missing") from error
    if len(sealed) != part.size_bytes or hashlib.sha256(sealed).hexdigest() != part.sha256:
        raise SnapshotDamaged(f"{snapshot.url}: {part.name} does not have the sha256 of the manifest")
    return sealed


def _copy(snapshot: Snapshot, manifest: Manifest, folder: Path, report: Report) -> None:
    """A snapshot of version 1: its data file, copied, and proven page by page."""
    if not isinstance(snapshot.place, Folder):
        raise OperatorError(f"{snapshot.url} is of an earlier release: copy it to a directory, and take it from there")
    [part] = manifest.parts
    require_space(folder, part.size_bytes)
    data = folder / DATA_FILE
    if copy_file(snapshot.place.path / snapshot.name / part.name, data, "unpack", report) != part.sha256:
        raise SnapshotDamaged(f"{snapshot.url}: {part.name} does not have the sha256 of the manifest")
    report("page walk", 0, 0)
    try:
        broken = pages.walk(data)
    except StoreFormat as error:
        raise SnapshotDamaged(f"{snapshot.url}: {error}") from error
    if broken:
        raise SnapshotDamaged(f"{snapshot.url} is damaged: {'; '.join(broken[:5])}")
