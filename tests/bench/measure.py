"""The rounds: each server in turn is started, warmed up, loaded and stopped, again and again.

One round visits everyone before the next begins, so that what else the machine does hits all alike. Only one server
runs at a time, on its core; the load has the other.
"""

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import attrs
import orjson

from llmsim.store.environment import Environment
from llmsim.store.schema import Table
from tests.bench import bodies, streaming, wrk
from tests.bench.contestants import FLOOR, LLMSIM, SAME, SINGLE_CHARS, Contestant, Start
from tests.bench.machine import Cores
from tests.bench.processes import Meter, Process, Request, ask, free_port, get, memory
from tests.bench.records import DURABLE, PROSE, SINGLE, Found, Requests, Started, Streams
from tests.bench.wrk import Templates

VARIANTS = 2048
CONVERSATIONS, TURNS, TURN_CHARS = 256, 5, 120
NUMBERS_PER_LOAD = 5_000_000
REST_S = 0.5
WARM_S, WARM_CONNECTIONS = 1, 32
WARM_STREAMS, WARM_SPREAD_S, WARM_TOKENS = 50, 0.5, 8
SESSION = "x-llmsim-session"
SESSIONS = "/llmsim/v1/sessions"


@attrs.frozen
class Options:
    """How much is measured; `streams` are counted at 20 tokens a second each, and have so many `tokens`."""

    seconds: int
    rounds: int
    connections: tuple[int, ...]
    streams: tuple[int, ...]
    tokens: int
    spread_s: float


@attrs.define
class Bench:
    """One run; `folder` is on the disk that is measured."""

    options: Options
    cores: Cores
    folder: Path
    say: Callable[[str], None]
    found: Found = attrs.field(factory=Found, init=False)

    def run(self, contestants: list[Contestant]) -> Found:
        """All rounds; a server that fails is a row of the report, and the others go on."""
        for number in range(1, self.options.rounds + 1):
            self.say(f"round {number} of {self.options.rounds}")
            for one in contestants:
                try:
                    if one.requests:
                        self.load_requests(one, number)
                    self.load_streams(one, number)
                except Exception as error:  # noqa: BLE001  (told, and reported)
                    self.found.failures.append(f"{one.name}, round {number}: {error}")
                    self.say(f"  {one.name} FAILED: {error}")
        return self.found

    @contextmanager
    def started(self, one: Contestant, number: int, *, paced: bool) -> Iterator[Process]:
        """The server, at rest; its folder is removed afterwards."""
        folder = self.folder / "server"
        shutil.rmtree(folder, ignore_errors=True)
        with one.start(Start(free_port(), folder, paced), self.cores.server) as server:
            time.sleep(REST_S)
            self.found.starts.append(Started(one.name, number, server.start_s, memory(server.pid)))
            yield server
        shutil.rmtree(folder)

    def load_requests(self, one: Contestant, number: int) -> None:
        """Requests over few and over many connections, and what only some servers are asked."""
        single = singles(one, bodies.ECHO)
        loads = [(SINGLE, connections, single) for connections in self.options.connections]
        if one.name in {LLMSIM, SAME}:
            loads.append((PROSE, self.options.connections[0], singles(one, bodies.PROSE)))
        if one.name == LLMSIM:
            loads.append((DURABLE, CONVERSATIONS, conversations()))
        with self.started(one, number, paced=False) as server:
            self.found.probes[one.name] = probed(server, single.requests[0][0])
            self.wrk(server, single, WARM_CONNECTIONS, WARM_S, 0)
            for index, (name, connections, templates) in enumerate(loads, 1):
                stored, meter = self.stored(one), Meter(server.pid, self.cores.server)
                sent = self.wrk(server, templates, connections, self.options.seconds, index)
                used, gained = meter.read(), self.stored(one) - stored
                done = Requests(one.name, number, name, connections, sent, *used, memory(server.pid), gained)
                self.found.requests.append(done)
                self.say(line_of(done))

    def wrk(self, server: Process, templates: Templates, connections: int, seconds: int, index: int) -> wrk.Sent:
        """A load whose requests have numbers of their own."""
        path = self.folder / "templates"
        first = index * NUMBERS_PER_LOAD
        return wrk.load(templates, server.port, connections, seconds, self.cores.load, first, path)

    def stored(self, one: Contestant) -> int:
        """How many turns are in the store, asked of the store itself; 0 where there is none."""
        if not one.ours:
            return 0
        with Environment.open(self.folder / "server" / "data", readonly=True) as store, store.read() as view:
            return view.count(Table.TURNS)

    def load_streams(self, one: Contestant, number: int) -> None:
        """Many streams at a steady pace, after a few short ones."""
        with self.started(one, number, paced=True) as server:
            self.stream(one, server, number, WARM_STREAMS, WARM_SPREAD_S, WARM_TOKENS)
            if one.name == LLMSIM:
                confirm_schedule(one, server)
            for count in self.options.streams:
                scaled = round(count * 20 / one.schedule.tokens_per_s)
                done = self.stream(one, server, number, scaled, self.options.spread_s, self.options.tokens)
                self.found.streams.append(attrs.evolve(done, asked=count))
                self.say(line_of(done))

    def stream(
        self, one: Contestant, server: Process, number: int, count: int, spread_s: float, tokens: int
    ) -> Streams:
        """One load of streams."""
        load = streaming.load_of(one, server.port, count, spread_s, tokens, keep=one.name == FLOOR)
        return streaming.measured(one, server, load, self.cores, self.folder, number)


def singles(one: Contestant, model: str) -> Templates:
    """Requests without history, each of which opens a session."""
    return Templates([[Request(one.headers, bodies.single(model, n, SINGLE_CHARS)) for n in range(VARIANTS)]])


def conversations() -> Templates:
    """Sessions that take turns: the next turn of each follows when all others had theirs."""
    headers = {SESSION: f"bench-{bodies.MARK}"}
    spoken = [bodies.conversation(bodies.ECHO, n, TURN_CHARS, TURNS) for n in range(CONVERSATIONS)]
    return Templates([[Request(headers, turns[turn]) for turns in spoken] for turn in range(TURNS)], CONVERSATIONS)


def probed(server: Process, request: Request) -> int:
    """The size of an answer, which must be one."""
    status, body = ask(server.port, request)
    if status != 200 or orjson.loads(body)["object"] != "chat.completion":
        raise RuntimeError(f"it answered {status}: {body[:200]!r}")
    return len(body)


def confirm_schedule(one: Contestant, server: Process) -> None:
    """What arrival is measured against must be what llmsim itself planned, frame by frame."""
    [session] = orjson.loads(get(server.port, f"{SESSIONS}?limit=1"))["data"]
    [turn] = orjson.loads(get(server.port, f"{SESSIONS}/{session['id']}/turns?limit=1"))["data"]
    planned = orjson.loads(get(server.port, f"{SESSIONS}/{session['id']}/turns/{turn['id']}"))["frames_us"]
    assumed = [one.schedule.due_ms(index, len(planned)) * 1000 for index in range(len(planned))]
    if assumed != planned:
        raise RuntimeError(f"its plan is not the one that is measured against: {planned}")


def line_of(done: Requests | Streams) -> str:
    """What is said of a load while the run goes on."""
    if isinstance(done, Requests):
        wrong = f"  WRONG {done.sent.errors}" if done.sent.faults else ""
        return (
            f"  {done.name:<22} {done.load:<13} {done.connections:>4} connections {done.per_cpu_s:>8,.0f} /CPU-s "
            f"{done.per_s:>8,.0f} /s  p99 {done.sent.p99_ms:.1f} ms{wrong}"
        )
    relative = done.relative_ms
    return (
        f"  {done.name:<22} streams       {done.count:>4}             {done.per_cpu_s:>8,.0f} /CPU-s  error ms p50 "
        f"{relative.p50:.1f} p99 {relative.p99:.1f} max {relative.most:.0f}  TTFT p99 {done.ttft_ms.p99:.1f}  "
        f"unfinished {done.unfinished}"
    )
