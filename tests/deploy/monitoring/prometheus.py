"""A real Prometheus on loopback that scrapes one target each second, with the rules of the chart, and is asked."""

import math
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs
import httpx2
import yaml

from tests.deploy import tools
from tests.deploy.rules import promql

LABELS = {"namespace": "staging", "pod": "llm-simulator-0"}
"""What a cluster's Prometheus adds to every series of a pod."""
ANSWER_S = 30
STEP_S, RANGE_S = 1, 30
ENDS_S = 30


@attrs.frozen
class Found:
    """What a query answered: how many series, and the last number of the first that has one."""

    series: int
    value: float


class Refused(Exception):
    """Prometheus did not take a query; the text is its own."""


@attrs.frozen
class Prometheus:
    """A running server and a connection to it."""

    url: str
    client: httpx2.Client

    def _get(self, path: str, **params: str) -> Any:  # noqa: ANN401  (JSON)
        answer = self.client.get(f"{self.url}{path}", params=params)
        told = answer.json()
        if told["status"] != "success":
            raise Refused(f"{told['errorType']}: {told['error']}: {params}")
        return told["data"]

    def vector(self, expr: str) -> list[dict[str, Any]]:
        """The series of an instant query: each with its labels (`metric`) and its `value`."""
        found: list[dict[str, Any]] = self._get("/api/v1/query", query=expr)["result"]
        return found

    def at_once(self, expr: str) -> Found:
        """The answer to an instant query."""
        return _found([[one["value"]] for one in self.vector(expr)])

    def over_time(self, expr: str) -> Found:
        """The answer to a query over the last RANGE_S."""
        now_s = self.now_s()
        told = self._get(
            "/api/v1/query_range", query=expr, start=str(now_s - RANGE_S), end=str(now_s), step=str(STEP_S)
        )
        return _found([one["values"] for one in told["result"]])

    def answers(self) -> bool:
        """Whether it has begun to answer queries."""
        try:
            return self.client.get(f"{self.url}/-/ready").is_success
        except httpx2.TransportError:
            return False

    def now_s(self) -> float:
        """Its own time, unix seconds."""
        return float(self._get("/api/v1/query", query="time()")["result"][1])

    def label_values(self, series: str, label: str) -> list[str]:
        """The values that a variable of a dashboard offers."""
        values: list[str] = self._get(f"/api/v1/label/{label}/values", **{"match[]": series})
        return values

    def rules(self) -> list[dict[str, Any]]:
        """Every rule with its state, health and last error."""
        return [rule for group in self._get("/api/v1/rules")["groups"] for rule in group["rules"]]


def _found(series: list[list[tuple[float, str]]]) -> Found:
    """Series without a single number do not count."""
    numbers = [[float(value) for _, value in one if math.isfinite(float(value))] for one in series]
    last = [one[-1] for one in numbers if one]
    return Found(len(last), last[0] if last else math.nan)


@contextmanager
def scraping(target: str, folder: Path) -> Iterator[Prometheus]:
    """A Prometheus that scrapes `target` (host:port) while the block runs; its data goes to the folder.

    Raises:
        Missing: there is no Prometheus, and Debian's package cannot be had.
    """
    program = tools.prometheus()
    config = folder / "prometheus.yaml"
    job = {"job_name": "llm-simulator", "static_configs": [{"targets": [target], "labels": LABELS}]}
    every = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    config.write_text(yaml.safe_dump({"global": every, "rule_files": [str(promql.RULES)], "scrape_configs": [job]}))
    port = free_port()
    command = [str(program), f"--config.file={config}", f"--storage.tsdb.path={folder / 'tsdb'}", "--log.level=error"]
    with subprocess.Popen([*command, f"--web.listen-address=127.0.0.1:{port}"]) as process, httpx2.Client() as client:
        client.timeout = httpx2.Timeout(ANSWER_S)
        try:
            yield Prometheus(f"http://127.0.0.1:{port}", client)
        finally:
            process.terminate()
            process.wait(timeout=ENDS_S)


def free_port() -> int:
    """A port that nobody has; Prometheus does not say which one it took."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
