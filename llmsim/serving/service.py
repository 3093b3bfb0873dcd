"""What every route needs of its pod, in one record, and the phases of its life.

Only the phase changes here, with the pod's own start and end, and the count of what is in flight. Knows no route.
"""

from enum import StrEnum
from weakref import WeakSet

import attrs
import trio

from llmsim.clock import Pace
from llmsim.metrics.metrics import Metrics
from llmsim.serving.archiver import Archiver
from llmsim.serving.emitter import Emission
from llmsim.serving.snapshots import Snapshots
from llmsim.simulator import Simulator
from llmsim.store.schema import TurnKey
from llmsim.wire.base import Wire
from llmsim.wire.manners import AS_LIVE, Manners, mannered

COMMIT_MAX_S = 60.0
"""A commit takes milliseconds, on a bad disk seconds: one that takes longer is hoped for no more."""


class Phase(StrEnum):
    """`starting` until the store is open and its writer runs; `draining` from the signal to stop until the end."""

    STARTING = "starting"
    READY = "ready"
    DRAINING = "draining"


class InFlight:
    """How many requests are being answered, so that a server that stops knows when it may."""

    def __init__(self) -> None:
        self._count = 0
        self._none: trio.Event | None = None

    def begin(self) -> None:
        """One more."""
        self._count += 1

    def end(self) -> None:
        """One less."""
        self._count -= 1
        if self._count == 0 and self._none is not None:
            self._none.set()

    async def none(self) -> None:
        """Wait until there is none; for one task."""
        while self._count:
            self._none = trio.Event()
            await self._none.wait()


class Following:
    """The emissions that tell of something which may be cancelled meanwhile."""

    def __init__(self) -> None:
        self._told: WeakSet[Emission] = WeakSet()

    def add(self, emission: Emission, session: str, turn: TurnKey | None) -> None:
        """Follow an emission that tells of this turn."""
        emission.tells = session, turn
        self._told.add(emission)

    def cut(self, session: str, turn: TurnKey | None = None) -> None:
        """Whatever tells of this turn, or of any turn of the session, tells no more."""
        for emission in [one for one in self._told if not one.settled]:
            if emission.tells == (session, turn or emission.tells[1]):
                emission.cut()


@attrs.define
class Service:
    """One pod, as its routes see it."""

    simulator: Simulator
    metrics: Metrics
    pace: Pace
    manners: Manners = AS_LIVE
    phase: Phase = Phase.STARTING
    in_flight: InFlight = attrs.field(factory=InFlight)
    following: Following = attrs.field(factory=Following)
    snapshots: Snapshots | None = None
    archiver: Archiver | None = None
    archive_lag_max_s: float | None = None

    @property
    def started(self) -> bool:
        """Whether the store has been opened, and the writer runs, or ran."""
        return self.phase is not Phase.STARTING

    @property
    def alive(self) -> bool:
        """Whether this process may still do what it is for: a writer that ended, or hangs, only a new one can mend."""
        writer = self.simulator.writer
        return not self.started or (writer.running and writer.committing_s <= COMMIT_MAX_S)

    @property
    def ready(self) -> bool:
        """Whether this pod may be sent traffic."""
        behind = self.archiver is not None and self.archive_lag_max_s is not None
        if behind and self.archiver is not None and self.archiver.lag_s() > (self.archive_lag_max_s or 0.0):
            return False
        return self.phase is Phase.READY and self.simulator.writer.running

    def wire(self, wire: Wire) -> Wire:
        """A wire as this pod speaks it."""
        return mannered(wire, self.manners)
