"""The soak: half of the measured maximum for a while, with clients that leave, slow readers and snapshots.

`python -m tests.bench.soak`, or `nox -s soak`. Whatever was lost, doubled or damaged makes the exit code 1; a figure
never does.
"""

import math
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import attrs
import cattrs
import orjson

from tests.bench.contestants import LLMSIM, Contestant, Start, llmsim
from tests.bench.figures import bucket_percentile, median, since
from tests.bench.machine import Cores, on_core
from tests.bench.processes import ROOT, Meter, Process, free_port, get, memory
from tests.bench.soak_proof import Proof, compared, stored_in
from tests.bench.soak_records import IDLE, LOADED, Probe, Rate, Sample, Seen, Shape, Snapshot, Soaked, Window
from tests.bench.soak_session import Visit
from tests.bench.streams import NS, clock_ns

LATENESS = re.compile(r'^llm_simulator_emit_lateness_seconds_bucket\{le="([^"]+)"\} (\S+)$', re.MULTILINE)
LIGHT, FIRST_GUESS = Rate(2, 5), Rate(800, 200)
MOST_PROBES = 6
NEAR = 1.5
"""The maximum is known well enough when a load that was too much is less than so many times one that was not."""
HALF = 0.5
SETTLE_S = 6
"""A stream lives for about five seconds: only then is a load what it will be."""
SAMPLE_S = PROBE_WINDOW_S = 1.0
POLL_S = 0.05
SESSIONS_PER_VISIT = 10_000_000
PREFIX = "soak-"
PROBE = "probe"
Buckets = list[tuple[float, float]]


@attrs.define
class Soak:
    """One soak. `folder` is on the disk that is used."""

    found: Soaked
    cores: Cores
    folder: Path
    say: Callable[[str], None]
    begun: float = attrs.field(factory=time.monotonic, init=False)
    begun_ns: int = attrs.field(default=0, init=False)
    visits: int = attrs.field(default=0, init=False)
    visited: float = attrs.field(default=0.0, init=False)
    making: tuple[float, subprocess.Popen[str]] | None = attrs.field(default=None, init=False)

    @property
    def data(self) -> Path:
        return self.folder / "server" / "data"

    @property
    def said(self) -> Path:
        return self.folder / "said"

    def run(self, one: Contestant) -> None:
        """Both phases on one server, then the proof."""
        shape = self.found.shape
        with self.started(one) as server:
            self.visit(server, IDLE, LIGHT, shape.idle_s)
            self.visit(server, LOADED, self.found.rate, shape.load_s)
            self.found.exit_code = server.stop()
        self.prove()

    def probe(self, one: Contestant) -> Rate:
        """The greatest load that it kept up with: doubled until it is too much, then once between the two.

        A share of the core would not tell: the more turns come at once, the less each of them costs.
        """
        rate, held, broken = FIRST_GUESS, None, None
        for _ in range(MOST_PROBES):
            with self.started(one) as server:
                probe = self.probed(server, rate)
            self.found.probes.append(probe)
            held, broken = (rate, broken) if probe.kept_up else (held, rate)
            if held is not None and broken is not None and broken.streams / held.streams < NEAR:
                break
            rate = between(held, broken)
        if held is None:
            raise RuntimeError("it kept up with none of the loads")
        return held

    def probed(self, server: Process, rate: Rate) -> Probe:
        """Whether it keeps up with a load: by what the clients saw once the load was steady."""
        seconds = SETTLE_S + self.found.shape.probe_s
        self.found.windows.clear()
        self.found.seen.clear()
        self.visit(server, PROBE, rate, seconds)
        end_s = self.visited + seconds
        steady = [one for one in self.found.seen if one.begin_s > self.visited + SETTLE_S and one.end_s <= end_s + 1]
        late_ms = max((tail.p99 for one in steady for tail in (one.late_ms, one.plain_ms) if tail), default=math.inf)
        shares = [one.server_share for one in self.found.windows if one.begin_s > self.visited + SETTLE_S]
        share = median(shares) if shares else math.inf
        busy = max((one.client_share for one in steady), default=math.inf)
        self.say(
            f"  {rate.plain_per_s:,.0f} plain turns/s and {rate.streams:,.0f} streams: p99 {late_ms:.0f} ms, "
            f"{share:.0%} of a core (clients {busy:.0%})"
        )
        skipped = any(one.counts.get("skipped") for one in steady)
        return Probe(rate, share, busy, math.inf if skipped else late_ms)

    @contextmanager
    def started(self, one: Contestant) -> Iterator[Process]:
        """A server on a fresh store; time begins."""
        shutil.rmtree(self.folder / "server", ignore_errors=True)
        with one.start(Start(free_port(), self.folder / "server", paced=True), self.cores.server) as server:
            self.begun = time.monotonic()
            self.begun_ns = clock_ns()
            yield server

    def visit(self, server: Process, phase: str, rate: Rate, seconds: float) -> None:
        """Clients for so long, watched window by window; snapshots while there is load."""
        shape = self.found.shape
        window_s = PROBE_WINDOW_S if phase == PROBE else shape.window_s
        self.visits += 1
        first = self.visits * SESSIONS_PER_VISIT
        flood_s = shape.snapshot_s if phase == LOADED else 2 * seconds + 1
        lengths = (rate.plain_per_s, rate.streams, seconds, window_s, flood_s)
        visit = Visit(server.port, *lengths, str(self.said), first)
        asked, told = self.folder / "visit.json", self.folder / "seen.jsonl"
        asked.write_bytes(orjson.dumps(cattrs.unstructure(visit)))
        begun = self.visited = self.now()
        with on_core(self.cores.load), asked.open("rb") as source, told.open("wb") as target:
            client = subprocess.Popen(
                [sys.executable, "-m", "tests.bench.soak_client"], stdin=source, stdout=target, cwd=ROOT
            )
        following = {"window": begun + window_s, "sample": begun, "snapshot": begun + shape.snapshot_s}
        buckets, meter, opened = lateness(server), Meter(server.pid, self.cores.server), begun
        while client.poll() is None:
            now = self.now()
            if now >= following["sample"]:
                self.sample(server)
                following["sample"] += SAMPLE_S
            if phase == LOADED and now >= following["snapshot"] and now - begun < seconds:
                self.snapshot()
                following["snapshot"] += shape.snapshot_s
            self.snapshot_made()
            if now >= following["window"] and now - begun < seconds + 1:
                late = lateness(server)
                self.window(phase, opened, since(late, buckets), meter)
                buckets, opened = late, self.now()
                following["window"] += window_s
            time.sleep(POLL_S)
        self.snapshot_made(wait=True)
        if client.returncode:
            raise RuntimeError("the clients failed")
        self.note(phase, told, begun + seconds + 1)

    def note(self, phase: str, told: Path, until_s: float) -> None:
        """What the clients saw while more of them came, on the clock of the soak."""
        for line in told.read_bytes().splitlines():
            one = orjson.loads(line)
            begin_s, end_s = ((one.pop(name) - self.begun_ns) / NS for name in ("begin_ns", "end_ns"))
            if end_s > until_s:
                continue
            self.found.floods += [tuple((at - self.begun_ns) / NS for at in span) for span in one.pop("floods")]
            self.found.seen.append(cattrs.structure({**one, "phase": phase, "begin_s": begin_s, "end_s": end_s}, Seen))

    def now(self) -> float:
        """Seconds since the soak began."""
        return time.monotonic() - self.begun

    def sample(self, server: Process) -> None:
        """Memory, now."""
        size = (self.data / "data.mdb").stat().st_size
        self.found.samples.append(Sample(self.now(), memory(server.pid), size))

    def window(self, phase: str, opened: float, late: Buckets, meter: Meter) -> None:
        """What came since the last one."""
        p50, p99 = (bucket_percentile(late, percent) * 1000 for percent in (50, 99))
        ended = self.now()
        used_s, others_share = meter.read()
        one = Window(phase, opened, ended, p50, p99, late[-1][1], used_s / (ended - opened), others_share)
        self.found.windows.append(one)
        if phase != PROBE:
            last = self.found.samples[-1].memory
            self.say(
                f"  {ended:6.0f} s  {phase:<7} server {one.server_share:4.0%} of its core, others {others_share:.0%}  "
                f"late p99 {p99:6.1f} ms  "
                f"RSS {last.rss_bytes / 1e6:.1f} MB, anonymous {last.anon_bytes / 1e6:.1f} MB"
            )

    def snapshot(self) -> None:
        """Begin one, unless the last is not done."""
        if self.making is None:
            command = [sys.executable, "-m", "llmsim", "snapshot", "create", "--data-dir", str(self.data)]
            with on_core(self.cores.load):
                made = subprocess.Popen(
                    [*command, "--to", str(self.folder / "snapshots")],
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    text=True,
                    cwd=ROOT,
                )
            self.making = self.now(), made

    def snapshot_made(self, *, wait: bool = False) -> None:
        """Note it when it is done; whether it is whole is found out in the end."""
        if self.making is None or (self.making[1].poll() is None and not wait):
            return
        begin_s, making = self.making
        output = making.communicate()[0].strip()
        verdict = "made" if making.returncode == 0 else f"failed: {output}"
        self.found.snapshots.append(Snapshot(begin_s, self.now(), Path(output).name, verdict))
        self.making = None

    def prove(self) -> None:
        """The store is sound, every snapshot is whole, and what was acknowledged is there once."""
        self.say("  the load is over: check, compare, verify every snapshot")
        self.found.check = ran("check", "--data-dir", str(self.data))
        self.found.proof = self.compare()
        for index, one in enumerate(self.found.snapshots):
            if one.verdict == "made":
                path = self.folder / "snapshots" / one.name
                self.found.snapshots[index] = attrs.evolve(one, verdict=ran("snapshot", "verify", str(path)))
                shutil.rmtree(path, ignore_errors=True)

    def compare(self) -> Proof:
        """What clients were told against an export of the store."""
        command = [sys.executable, "-m", "llmsim", "sessions", "export", "--data-dir", str(self.data)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT) as export, self.said.open() as said:
            assert export.stdout is not None
            proof = compared(said, stored_in(export.stdout, PREFIX))
        if export.returncode:
            raise RuntimeError(f"the export failed with {export.returncode}")
        return proof


def between(held: Rate | None, broken: Rate | None) -> Rate:
    """What to try next: twice what was held, half of what was not, or the middle of the two by ratio."""
    if held is None:
        return (broken or FIRST_GUESS).scaled(0.5)
    return held.scaled(2 if broken is None else math.sqrt(broken.streams / held.streams))


def lateness(server: Process) -> Buckets:
    """The server's own histogram of lateness: cumulative counts by upper bound, seconds."""
    text = get(server.port, "/metrics").decode()
    return [(float(bound), float(count)) for bound, count in LATENESS.findall(text)]


def ran(*arguments: str) -> str:
    """The last line of what a command of ours says."""
    command = [sys.executable, "-m", "llmsim", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    said = (done.stdout.strip() or done.stderr.strip() or f"exit code {done.returncode}").splitlines()
    return said[-1]


def soaked(shape: Shape, rate: Rate | None, cores: Cores, out: Path, say: Callable[[str], None]) -> Soaked:
    """A whole soak, in folders that are removed."""
    one = Contestant(LLMSIM, llmsim, "")
    probes: list[Probe] = []
    with tempfile.TemporaryDirectory(dir=out, prefix="soak-") as folder:
        if rate is None:
            (Path(folder) / "probe").mkdir()
            probing = Soak(Soaked(shape, FIRST_GUESS), cores, Path(folder) / "probe", say)
            rate = probing.probe(one).scaled(HALF)
            probes = probing.found.probes
        say(f"load: {rate.plain_per_s:,.0f} plain turns/s and {rate.streams:,.0f} streams at once")
        soak = Soak(Soaked(shape, rate, probes), cores, Path(folder), say)
        soak.run(one)
    return soak.found
