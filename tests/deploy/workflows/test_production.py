"""The shell of the job that deploys to production, run as it stands, with stand-ins for helm, kubectl and the judge.

Cluster and runner cannot be had: what is tested is which commands run in which order, and that whatever fails once
production was touched ends with the way back to the revision from before.
"""

import shlex
from pathlib import Path

import attrs
import pytest

from tests.deploy.workflows.pipelines import Run, job

HISTORY = (
    "REVISION\tUPDATED                 \tSTATUS         \tCHART              \tAPP VERSION\tDESCRIPTION\n"
    "6       \tSun Nov  1 10:00:00 2026\tsuperseded     \tllm-simulator-0.1.0\t0.1.0      \tdeployed, then not\n"
    "7       \tMon Nov  2 10:00:00 2026\tdeployed       \tllm-simulator-0.1.0\t0.1.0      \tUpgrade complete\n"
    "8       \tTue Nov  3 10:00:00 2026\tfailed         \tllm-simulator-0.2.0\t0.2.0      \tUpgrade failed\n"
)
READY = "llm-simulator-0 True\nllm-simulator-8 False\nllm-simulator-9 \n"
UPGRADE = (
    "helm upgrade llm-simulator oci://ghcr.io/llm-devops/charts/llm-simulator --version 0.2.0 --namespace llm-simulator"
)
PARTITION = "{.spec.updateStrategy.rollingUpdate.partition}"
WATCHED = 'python .github/canary.py --match namespace="llm-simulator",pod=~"llm-simulator-'
Answer = tuple[str, str, int]
"""Part of a call, what it prints, its exit code."""


@attrs.frozen
class Deployed:
    """What came of a run: the calls from the first look at production on, and what each step came to."""

    calls: list[str]
    outcomes: dict[str, str]

    def ran(self, part: str) -> bool:
        return any(part in call for call in self.calls)


def stand_in(calls: Path, *answers: Answer) -> str:
    """A program that writes down how it was called, and answers."""
    script = ["#!/bin/bash", 'call="${0##*/} $*"', f'printf "%s\\n" "$call" >>{shlex.quote(str(calls))}']
    for part, output, code in answers:
        said = f"printf %s {shlex.quote(output)}; exit {code}"
        script.append(f'if [[ "$call" == *{shlex.quote(part)}* ]]; then {said}; fi')
    return "\n".join(script) + "\n"


def deployed(folder: Path, *answers: Answer, replicas: str = "10") -> Deployed:
    """Run the job; the first answer whose part is in a call counts, and other calls succeed in silence."""
    tools = folder / "tools"
    tools.mkdir()
    known = (("helm history", HISTORY, 0), ("kubectl get statefulset", "0", 0), ("kubectl get pods", READY, 0))
    for name in ("helm", "kubectl", "python"):
        (tools / name).write_text(stand_in(tools / "calls", *answers, *known))
        (tools / name).chmod(0o755)
    values = {
        "vars.NAMESPACE || 'llm-simulator'": "llm-simulator",
        "vars.REPLICAS || '10'": replicas,
        "vars.CANARY_MIN_REQUESTS || '100'": "100",
        "vars.PROMETHEUS_URL": "http://prometheus",
        "vars.HELM_VALUES": "serviceMonitor: {enabled: true}",
        "secrets.PROMETHEUS_TOKEN": "token",
        "secrets.KUBECONFIG": "cluster",
        "secrets.GITHUB_TOKEN": "github",
        "github.actor": "ada",
        "needs.version.outputs.version": "0.2.0",
        "needs.image.outputs.digest": "sha256:abc",
        "steps.canary.outputs.pods": "",
        "steps.before.outputs.revision": "",
    }
    run = Run(job("cd.yml", "production"), folder, tools, values)
    run.to_the_end()
    calls = (tools / "calls").read_text().splitlines()
    first = next(place for place, call in enumerate(calls) if call.startswith("helm history"))
    return Deployed(calls[first:], run.outcomes)


def test_good_canary_is_promoted(tmp_path: Path) -> None:
    done = deployed(tmp_path)
    upgraded = f"{UPGRADE} --values {tmp_path}/values.yaml --set image.digest=sha256:abc --set replicas=10 --set"
    assert done.calls == [
        "helm history llm-simulator --namespace llm-simulator",
        f"kubectl get statefulset llm-simulator --namespace llm-simulator --output jsonpath={PARTITION}",
        f"{upgraded} statefulset.partition=9 --wait --timeout 15m",
        f'{WATCHED}(9)" --window 5m --max-error-percent 1 --max-p99 3s --min-requests 100',
        f"{upgraded} statefulset.partition=0 --wait --timeout 45m",
        "helm test llm-simulator --namespace llm-simulator --logs --timeout 5m",
        f'{WATCHED}[0-9]+" --window 1m --max-error-percent 1 --max-p99 3s --min-requests 1',
    ]
    assert done.outcomes["Roll back"] == "skipped"
    assert (tmp_path / "values.yaml").read_text() == "serviceMonitor: {enabled: true}\n"
    assert (tmp_path / "kubeconfig").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("replicas", "partition", "pods"),
    [("1", 0, "0"), ("3", 2, "2"), ("10", 9, "9"), ("11", 9, "9|10"), ("30", 27, "27|28|29")],
)
def test_canary_is_a_tenth_of_the_pods_and_one_at_least(
    tmp_path: Path, replicas: str, partition: int, pods: str
) -> None:
    done = deployed(tmp_path, replicas=replicas)
    assert done.ran(f"--set replicas={replicas} --set statefulset.partition={partition} --wait --timeout 15m")
    assert done.ran(f'{WATCHED}({pods})"')


@pytest.mark.parametrize(
    ("fails", "code", "step"),
    [
        ("statefulset.partition=9", 1, "Deploy the canary"),
        ("--window 5m", 1, "Judge the canary"),
        ("--window 5m", 2, "Judge the canary"),
        ("--window 5m", 3, "Judge the canary"),
        ("statefulset.partition=0", 1, "Promote it"),
        ("helm test", 1, "Hold a conversation with it"),
        ("--window 1m", 3, "Judge all pods"),
    ],
)
def test_whatever_fails_is_rolled_back_to_the_revision_from_before(
    tmp_path: Path, fails: str, code: int, step: str
) -> None:
    done = deployed(tmp_path, (fails, "", code))
    place = next(at for at, call in enumerate(done.calls) if fails in call)
    assert [call.partition(" --output")[0] for call in done.calls[place + 1 :]] == [
        "helm rollback llm-simulator 7 --namespace llm-simulator --timeout 5m",
        "kubectl get pods --namespace llm-simulator",
        "kubectl delete pod --namespace llm-simulator --wait=false llm-simulator-8 llm-simulator-9",
        "kubectl rollout status statefulset/llm-simulator --namespace llm-simulator --timeout 45m",
    ]
    assert done.outcomes[step] == "failure"
    assert done.outcomes["Roll back"] == "success"


def test_pods_that_are_all_ready_are_left_alone_on_the_way_back(tmp_path: Path) -> None:
    done = deployed(tmp_path, ("--window 5m", "", 1), ("kubectl get pods", "llm-simulator-0 True\n", 0))
    assert not done.ran("kubectl delete")
    assert done.ran("kubectl rollout status")


@pytest.mark.parametrize(
    "answer",
    [
        ("helm history", HISTORY.replace("deployed  ", "superseded"), 0),
        ("helm history", "Error: release: not found", 1),
        ("kubectl get statefulset", "9", 0),
    ],
    ids=["never deployed", "no release", "canary left behind"],
)
def test_production_that_cannot_be_compared_with_is_not_touched(tmp_path: Path, answer: Answer) -> None:
    done = deployed(tmp_path, answer)
    assert done.outcomes["Remember what runs now"] == "failure"
    assert not done.ran("helm upgrade")
    assert not done.ran("helm rollback")


def test_way_back_that_fails_is_a_failure(tmp_path: Path) -> None:
    done = deployed(tmp_path, ("--window 5m", "", 1), ("helm rollback", "", 1))
    assert done.outcomes["Roll back"] == "failure"
