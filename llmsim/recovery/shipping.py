"""From a store's journal to an archive: which entries come next, the segment that they make, and where it goes.

Each step is short or for a thread: `gather` reads the store, `make` and `Place.put` know nothing of it. Invariants:
what is in the archive already is never written over; an archive that has more of a generation than the store, or
something else, is another history, and is told from this one by the digests of what both should have.
"""

import hashlib

import attrs

from llmsim.errors import ObjectExists, StaleStore
from llmsim.recovery import segments
from llmsim.recovery.manifest import iso
from llmsim.recovery.places import Place
from llmsim.recovery.sealing import Sealing
from llmsim.recovery.segments import CONTENT_BYTES, SEGMENT_BYTES_MAX, Header, Name, Segment
from llmsim.recovery.snapshot import listed
from llmsim.store.journal import Entry, archived, end_of, entries, unpack_entry
from llmsim.store.schema import Archived
from llmsim.store.view import View


@attrs.frozen
class Batch:
    """Entries that are to be shipped, and what they follow."""

    after: Archived
    ordinal: int
    content: bytes
    first: Entry
    last: Entry


@attrs.frozen
class Lag:
    """What is not shipped yet: how many entries, and since when (unix milliseconds); 0 and None if all is."""

    entries: int
    since_ms: int | None


@attrs.frozen
class Survey:
    """What an archive has of a generation: a snapshot to begin with or none, and segments that a store did not note."""

    has_base: bool
    newer: tuple[Header, ...]
    url: str


def gather(view: View, ordinal: int, after: Archived) -> Batch | None:
    """The next entries to ship behind `after`, as many as a segment takes; None where there are none."""
    found: list[tuple[int, bytes]] = []
    size_bytes = 0
    for sequence, data in entries(view, after.sequence):
        found.append((sequence, data))
        size_bytes += len(data)
        if size_bytes >= CONTENT_BYTES:
            break
    if not found:
        return None
    return Batch(after, ordinal, segments.join(found), unpack_entry(*found[0]), unpack_entry(*found[-1]))


def lag_of(view: View, after: Archived) -> Lag:
    """How far an archive that has everything up to `after` is behind the store."""
    first = next(entries(view, after.sequence), None)
    if first is None:
        return Lag(0, None)
    return Lag(end_of(view, after).sequence - after.sequence, unpack_entry(*first).stamp_ms)


def make(batch: Batch, sealing: Sealing) -> Segment:
    """The segment of a batch."""
    sealed = sealing.seal(batch.content)
    header = Header(
        ordinal=batch.ordinal,
        generation=batch.after.generation,
        first=batch.first.sequence,
        last=batch.last.sequence,
        first_ms=batch.first.stamp_ms,
        last_ms=batch.last.stamp_ms,
        turns=batch.last.turns,
        previous=batch.after.digest.hex(),
        content_bytes=len(batch.content),
        content_sha256=hashlib.sha256(batch.content).hexdigest(),
        sealed_bytes=len(sealed),
        sealed_sha256=hashlib.sha256(sealed).hexdigest(),
        encryption=sealing.encryption,
    )
    return Segment(header, sealed)


def put(place: Place, segment: Segment) -> Archived:
    """Make a segment durable in its place; returns how far the archive is then.

    A segment of this name that is there already is this one, where it says the same: it was put, and the process died
    before it could say so.

    Raises:
        StaleStore: the archive has another segment of this name.
        PlaceUnreachable: the place fails, or does not answer.
    """
    header = segment.header
    try:
        place.put(str(header.name), segments.render(segment))
    except ObjectExists:
        header = _same(place, header)
    return reached(header)


def reached(header: Header) -> Archived:
    """How far an archive is that ends with this segment."""
    return Archived(header.generation, header.last, header.last_ms, header.turns, bytes.fromhex(header.digest))


def survey(place: Place, ordinal: int, state: Archived) -> Survey:
    """What the archive has of a generation, as far as a store with this state has to know. Reads no store.

    Raises:
        ArchiveDamaged: a segment that it has to know of is not what it says.
        OperatorError: the place may not be used.
        PlaceUnreachable: the place fails, or does not answer.
    """
    folder = segments.folder_of(ordinal, state.generation)
    names = sorted(
        (name for found in place.find(folder) if (name := Name.read(found.name))),
        key=lambda name: (name.last, name.first),
    )
    newer = [name for name in names if name.last > state.sequence]
    bases = [
        one.manifest.position
        for one in listed(place)
        if one.manifest and one.manifest.ordinal == ordinal and one.manifest.position
    ]
    return Survey(
        any(position.generation == state.generation for position in bases),
        tuple(_read(place, name).header for name in newer),
        place.url,
    )


def resume(view: View, survey: Survey) -> Archived | None:
    """How far the store is archived, with what was shipped and could not be noted; None where it is not archived.

    Raises:
        StaleStore: the archive goes on where the store ends, or has something else: the store is an older one.
    """
    state = archived(view)
    if state is None:
        return None
    end = end_of(view, state)
    for header in survey.newer:
        wanted = [entry for entry in entries(view, header.first - 1) if entry[0] <= header.last]
        if header.last > end.sequence or hashlib.sha256(segments.join(wanted)).hexdigest() != header.content_sha256:
            raise _stale(survey.url, survey.newer[-1], end)
        state = reached(header)
    return state


def _same(place: Place, header: Header) -> Header:
    """The header of the segment that is there under this name, if it is the same."""
    there = _read(place, header.name).header
    if (there.content_sha256, there.previous) != (header.content_sha256, header.previous):
        raise StaleStore(
            f"{place.url} has another segment {header.name}: something else was archived under this generation, "
            "by a store that has gone another way"
        )
    return there


def _read(place: Place, name: Name) -> Segment:
    return segments.parse(str(name), place.get(str(name), SEGMENT_BYTES_MAX))


def _stale(url: str, header: Header, end: Archived) -> StaleStore:
    return StaleStore(
        f"the store is not the one that was archived last: {url} has entry {header.last} of "
        f"{iso(header.last_ms / 1000)}, the store ends with {end.sequence} of {iso(end.stamp_ms / 1000)}, or says "
        "something else there. Its volume may have come back older than it was: `llmsim restore` with --replace takes "
        "what is archived; to go on from what the store has, start it once without --archive-to"
    )
