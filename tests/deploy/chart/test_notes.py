"""NOTES.txt tells the next commands, which are right for what was installed."""

from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.deploy.chart.charts import CHART, said


def notes(helm: Path, values: dict[str, Any]) -> str:
    """What Helm 4 says after an installation; nothing is installed. Helm 3 would ask a cluster, and only lints them."""
    command: list[str | Path] = [helm, "install", "sim", CHART, "--namespace", "llm", "--dry-run=client"]
    return said(*command, "--values", "-", stdin=orjson.dumps(values)).partition("NOTES:\n")[2]


@pytest.mark.parametrize(
    ("values", "expected", "unexpected"),
    [
        (
            {},
            ["rollout status statefulset/sim-llm-simulator", "helm test sim --namespace llm", "There is no copy"],
            ["restored", "come and go", "shut out"],
        ),
        (
            {"settings": {"archive_to": "s3://b/p"}, "restore": {"from": "s3://b/p"}, "hpa": {"enabled": True}},
            ["restored from s3://b/p", "logs sim-llm-simulator-0 --container restore", "come and go"],
            ["There is no copy"],
        ),
        (
            {"mode": "deployment"},
            ["rollout status deployment/sim-llm-simulator", "a seed of\nits own"],
            ["headless", "There is no copy"],
        ),
        ({"mode": "deployment", "seed": {"existingSecret": "s"}}, ["the same seed"], ["its own"]),
        (
            {"mode": "daemonset", "daemonset": {"hostNetwork": True}},
            [
                "rollout status daemonset/sim-llm-simulator",
                "Port 8080 is open on every node",
                'Pod Security "baseline"',
            ],
            [],
        ),
        ({"ingress": {"enabled": True}}, ["shut out: networkPolicy.from allows no other namespace"], []),
        ({"ingress": {"enabled": True}, "networkPolicy": {"enabled": False}}, [], ["shut out"]),
        (
            {"ingress": {"enabled": True}, "networkPolicy": {"from": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}},
            [],
            ["shut out"],
        ),
        ({"mode": "daemonset", "daemonset": {"cache": {"type": "emptyDir"}}}, [], ["Pod Security", "is open"]),
    ],
)
def test_notes_tell_the_next_command(
    values: dict[str, Any], expected: list[str], unexpected: list[str], helm4: Path
) -> None:
    told = notes(helm4, values)
    assert [words for words in (*expected, "port-forward service/sim-llm-simulator 8080") if words not in told] == []
    assert [words for words in unexpected if words in told] == []
