"""The judge of a canary under test: its script loaded as a module, time that passes when it waits, a Prometheus to ask.

The Prometheus is a real server on loopback that answers from a list of what the pods did, so that the judge's own
client, URLs and headers are what is tested.
"""

import importlib.util
import re
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import attrs
import orjson
from click.testing import CliRunner, Result

ROOT = Path(__file__).parents[3]
SCRIPT = ROOT / ".github" / "canary.py"
MATCH = 'namespace="llm-devops",pod="llm-simulator-9"'


def loaded() -> Any:  # noqa: ANN401  (a script has no type)
    """The script as a module."""
    spec = importlib.util.spec_from_file_location("canary", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


canary = loaded()


@attrs.define
class VirtualClock:
    """A clock that jumps where it should wait."""

    time_s: float = 1000.0
    pauses_s: list[float] = attrs.field(factory=list)

    def now(self) -> float:
        return self.time_s

    def pause(self, span_s: float) -> None:
        self.pauses_s.append(span_s)
        self.time_s += span_s


@attrs.frozen
class Did:
    """What the pods did in a window, as text that Prometheus would answer; None where it has no such series."""

    requests: str | None = "1000"
    errors: str | None = "0"
    p99_s: str | None = "0.02"


Answer = tuple[int, bytes]
"""Status and body."""


@attrs.define
class FakePrometheus:
    """Answers instant queries by how long their window is; `asked` and `tokens` are what came."""

    did: Callable[[int], Did | Answer]
    asked: list[str] = attrs.field(factory=list)
    tokens: list[str | None] = attrs.field(factory=list)
    url: str = ""

    def answer(self, path: str, token: str | None) -> Answer:
        parts = urlsplit(path)
        [query] = parse_qs(parts.query)["query"]
        self.asked.append(query)
        self.tokens.append(token)
        if parts.path != "/behind/api/v1/query":
            return 404, b"404 page not found"
        windows = set(re.findall(r"\[(\d+)s\]", query))
        assert len(windows) == 1, query
        did = self.did(int(windows.pop()))
        return did if isinstance(did, tuple) else (200, vector(value_of(did, query)))


def value_of(did: Did, query: str) -> str | None:
    """Which of the figures a query is about."""
    for metric, value in (("requests_total", did.requests), ("errors_total", did.errors), ("overhead", did.p99_s)):
        if metric in query:
            return value
    raise AssertionError(query)


def vector(value: str | None) -> bytes:
    """An answer with one sample, or with none."""
    result = [] if value is None else [{"metric": {}, "value": [1764000000.0, value]}]
    return orjson.dumps({"status": "success", "data": {"resultType": "vector", "result": result}})


@contextmanager
def serving(did: Callable[[int], Did | Answer]) -> Iterator[FakePrometheus]:
    """A Prometheus on loopback, behind a path of its own, while the block runs."""
    fake = FakePrometheus(did)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = fake.answer(self.path, self.headers["authorization"])
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002, ANN401  (as the base class has it)
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        fake.url = f"http://127.0.0.1:{server.server_port}/behind"
        try:
            yield fake
        finally:
            server.shutdown()
            thread.join()


def judge(arguments: Sequence[str], clock: VirtualClock, token: str | None = None) -> Result:
    """Run the script's command; an exception that it lets out is the test's."""
    environment = {"PROMETHEUS_URL": None, "PROMETHEUS_TOKEN": token}
    return CliRunner().invoke(canary.main, list(arguments), obj=clock, env=environment, catch_exceptions=False)
