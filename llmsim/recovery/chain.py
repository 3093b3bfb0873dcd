"""The chain of an archive: which segments follow a snapshot, and where doubt begins.

Reads names first and each segment when its turn comes. Invariant: a segment is given out only if every one before it
was there and is what the next one says of it; the first thing that is not so is named, and ends the chain, unless it
is to be passed.
"""

from collections.abc import Iterator

import attrs

from llmsim.errors import ArchiveDamaged, ObjectMissing
from llmsim.recovery import segments
from llmsim.recovery.places import Place
from llmsim.recovery.segments import SEGMENT_BYTES_MAX, Name, Segment


@attrs.define
class Chain:
    """The segments of a generation behind an entry. `doubts` grows as they are read.

    `past_doubt`: what is wrong is noted, and what can be read after it is given out all the same.
    """

    place: Place
    ordinal: int
    generation: str
    after: int
    past_doubt: bool = False
    doubts: list[str] = attrs.field(factory=list)

    def segments(self) -> Iterator[Segment]:
        """Each segment in its turn; a first one may begin before the entry that they are to follow.

        Raises:
            PlaceUnreachable: the place fails, or does not answer.
        """
        before: Segment | None = None
        expected = self.after + 1
        for name in self.names():
            found = self._read(name)
            wrong = self._wrong(name, found, before, expected)
            if wrong:
                self.doubts.append(wrong)
                if not self.past_doubt:
                    return
            if found is not None:
                before = found
                expected = max(expected, found.header.last + 1)
                yield found

    def names(self) -> list[Name]:
        """Of the segments that have entries behind `after`, in order."""
        found = self.place.find(segments.folder_of(self.ordinal, self.generation))
        names = [name for one in found if (name := Name.read(one.name))]
        strange = [one.name for one in found if Name.read(one.name) is None]
        self.doubts += [f"{one} is no segment" for one in strange]
        return sorted((one for one in names if one.last > self.after), key=lambda one: (one.first, one.last))

    def _read(self, name: Name) -> Segment | None:
        try:
            return segments.parse(str(name), self.place.get(str(name), SEGMENT_BYTES_MAX))
        except (ArchiveDamaged, ObjectMissing) as error:
            self._unread = str(error)
            return None

    _unread: str = attrs.field(init=False, default="")

    def _wrong(self, name: Name, found: Segment | None, before: Segment | None, expected: int) -> str | None:
        """What is wrong with a segment where it stands; None if nothing is."""
        if found is None:
            return self._unread
        if name.first > expected:
            return f"gap: entries {expected} to {name.first - 1} are missing before {name}"
        if before is not None and name.first < expected:
            return f"fork: {before.header.name} and {name} both have entry {name.first}"
        if before is not None and found.header.previous != before.header.digest:
            return f"fork: {name} follows another segment than {before.header.name}"
        return None
