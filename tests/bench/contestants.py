"""Who is measured: how each server is started in its best ordinary configuration, and what pace it streams at.

One worker each, no access log. What a server cannot do (fakellm's pace is fixed) is part of its row.
"""

import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import attrs
import orjson

from tests.bench import bodies, peers
from tests.bench.events import OVERHEAD_EVENTS, Schedule
from tests.bench.peers import Absent
from tests.bench.processes import Process, Request

PROFILES = Path(__file__).with_name("profiles")
FIRST_MS, STEP_MS = 200, 50
PACED = Schedule(FIRST_MS, STEP_MS)
NOT_STORED = {"x-llmsim-store": "no"}
FIRST = Request({}, bodies.single(bodies.ECHO, 0, 100))
SINGLE_CHARS = 260
STREAM_TOKENS = 100

LLMSIM, NO_STORE = "llmsim", "llmsim, not stored"
QUART, BARE, SAME = "quart", "starlette", "starlette, same work"
AIMOCK, FAKELLM = "aimock", "fakellm"
FLOOR = "harness floor"


@attrs.frozen
class Start:
    """What a server is started with: its port, a folder of its own, and whether delays are to be kept."""

    port: int
    folder: Path
    paced: bool


@attrs.frozen
class Contestant:
    """A server. `headers` go with every request, `fixed_pace` says that its schedule is not ours."""

    name: str
    command: Callable[[Start], list[str | Path]]
    about: str
    schedule: Schedule = PACED
    headers: Mapping[str, str] = attrs.field(factory=dict)
    env: Mapping[str, str] = attrs.field(factory=dict)
    ours: bool = False
    requests: bool = True

    @property
    def fixed_pace(self) -> bool:
        return self.schedule.step_ms != STEP_MS

    def start(self, start: Start, core: int) -> Process:
        """Start it and wait for its first answer."""
        start.folder.mkdir(parents=True)
        first = Request(self.headers, FIRST.body)
        return Process(self.command(start), start.port, core, first, start.folder / "log", self.env)


def llmsim(start: Start) -> list[str | Path]:
    """Every turn synced; without delays unless it is to stream."""
    serve: list[str | Path] = [
        sys.executable,
        "-m",
        "llmsim",
        "serve",
        "--port",
        str(start.port),
        "--data-dir",
        start.folder / "data",
    ]
    options: list[str | Path] = ["--ordinal", "0", "--seed", "7", "--log-level", "warning", "--profiles", PROFILES]
    return [*serve, *options, *([] if start.paced else ["--instant"])]


def reference(module: str, kind: str) -> Callable[[Start], list[str | Path]]:
    """One of the servers in this folder."""
    return lambda start: [sys.executable, "-m", f"tests.bench.servers.{module}", str(start.port), kind]


def floor(start: Start) -> list[str | Path]:
    """The pacer: as many events as a bare stream has."""
    events = STREAM_TOKENS + OVERHEAD_EVENTS - 1
    module = "tests.bench.servers.pacer"
    return [sys.executable, "-m", module, str(start.port), str(FIRST_MS), str(STEP_MS), str(events)]


def aimock(script: Path) -> Contestant:
    """aimock: a fixture for each kind of request; chunks of four characters, `ttft` and `tps` of its own."""

    def command(start: Start) -> list[str | Path]:
        single = {"match": {"model": bodies.ECHO}, "response": {"content": bodies.text(0, SINGLE_CHARS)}}
        paced = {
            "match": {"model": bodies.PACED},
            "response": {"content": bodies.text(1, STREAM_TOKENS * bodies.TOKEN_CHARS)},
            "streamingProfile": {"ttft": FIRST_MS, "tps": 1000 / STEP_MS},
        }
        fixtures = start.folder / "fixtures.json"
        fixtures.write_bytes(orjson.dumps({"fixtures": [single, paced]}))
        node = shutil.which("node") or "node"
        return [
            node,
            script,
            "-p",
            str(start.port),
            "-f",
            fixtures,
            "-c",
            str(bodies.TOKEN_CHARS),
            "--log-level",
            "silent",
        ]

    chunks = f"chunks of {bodies.TOKEN_CHARS} characters, ttft {FIRST_MS} ms, 20 chunks/s"
    about = f"aimock {peers.AIMOCK}: a fixture for each model, {chunks}"
    env = {"NODE_ENV": "production"}
    return Contestant(AIMOCK, command, about, Schedule(FIRST_MS, STEP_MS, before=0, after=1), env=env)


def fakellm(python: Path) -> Contestant:
    """fakellm: a rule for each kind of request; its pace is a word each 10 ms, and cannot be set."""

    def command(start: Start) -> list[str | Path]:
        said = {bodies.ECHO: bodies.text(0, SINGLE_CHARS), bodies.PACED: " ".join(["word"] * STREAM_TOKENS)}
        rules = [
            {"name": model, "when": {"model_matches": model}, "respond": {"content": content}}
            for model, content in said.items()
        ]
        (start.folder / "fakellm.yaml").write_bytes(orjson.dumps({"rules": rules}))
        run: list[str | Path] = [python, "-m", "uvicorn", "fakellm.server:app", "--port", str(start.port)]
        server = ["--loop", "uvloop", "--http", "httptools", "--no-access-log", "--log-level", "warning"]
        return ["env", f"FAKELLM_CONFIG={start.folder / 'fakellm.yaml'}", *run, *server]

    about = f"fakellm {peers.FAKELLM} on uvicorn (uvloop, httptools): a rule for each model; a word each 10 ms, fixed"
    return Contestant(FAKELLM, command, about, Schedule(0, 10, before=1, after=1))


def everyone(folder: Path) -> list[Contestant | tuple[str, Absent]]:
    """All rows, in the order of the report; a peer that is not here is there with the reason. Installs peers."""
    script, python = peers.aimock(folder), peers.fakellm(folder)
    return [
        Contestant(LLMSIM, llmsim, "every turn on disk (fsync) before its first byte leaves", ours=True),
        Contestant(NO_STORE, llmsim, "the same server, header X-LLMSim-Store: no", headers=NOT_STORED, ours=True),
        Contestant(QUART, reference("quart_app", "bare"), "Quart-Trio on Hypercorn, bare JSON in and out"),
        Contestant(BARE, reference("starlette_app", "bare"), "Starlette on uvicorn (uvloop, httptools), bare JSON"),
        Contestant(SAME, reference("starlette_app", "same"), "the same, with llmsim's validation, plan and wire"),
        (AIMOCK, script) if isinstance(script, Absent) else aimock(script),
        (FAKELLM, python) if isinstance(python, Absent) else fakellm(python),
        Contestant(FLOOR, floor, "raw sockets, frames made beforehand, no HTTP: what the harness itself can see",
                   Schedule(FIRST_MS, STEP_MS, before=0, after=1), requests=False),
    ]  # fmt: skip
