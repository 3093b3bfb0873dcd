"""Servers under test as processes: started on their core, asked until they answer, their CPU time and memory read.

Both are of the whole tree of processes, threads included, from /proc. Nothing is left behind: `Process` ends what it
started.
"""

import http.client
import os
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import attrs

from tests.bench.machine import TICKS, busy_s, on_core

ROOT = Path(__file__).parents[2]
STARTUP_S = 30
POLL_S = 0.002
CHAT = "/v1/chat/completions"


@attrs.frozen
class Memory:
    """Resident memory of a tree of processes: all of it, and the part that is no file's."""

    rss_bytes: int
    anon_bytes: int


@attrs.frozen
class Request:
    """One request of a load: headers beside the length, and a JSON body."""

    headers: Mapping[str, str]
    body: bytes

    def raw(self, port: int) -> str:
        """The whole of it, as HTTP/1.1."""
        headers = {"host": f"127.0.0.1:{port}", "content-type": "application/json", **self.headers}
        lines = [f"POST {CHAT} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
        return "\r\n".join([*lines, f"content-length: {len(self.body)}", "", self.body.decode()])


def free_port() -> int:
    """A port that nobody has."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


def tree(pid: int) -> list[int]:
    """A process and all that it started."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except (OSError, ValueError):
                continue
            parents.setdefault(parent, []).append(int(entry.name))
    found = [pid]
    for one in found:
        found += parents.get(one, [])
    return found


def cpu_s(pid: int) -> float:
    """Seconds of user and system time of a tree, with those of children that have ended."""
    ticks = 0
    for one in tree(pid):
        fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
        ticks += sum(map(int, fields[11:15]))
    return ticks / TICKS


@attrs.define
class Meter:
    """What a server used of its core while it runs, and what others took of it."""

    pid: int
    core: int
    _cpu_s: float = attrs.field(init=False)
    _busy_s: float = attrs.field(init=False)
    _begun_s: float = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self._cpu_s, self._busy_s, self._begun_s = cpu_s(self.pid), busy_s(self.core), time.monotonic()

    def read(self) -> tuple[float, float]:
        """CPU seconds since the start or the last reading, and the share of the core that others had; starts again."""
        before = self._cpu_s, self._busy_s, self._begun_s
        self.__attrs_post_init__()
        used, busy, took = (
            now - then for now, then in zip((self._cpu_s, self._busy_s, self._begun_s), before, strict=True)
        )
        return used, max(busy - used, 0.0) / took


def memory(pid: int) -> Memory:
    """Resident memory of a tree, now."""
    kilobytes = {"VmRSS": 0, "RssAnon": 0}
    for one in tree(pid):
        for line in Path(f"/proc/{one}/status").read_text().splitlines():
            name, _, rest = line.partition(":")
            if name in kilobytes:
                kilobytes[name] += int(rest.split()[0])
    return Memory(kilobytes["VmRSS"] * 1024, kilobytes["RssAnon"] * 1024)


def ask(port: int, request: Request) -> tuple[int, bytes]:
    """Status and body of one answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=STARTUP_S)
    connection.request("POST", CHAT, request.body, {"content-type": "application/json", **request.headers})
    response = connection.getresponse()
    body = response.read()
    connection.close()
    return response.status, body


def get(port: int, path: str) -> bytes:
    """The body of a 200."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=STARTUP_S)
    connection.request("GET", path)
    response = connection.getresponse()
    body = response.read()
    connection.close()
    if response.status != 200:
        raise RuntimeError(f"{path} answered {response.status}: {body!r}")
    return body


class Process:
    """A server on a core of its own. `start_s` is the time from its start to its first 200, of this request."""

    def __init__(
        self, command: Sequence[str | Path], port: int, core: int, first: Request, log: Path, env: Mapping[str, str]
    ) -> None:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("LLMSIM_", "PYTHON"))}
        self.port = port
        self.log = log
        with on_core(core), log.open("ab") as output:
            begun = time.perf_counter()
            self.process = subprocess.Popen(
                [*map(str, command)], stdout=output, stderr=output, env={**inherited, **env}, cwd=ROOT
            )
        try:
            self._await_answer(first)
        except BaseException:
            self.stop()
            raise
        self.start_s = time.perf_counter() - begun

    def _await_answer(self, first: Request) -> None:
        deadline = time.monotonic() + STARTUP_S
        while True:
            try:
                status, body = ask(self.port, first)
            except OSError as error:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    message = f"it never answered ({error}): {self.log.read_text(errors='replace')[-2000:]}"
                    raise RuntimeError(message) from error
                time.sleep(POLL_S)
                continue
            if status != 200:
                raise RuntimeError(f"its first answer was {status}: {body[:500]!r}")
            return

    @property
    def pid(self) -> int:
        return self.process.pid

    def stop(self) -> int:
        """SIGTERM, then SIGKILL where that is not enough; the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                self.process.kill()
        return self.process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
