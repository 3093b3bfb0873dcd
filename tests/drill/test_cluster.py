"""A drill in a namespace: the commands that kubectl is given, and what is made of what comes back."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import trio

from llmsim.drill import cluster
from llmsim.drill.exercise import Exercise
from llmsim.drill.kubectl import Namespace
from llmsim.drill.outcome import Outcome
from llmsim.errors import OperatorError
from tests.stored import contents


async def lost(scenario: str, folder: Path, pod: str = "llm-simulator-0") -> Outcome:
    exercise = Exercise(scenario, folder, "seed", trio.current_time())
    with trio.fail_after(180):
        return await cluster.lose(exercise, Namespace("staging", pod))


def commands(folder: Path) -> list[str]:
    said = [line.removeprefix("--namespace=staging ") for line in (folder / "commands").read_text().splitlines()]
    return [line for number, line in enumerate(said) if number == 0 or line != said[number - 1]]


GET = "get pod llm-simulator-0 --output=json --ignore-not-found"
FORWARD = "port-forward pod/llm-simulator-0 :8080 --address=127.0.0.1"
DELETE = "delete pod llm-simulator-0 --grace-period=0 --force --wait=false"
DESTROY = "delete pvc data-llm-simulator-0 --wait=false"
INSIDE = "exec llm-simulator-0 --container=llmsim -- llmsim"
PROOF = [f"{INSIDE} check --data-dir=FOLDER/data --json", f"{INSIDE} replay --store=FOLDER/data --json"]


@pytest.mark.parametrize("scenario", cluster.SCENARIOS)
async def test_pod_is_lost_by_these_commands_and_its_successor_is_proven(
    scenario: str, folder: Path, begun: Callable[[], None]
) -> None:
    begun()
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


async def test_pod_that_loses_what_it_acknowledged_fails_the_drill(folder: Path, begun: Callable[[], None]) -> None:
    begun()
    (folder / "destroyed").touch()
    outcome = await lost("pod-loss", folder)
    assert outcome.problems[0] == f"{outcome.acknowledged} acknowledged turns are lost"


async def test_pod_that_may_not_be_deleted_is_said_and_the_clients_end(folder: Path, begun: Callable[[], None]) -> None:
    begun()
    (folder / "forbidden").touch()
    with pytest.raises(OperatorError, match=r"delete pod .* ended with 1: .*pods is forbidden"):
        await lost("pod-loss", folder)


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
