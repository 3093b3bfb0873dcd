"""The archives in a place, as the names of their segments tell: which entries of which generation are there.

Nothing is opened: whether a segment has what its name says is what a restore finds out. A generation is one line of
history, with snapshots of its own to begin from.
"""

from collections.abc import Sequence
from itertools import groupby, pairwise

import attrs

from llmsim.recovery.places import Found, Place
from llmsim.recovery.segments import PREFIX, Name


@attrs.frozen
class Archive:
    """One generation of a pod: entries `first` to `last`, the newest of them there at `changed_s` (unix seconds)."""

    ordinal: int
    generation: str
    first: int
    last: int
    segments: int
    bytes: int
    changed_s: float
    whole: bool
    """Whether each entry in between is there."""


def archives(place: Place) -> list[Archive]:
    """All of them, by pod and generation.

    Raises:
        OperatorError: there is no such place, or it may not be read.
        PlaceUnreachable: it fails, or does not answer.
    """
    named = [(name, one) for one in place.find(PREFIX) if (name := Name.read(one.name)) is not None]
    ordered = sorted(named, key=lambda it: (it[0].ordinal, it[0].generation, it[0].first))
    lines = groupby(ordered, key=lambda it: (it[0].ordinal, it[0].generation))
    return [_archive(list(line)) for _, line in lines]


def _archive(line: Sequence[tuple[Name, Found]]) -> Archive:
    names = [name for name, _ in line]
    return Archive(
        names[0].ordinal,
        names[0].generation,
        names[0].first,
        names[-1].last,
        len(line),
        sum(one.size_bytes for _, one in line),
        max(one.changed_s for _, one in line),
        all(after.first == before.last + 1 for before, after in pairwise(names)),
    )
