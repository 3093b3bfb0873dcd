"""What can be measured of one simulator, on a registry of its own, so that two of them in one process do not meet.

Every metric has the prefix `llm_simulator_`; METRICS names them all for the documentation and its test.
"""

import math
from collections.abc import Callable

import attrs
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from llmsim import __version__, clock
from llmsim.tally import Tallies, Tally
from llmsim.turn import Usage

PREFIX = "llm_simulator"
disable_created_metrics()  # type: ignore[no-untyped-call]
"""When a counter began is the process's start, once; the library would say it beside each."""
LATENCY_BUCKETS_S = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 1, 1.5, 2.5, 5, 10, 30, 60, 120)
LATE_BUCKETS_S = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5)
COMMIT_BUCKETS_S = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5)
BATCH_BUCKETS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)


@attrs.frozen
class ProfileMeters:
    """What is counted for each turn of one profile, looked up once."""

    prompt: Counter
    cached: Counter
    completion: Counter
    ttft: Tally
    duration: Tally


class Metrics:
    """The metrics of one simulator. Durations are seconds and simulated ones are those planned, at speed 1."""

    content_type = CONTENT_TYPE_LATEST

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            f"{PREFIX}_requests", "HTTP requests by route and status.", ("route", "status"), registry=self.registry
        )
        self.turns = Counter(
            f"{PREFIX}_turns",
            "Turns by profile and how their response ended.",
            ("profile", "ending"),
            registry=self.registry,
        )
        self.tokens = Counter(
            f"{PREFIX}_tokens",
            "Tokens by profile and kind: prompt, cached, completion.",
            ("profile", "kind"),
            registry=self.registry,
        )
        self.responding = Gauge(f"{PREFIX}_responses_in_flight", "Turns being answered now.", registry=self.registry)
        self.ttft = self._tallies("ttft_seconds", "Planned time to first token.", ("profile",), LATENCY_BUCKETS_S)
        self.duration = self._tallies(
            "turn_duration_seconds", "Planned time to last token.", ("profile",), LATENCY_BUCKETS_S
        )
        self.lateness = self._tallies(
            "emit_lateness_seconds",
            "Frames: from when they were planned to when they were written.",
            (),
            LATE_BUCKETS_S,
        ).of()
        self.overhead = self._tallies(
            "overhead_seconds", "Responses: what they took beyond their simulated time.", (), LATE_BUCKETS_S
        ).of()
        self.commit_duration = Histogram(
            f"{PREFIX}_commit_duration_seconds",
            "Time of one durable commit.",
            buckets=COMMIT_BUCKETS_S,
            registry=self.registry,
        )
        self.commit_batch = Histogram(
            f"{PREFIX}_commit_batch_size",
            "Writes that shared one commit.",
            buckets=BATCH_BUCKETS,
            registry=self.registry,
        )
        self.sessions = Gauge(f"{PREFIX}_sessions_stored", "Sessions in the store.", registry=self.registry)
        self.store_bytes = Gauge(f"{PREFIX}_store_bytes", "Size of the store's data file.", registry=self.registry)
        self._protection()
        self._meters: dict[str, ProfileMeters] = {}
        self._requests: dict[tuple[str, int], Counter] = {}
        self._endings: dict[tuple[str, str], Counter] = {}
        build = Gauge(f"{PREFIX}_build_info", "Always 1; the version is a label.", ("version",), registry=self.registry)
        build.labels(__version__).set(1)

    def _protection(self) -> None:
        """What is known of snapshots and of the archive."""
        self.snapshot_age = self._gauge("snapshot_age_seconds", "Age of the newest snapshot that is known of.")
        self.snapshot_age.set(math.nan)
        self.snapshot_duration = self._gauge("snapshot_duration_seconds", "What the last snapshot took.")
        self.snapshot_bytes = self._gauge("snapshot_bytes", "Size of the last snapshot, where it is kept.")
        self.snapshot_failures = Counter(
            f"{PREFIX}_snapshot_failures", "Snapshots that came to nothing.", registry=self.registry
        )
        self.archive_up = self._gauge("archive_up", "Whether the archive answered when it was last asked.")
        self.archive_lag = self._gauge("archive_lag_seconds", "How long the oldest commit not archived has waited.")
        self.archive_lag_entries = self._gauge("archive_lag_entries", "Entries of the journal that are not archived.")
        self.archive_segments = Counter(f"{PREFIX}_archive_segments", "Segments archived.", registry=self.registry)
        self.archive_bytes = Counter(f"{PREFIX}_archive_bytes", "Bytes archived.", registry=self.registry)
        self.archive_failures = Counter(
            f"{PREFIX}_archive_failures", "Times that the archive did not answer, or refused.", registry=self.registry
        )

    def _gauge(self, name: str, documentation: str) -> Gauge:
        return Gauge(f"{PREFIX}_{name}", documentation, registry=self.registry)

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
        self.archive_segments.inc()
        self.archive_bytes.inc(size_bytes)

    def watch_store(self, sessions: Callable[[], int], size_bytes: Callable[[], float]) -> None:
        """Ask the store at each scrape how many sessions it holds and how large its file is."""
        self.sessions.set_function(sessions)
        self.store_bytes.set_function(size_bytes)

    def requested(self, route: str, status: int) -> None:
        """A request was answered."""
        counter = self._requests.get((route, status))
        if counter is None:
            counter = self._requests.setdefault((route, status), self.requests.labels(route, str(status)))
        counter.inc()

    def turn_admitted(self, profile: str, usage: Usage, ttft_us: int, total_us: int) -> None:
        """A turn may be answered and its response begins; latencies as planned, in microseconds."""
        meters = self._meters.get(profile) or self._profile(profile)
        self.responding.inc()
        meters.prompt.inc(usage.prompt_tokens)
        meters.cached.inc(usage.cached_tokens)
        meters.completion.inc(usage.completion_tokens)
        meters.ttft.add(ttft_us / 1e6)
        meters.duration.add(total_us / 1e6)

    def turn_ended(self, profile: str, ending: str, late_s: float) -> None:
        """The response of an admitted turn is over, so late against its plan."""
        self.responding.dec()
        self.overhead.add(late_s)
        counter = self._endings.get((profile, ending))
        if counter is None:
            counter = self._endings.setdefault((profile, ending), self.turns.labels(profile, ending))
        counter.inc()

    def emitted(self, late_s: float, frames: int) -> None:
        """So many frames were written together, the first of them so late."""
        self.lateness.add(late_s, frames)

    def _tallies(self, name: str, documentation: str, labels: tuple[str, ...], bounds: tuple[float, ...]) -> Tallies:
        return Tallies(f"{PREFIX}_{name}", documentation, labels, bounds, self.registry)

    def _profile(self, profile: str) -> ProfileMeters:
        prompt, cached, completion = (self.tokens.labels(profile, kind) for kind in ("prompt", "cached", "completion"))
        meters = ProfileMeters(prompt, cached, completion, self.ttft.of(profile), self.duration.of(profile))
        return self._meters.setdefault(profile, meters)

    def committed(self, batch: int, duration_s: float) -> None:
        """One group commit of `batch` writes took this long."""
        self.commit_batch.observe(batch)
        self.commit_duration.observe(duration_s)

    def exposition(self) -> bytes:
        """All of it in Prometheus' text format."""
        return generate_latest(self.registry)
