"""Every metric once, as data: name, kind, unit, labels, buckets and meaning.

The registry is made from it, the table in the README is generated from it, and whatever names a metric elsewhere (an
alert, a panel, a rule of scaling) can be held against `samples`. Knows no figure and no library.
"""

from enum import StrEnum

import attrs

PREFIX = "llm_simulator"
LATENCY_S = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 1, 1.5, 2.5, 5, 10, 30, 60, 120)
ITL_S = (0.001, 0.0025, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.03, 0.04, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1)
LATE_S = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5)
COMMIT_S = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5)
BATCHES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)


class Kind(StrEnum):
    """The types of Prometheus that we use."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


SUFFIXES = {Kind.COUNTER: ("",), Kind.GAUGE: ("",), Kind.HISTOGRAM: ("", "_bucket", "_count", "_sum")}


@attrs.frozen
class Metric:
    """One metric by its name in an exposition; `bounds` are the upper bounds of a histogram's buckets."""

    name: str
    kind: Kind
    unit: str
    meaning: str
    labels: tuple[str, ...] = ()
    bounds: tuple[float, ...] = ()

    @property
    def samples(self) -> tuple[str, ...]:
        """The names that its samples have; a histogram's family name is one that documents may use."""
        return tuple(self.name + suffix for suffix in SUFFIXES[self.kind])


def counter(name: str, unit: str, meaning: str, *labels: str) -> Metric:
    """A counter of ours."""
    return Metric(f"{PREFIX}_{name}", Kind.COUNTER, unit, meaning, labels)


def gauge(name: str, unit: str, meaning: str, *labels: str) -> Metric:
    """A gauge of ours."""
    return Metric(f"{PREFIX}_{name}", Kind.GAUGE, unit, meaning, labels)


def histogram(name: str, unit: str, meaning: str, bounds: tuple[float, ...], *labels: str) -> Metric:
    """A histogram of ours."""
    return Metric(f"{PREFIX}_{name}", Kind.HISTOGRAM, unit, meaning, labels, bounds)


REQUESTS = (
    counter("requests_total", "requests", "HTTP requests by route and status.", "route", "status"),
    counter(
        "errors_total",
        "requests",
        "Requests that ended in an error, by whose it is: caller (4xx), server (5xx, or a response that broke off by "
        "our fault), simulated (it was asked for). Neither probes, nor clients that left.",
        "cause",
    ),
    gauge("requests_per_second", "requests/s", "API requests that ended in the last 30 s, by the second; no probes."),
    gauge("queue_depth", "turns", "Turns that wait for a place to run; no profile makes them wait yet."),
    gauge(
        "latency_p95_ms",
        "ms",
        "95th percentile of what responses of the last 60 s took beyond their simulated time; 0 when there were none.",
    ),
    histogram("overhead_seconds", "s", "Responses: what they took beyond their simulated time.", LATE_S),
    histogram("emit_lateness_seconds", "s", "Frames: from when they were planned to when they were written.", LATE_S),
)
TURNS = (
    counter("turns_total", "turns", "Turns by profile and how their response ended.", "profile", "ending"),
    counter("tokens_total", "tokens", "Tokens by profile and kind: prompt, cached, completion.", "profile", "kind"),
    counter(
        "cost_usd_total", "USD", "What the turns of a profile with prices would have cost, by those prices.", "profile"
    ),
    gauge("responses_in_flight", "turns", "Turns being answered now."),
    histogram("ttft_seconds", "s", "Planned time to first token.", LATENCY_S, "profile"),
    histogram(
        "itl_seconds",
        "s",
        "Planned time between tokens: the mean of each turn, counted once for each of its gaps.",
        ITL_S,
        "profile",
    ),
    histogram("turn_duration_seconds", "s", "Planned time to last token.", LATENCY_S, "profile"),
    counter("replay_compared_total", "turns", "Turns asked for again, drawn again, and compared with what is stored."),
    counter("replay_mismatches_total", "turns", "Turns that were drawn otherwise than they are stored."),
)
STORE = (
    gauge("sessions_active", "sessions", "Sessions with a turn in the last 5 minutes, counted up to 100,000."),
    gauge("sessions_stored", "sessions", "Sessions in the store."),
    gauge("store_bytes", "bytes", "Size of the store's data file."),
    gauge("volume_size_bytes", "bytes", "Size of the file system that the store is on."),
    gauge("volume_free_bytes", "bytes", "What is free of the file system that the store is on."),
    histogram("commit_duration_seconds", "s", "Time of one durable commit.", COMMIT_S),
    histogram("commit_batch_size", "writes", "Writes that shared one commit.", BATCHES),
)
PROTECTION = (
    gauge("snapshot_age_seconds", "s", "Age of the newest snapshot that is known of."),
    gauge("snapshot_interval_seconds", "s", "How often a snapshot is due; 0 where one is taken only when asked for."),
    gauge("snapshot_duration_seconds", "s", "What the last snapshot took."),
    gauge("snapshot_bytes", "bytes", "Size of the last snapshot, where it is kept."),
    counter("snapshot_failures_total", "snapshots", "Snapshots that came to nothing."),
    gauge("archive_up", "0 or 1", "Whether the archive answered when it was last asked."),
    gauge("archive_lag_seconds", "s", "How long the oldest commit not archived has waited."),
    gauge("archive_lag_entries", "entries", "Entries of the journal that are not archived."),
    counter("archive_segments_total", "segments", "Segments archived."),
    counter("archive_bytes_total", "bytes", "Bytes archived."),
    counter("archive_failures_total", "failures", "Times that the archive did not answer, or refused."),
)
BUILD = (
    gauge(
        "build_info",
        "1",
        "Always 1; the labels say which release, Python, and version of the plans.",
        "version",
        "python_version",
        "plan_version",
    ),
)
PROCESS = (
    Metric("process_cpu_seconds_total", Kind.COUNTER, "s", "CPU time of the process, user and system."),
    Metric("process_resident_memory_bytes", Kind.GAUGE, "bytes", "Memory of the process that is resident."),
    Metric("process_virtual_memory_bytes", Kind.GAUGE, "bytes", "Address space of the process, the store's map in it."),
    Metric("process_start_time_seconds", Kind.GAUGE, "unix s", "When the process began."),
    Metric("process_open_fds", Kind.GAUGE, "files", "Files and sockets that are open."),
    Metric("process_max_fds", Kind.GAUGE, "files", "Files and sockets that may be open."),
)
"""Told by the library's own collector, where the system has /proc."""
OURS = {metric.name: metric for metric in (*REQUESTS, *TURNS, *STORE, *PROTECTION, *BUILD)}
METRICS = (*OURS.values(), *PROCESS)


def samples() -> frozenset[str]:
    """Every name that a metric has in an exposition, those of histogram parts included."""
    return frozenset(name for metric in METRICS for name in metric.samples)
