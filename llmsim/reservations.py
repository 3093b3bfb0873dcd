"""What turns hold between being planned and being stored or settled: attempt numbers, and claims.

Two requests at one place that are planned before either is stored must be two attempts, and of two that go on from one
thing that only one may go on from, the second is refused. In memory alone: a process that dies held nothing. Knows
slots; no store, no event loop.
"""

from collections.abc import Iterable

import attrs

from llmsim.admission import Attempted, Slot


@attrs.define
class Reservations:
    """Those of one simulator."""

    _claimed: set[str] = attrs.field(factory=set, init=False)
    _following: dict[Attempted, int] = attrs.field(factory=dict, init=False)

    def next_attempt(self, attempted: Attempted, stored: int) -> int:
        """The first attempt number that nobody has; `stored` is the first that is not stored."""
        return max(stored, self._following.get(attempted, 0))

    def claimed(self, claims: Iterable[str]) -> bool:
        """Whether another turn holds one of these."""
        return not self._claimed.isdisjoint(claims)

    def take(self, slot: Slot) -> tuple[Attempted, int]:
        """Take the attempt number of a turn, until it is stored, and what it claims, until it is settled."""
        self._claimed.update(slot.claims)
        attempted = (slot.session, slot.key.number, slot.key.branch)
        self._following[attempted] = slot.key.attempt + 1
        return attempted, slot.key.attempt + 1

    def stored(self, attempted: Attempted, following: int) -> None:
        """The attempt number before `following` is stored, or was given up; a later one may have been taken."""
        if self._following.get(attempted) == following:
            del self._following[attempted]

    def settled(self, slot: Slot) -> None:
        """The turn claims nothing any more."""
        self._claimed.difference_update(slot.claims)
