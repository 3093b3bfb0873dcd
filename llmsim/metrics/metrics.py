"""What can be measured of one simulator, on a registry of its own, so that two of them in one process do not meet.

Every metric is one of the catalogue's; what is counted for each request or turn is a plain number. Knows no request
and no profile, only their names. Not for several threads; a scrape is a call like any other.
"""

import math
import sys
import time
from collections.abc import Callable
from enum import StrEnum

import attrs
from prometheus_client import CollectorRegistry, Gauge, ProcessCollector, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from llmsim import __version__, clock
from llmsim.metrics.catalogue import OURS, PREFIX
from llmsim.metrics.recent import Distinct, Quantile, Rate
from llmsim.metrics.tally import Count, Counts, Tallies, Tally
from llmsim.turn import Usage

RATE_S = 30
LATE_SLOTS, LATE_SLOT_S = 12, 5
ACTIVE_S, ACTIVE_MOST = 300, 100_000


class Cause(StrEnum):
    """Whose error it is."""

    CALLER = "caller"
    SERVER = "server"
    SIMULATED = "simulated"


@attrs.define
class RequestMeters:
    """What is counted for each request of one route that ends with one status, looked up once."""

    count: Count
    error: Count | None


@attrs.frozen
class ProfileMeters:
    """What is counted for each turn of one profile, looked up once; a profile without prices has no cost."""

    prompt: Count
    cached: Count
    completion: Count
    ttft: Tally
    itl: Tally
    duration: Tally
    cost: Count | None
    cost_usd: Callable[[Usage], float]


def free(_usage: Usage) -> float:
    """What a turn costs where nobody knows prices: nothing is counted of it."""
    return 0.0


class Metrics:
    """The metrics of one simulator. Durations are seconds and simulated ones are those planned, at speed 1.

    `now` is the clock of what was lately, in seconds; it never goes back.
    """

    content_type = CONTENT_TYPE_LATEST

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self.registry = CollectorRegistry()
        self._now = now
        self._of_requests()
        self._of_turns()
        self._of_store()
        self._of_protection()
        self.build = Gauge(
            *self._told("build_info"), labelnames=OURS[f"{PREFIX}_build_info"].labels, registry=self.registry
        )
        ProcessCollector(registry=self.registry)

    def _of_requests(self) -> None:
        self.requests = self._counts("requests_total")
        errors = self._counts("errors_total")
        self.errors = {cause: errors.of(cause) for cause in Cause}
        self._requests: dict[tuple[str, int, Cause | None], RequestMeters] = {}
        self._rate = Rate(RATE_S, self._now())
        self._late = Quantile(0.95, LATE_SLOTS, LATE_SLOT_S, self._now())
        self._gauge("requests_per_second").set_function(lambda: self._rate.per_second(self._now()))
        self._gauge("latency_p95_ms").set_function(lambda: self._late.seconds(self._now()) * 1000)
        self.queued = self._gauge("queue_depth")
        self.overhead = self._tallies("overhead_seconds").of()
        self.lateness = self._tallies("emit_lateness_seconds").of()

    def _of_turns(self) -> None:
        self.turns = self._counts("turns_total")
        self.tokens = self._counts("tokens_total")
        self.cost = self._counts("cost_usd_total")
        self._responding = 0
        self._gauge("responses_in_flight").set_function(lambda: self._responding)
        self.ttft = self._tallies("ttft_seconds")
        self.itl = self._tallies("itl_seconds")
        self.duration = self._tallies("turn_duration_seconds")
        self.replay_compared = self._counts("replay_compared_total").of()
        self.replay_mismatches = self._counts("replay_mismatches_total").of()
        self._prices: dict[str, Callable[[Usage], float]] = {}
        self._meters: dict[str, ProfileMeters] = {}
        self._endings: dict[tuple[str, str], Count] = {}

    def _of_store(self) -> None:
        self._active = Distinct(ACTIVE_S, ACTIVE_MOST)
        self._gauge("sessions_active").set_function(lambda: self._active.count(self._now()))
        self.sessions = self._gauge("sessions_stored")
        self.store_bytes = self._gauge("store_bytes")
        self.volume_size = self._gauge("volume_size_bytes")
        self.volume_free = self._gauge("volume_free_bytes")
        self.commit_duration = self._tallies("commit_duration_seconds").of()
        self.commit_batch = self._tallies("commit_batch_size").of()

    def _of_protection(self) -> None:
        """What is known of snapshots and of the archive."""
        self.snapshot_age = self._gauge("snapshot_age_seconds")
        self.snapshot_age.set(math.nan)
        self.snapshot_interval = self._gauge("snapshot_interval_seconds")
        self.snapshot_duration = self._gauge("snapshot_duration_seconds")
        self.snapshot_bytes = self._gauge("snapshot_bytes")
        self.snapshot_failures = self._counts("snapshot_failures_total").of()
        self.archive_up = self._gauge("archive_up")
        self.archive_lag = self._gauge("archive_lag_seconds")
        self.archive_lag_entries = self._gauge("archive_lag_entries")
        self.archive_segments = self._counts("archive_segments_total").of()
        self.archive_bytes = self._counts("archive_bytes_total").of()
        self.archive_failures = self._counts("archive_failures_total").of()

    def _told(self, name: str) -> tuple[str, str]:
        metric = OURS[f"{PREFIX}_{name}"]
        return metric.name, metric.meaning

    def _gauge(self, name: str) -> Gauge:
        return Gauge(*self._told(name), registry=self.registry)

    def _counts(self, name: str) -> Counts:
        return Counts(OURS[f"{PREFIX}_{name}"], self.registry)

    def _tallies(self, name: str) -> Tallies:
        return Tallies(OURS[f"{PREFIX}_{name}"], self.registry)

    def built(self, plan_version: int) -> None:
        """Which version of the plans this simulator draws."""
        python = ".".join(str(part) for part in sys.version_info[:3])
        self.build.labels(__version__, python, str(plan_version)).set(1)

    def priced(self, profile: str, cost_usd: Callable[[Usage], float]) -> None:
        """The turns of this profile have a cost."""
        self._prices[profile] = cost_usd

    def snapshot_known(self, created_s: float) -> None:
        """The newest snapshot was made at this moment, unix seconds."""
        self.snapshot_age.set_function(lambda: clock.wall() - created_s)

    def snapshot_taken(self, took_s: float, size_bytes: int) -> None:
        """A snapshot was made."""
        self.snapshot_duration.set(took_s)
        self.snapshot_bytes.set(size_bytes)

    def watch_archive(self, lag_s: Callable[[], float], lag_entries: Callable[[], float]) -> None:
        """Ask at each scrape how far the archive is behind."""
        self.archive_lag.set_function(lag_s)
        self.archive_lag_entries.set_function(lag_entries)

    def archived(self, size_bytes: int) -> None:
        """A segment of this size is in the archive."""
        self.archive_segments.add()
        self.archive_bytes.add(size_bytes)

    def watch_store(self, sessions: Callable[[], int], size_bytes: Callable[[], float]) -> None:
        """Ask the store at each scrape how many sessions it holds and how large its file is."""
        self.sessions.set_function(sessions)
        self.store_bytes.set_function(size_bytes)

    def watch_volume(self, size_bytes: Callable[[], float], free_bytes: Callable[[], float]) -> None:
        """Ask the file system at each scrape how large it is, and how much of it is free."""
        self.volume_size.set_function(size_bytes)
        self.volume_free.set_function(free_bytes)

    def probed(self, route: str, status: int) -> None:
        """A probe was answered: neither a request of the API nor an error, whatever its status."""
        self._request(route, status, None).count.add()

    def requested(self, route: str, status: int, cause: Cause | None = None) -> None:
        """A request of the API is over; `cause` says whose error it is, where it ended in one."""
        meters = self._requests.get((route, status, cause)) or self._request(route, status, cause)
        meters.count.add()
        if meters.error is not None:
            meters.error.add()
        self._rate.add(self._now())

    def turn_admitted(self, profile: str, session: str, usage: Usage, ttft_us: int, total_us: int, steps: int) -> None:
        """A turn may be answered and its response begins; latencies as planned, in microseconds, `steps` tokens."""
        meters = self._meters.get(profile) or self._profile(profile)
        self._responding += 1
        meters.prompt.add(usage.prompt_tokens)
        meters.cached.add(usage.cached_tokens)
        meters.completion.add(usage.completion_tokens)
        meters.ttft.add(ttft_us / 1e6)
        meters.duration.add(total_us / 1e6)
        if steps > 1:
            meters.itl.add((total_us - ttft_us) / (steps - 1) / 1e6, steps - 1)
        if meters.cost is not None:
            meters.cost.add(meters.cost_usd(usage))
        self._active.add(session, self._now())

    def turn_ended(self, profile: str, ending: str, late_s: float | None) -> None:
        """The response of an admitted turn is over, so late against its plan; None where there was no response."""
        self._responding -= 1
        if late_s is not None:
            self.overhead.add(late_s)
            self._late.add(late_s, self._now())
        count = self._endings.get((profile, ending))
        if count is None:
            count = self._endings.setdefault((profile, ending), self.turns.of(profile, ending))
        count.add()

    def emitted(self, late_s: float, frames: int) -> None:
        """So many frames were written together, the first of them so late."""
        self.lateness.add(late_s, frames)

    def _request(self, route: str, status: int, cause: Cause | None) -> RequestMeters:
        error = self.errors[cause] if cause is not None else None
        meters = RequestMeters(self.requests.of(route, str(status)), error)
        return self._requests.setdefault((route, status, cause), meters)

    def _profile(self, profile: str) -> ProfileMeters:
        prompt, cached, completion = (self.tokens.of(profile, kind) for kind in ("prompt", "cached", "completion"))
        latencies = (self.ttft.of(profile), self.itl.of(profile), self.duration.of(profile))
        cost_usd = self._prices.get(profile)
        cost = None if cost_usd is None else self.cost.of(profile)
        meters = ProfileMeters(prompt, cached, completion, *latencies, cost, cost_usd or free)
        return self._meters.setdefault(profile, meters)

    def committed(self, batch: int, duration_s: float) -> None:
        """One group commit of `batch` writes took this long."""
        self.commit_batch.add(batch)
        self.commit_duration.add(duration_s)

    def exposition(self) -> bytes:
        """All of it in Prometheus' text format."""
        return generate_latest(self.registry)
