"""A load of streams from the driver's side: the client's process is run, and what arrived is set against the plan."""

import re
import subprocess
import sys
import time
from pathlib import Path

import cattrs
import orjson

from tests.bench import bodies
from tests.bench.contestants import Contestant
from tests.bench.events import NS_PER_MS, OVERHEAD_EVENTS, errors, stamps
from tests.bench.figures import Tail, percentile, tail
from tests.bench.machine import Cores, on_core
from tests.bench.processes import ROOT, Memory, Meter, Process, Request, memory
from tests.bench.records import Harness, Streams
from tests.bench.streams import Arrival, Arrivals, Load

GRACE_S = 10
SAMPLE_S = 0.5
CURVE_POINTS = 400
MARGIN = 1.5
"""Streams may be so much longer than was asked for, as everyone counts tokens differently."""
STAMP = re.compile(r'"sent_ns":(\d+)')


def load_of(one: Contestant, port: int, count: int, spread_s: float, tokens: int, *, keep: bool) -> Load:
    """So many streams of the server's own pace, each with a text of its own."""
    asked = [Request(one.headers, bodies.streamed(number, tokens)).raw(port) for number in range(count)]
    length_s = (one.schedule.first_ms + tokens * MARGIN * one.schedule.step_ms) / 1000
    return Load(port, asked, spread_s, length_s + GRACE_S, keep)


def play(load: Load, server: Process, core: int, folder: Path) -> tuple[Arrivals, Memory]:
    """Run the client on its core; what arrived, and the greatest memory that the server was seen with."""
    asked, told = folder / "load.json", folder / "arrivals.json"
    asked.write_bytes(orjson.dumps(cattrs.unstructure(load)))
    peak = memory(server.pid)
    with asked.open("rb") as source, told.open("wb") as target:
        with on_core(core):
            client = subprocess.Popen(
                [sys.executable, "-m", "tests.bench.streams"], stdin=source, stdout=target, cwd=ROOT
            )
        while client.poll() is None:
            time.sleep(SAMPLE_S)
            peak = max(peak, memory(server.pid), key=lambda one: one.rss_bytes)
    if client.returncode:
        raise RuntimeError("the client of streams failed")
    return cattrs.structure(orjson.loads(told.read_bytes()), Arrivals), peak


def measured(one: Contestant, server: Process, load: Load, cores: Cores, folder: Path, number: int) -> Streams:
    """One load, with what it cost the server and how far it was from its plan."""
    meter = Meter(server.pid, cores.server)
    arrived, peak = play(load, server, cores.load, folder)
    used_s, others_share = meter.read()
    times = [stamps(stream.arrivals) for stream in arrived.streams]
    found = [
        error
        for stream, at_ns in zip(arrived.streams, times, strict=True)
        if (error := errors(one.schedule, stream.sent_ns, at_ns, whole=stream.whole))
    ]
    relative = sorted(abs(error) for stream in found for error in stream.relative_ms)
    last = max((at_ns[-1] for at_ns in times if at_ns), default=0)
    return Streams(
        name=one.name,
        round=number,
        asked=len(times),
        count=len(times),
        unfinished=sum(not stream.whole for stream in arrived.streams),
        refused=sum(stream.status != 200 for stream in arrived.streams),
        tokens=sum(max(len(at_ns) - OVERHEAD_EVENTS, 0) for at_ns in times),
        size_bytes=sum(stream.size_bytes for stream in arrived.streams),
        cpu_s=used_s,
        others_share=others_share,
        duration_s=(last - min(stream.sent_ns for stream in arrived.streams)) / 1e9,
        peak=peak,
        absolute_ms=tail(error for stream in found for error in stream.absolute_ms),
        relative_ms=tail(relative),
        ttft_ms=tail(stream.ttft_ms for stream in found),
        client=Harness(
            cpu_share=arrived.cpu_share,
            sent_late_ms=arrived.sent_late_ms,
            read_late_ms=arrived.read_late_ms,
            unstamped=arrived.unstamped,
            stamp_ms=stamp_errors(arrived.streams) if load.keep else None,
        ),
        curve_ms=[percentile(relative, point * 100 / CURVE_POINTS) for point in range(1, CURVE_POINTS + 1)]
        if relative
        else [],
    )


def stamp_errors(streams: list[Arrival]) -> Tail:
    """How far the client's stamps are from the times of sending that the pacer wrote into its events, ms."""
    return tail(
        (stamp - int(sent)) / NS_PER_MS
        for stream in streams
        for stamp, data in stream.reads
        for sent in STAMP.findall(data)
    )
