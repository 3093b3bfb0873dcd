"""Pruning: what of a place is needed no more, and its removal.

Per pod: snapshots that no rule keeps, what a killed `create` left, and the archive's segments that no kept snapshot
needs. Invariants: a snapshot that is known to be whole stays, whatever the rules say; what cannot be read is left
alone; nothing goes that is younger than a day and may be in the making; a snapshot loses its manifest first, so that
half of one is never listed.
"""

from collections import defaultdict
from collections.abc import Iterable

import attrs

from llmsim.recovery.manifest import MANIFEST
from llmsim.recovery.places import Found, Place
from llmsim.recovery.retention import Keep, kept
from llmsim.recovery.segments import PREFIX, Name
from llmsim.recovery.snapshot import NAME_PREFIX, Snapshot, listed
from llmsim.recovery.verify import intact
from llmsim.store.files import Report, silent

YOUNG_S = 24 * 3600
"""Whatever has no snapshot to belong to may still get one for so long."""


@attrs.frozen
class Pruning:
    """What is to be done: names of snapshots kept and why, and names of objects to remove, in order.

    `spared`: a snapshot that only stays since it is the newest known to be whole.
    """

    kept: dict[str, list[str]]
    removed: tuple[str, ...]
    spared: tuple[str, ...]
    objects: tuple[str, ...]
    segments: int
    size_bytes: int


def plan(place: Place, keep: Keep, now_s: float, report: Report = silent) -> Pruning:
    """What to remove from a place at this moment (unix seconds). Reads one kept snapshot of each pod, to be sure of it.

    Raises:
        OperatorError: the place may not be used.
        PlaceUnreachable: it fails, or does not answer.
    """
    pods: dict[int, list[Snapshot]] = defaultdict(list)
    for snapshot in listed(place):
        if snapshot.manifest is not None:
            pods[snapshot.manifest.ordinal].append(snapshot)
    reasons: dict[str, list[str]] = {}
    gone: list[Snapshot] = []
    spared: list[str] = []
    for snapshots in pods.values():
        mine = kept(((one.name, one.manifest.created_s) for one in snapshots if one.manifest), keep)
        spare = _spare(snapshots, mine, report)
        spared += spare
        reasons |= mine | {name: ["the newest known to be whole"] for name in spare}
        gone += [one for one in snapshots if one.name not in reasons]
    found = place.find(NAME_PREFIX)
    objects = [one for snapshot in gone for one in _objects(found, snapshot.name)] + _leftovers(found, now_s)
    needed = [one for snapshots in pods.values() for one in snapshots if one.name in reasons]
    segments = _segments(place.find(PREFIX), needed, now_s)
    return Pruning(
        reasons,
        tuple(one.name for one in gone),
        tuple(spared),
        tuple(one.name for one in (*objects, *segments)),
        len(segments),
        sum(one.size_bytes for one in (*objects, *segments)),
    )


def carry_out(place: Place, pruning: Pruning, report: Report = silent) -> None:
    """Remove what was planned; raises as `plan`. Whatever is interrupted can be done again."""
    for number, name in enumerate(pruning.objects):
        report("remove", number, len(pruning.objects))
        place.delete(name)


def _spare(snapshots: list[Snapshot], mine: dict[str, list[str]], report: Report) -> list[str]:
    """The newest snapshot that is whole, if none that is kept is."""
    by_age = sorted(snapshots, key=lambda one: (one.manifest.created_s if one.manifest else 0, one.name), reverse=True)
    for snapshot in sorted(by_age, key=lambda one: one.name not in mine):
        if intact(snapshot, report) is None:
            return [] if snapshot.name in mine else [snapshot.name]
    return []


def _objects(found: list[Found], name: str) -> list[Found]:
    """Those of a snapshot, its manifest first."""
    mine = [one for one in found if one.name.startswith(f"{name}/")]
    return sorted(mine, key=lambda one: one.name != f"{name}/{MANIFEST}")


def _leftovers(found: list[Found], now_s: float) -> list[Found]:
    """What has no manifest, and has not grown for a day."""
    names = {one.name.partition("/")[0] for one in found}
    names -= {one.name.partition("/")[0] for one in found if one.name.partition("/")[2] == MANIFEST}
    left = {name: [one for one in found if one.name.startswith(f"{name}/")] for name in sorted(names)}
    return [one for mine in left.values() if _is_old(mine, now_s) for one in mine]


def _segments(found: list[Found], needed: list[Snapshot], now_s: float) -> list[Found]:
    """Segments that end before the oldest kept snapshot of their generation, or whose generation has none left."""
    begins: dict[tuple[int, str], int] = {}
    for snapshot in needed:
        manifest = snapshot.manifest
        if manifest and manifest.position:
            at = (manifest.ordinal, manifest.position.generation)
            begins[at] = min(manifest.position.sequence, begins.get(at, manifest.position.sequence))
    generations: dict[tuple[int, str], list[tuple[Name, Found]]] = defaultdict(list)
    for one in found:
        if name := Name.read(one.name):
            generations[name.ordinal, name.generation].append((name, one))
    gone: list[Found] = []
    for at, segments in generations.items():
        if at in begins:
            gone += [one for name, one in segments if name.last <= begins[at]]
        elif _is_old((one for _, one in segments), now_s):
            gone += [one for _, one in segments]
    return gone


def _is_old(found: Iterable[Found], now_s: float) -> bool:
    return all(now_s - one.changed_s >= YOUNG_S for one in found)
