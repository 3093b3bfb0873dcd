"""What a soak was to show, and what it did. Pure."""

from collections.abc import Iterable

import attrs

from tests.bench.figures import median, slope
from tests.bench.report import figure
from tests.bench.soak_records import IDLE, LOADED, Sample, Soaked

MEGABYTE = 1_000_000
GROWTH_MB = 0.5
"""MB a minute that count as no growth: what an allocator moves in eight minutes."""


@attrs.frozen
class Verdict:
    """One thing that the soak was to show."""

    what: str
    measured: str
    wanted: str
    met: bool


def growth(samples: Iterable[Sample], begin_s: float, *, anonymous: bool) -> float:
    """MB a minute, after a time."""
    points = [
        (one.at_s / 60, (one.memory.anon_bytes if anonymous else one.memory.rss_bytes) / MEGABYTE)
        for one in samples
        if one.at_s >= begin_s
    ]
    return slope(points)


def server_p99(found: Soaked, phase: str) -> float | None:
    """The middle of the windows' p99, ms."""
    values = [one.late_p99_ms for one in found.windows if found.phase_of(one) == phase and one.frames]
    return median(values) if values else None


def verdicts(found: Soaked) -> list[Verdict]:
    """What the soak was to show, and what it did."""
    start = settled(found)
    anon, rss = (growth(found.samples, start, anonymous=anonymous) for anonymous in (True, False))
    idle, loaded = server_p99(found, IDLE), server_p99(found, LOADED)
    factor = loaded / idle if idle and loaded else None
    proof = found.proof
    whole = sum(one.whole for one in found.snapshots)
    counts = (
        f"{proof.acknowledged:,} acknowledged of {proof.requests:,}, {proof.stored:,} stored" if proof else "nothing"
    )
    return [
        Verdict("memory of its own, slope", f"{anon:.2f} MB/min", f"<= {GROWTH_MB} MB/min", anon <= GROWTH_MB),
        Verdict("RSS with the mapped store, slope", f"{rss:.2f} MB/min", "told", met=True),
        Verdict(
            "turns lost, doubled or misjudged",
            f"{proof.faults if proof else '?'} ({counts})",
            "0",
            bool(proof and not proof.faults),
        ),
        Verdict("check", "sound" if sound(found) else found.check, "sound", sound(found)),
        Verdict("snapshots whole", f"{whole} of {len(found.snapshots)}", "all", whole == len(found.snapshots)),
        Verdict("the server's end", f"exit code {found.exit_code}", "0", found.exit_code == 0),
        Verdict(
            "lateness p99, loaded / idle",
            f"{figure(factor)} ({loaded:.1f} / {idle:.1f} ms)" if factor and loaded and idle else "not measured",
            "<= 2",
            factor is not None and factor <= 2,
        ),
    ]


def sound(found: Soaked) -> bool:
    """Whether `check` found nothing."""
    return found.check.endswith(" is sound")


def settled(found: Soaked) -> float:
    """When the first two minutes of load are over, or the first third of a short one."""
    loaded = [one.begin_s for one in found.windows if one.phase == LOADED]
    return (min(loaded) if loaded else 0.0) + min(120.0, found.shape.load_s / 3)
