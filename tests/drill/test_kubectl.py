"""A drill in a namespace: the commands that kubectl is given, what is made of its answers, and what it refuses."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import trio

from llmsim.drill import cluster, kubectl
from llmsim.drill.exercise import Exercise
from llmsim.drill.kubectl import Namespace, placed
from llmsim.drill.outcome import Outcome
from llmsim.errors import OperatorError
from tests.children import environment
from tests.stored import contents

RECORDED = Path(__file__).parent / "kubectl.py"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """What the recorded kubectl knows; it is the one on the path."""
    program = tmp_path / "bin" / "kubectl"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {sys.executable} {RECORDED} {tmp_path} "$@"\n')
    program.chmod(0o755)
    for name, value in environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    yield tmp_path
    if (tmp_path / "pid").exists():
        os.kill(int((tmp_path / "pid").read_text()), signal.SIGKILL)


async def lost(scenario: str, folder: Path, pod: str = "llm-simulator-0") -> Outcome:
    exercise = Exercise(scenario, folder, "seed", trio.current_time())
    with trio.fail_after(180):
        return await cluster.lose(exercise, Namespace("staging", pod))


def commands(folder: Path) -> list[str]:
    said = [line.removeprefix("--namespace=staging ") for line in (folder / "commands").read_text().splitlines()]
    return [line for number, line in enumerate(said) if number == 0 or line != said[number - 1]]


def begun(folder: Path) -> None:
    """There is a pod."""
    subprocess.run([sys.executable, RECORDED, folder, "--namespace=", "start"], check=True)
    (folder / "commands").unlink()


GET = "get pod llm-simulator-0 --output=json --ignore-not-found"
FORWARD = "port-forward pod/llm-simulator-0 :8080 --address=127.0.0.1"
DELETE = "delete pod llm-simulator-0 --grace-period=0 --force --wait=false"
DESTROY = "delete pvc data-llm-simulator-0 --wait=false"
INSIDE = "exec llm-simulator-0 --container=llmsim -- llmsim"
PROOF = [f"{INSIDE} check --data-dir=FOLDER/data --json", f"{INSIDE} replay --store=FOLDER/data --json"]


@pytest.mark.parametrize("scenario", cluster.SCENARIOS)
async def test_pod_is_lost_by_these_commands_and_its_successor_is_proven(scenario: str, folder: Path) -> None:
    begun(folder)
    outcome = await lost(scenario, folder)
    kills = [DESTROY, DELETE] if scenario == "volume-loss" else [DELETE]
    assert commands(folder) == [GET, FORWARD, *kills, GET, FORWARD, *PROOF]
    assert outcome.regenerated == len(contents(folder / "data")["turns"])
    assert outcome.rto_s is not None
    if scenario == "pod-loss":
        assert (outcome.problems, outcome.lost) == ((), 0)
        assert outcome.regenerated > outcome.acknowledged
    else:
        assert outcome.lost == outcome.acknowledged, "nothing brought an archive back"
        assert outcome.rpo_s is not None
        assert outcome.rpo_s > 0


async def test_pod_that_loses_what_it_acknowledged_fails_the_drill(folder: Path) -> None:
    begun(folder)
    (folder / "destroyed").touch()
    outcome = await lost("pod-loss", folder)
    assert outcome.problems[0] == f"{outcome.acknowledged} acknowledged turns are lost"


@pytest.mark.parametrize(
    ("prepare", "message"),
    [
        (lambda _: None, "there is no pod llm-simulator-0 in namespace staging"),
        (lambda folder: (folder / "unreachable").touch(), "ended with 1: The connection to the server was refused"),
        (lambda folder: shutil.rmtree(folder / "bin"), "kubectl: No such file or directory"),
    ],
)
async def test_cluster_that_is_not_there_is_said(
    prepare: Callable[[Path], None], message: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(folder / "bin"))
    prepare(folder)
    with pytest.RaisesGroup(OperatorError, allow_unwrapped=True, flatten_subgroups=True) as caught:
        await lost("pod-loss", folder)
    assert message in str(caught.value)


async def test_pod_that_does_not_come_back_is_an_error(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun(folder)
    monkeypatch.setattr(kubectl, "REPLACED_S", 0.05)
    monkeypatch.setattr(kubectl, "POLL_S", 0.01)
    namespace = Namespace("staging", "llm-simulator-0")
    now = await namespace.placed()
    assert now is not None
    with pytest.raises(OperatorError, match="did not come back"):
        await namespace.replaced(now)


def test_pod_without_a_claim_is_no_pod_of_a_statefulset() -> None:
    pod = {"metadata": {"uid": "1"}, "spec": {"containers": [{"name": "llmsim"}]}, "status": {}}
    with pytest.raises(OperatorError, match="pod web has no container with a port and a claimed volume"):
        placed(pod, "web")
