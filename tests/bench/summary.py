"""What the rounds come to: one row for each server and load, and the targets with what was reached. Pure.

Ratios are taken within a round and then the median of them, so that noise that hits a round hits both sides.
"""

import operator
from collections.abc import Callable, Sequence

import attrs

from tests.bench.contestants import AIMOCK, BARE, LLMSIM, NO_STORE, QUART, SAME
from tests.bench.figures import ratios, spread
from tests.bench.records import DURABLE, SINGLE, Found, Requests, Streams

MEGABYTE = 1_000_000
FEW, MANY = 32, 256
STREAMS, MORE_STREAMS = 500, 1000
QUIET = 0.1
"""What the kernel does for the sockets of a server, outside of its process, is less than this share of a core."""
COMPARED = {">=": operator.ge, "<=": operator.le, "<": operator.lt}


@attrs.frozen
class Target:
    """One target: what, in which unit, the comparison and its bound, and what was measured in each round."""

    what: str
    unit: str
    sign: str
    bound: float
    measured: Sequence[float]

    @property
    def met(self) -> bool | None:
        """None where it was not measured. Of a median, so that one bad round does not decide."""
        found = spread(self.measured)
        return None if found is None else bool(COMPARED[self.sign](found.median, self.bound))


def requests(found: Found, name: str, load: str, connections: int) -> list[Requests]:
    """The same load of one server in all rounds."""
    return [one for one in found.requests if (one.name, one.load, one.connections) == (name, load, connections)]


def streams(found: Found, name: str, asked: int) -> list[Streams]:
    """The same load of one server in all rounds."""
    return [one for one in found.streams if (one.name, one.asked) == (name, asked)]


def per_cpu(rows: Sequence[Requests] | Sequence[Streams]) -> dict[int, float]:
    """Requests or tokens for each second of the server's CPU time, by round; a run with errors does not count."""
    return {one.round: one.per_cpu_s for one in rows if sound(one)}


def sound(one: Requests | Streams) -> bool:
    """Whether a load went without a single error; an unfinished stream is a result, not an error of the run."""
    return not (one.sent.faults if isinstance(one, Requests) else one.refused)


def stored_nothing(found: Found) -> bool:
    """Whether the server that was asked not to store did not."""
    return all(not one.stored for one in found.requests if one.name == NO_STORE)


def targets(found: Found) -> list[Target]:
    """Every target of the project for speed."""
    return [*of_requests(found), *of_streams(found), *of_durability(found), *of_size(found)]


def of_requests(found: Found) -> list[Target]:
    """Requests per CPU-second, as ratios."""

    def against(ours: str, theirs: str, connections: int, bound: float) -> Target:
        rows = [per_cpu(requests(found, name, SINGLE, connections)) for name in (ours, theirs)]
        what = f"requests/CPU-s at {connections} connections: {ours} / {theirs}"
        return Target(what, "x", ">=", bound, ratios(*rows))

    both = (FEW, MANY)
    rows = [against(LLMSIM, QUART, connections, 8) for connections in both]
    for reference in (BARE, SAME):
        rows += [against(LLMSIM, reference, FEW, 0.8), against(LLMSIM, reference, MANY, 1.0)]
        if stored_nothing(found):
            rows += [against(NO_STORE, reference, connections, 1.3) for connections in both]
    return rows + [against(LLMSIM, AIMOCK, connections, 1.5) for connections in both]


def of_streams(found: Found) -> list[Target]:
    """Tokens per CPU-second as ratios, errors in milliseconds."""
    ours = streams(found, LLMSIM, STREAMS)
    theirs = streams(found, AIMOCK, STREAMS)
    more = streams(found, LLMSIM, MORE_STREAMS)

    def against(reference: str, bound: float) -> Target:
        what = f"tokens/CPU-s at {STREAMS} streams: {LLMSIM} / {reference}"
        return Target(what, "x", ">=", bound, ratios(per_cpu(ours), per_cpu(streams(found, reference, STREAMS))))

    def errors(what: str, bound: float, figure: Callable[[Streams], float], rows: Sequence[Streams] = ours) -> Target:
        count = STREAMS if rows is ours else MORE_STREAMS
        return Target(f"{what} at {count} streams", "ms", "<=", bound, [*map(figure, rows)])

    p50s = [{one.round: one.absolute_ms.p50 for one in rows} for rows in (theirs, ours)]
    return [
        against(QUART, 5),
        against(BARE, 1.5),
        against(SAME, 1.5),
        errors("error against the first token, p99", 20, lambda one: one.relative_ms.p99),
        errors("error against the first token, max", 100, lambda one: one.relative_ms.most),
        errors("error against the request, p99", 20, lambda one: one.absolute_ms.p99),
        errors("error against the request, max", 100, lambda one: one.absolute_ms.most),
        errors("TTFT error, p99", 20, lambda one: one.ttft_ms.p99),
        errors("error against the first token, p99", 60, lambda one: one.relative_ms.p99, more),
        errors("error against the request, p99", 60, lambda one: one.absolute_ms.p99, more),
        Target(f"unfinished of {MORE_STREAMS} streams", "", "<=", 0, [float(one.unfinished) for one in more]),
        Target(f"error p50 at {STREAMS} streams: {AIMOCK} / {LLMSIM}", "x", ">=", 20, ratios(*p50s)),
    ]


def of_durability(found: Found) -> list[Target]:
    """Turns that are in the store, for each second of the load."""
    rows = requests(found, LLMSIM, DURABLE, MANY)
    rates = [one.stored / one.sent.duration_s for one in rows if sound(one)]
    return [Target(f"durable turns/s over HTTP, {MANY} sessions at once", "/s", ">=", 2000, rates)]


def of_size(found: Found) -> list[Target]:
    """Start and memory."""
    starts = [one for one in found.starts if one.name == LLMSIM]
    peaks = [one.peak.rss_bytes / MEGABYTE for one in streams(found, LLMSIM, MORE_STREAMS)]
    return [
        Target("from the start to the first 200", "s", "<", 0.8, [one.start_s for one in starts]),
        Target("RSS at rest", "MB", "<", 50, [one.idle.rss_bytes / MEGABYTE for one in starts]),
        Target(f"RSS with {MORE_STREAMS} streams open", "MB", "<", 90, peaks),
    ]


def doubts(found: Found) -> list[str]:
    """Whatever makes a row less than it seems: errors, a client at its limit, a load that was not the one meant."""
    said = [*found.failures, *disturbed([*found.requests, *found.streams])]
    for row in found.requests:
        where = f"{row.name}, {row.load} at {row.connections}, round {row.round}"
        if row.sent.faults:
            said.append(f"{where}: FAILED, {row.sent.faults} errors: {row.sent.errors}")
        if row.sent.cpu_share > 0.8:
            said.append(f"{where}: wrk used {row.sent.cpu_share:.0%} of its core")
    for stream in found.streams:
        where = f"{stream.name}, {stream.count} streams, round {stream.round}"
        if stream.refused:
            said.append(f"{where}: FAILED, {stream.refused} were not answered with 200")
        if stream.client.cpu_share > 0.8:
            said.append(f"{where}: the client used {stream.client.cpu_share:.0%} of its core")
        if stream.client.sent_late_ms.p99 > 20:
            said.append(f"{where}: the client sent late, p99 {stream.client.sent_late_ms.p99:.0f} ms")
    if not stored_nothing(found):
        said.append(f"{NO_STORE}: not available, turns were stored all the same")
    return said


def disturbed(rows: Sequence[Requests | Streams]) -> list[str]:
    """Whether the machine did something else meanwhile; some of the rest is the kernel's own work for the sockets."""
    loud = [one for one in rows if one.others_share > QUIET]
    if not loud:
        return []
    worst = max(loud, key=lambda one: one.others_share)
    where = f"{worst.others_share:.0%} ({worst.name}, round {worst.round})"
    share = (
        f"in {len(loud)} of {len(rows)} loads others had more than {QUIET:.0%} of the server's core, at worst {where}"
    )
    return [f"the machine was not quiet: {share}; latencies and errors tell of them too"]
