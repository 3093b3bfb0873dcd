"""The shell of the job that tries a release in staging, run as it stands against a real server instead of a pod.

What forwards a port stands in by serving on it, with the seed and the epoch that the workflow gives to the chart, so
that transcripts of a pod and of the checkout are compared as they are in the pipeline. Helm does nothing.
"""

import shlex
import shutil
import socket
import sys
from pathlib import Path

import attrs
import pytest

from llmsim import __version__
from tests.deploy.workflows.pipelines import Job, Run, job

SEED = "19876543210"
EPOCH = "2026-01-01T00:00:00Z"
STEPS = ("Start a pod whose words are known beforehand", "Take that pod away")
[REPLAY] = [step["name"] for step in job("cd.yml", "staging").steps if step["name"].startswith("Replay a conversation")]


def free_port() -> int:
    """A port of loopback that nobody has; the workflow's own may be taken here."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def tried(folder: Path, *serve: str, version: str = __version__) -> tuple[dict[str, str], list[str]]:
    """The outcomes of the steps around the replay, and the calls of helm and kubectl; `serve` has the pod's flags."""
    if not shutil.which("curl"):
        pytest.skip("curl is not on the path: apt-get install curl")
    tools, port = folder / "tools", str(free_port())
    tools.mkdir()
    calls = shlex.quote(str(tools / "calls"))
    pod = shlex.join(["llmsim", "serve", "--port", port, "--data-dir", str(folder / "data"), "--instant", *serve])
    record = f'#!/bin/bash\nprintf "%s\\n" "${{0##*/}} $*" >>{calls}\n'
    (tools / "helm").write_text(record)
    (tools / "kubectl").write_text(f'{record}[[ "$1" != port-forward ]] || exec {pod} >/dev/null\n')
    for program in tools.iterdir():
        program.chmod(0o755)
    (tools / "llmsim").symlink_to(Path(sys.executable).with_name("llmsim"))
    one = with_port(job("cd.yml", "staging"), port)
    values = {
        "vars.NAMESPACE || 'llm-simulator'": "staging",
        "needs.version.outputs.version": version,
        "needs.image.outputs.digest": "sha256:abc",
        "github.run_id": SEED,
    }
    run = Run(one, folder, tools, values)
    run.to_the_end()
    return run.outcomes, (tools / "calls").read_text().splitlines()


def with_port(one: Job, port: str) -> Job:
    """The steps from the replay's pod on, with another port in the place of their own."""
    steps = [step for step in one.steps if step["name"] in (*STEPS, REPLAY)]
    ported = [
        {
            **step,
            "run": step["run"].replace("18080", port),
            "env": {name: text.replace("18080", port) for name, text in step.get("env", {}).items()},
        }
        for step in steps
    ]
    assert ported != steps
    return attrs.evolve(one, job={**one.job, "steps": ported})


def test_pod_that_says_what_the_checkout_says_passes(tmp_path: Path) -> None:
    outcomes, calls = tried(tmp_path, "--seed", SEED, "--ordinal", "0", "--epoch", EPOCH)
    assert set(outcomes.values()) == {"success"}
    assert any(f"--from-literal seed={SEED}" in call for call in calls)
    [upgrade] = [call for call in calls if call.startswith("helm upgrade")]
    assert f"--set seed.existingSecret=llm-simulator-replay --set settings.epoch={EPOCH}" in upgrade
    assert calls[-2:] == [
        "helm uninstall llm-simulator-replay --namespace staging --ignore-not-found",
        "kubectl delete secret llm-simulator-replay --namespace staging --ignore-not-found",
    ]


def test_pod_that_says_anything_else_fails_and_is_taken_away(tmp_path: Path) -> None:
    outcomes, calls = tried(tmp_path, "--seed", SEED, "--ordinal", "1", "--epoch", EPOCH)
    assert outcomes == {STEPS[0]: "success", REPLAY: "failure", STEPS[1]: "success"}
    assert calls[-1].startswith("kubectl delete secret")


def test_pod_of_another_version_fails(tmp_path: Path) -> None:
    outcomes, _ = tried(tmp_path, "--seed", SEED, "--ordinal", "0", "--epoch", EPOCH, version="0.0.1")
    assert outcomes[REPLAY] == "failure"
