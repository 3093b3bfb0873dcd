"""Snapshots: a copy of a store that is known to be whole, made while the store is in use.

A snapshot is a name in a place, `llmsim-ORDINAL-TIME`, and below it parts, each some megabytes of records in order,
sealed, and a manifest. Parts are made and put as the records are read: memory is that of a few, whatever the size.
Invariant: what has a manifest is whole, for it is put last; what a killed `create` leaves has none, is never listed,
and goes with `prune`. Knows nothing of restoring.
"""

import hashlib
import os
from collections import Counter, deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, nullcontext, suppress
from itertools import count
from pathlib import Path
from typing import Self

import attrs

from llmsim import clock
from llmsim.errors import LlmsimError, OperatorError, SnapshotDamaged, StoreFormat, StoreFull
from llmsim.identity import fingerprint
from llmsim.recovery.manifest import MANIFEST, MANIFEST_BYTES_MAX, Manifest, Part, Position, iso, parse, render
from llmsim.recovery.places import Place
from llmsim.recovery.sealing import PLAIN, Sealing
from llmsim.simulation.plan import PLAN_VERSION
from llmsim.store.changes import HEAD_BYTES, Change, pack
from llmsim.store.codec import decode_meta
from llmsim.store.copying import records_of
from llmsim.store.environment import DATA_FILE, READERS_FILE, Environment, claim
from llmsim.store.files import SPACE_MARGIN_BYTES, Report, disk_errors, silent
from llmsim.store.journal import archived, end_of
from llmsim.store.schema import META_KEY, Meta, Table
from llmsim.store.view import View

NAME_PREFIX = "llmsim-"
PART_BYTES = 8 << 20
"""Records of one part: small enough to be held a few times, and to be put again; large enough to pack well."""
WORKERS = 2
"""Parts that are sealed and put at once; as many again wait."""
PACKED_AT_LEAST = 8
"""How many times smaller records become at best: less room than for that, and a snapshot is not begun."""

CREATE_STEPS = ("copy", "manifest")


@attrs.frozen
class Snapshot:
    """A snapshot and its manifest; `manifest` is None, and `problem` says why, where that cannot be read."""

    place: Place
    name: str
    manifest: Manifest | None
    problem: str | None = None

    @property
    def url(self) -> str:
        """What `restore` and `verify` take."""
        return f"{self.place.url.rstrip('/')}/{self.name}"


def create(data_dir: Path, to: Place, report: Report = silent, sealing: Sealing = PLAIN) -> Snapshot:
    """Copy the store in `data_dir` to a new snapshot in `to`; a server may go on writing to the store meanwhile.

    The copy is of one transaction, and has nothing of what was deleted before; it holds that transaction open, so the
    store grows under writes until it is done.
    Any exception, one raised by a signal handler or by `report` included, removes what was put.

    Raises:
        OperatorError: a path is missing, not a folder, or not permitted.
        StoreFull: there is not enough room in `to`.
        PlaceUnreachable: `to` fails, or does not answer.
        StoreInUse: a server begins to use a store that was never in use before.
        StoreError: `data_dir` holds no store, or one that cannot be read.
    """
    with disk_errors("cannot create a snapshot"), _unchanging(data_dir) as environment, environment.read() as view:
        stamp = view.get(Table.META, META_KEY)
        if stamp is None:
            raise StoreFormat(f"{data_dir} holds no store: nothing to take a snapshot of")
        meta = decode_meta(stamp)
        total_bytes = environment.used_bytes()
        to.prepare()
        _require_room(to, total_bytes // PACKED_AT_LEAST)
        created_s = clock.wall()
        name = _free_name(to, meta.ordinal, created_s)
        with _Parts(to, name, sealing) as parts:
            report("copy", 0, total_bytes)
            tables: Counter[Table] = Counter()
            done_bytes = 0
            for records in _chunks(records_of(view)):
                tables.update(table for table, _, _ in records)
                done_bytes += parts.put(records)
                report("copy", min(done_bytes, total_bytes), total_bytes)
            report("manifest", 0, 0)
            manifest = _manifest(view, meta, iso(created_s), tables, parts.ended(), sealing)
            parts.finish(render(manifest))
    return Snapshot(to, name, manifest)


def listed(place: Place) -> list[Snapshot]:
    """The snapshots in a place, oldest first, as their manifests describe them; nothing else of them is read.

    Raises:
        OperatorError: there is no such place, or it may not be read.
        PlaceUnreachable: it fails, or does not answer.
    """
    found = (one.name.partition("/") for one in place.find(NAME_PREFIX))
    looked = [_look(place, name) for name, _, rest in found if rest == MANIFEST]
    return sorted(looked, key=lambda one: (one.manifest.created if one.manifest else "", one.name))


def read_manifest(place: Place, name: str) -> Manifest:
    """The manifest of a snapshot; its parts are not looked at.

    Raises:
        SnapshotDamaged: it is not what was written.
        StoreFormat: it is of a later release.
        ObjectMissing: there is none.
        PlaceUnreachable: the place fails, or does not answer.
    """
    return parse(place.get(f"{name}/{MANIFEST}", MANIFEST_BYTES_MAX))


def position_of(view: View) -> Position | None:
    """Up to where a store has what its archive will have; None where it is not archived."""
    state = archived(view)
    if state is None:
        return None
    end = end_of(view, state)
    return Position(end.generation, end.sequence, end.turns, iso(end.stamp_ms / 1000))


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


def _require_room(to: Place, least_bytes: int) -> None:
    room_bytes = to.room_bytes()
    if room_bytes is not None and room_bytes < least_bytes + SPACE_MARGIN_BYTES:
        wanted = least_bytes + SPACE_MARGIN_BYTES
        raise StoreFull(f"not enough room in {to.url}: {wanted:,} bytes are needed at least, {room_bytes:,} are free")


def _free_name(to: Place, ordinal: int, created_s: float) -> str:
    """`llmsim-2-20261123T052700.123Z`; one that is taken gets a number."""
    stem = f"{NAME_PREFIX}{ordinal}-{iso(created_s).replace('-', '').replace(':', '')}"
    taken = {found.name.partition("/")[0] for found in to.find(stem)}
    return next(name for number in count(1) if (name := stem if number == 1 else f"{stem}-{number}") not in taken)


def _chunks(records: Iterator[Change]) -> Iterator[list[Change]]:
    chunk: list[Change] = []
    size_bytes = 0
    for record in records:
        chunk.append(record)
        size_bytes += HEAD_BYTES + len(record[1]) + len(record[2] or b"")
        if size_bytes >= PART_BYTES:
            yield chunk
            chunk, size_bytes = [], 0
    if chunk:
        yield chunk


def _manifest(
    view: View, meta: Meta, created: str, tables: Counter[Table], parts: tuple[Part, ...], sealing: Sealing
) -> Manifest:
    return Manifest(
        format=meta.format,
        plan_version=PLAN_VERSION,
        ordinal=meta.ordinal,
        seed_fingerprint=fingerprint(meta.root_seed),
        created=created,
        transaction=view.transaction,
        tables={table.value: tables[table] for table in view.tables},
        parts=parts,
        encryption=sealing.encryption,
        position=position_of(view),
    )


class _Parts:
    """The parts of a snapshot in the making: sealed and put by other threads, removed if the block raises."""

    def __init__(self, place: Place, name: str, sealing: Sealing) -> None:
        self._place = place
        self._name = name
        self._sealing = sealing
        self._workers = ThreadPoolExecutor(max_workers=WORKERS, thread_name_prefix="snapshot")
        self._waiting: deque[Future[Part]] = deque()
        self._begun = 0
        self._done: list[Part] = []
        self._put: list[str] = []

    def put(self, records: list[Change]) -> int:
        """One more part; waits while as many as may are under way. Returns how many bytes it has, unsealed."""
        while len(self._waiting) >= 2 * WORKERS:
            self._done.append(self._waiting.popleft().result())
        self._begun += 1
        content = pack(records)
        self._waiting.append(self._workers.submit(self._one, f"records-{self._begun:05d}.zst", content, len(records)))
        return len(content)

    def ended(self) -> tuple[Part, ...]:
        """All parts, once all are durable."""
        while self._waiting:
            self._done.append(self._waiting.popleft().result())
        return tuple(self._done)

    def finish(self, manifest: bytes) -> None:
        """Make a snapshot of them."""
        self._place.put(f"{self._name}/{MANIFEST}", manifest)

    def _one(self, name: str, content: bytes, records: int) -> Part:
        sealed = self._sealing.seal(content)
        self._place.put(f"{self._name}/{name}", sealed)
        self._put.append(name)
        return Part(name, len(sealed), hashlib.sha256(sealed).hexdigest(), len(content), records)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._workers.shutdown(cancel_futures=kind is not None)
        if kind is not None:
            with suppress(LlmsimError):
                for name in self._put:
                    self._place.delete(f"{self._name}/{name}")


def _look(place: Place, name: str) -> Snapshot:
    try:
        return Snapshot(place, name, read_manifest(place, name))
    except (SnapshotDamaged, StoreFormat) as error:
        return Snapshot(place, name, None, str(error))
