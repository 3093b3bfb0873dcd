"""What a turn costs on this machine: `python -m tests.bench.capacity`, or `nox -s capacity`; two to three minutes.

CPU time of a server by differences: a long reply against a short one, a long question and a long history against
short ones, stored against not stored, archived against not archived, streamed against whole. Memory at rest, of open
streams and of stored sessions; bytes on disk of a turn. The table at its end has the figures of `llmsim.sizing.COSTS`
beside the median, least and greatest of the rounds here. CPU time is what is read, as wall time depends on the machine.
"""

import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs
import click
import orjson

from llmsim.sizing import COSTS
from tests.bench import bodies, closed_loop, memory, streaming
from tests.bench.contestants import NOT_STORED, Start, llmsim
from tests.bench.events import OVERHEAD_EVENTS
from tests.bench.machine import cores, described
from tests.bench.processes import Process, Request, free_port
from tests.bench.processes import memory as resident
from tests.bench.streams import Load
from tests.children import Server

PROFILE = """summary = "Prose of a constant length, with the gaps between tokens of a hosted model."
context_window = 128_000
max_output = 16_384
output_tokens = {{ kind = "constant", value = {tokens} }}
models = [{{ id = "{name}", created = 0, owned_by = "llmsim" }}]

[latency]
ttft_ms = {{ kind = "constant", value = {ttft_ms} }}
itl_ms = {{ kind = "weibull", shape = 1.6, scale = {itl_scale} }}
jitter = {{ kind = "lognormal", p50 = 1, p95 = 1.2 }}
"""
SHORT, LONG, PACED, HELD, HELD_LONG = "short", "long", "paced", "held", "held-long"
PROFILES = {
    SHORT: {"tokens": 50, "ttft_ms": 0, "itl_scale": 12.4},
    LONG: {"tokens": 800, "ttft_ms": 0, "itl_scale": 12.4},
    PACED: {"tokens": 100, "ttft_ms": 200, "itl_scale": 55.8},
    HELD: {"tokens": 100, "ttft_ms": 60_000, "itl_scale": 12.4},
    HELD_LONG: {"tokens": 800, "ttft_ms": 60_000, "itl_scale": 12.4},
}
"""`paced`: twenty tokens a second, so that each leaves by itself. `held`: nothing leaves while it is measured."""
CHARS, HISTORY, WARM, CONNECTIONS, PASSES = 260, 20, 500, 32, 5
LOADS: dict[str, tuple[str, int, dict[str, Any]]] = {
    "short": (SHORT, 400, {}),
    "unstored": (SHORT, 400, {"headers": NOT_STORED}),
    "archived": (SHORT, 400, {}),
    "long": (LONG, 400, {}),
    "question": (SHORT, 100, {"chars": 8000}),
    "history": (SHORT, 200, {"turns": HISTORY}),
    "prose": (bodies.PROSE, 400, {}),
}
"""Model, requests, and how they differ from a question without history that is stored."""
STREAMS, HELD_STREAMS, SPREAD_S, LIMIT_S, HELD_S = 500, 1000, 2.0, 20.0, 2.0
SESSIONS, SAMPLE_S = 50_000, 0.01
PROCESS_CLOCK = 2
"""Linux: which clock of a process is meant, the scheduler's."""


@attrs.frozen
class Turns:
    """One load: CPU microseconds, bytes on disk, prompt and reply tokens of a turn, all of them means."""

    cpu_us: float
    disk_bytes: float
    prompt: float
    reply: float


@attrs.define
class Capacity:
    """One run in a folder on the disk that is to be measured; `found` has a value of each round by the figure's name.

    Raises RuntimeError where a server does not do what it is asked.
    """

    folder: Path
    say: Callable[[str], None]
    found: dict[str, list[float]] = attrs.field(factory=dict, init=False)
    numbers: int = attrs.field(default=0, init=False)

    def __attrs_post_init__(self) -> None:
        profiles = self.folder / "profiles"
        profiles.mkdir()
        for name, figures in PROFILES.items():
            (profiles / f"{name}.toml").write_text(PROFILE.format(name=name, **figures))

    def run(self, rounds: int) -> None:
        """All rounds; what is stored costs the same memory each time, and is measured once."""
        for number in range(1, rounds + 1):
            begun = time.monotonic()
            for part in (self.whole, self.streamed, self.held):
                part()
            self.say(f"round {number} of {rounds}: {time.monotonic() - begun:.0f} s")
        self.sessions()

    def note(self, name: str, value: float) -> None:
        """One more value of a figure."""
        self.found.setdefault(name, []).append(value)

    def last(self, *names: str) -> float:
        """The sum of the latest values of these figures."""
        return sum(self.found[name][-1] for name in names)

    @contextmanager
    def serving(self, *options: str, name: str = "server", paced: bool = False) -> Iterator[Process]:
        """A server on the last core, warmed up; its folder, of this name, is removed afterwards."""
        place = self.folder / name
        place.mkdir()
        port = free_port()
        command = [*llmsim(Start(port, place, paced)), "--profiles", self.folder / "profiles", *options]
        first = Request({}, bodies.single(SHORT, 0, CHARS))
        with Process(command, port, cores().server, first, place / "log", {}) as server:
            closed_loop.answers(port, self.asked(port, bodies.ECHO, WARM), CONNECTIONS)
            yield server
        shutil.rmtree(place)

    def asked(
        self,
        port: int,
        model: str,
        count: int,
        chars: int = CHARS,
        *,
        turns: int = 1,
        headers: Mapping[str, str] | None = None,
        stream: bool = False,
    ) -> list[str]:
        """So many requests, no two of a run alike; with `turns`, all but the last of which are history."""
        first, self.numbers = self.numbers, self.numbers + count
        questions = [[bodies.said(number * HISTORY + turn, chars) for turn in range(turns)] for number in range(count)]
        return [
            Request(headers or {}, bodies.body(model, said, stream=stream))
            .raw(port)
            .replace(bodies.MARK, f"{number:0{len(bodies.MARK)}}")
            for number, said in enumerate(questions, first)
        ]

    def turns(self, server: Process, store: Path, requests: Sequence[str]) -> Turns:
        """What a turn of this load costs the server."""
        before_bytes, before_us = store.stat().st_size, used_us(server)
        answers = closed_loop.answers(server.port, requests, CONNECTIONS)
        cost_us, gained = used_us(server) - before_us, store.stat().st_size - before_bytes
        usages = [orjson.loads(answer)["usage"] for answer in answers]
        prompt = statistics.fmean(usage["prompt_tokens"] for usage in usages)
        reply = statistics.fmean(usage["completion_tokens"] for usage in usages)
        return Turns(cost_us / len(requests), gained / len(requests), prompt, reply)

    def whole(self) -> None:
        """Turns that are answered whole and at once, by what is asked; the loads take turns, so that noise hits all."""
        archive = self.folder / "archive"
        done: dict[str, list[Turns]] = {}
        with self.serving() as plain, self.serving("--archive-to", str(archive), name="archiving") as archiving:
            for _ in range(PASSES):
                for name, (model, count, options) in LOADS.items():
                    server, folder = (archiving, "archiving") if name == "archived" else (plain, "server")
                    requests = self.asked(server.port, model, count, **options)
                    store = self.folder / folder / "data" / "data.mdb"
                    done.setdefault(name, []).append(self.turns(server, store, requests))
        shutil.rmtree(archive)
        self.solve(**{name: settled(passes) for name, passes in done.items()})

    def solve(
        self, short: Turns, long: Turns, question: Turns, history: Turns, unstored: Turns, archived: Turns, prose: Turns
    ) -> None:
        """The figures that follow from the loads, by their differences."""
        reply_us = (long.cpu_us - short.cpu_us) / (long.reply - short.reply)
        prompt_us = (question.cpu_us - short.cpu_us) / (question.prompt - short.prompt)
        reply_bytes = (long.disk_bytes - short.disk_bytes) / (long.reply - short.reply)
        prompt_bytes = (question.disk_bytes - short.disk_bytes) / (question.prompt - short.prompt)
        self.note("turn_us", unstored.cpu_us - reply_us * unstored.reply - prompt_us * unstored.prompt)
        self.note("commit_us", short.cpu_us - unstored.cpu_us)
        self.note("(archive, more)_us", archived.cpu_us - short.cpu_us)
        self.note("prompt_token_us", prompt_us)
        self.note("history_token_us", (history.cpu_us - short.cpu_us) / (history.prompt - short.prompt))
        self.note("reply_token_us", reply_us)
        self.note("turn_bytes", short.disk_bytes - reply_bytes * short.reply - prompt_bytes * short.prompt)
        self.note("prompt_token_bytes", prompt_bytes)
        self.note("reply_token_bytes", reply_bytes)
        self.note("(turn of 50 tokens)_us", short.cpu_us)
        self.note(f"(turn of {bodies.PROSE})_us", prose.cpu_us)

    def streamed(self) -> None:
        """Streams at a steady pace: what a token costs when it is sent by itself, beside planning it."""
        with self.serving(paced=True) as server:
            self.note("idle_bytes", resident(server.pid).rss_bytes)
            before_us = used_us(server)
            load = Load(server.port, self.asked(server.port, PACED, STREAMS, stream=True), SPREAD_S, LIMIT_S)
            arrived, _ = streaming.play(load, server, cores().load, self.folder)
            cost_us = used_us(server) - before_us
        if not all(one.whole for one in arrived.streams):
            raise RuntimeError("a stream did not end")
        tokens = sum(one.arrivals[-1][1] - OVERHEAD_EVENTS for one in arrived.streams)
        short = PROFILES[SHORT]["tokens"]
        begun_us = self.last("(turn of 50 tokens)_us") - short * self.last("reply_token_us")
        self.note("stream_token_us", (cost_us - begun_us * STREAMS) / tokens - self.last("reply_token_us"))

    def held(self) -> None:
        """Memory of streams that are open, by the length of what they will say."""
        grown: dict[str, float] = {}
        for model in (HELD, HELD_LONG):
            with self.serving(paced=True) as server:
                before = resident(server.pid).rss_bytes
                load = Load(server.port, self.asked(server.port, model, HELD_STREAMS, stream=True), SPREAD_S, HELD_S)
                _, peak = streaming.play(load, server, cores().load, self.folder)
                grown[model] = (peak.rss_bytes - before) / HELD_STREAMS
        short, long = (PROFILES[model]["tokens"] for model in (HELD, HELD_LONG))
        token_bytes = (grown[HELD_LONG] - grown[HELD]) / (long - short)
        self.note("stream_bytes", grown[HELD] - token_bytes * short)
        self.note("stream_token_bytes", token_bytes)

    def sessions(self) -> None:
        """Memory with many stored sessions, all of them listed, against none; and of a snapshot while it is made."""
        anonymous = []
        for count in (0, SESSIONS):
            data = self.folder / f"sessions-{count}"
            memory.fill(data, count)
            with Server(data, "--ordinal", "0", "--instant", "--snapshot-to", str(self.folder / "snapshots")) as server:
                memory.list_all(server.url)
                anonymous.append(memory.Memory.of(server.process.pid).anon_bytes)
                if count:
                    self.note("snapshot_bytes", snapshot_bytes(server))
            shutil.rmtree(data)
        self.note("session_bytes", (anonymous[1] - anonymous[0]) / SESSIONS)


def snapshot_bytes(server: Server) -> int:
    """The greatest memory of its processes while a snapshot is made, less what it had before; no file's pages."""
    before = peak = resident(server.process.pid).anon_bytes
    with ThreadPoolExecutor(1) as pool:
        making = pool.submit(memory.answer, f"{server.url}/llmsim/v1/snapshots", b"{}")
        while not making.done():
            peak = max(peak, resident(server.process.pid).anon_bytes)
            time.sleep(SAMPLE_S)
        making.result()
    return peak - before


def settled(passes: Sequence[Turns]) -> Turns:
    """The median of each value, but of CPU times the least: what else the machine does can only add to them."""
    cpu_us, *rest = zip(*map(attrs.astuple, passes), strict=True)
    return Turns(min(cpu_us), *map(statistics.median, rest))


def used_us(server: Process) -> float:
    """CPU time of a server's process with all its threads, microseconds, from the kernel's clock of this process."""
    return time.clock_gettime_ns((~server.pid << 3) | PROCESS_CLOCK) / 1000


def table(found: Mapping[str, Sequence[float]]) -> list[str]:
    """A line for each figure: what the code holds, and the median, least and greatest here."""
    held = attrs.asdict(COSTS)
    lines = [f"{'figure':<28} {'in sizing':>12} {'median':>12} {'least':>12} {'greatest':>12}"]
    for name, values in found.items():
        known = f"{held[name]:,.1f}" if name in held else ""
        here = [f"{value:,.1f}" for value in (statistics.median(values), min(values), max(values))]
        lines.append(f"{name:<28} {known:>12} {here[0]:>12} {here[1]:>12} {here[2]:>12}")
    return lines


@click.command()
@click.option("--rounds", default=3, show_default=True, type=click.IntRange(1), help="How often all is measured.")
@click.option("--folder", default=".", type=click.Path(exists=True, file_okay=False), help="On the disk to measure.")
@click.option("--json", "as_json", is_flag=True, help="End with a line of JSON: each figure's values by round.")
def main(*, rounds: int, folder: str, as_json: bool) -> None:
    """Measure what turns, tokens, streams and sessions cost here."""
    with tempfile.TemporaryDirectory(dir=folder) as place:
        capacity = Capacity(Path(place).resolve(), lambda line: click.echo(line, err=True))
        capacity.run(rounds)
    about = described()
    click.echo(", ".join(f"{name} {about[name]}" for name in ("cpu", "kernel", "python")))
    click.echo("\n".join(table(capacity.found)))
    if as_json:
        click.echo(orjson.dumps(capacity.found))


if __name__ == "__main__":
    sys.exit(main())
