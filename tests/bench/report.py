"""The report of a run: tables for a terminal, and one JSON document with everything, method and machine included."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

import attrs
from rich.console import Console
from rich.table import Table

from tests.bench.contestants import NO_STORE, Contestant
from tests.bench.figures import Tail, spread
from tests.bench.records import Found
from tests.bench.summary import MEGABYTE, Target, doubts, sound, stored_nothing, targets

METHOD = """\
Each round starts every server in turn, afresh, warms it up, loads it and stops it; the next round begins when all had
theirs. Figures are medians of the rounds, [least-greatest] beside them; ratios are taken within a round.

The server, with all its threads, has one core, the load has another. CPU time is user and system time of the server's
whole tree of processes, from /proc, over the load.

Every server runs as one process in its best ordinary configuration: no access log, no debugging, uvloop and httptools
where it can have them.

Requests: wrk, one thread, keep-alive. Every request of a run is different (2,048 texts, each request with a number of
its own; about 450 bytes) and is the first of its own session. The connections are opened before the load and rest for
0.5 s, which is not counted. A single error or status above 399 marks the run as failed. In `conversations` 256
sessions take turns, 5 turns each, with their whole history in the request; durable turns are counted in the store.
wrk's percentiles are corrected by wrk for coordinated omission.

llmsim stores every turn in LMDB with fsync before the first byte of its answer; `not stored` is the same server with
`X-LLMSim-Store: no`. The references store nothing: bare ones parse the JSON, check nothing and say the message back
in an answer of the same size; `same work` validates, plans and writes with llmsim's own functions.

Streams: 100 tokens each, the first after 200 ms, then 20 a second, started at even distances over two seconds
whatever the server does. The references sleep to absolute deadlines. aimock has its own settings for this pace;
fakellm's pace is fixed at 100 words a second, so it has a fifth of the streams.

Arrival times are the kernel's (SO_TIMESTAMPNS), when the segment came in, not when the client read it. Errors are
magnitudes: against the request (the time it was sent, plus the plan) and against the stream's first token. The client
is one Python process on epoll that decodes nothing while the clock runs; `harness floor` is a server of raw sockets
that writes the time of sending into its frames: what the harness can see, and how true its stamps are.

The first 200 is that of a chat completion; RSS is of the whole tree: at rest 0.5 s after it, and the greatest seen
(twice a second) while the streams were open.
"""

Row = TypeVar("Row")


def show(console: Console, found: Found) -> None:
    """Everything that people read of a run."""
    for table in (of_requests(found), of_streams(found), of_starts(found), of_targets(targets(found))):
        console.print(table)
    for name, why in found.absent.items():
        console.print(f"{name}: not measured: {why}")
    for doubt in doubts(found):
        console.print(f"note: {doubt}", markup=False, highlight=False)


def document(found: Found, contestants: Sequence[Contestant], context: dict[str, Any]) -> dict[str, Any]:
    """The same, for programs."""
    return {
        **context,
        "method": METHOD.strip().replace("\n\n", "\r").replace("\n", " ").split("\r"),
        "servers": {one.name: one.about for one in contestants},
        "targets": [
            {**attrs.asdict(target), "median": middle(target.measured), "met": target.met} for target in targets(found)
        ],
        "notes": doubts(found),
        "found": attrs.asdict(found),
    }


def of_requests(found: Found) -> Table:
    """A row for each server and load of requests."""
    table = Table(title="Requests", title_justify="left")
    for name in ("server", "load", "conn.", "requests/CPU-s", "requests/s", "p50 ms", "p99 ms", "answer B", "RSS MB"):
        table.add_column(name, justify="left" if name in {"server", "load"} else "right")
    for rows in grouped(found.requests, lambda one: (one.name, one.load, one.connections)):
        one = rows[0]
        head = (one.name, one.load, str(one.connections))
        if not all(map(sound, rows)):
            table.add_row(*head, "failed", "", "", "", "", "")
        elif one.name == NO_STORE and not stored_nothing(found):
            table.add_row(*head, "not available", "", "", "", "", "")
        else:
            table.add_row(
                *head,
                ranged(row.per_cpu_s for row in rows),
                ranged(row.per_s for row in rows),
                shown(row.sent.p50_ms for row in rows),
                shown(row.sent.p99_ms for row in rows),
                str(found.probes.get(one.name, "")),
                shown(row.memory.rss_bytes / MEGABYTE for row in rows),
            )
    return table


def of_streams(found: Found) -> Table:
    """A row for each server and load of streams."""
    table = Table(title="Streams; errors in ms as p50/p99/max", title_justify="left")
    for name in (
        "server",
        "streams",
        "tokens/CPU-s",
        "tokens/s",
        "to first token",
        "to request",
        "TTFT",
        "unfin.",
        "RSS MB",
        "client",
    ):
        table.add_column(name, justify="left" if name == "server" else "right")
    for rows in grouped(found.streams, lambda one: (one.name, one.asked)):
        table.add_row(
            rows[0].name,
            str(rows[0].count),
            ranged(row.per_cpu_s for row in rows),
            shown(row.tokens / row.duration_s for row in rows),
            tails(row.relative_ms for row in rows),
            tails(row.absolute_ms for row in rows),
            tails(row.ttft_ms for row in rows),
            shown(row.unfinished for row in rows),
            shown(row.peak.rss_bytes / MEGABYTE for row in rows),
            f"{max(row.client.cpu_share for row in rows):.0%}",
        )
    for row in found.streams:
        if row.client.stamp_ms is not None:
            stamp = row.client.stamp_ms
            table.caption = (
                f"the client's own error (its stamp less the time of sending): p50 {stamp.p50:.3f}, "
                f"p99 {stamp.p99:.3f}, max {stamp.most:.3f} ms"
            )
    return table


def of_starts(found: Found) -> Table:
    """A row for each server."""
    table = Table(title="Start and rest", title_justify="left")
    for name in ("server", "first 200, s", "RSS MB", "of it anonymous"):
        table.add_column(name, justify="left" if name == "server" else "right")
    for rows in grouped(found.starts, lambda one: one.name):
        table.add_row(
            rows[0].name,
            ranged(row.start_s for row in rows),
            shown(row.idle.rss_bytes / MEGABYTE for row in rows),
            shown(row.idle.anon_bytes / MEGABYTE for row in rows),
        )
    return table


def of_targets(found: Sequence[Target]) -> Table:
    """Each target, what was reached, and whether that is enough."""
    table = Table(title="Targets", title_justify="left")
    for name in ("target", "wanted", "measured", "met"):
        table.add_column(name, justify="left" if name == "target" else "right")
    said = {True: "yes", False: "[bold]no[/bold]", None: "not measured"}
    for one in found:
        table.add_row(one.what, f"{one.sign} {one.bound:g} {one.unit}", ranged(one.measured), said[one.met])
    return table


def grouped(rows: Sequence[Row], key: Callable[[Row], object]) -> list[list[Row]]:
    """Rows of equal keys, in order of first appearance."""
    found: dict[object, list[Row]] = {}
    for row in rows:
        found.setdefault(key(row), []).append(row)
    return list(found.values())


def tails(values: Iterable[Tail]) -> str:
    """The medians of p50, p99 and greatest."""
    found = list(values)
    return "/".join(shown(getattr(one, name) for one in found) for name in ("p50", "p99", "most"))


def figure(value: float) -> str:
    """Three significant digits, or all of a large number."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def shown(values: Iterable[float]) -> str:
    """The median."""
    found = spread(values)
    return "" if found is None else figure(found.median)


def ranged(values: Iterable[float]) -> str:
    """The median, with the least and the greatest where there are several."""
    found = spread(values)
    if found is None:
        return ""
    return figure(found.median) + (f" [{figure(found.least)}-{figure(found.most)}]" if found.most > found.least else "")


def middle(values: Sequence[float]) -> float | None:
    """The median, None of nothing."""
    found = spread(values)
    return None if found is None else found.median
