"""The load of requests: wrk, with a script that sends each request once. Its own CPU time is measured with it."""

import resource
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import attrs
import orjson

from tests.bench.machine import on_core
from tests.bench.processes import CHAT, Request

SCRIPT = Path(__file__).with_name("wrk.lua")
SEPARATOR = "\x1e"
RAMP_MS = 500
"""How long every connection rests before its first request: they are all accepted before the load begins."""
HOW_TO_GET_IT = "wrk, the load generator, is not on the path: apt-get install wrk"


@attrs.frozen
class Templates:
    """Requests with a place for a number: `turns` by `variants`; `sessions` take their turns in a round."""

    requests: Sequence[Sequence[Request]]
    sessions: int = 1

    def write(self, path: Path, port: int) -> None:
        path.write_text(SEPARATOR.join(one.raw(port) for turn in self.requests for one in turn))


@attrs.frozen
class Sent:
    """What wrk saw: completed requests, seconds after the ramp, latencies, errors by kind; its share of its core."""

    requests: int
    duration_s: float
    p50_ms: float
    p99_ms: float
    most_ms: float
    size_bytes: int
    errors: dict[str, int]
    cpu_share: float

    @property
    def faults(self) -> int:
        """How many requests went wrong, in whatever way."""
        return sum(self.errors.values())


def version() -> str | None:
    """wrk's version; None where there is no wrk."""
    program = shutil.which("wrk")
    if program is None:
        return None
    return subprocess.run([program, "-v"], capture_output=True, text=True, check=False).stdout.split("[")[0].strip()


def load(templates: Templates, port: int, connections: int, seconds: int, core: int, first: int, path: Path) -> Sent:
    """Send for so many seconds; numbers begin with `first`. `path` is a file for the templates."""
    templates.write(path, port)
    program = shutil.which("wrk")
    if program is None:
        raise RuntimeError(HOW_TO_GET_IT)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    shape = [str(len(templates.requests[0])), str(templates.sessions), str(first), str(RAMP_MS), str(connections)]
    options = ["-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "30s", "-s", str(SCRIPT)]
    with on_core(core):
        done = subprocess.run(
            [program, *options, f"http://127.0.0.1:{port}{CHAT}", "--", path, *shape],
            capture_output=True,
            text=True,
            check=True,
        )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    said = orjson.loads(done.stdout.strip().splitlines()[-1])
    duration_s = said["duration_us"] / 1e6 - RAMP_MS / 1000
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Sent(
        requests=said["requests"],
        duration_s=duration_s,
        p50_ms=said["p50_us"] / 1000,
        p99_ms=said["p99_us"] / 1000,
        most_ms=said["most_us"] / 1000,
        size_bytes=said["bytes"],
        errors=said["errors"],
        cpu_share=cpu_s / duration_s,
    )
