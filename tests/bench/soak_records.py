"""What one soak found, as records that are written as JSON."""

import attrs

from tests.bench.figures import Tail
from tests.bench.processes import Memory
from tests.bench.soak_proof import Proof

IDLE, LOADED, SNAPSHOT, FLOOD = "idle", "loaded", "during a snapshot", "during a flood"
KEPT_UP_MS = 250
"""A server that is later than this has more to do than it can."""
MARGIN_S = 0.5
"""A window counts as touched by what began or ended so near to it."""


@attrs.frozen
class Shape:
    """Lengths in seconds: of the idle phase, the load, one window, between snapshots, each probe for the maximum."""

    idle_s: float
    load_s: float
    window_s: float
    snapshot_s: float
    probe_s: float


@attrs.frozen
class Rate:
    """What is asked of the server: plain turns a second, and streams at once."""

    plain_per_s: float
    streams: float

    def scaled(self, factor: float) -> "Rate":
        return Rate(self.plain_per_s * factor, self.streams * factor)


@attrs.frozen
class Probe:
    """A load: the shares of their cores that server and clients needed, and the worst p99 that the clients saw."""

    rate: Rate
    server_share: float
    client_share: float
    late_ms: float

    @property
    def kept_up(self) -> bool:
        return self.late_ms < KEPT_UP_MS


@attrs.frozen
class Window:
    """Some seconds as the server measured them: its lateness (by its metrics), frames, its core and who else had it."""

    phase: str
    begin_s: float
    end_s: float
    late_p50_ms: float
    late_p99_ms: float
    frames: float
    server_share: float
    others_share: float


@attrs.frozen
class Seen:
    """Some seconds as the clients saw them: streams against the plan, plain answers, ms; slow readers left out.

    `counts` are totals since the phase began.
    """

    phase: str
    begin_s: float
    end_s: float
    late_ms: Tail | None
    plain_ms: Tail | None
    open: int
    client_share: float
    counts: dict[str, int]


@attrs.frozen
class Sample:
    """Memory at a time."""

    at_s: float
    memory: Memory
    store_bytes: int


@attrs.frozen
class Snapshot:
    """One snapshot of the live store: when it was made, and whether it was whole when all was over."""

    begin_s: float
    end_s: float
    name: str
    verdict: str

    @property
    def whole(self) -> bool:
        return self.verdict.endswith(" is whole")


@attrs.define
class Soaked:
    """All of it; times are seconds since it began. `floods` are the times of answers of megabytes, read slowly."""

    shape: Shape
    rate: Rate
    probes: list[Probe] = attrs.field(factory=list)
    windows: list[Window] = attrs.field(factory=list)
    seen: list[Seen] = attrs.field(factory=list)
    samples: list[Sample] = attrs.field(factory=list)
    snapshots: list[Snapshot] = attrs.field(factory=list)
    floods: list[tuple[float, float]] = attrs.field(factory=list)
    exit_code: int | None = None
    check: str = "not done"
    proof: Proof | None = None

    def phase_of(self, window: Window | Seen) -> str:
        """The phase; under load, what else went on in the window comes first."""
        if window.phase == IDLE:
            return IDLE
        snapshots = [(one.begin_s, one.end_s) for one in self.snapshots]
        for phase, spans in ((SNAPSHOT, snapshots), (FLOOD, self.floods)):
            if any(begin < window.end_s + MARGIN_S and end > window.begin_s - MARGIN_S for begin, end in spans):
                return phase
        return LOADED

    @property
    def faults(self) -> list[str]:
        """What must not be: any of it makes the soak fail."""
        found = [] if self.exit_code == 0 else [f"the server ended with {self.exit_code}"]
        found += [] if self.check.endswith(" is sound") else [f"check: {self.check}"]
        found += [f"snapshot {one.name}: {one.verdict}" for one in self.snapshots if not one.whole]
        if self.proof is None:
            return [*found, "the store was not compared"]
        named = {"lost": self.proof.lost, "duplicated": self.proof.duplicated, "misjudged": self.proof.misjudged}
        return found + [f"{name}: {', '.join(turns)}" for name, turns in named.items() if turns]
