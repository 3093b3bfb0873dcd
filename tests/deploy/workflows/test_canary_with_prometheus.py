"""The judge of a canary asks a real Prometheus that has ten minutes of samples, such as pods would have exposed.

The judge's own time is virtual, so that its five minutes take none; Prometheus answers of the last five real minutes.
"""

import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Timer

import pytest
from click.testing import Result

from tests.deploy.workflows.judge import VirtualClock, judge

READY_S = 60
STEP_S = 15
PODS = {"good": (1000, 1, "0.02"), "bad": (1000, 30, "0.02"), "slow": (1000, 0, "5"), "idle": (0, 0, "0.02")}
"""Requests and errors in each step, and the bucket that all responses fall into, in seconds."""
BUCKETS = ("0.02", "5", "+Inf")


def openmetrics(now_s: int) -> Iterator[str]:
    """The samples of every pod, from ten minutes ago until a minute from now."""
    times = range(now_s - 600, now_s + 60, STEP_S)
    yield "# TYPE llm_simulator_requests counter"
    for pod, (requests, _, _) in PODS.items():
        for step, at in enumerate(times):
            yield f'llm_simulator_requests_total{{pod="{pod}"}} {step * requests} {at}'
    yield "# TYPE llm_simulator_errors counter"
    for pod, (_, errors, _) in PODS.items():
        for cause, each in (("server", errors), ("simulated", 500)):
            for step, at in enumerate(times):
                yield f'llm_simulator_errors_total{{pod="{pod}",cause="{cause}"}} {step * each} {at}'
    yield "# TYPE llm_simulator_overhead_seconds histogram"
    for pod, (requests, _, bucket) in PODS.items():
        for le in BUCKETS:
            below = float(le.replace("+", "")) >= float(bucket)
            for step, at in enumerate(times):
                count = step * requests if below else 0
                yield f'llm_simulator_overhead_seconds_bucket{{pod="{pod}",le="{le}"}} {count} {at}'
    yield "# EOF"


@pytest.fixture(scope="module")
def url(prometheus: Path, promtool: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a Prometheus that has the samples."""
    folder = tmp_path_factory.mktemp("prometheus")
    samples, config, data = folder / "samples.txt", folder / "prometheus.yml", folder / "data"
    samples.write_text("\n".join(openmetrics(int(time.time()))) + "\n")  # noqa: TID251  (Prometheus lives in real time)
    config.write_text("{}\n")
    subprocess.run([promtool, "tsdb", "create-blocks-from", "openmetrics", samples, data], check=True)
    command = [
        str(prometheus),
        f"--config.file={config}",
        f"--storage.tsdb.path={data}",
        "--web.listen-address=127.0.0.1:0",
    ]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr is not None
        watchdog = Timer(READY_S, server.kill)
        watchdog.start()
        address = ""
        for line in server.stderr:
            found = re.search(r'msg="Listening on" address=(\S+)', line)
            address = found[1] if found else address
            if "ready to receive web requests" in line:
                break
        assert address, "Prometheus did not listen"
        try:
            yield f"http://{address}"
        finally:
            watchdog.cancel()
            server.terminate()
            server.stderr.read()


def judged(url: str, match: str, *arguments: str) -> Result:
    return judge(["--prometheus", url, "--match", match, *arguments], VirtualClock())


@pytest.mark.parametrize(
    ("pod", "code", "said"),
    [
        ("good", 0, "promote: 0.10 % of "),
        ("bad", 1, "roll back: 3.00 % of the requests failed, beyond doubt too many"),
        ("slow", 1, "roll back: a p99 of 49"),
        ("idle", 3, "not proven: 0 requests are too few"),
        ("absent", 3, "not proven: 0 requests are too few"),
    ],
)
def test_pods_are_judged_by_what_prometheus_says(url: str, pod: str, code: int, said: str) -> None:
    result = judged(url, f'pod="{pod}"', "--max-p99", "3s")
    assert result.stdout.startswith(said)
    assert result.exit_code == code


def test_pods_are_selected_by_a_pattern(url: str) -> None:
    assert judged(url, 'pod=~"good|idle"').exit_code == 0
    assert judged(url, 'pod=~"good|bad"').exit_code == 1


@pytest.mark.parametrize("match", ["pod=", '{pod="good"}', 'pod="good"}) or vector(0'])
def test_matchers_that_are_none_are_refused_by_prometheus(url: str, match: str) -> None:
    result = judged(url, match)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "answered 400" in result.stderr
    assert "parse error" in result.stderr
