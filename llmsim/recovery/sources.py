"""What a restore is made from: one snapshot, a place with snapshots and perhaps an archive, or a volume.

Chooses, and proves what it chose, in a folder of the caller's. Invariant: of a place the newest snapshot that is whole
and not too new is taken; whatever was passed over is named.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import attrs

from llmsim.errors import NothingToRestore, ObjectMissing, OperatorError, SnapshotDamaged, WrongOrdinal
from llmsim.recovery.applying import END, Until, apply
from llmsim.recovery.chain import Chain
from llmsim.recovery.manifest import MANIFEST, Manifest, Part, Position, iso, seconds
from llmsim.recovery.places import Folder, Place, place_of, split
from llmsim.recovery.sealing import PLAIN, Sealing
from llmsim.recovery.segments import folder_of
from llmsim.recovery.snapshot import NAME_PREFIX, Snapshot, listed
from llmsim.recovery.unpacking import unpack
from llmsim.recovery.verify import intact_manifest, require_described
from llmsim.store.check import check
from llmsim.store.environment import DATA_FILE, Environment, claim
from llmsim.store.examine import counting
from llmsim.store.files import Report, digest_file, silent
from llmsim.store.schema import Table

FOUND_MAX = 5
"""Findings that an error tells before it only counts."""


@attrs.frozen
class Passed:
    """A snapshot that was not taken although it was the newest, and why."""

    name: str
    problem: str


@attrs.frozen
class Staged:
    """A store that was made in a folder and proven: of which snapshot, up to where, and what is to be said of it."""

    snapshot: Snapshot
    manifest: Manifest
    position: Position | None
    passed_over: tuple[Passed, ...] = ()
    doubts: tuple[str, ...] = ()


@attrs.frozen
class Wanted:
    """What to restore: `source` is a path or URL, `ordinal` that of the pod which gets it.

    `from_ordinal` is the pod whose snapshots are meant where a place has those of several, None for the same;
    `any_pod`: another pod's will do as well.
    """

    source: str
    ordinal: int
    from_ordinal: int | None = None
    any_pod: bool = False
    until: Until = END
    past_doubt: bool = False
    sealing: Sealing = PLAIN


def stage(wanted: Wanted, folder: Path, report: Report = silent) -> Staged:
    """Make the wanted store in an empty folder, and prove it. Nothing is durable when it returns.

    Raises:
        NothingToRestore: the source is a place that has nothing of the pod.
        OperatorError: there is no such source, nothing in it is of the time, or no key opens it.
        WrongOrdinal: it is another pod's, and that was not said to do.
        SnapshotDamaged: the snapshot, or all of them, are damaged.
        StoreFormat: it is of a later release.
        StoreInUse: the volume is in use.
        StoreFull: there is not enough room in the folder.
        PlaceUnreachable: the place fails, or does not answer.
    """
    path = Path(wanted.source)
    if "://" not in wanted.source and (path / DATA_FILE).exists() and not (path / MANIFEST).exists():
        return _from_volume(path, wanted, folder, report)
    where, name = split(wanted.source)
    one = Snapshot(place_of(where), name, None)
    if _has_manifest(one):
        return _from_snapshot(one, wanted, folder, report)
    return _from_place(place_of(wanted.source), wanted, folder, report)


def _has_manifest(snapshot: Snapshot) -> bool:
    try:
        return any(found.name == f"{snapshot.name}/{MANIFEST}" for found in snapshot.place.find(f"{snapshot.name}/"))
    except (ObjectMissing, OperatorError):
        return False


def _from_snapshot(snapshot: Snapshot, wanted: Wanted, folder: Path, report: Report) -> Staged:
    if wanted.until != END:
        raise OperatorError(
            f"{snapshot.url} is one snapshot, of one moment: to go to another one, name the place that holds it and "
            "its archive"
        )
    return _staged(snapshot, wanted, folder, report, follow=False)


def _from_volume(path: Path, wanted: Wanted, folder: Path, report: Report) -> Staged:
    """A data directory that nobody uses, such as a volume that a pod left behind."""
    if wanted.until != END:
        raise OperatorError(f"{path} is a data directory, of one moment: only an archive has others")
    with _unused(path):
        data = path / DATA_FILE
        part = Part(DATA_FILE, data.stat().st_size, digest_file(data, "hash", report))
        snapshot = Snapshot(Folder(path.parent), path.name, None)
        manifest = Manifest(1, 0, 0, "", "", 0, {}, (part,), version=1)
        unpack(snapshot, manifest, wanted.sealing, folder, report)
    with Environment.open(folder, readonly=True, lock=False) as environment:
        meta = environment.meta()
        if meta is None:
            raise SnapshotDamaged(f"{path} is damaged: it has no stamp")
        _require_pod(meta.ordinal, wanted)
        _require_sound(path, environment, report)
        with environment.read() as view:
            tables = {table.value: view.count(table) for table in view.tables}
    return Staged(snapshot, attrs.evolve(manifest, format=meta.format, ordinal=meta.ordinal, tables=tables), None)


@contextmanager
def _unused(path: Path) -> Iterator[None]:
    """Be sure that nobody writes to a data directory; one on a volume that is mounted read-only nobody can write to."""
    with ExitStack() as using:
        with suppress(OperatorError):
            using.enter_context(claim(path))
        yield


def _from_place(place: Place, wanted: Wanted, folder: Path, report: Report) -> Staged:
    snapshots = listed(place)
    pod = wanted.ordinal if wanted.from_ordinal is None else wanted.from_ordinal
    candidates = sorted((one for one in snapshots if _is_of(one, pod)), key=lambda one: one.name)
    fitting = [one for one in candidates if one.manifest is None or _early_enough(one.manifest, wanted.until)]
    if not candidates and place.find(folder_of(pod)):
        raise OperatorError(
            f"{place.url} holds an archive of pod {pod}, but no snapshot of it: there is nothing that it could follow"
        )
    if not candidates:
        raise NothingToRestore(_nothing(place, snapshots, pod))
    if not fitting:
        raise OperatorError(_too_late(place, candidates, pod, wanted.until))
    passed: list[Passed] = []
    for snapshot in reversed(fitting):
        try:
            staged = _staged(snapshot, wanted, folder, report, follow=True)
        except SnapshotDamaged as error:
            passed.append(Passed(snapshot.name, str(error)))
            (folder / DATA_FILE).unlink(missing_ok=True)
        else:
            return attrs.evolve(staged, passed_over=tuple(passed))
    told = _several([one.problem for one in passed])
    raise SnapshotDamaged(f"{place.url}: no snapshot of pod {pod} is whole: {told}")


def _staged(snapshot: Snapshot, wanted: Wanted, folder: Path, report: Report, *, follow: bool) -> Staged:
    """A snapshot, unpacked, and with `follow` what its archive has behind it; sound in the end."""
    manifest = intact_manifest(snapshot)
    _require_pod(manifest.ordinal, wanted)
    unpack(snapshot, manifest, wanted.sealing, folder, report)
    with Environment.open(folder, readonly=True, lock=False) as environment:
        require_described(snapshot.url, manifest, environment)
    staged = Staged(snapshot, manifest, manifest.position)
    if follow:
        staged = _followed(staged, wanted, folder, report)
    with Environment.open(folder, readonly=True, lock=False) as environment:
        _require_sound(snapshot.url, environment, report)
    return staged


def _followed(staged: Staged, wanted: Wanted, folder: Path, report: Report) -> Staged:
    """The staged store, with what its archive has behind the snapshot."""
    start = staged.position
    if start is None:
        return _require_turn(staged, staged.manifest.tables[Table.TURNS], wanted.until)
    chain = Chain(staged.snapshot.place, staged.manifest.ordinal, start.generation, start.sequence, wanted.past_doubt)
    with Environment.open(folder, durable=False, lock=False) as environment:
        position = apply(environment, chain, start, wanted.until, wanted.sealing, report)
    done = attrs.evolve(staged, position=position, doubts=tuple(chain.doubts))
    return _require_turn(done, position.turns, wanted.until)


def _require_turn(staged: Staged, turns: int, until: Until) -> Staged:
    if until.turn is not None and turns < until.turn:
        doubts = f" ({_several(list(staged.doubts))})" if staged.doubts else ""
        raise OperatorError(
            f"{staged.snapshot.place.url} goes up to turn {turns}, not to {until.turn}: nothing was restored{doubts}"
        )
    return staged


def _require_pod(ordinal: int, wanted: Wanted) -> None:
    if ordinal != wanted.ordinal and not wanted.any_pod:
        raise WrongOrdinal(
            f"the snapshot is of pod {ordinal}, this is pod {wanted.ordinal}: "
            f"restore --adopt makes it the store of pod {wanted.ordinal}"
        )


def _require_sound(what: object, environment: Environment, report: Report) -> None:
    with environment.read() as view:
        turns = view.count(Table.TURNS)
    if found := [str(finding) for finding in check(environment, counting(turns, report))]:
        raise SnapshotDamaged(f"{what} is damaged: {_several(found)}")


def _is_of(snapshot: Snapshot, pod: int) -> bool:
    """Whether it is a snapshot of this pod, by its manifest, or by its name where that cannot be read."""
    if snapshot.manifest is None:
        return snapshot.name.startswith(f"{NAME_PREFIX}{pod}-")
    return snapshot.manifest.ordinal == pod


def _early_enough(manifest: Manifest, until: Until) -> bool:
    """Whether one can get to the wanted moment or turn from this snapshot."""
    position = manifest.position
    if until.at_ms is not None:
        stamp = position.stamp if position else manifest.created
        return round(seconds(stamp) * 1000) <= until.at_ms
    if until.turn is not None:
        turns = manifest.tables[Table.TURNS]
        return position.turns <= until.turn if position else turns == until.turn
    return True


def _nothing(place: Place, snapshots: list[Snapshot], pod: int) -> str:
    """Why a place has nothing of this pod."""
    if not snapshots:
        return f"{place.url} holds no snapshot"
    pods = sorted({one.manifest.ordinal for one in snapshots if one.manifest})
    there = ", ".join(str(pod) for pod in pods)
    return f"{place.url} holds no snapshot of pod {pod}, but of {there}: name it with --from-ordinal"


def _too_late(place: Place, candidates: list[Snapshot], pod: int, until: Until) -> str:
    """Why no snapshot of a pod will do."""
    first = min(one.manifest.created for one in candidates if one.manifest)
    at = iso(until.at_ms / 1000) if until.at_ms is not None else f"turn {until.turn}"
    return f"{place.url} has nothing as early as {at}: its first snapshot of pod {pod} is of {first}"


def _several(found: list[str]) -> str:
    more = f" (and {len(found) - FOUND_MAX} more)" if len(found) > FOUND_MAX else ""
    return "; ".join(found[:FOUND_MAX]) + more
