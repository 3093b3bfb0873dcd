"""What a drill found: what was acknowledged, what of it was lost, how long it took, and whether that is good enough.

Pure. RPO is the age, at the moment of the loss, of the oldest acknowledged turn that did not come back (0 where all
did): nothing that was acknowledged earlier is missing. RTO is from the loss to the first turn that the pod which took
its place answered.
"""

from collections.abc import Iterable

import attrs


@attrs.frozen
class Event:
    """Something that happened, `at_s` seconds after the scenario began."""

    at_s: float
    what: str


@attrs.frozen
class Limits:
    """What is good enough, in seconds; None: anything."""

    max_rpo_s: float | None = None
    max_rto_s: float | None = None


@attrs.frozen
class Outcome:
    """One scenario. `problems` are sentences; without any, and within the limits, it passed.

    `regenerated` counts the turns that were drawn again and compared byte for byte. `rpo_s` and `rto_s` are None where
    the scenario loses or restores nothing.
    """

    scenario: str
    acknowledged: int = 0
    lost: int = 0
    rpo_s: float | None = None
    rto_s: float | None = None
    regenerated: int = 0
    took_s: float = 0.0
    problems: tuple[str, ...] = ()
    events: tuple[Event, ...] = ()

    def judged(self, limits: Limits) -> "Outcome":
        """With what exceeds the limits among its problems."""
        found = list(self.problems)
        for name, value, most in (("RPO", self.rpo_s, limits.max_rpo_s), ("RTO", self.rto_s, limits.max_rto_s)):
            if value is not None and most is not None and value > most:
                found.append(f"{name} of {value:.2f} s is more than {most:g} s")
        return attrs.evolve(self, problems=tuple(found))

    @property
    def passed(self) -> bool:
        return not self.problems


@attrs.frozen
class Acknowledged:
    """A turn that a client was answered: its session and number, what it was told, and when (trio's clock)."""

    session: str
    number: int
    text: str
    at_s: float


Stored = set[tuple[str, int, str]]
"""What a store has: session, number and text of each reply."""


def lost_of(acknowledged: Iterable[Acknowledged], stored: Stored) -> list[Acknowledged]:
    """What was acknowledged and is not stored, oldest first."""
    missing = [one for one in acknowledged if (one.session, one.number, one.text) not in stored]
    return sorted(missing, key=lambda one: one.at_s)


def rpo_s(lost: list[Acknowledged], loss_s: float) -> float:
    """The age of the oldest lost turn at the moment of the loss; what was answered while the pod went is of no age."""
    return max(0.0, loss_s - lost[0].at_s) if lost else 0.0
