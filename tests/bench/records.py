"""What one run of the bench found, as records that are written as JSON: starts, loads of requests, loads of streams."""

import attrs

from tests.bench.figures import Tail
from tests.bench.processes import Memory
from tests.bench.wrk import Sent

SINGLE, PROSE, DURABLE = "requests", "prose", "conversations"
"""The loads of requests: without history and echoed, the same answered in prose, and sessions of several turns."""


@attrs.frozen
class Started:
    """One start: seconds to the first 200, and memory at rest after it."""

    name: str
    round: int
    start_s: float
    idle: Memory


@attrs.frozen
class Requests:
    """One load of requests. `load` names it; `stored` is how many turns the store gained.

    `others_share` is what everyone else had of the server's core.
    """

    name: str
    round: int
    load: str
    connections: int
    sent: Sent
    cpu_s: float
    others_share: float
    memory: Memory
    stored: int

    @property
    def per_cpu_s(self) -> float:
        return self.sent.requests / self.cpu_s

    @property
    def per_s(self) -> float:
        return self.sent.requests / self.sent.duration_s


@attrs.frozen
class Streams:
    """One load of streams; errors in ms against the schedule. `client` says what the harness saw of itself.

    `asked` streams of 20 tokens a second make as many tokens as the `count` that were sent.
    """

    name: str
    round: int
    asked: int
    count: int
    unfinished: int
    refused: int
    tokens: int
    size_bytes: int
    cpu_s: float
    others_share: float
    duration_s: float
    peak: Memory
    absolute_ms: Tail
    relative_ms: Tail
    ttft_ms: Tail
    client: "Harness"
    curve_ms: list[float]

    @property
    def per_cpu_s(self) -> float:
        return self.tokens / self.cpu_s


@attrs.frozen
class Harness:
    """The client itself: its share of its core, how late it sent, how long arrivals waited for it, and how many reads
    had no stamp of the kernel's. `stamp_ms` is, against the pacer alone, a stamp less the time of sending."""

    cpu_share: float
    sent_late_ms: Tail
    read_late_ms: Tail
    unstamped: int
    stamp_ms: Tail | None


@attrs.define
class Found:
    """All of it."""

    starts: list[Started] = attrs.field(factory=list)
    requests: list[Requests] = attrs.field(factory=list)
    streams: list[Streams] = attrs.field(factory=list)
    absent: dict[str, str] = attrs.field(factory=dict)
    failures: list[str] = attrs.field(factory=list)
    probes: dict[str, int] = attrs.field(factory=dict)
