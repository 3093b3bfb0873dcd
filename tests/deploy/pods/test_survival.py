"""Sessions stay with their pods, and outlive the process and the pod."""

import os
import signal
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.deploy.pods.balancers import BALANCERS, balanced
from tests.deploy.pods.conversations import SESSIONS, held, kept, said, text_of
from tests.deploy.pods.engine import Podman, until
from tests.deploy.pods.region import PORT, Region


@pytest.mark.parametrize("name", BALANCERS)
def test_sessions_stay_with_their_pods(name: str, primary: Region, tmp_path: Path, proven: list[str]) -> None:
    addresses = [f"{primary.podman.address(primary.name(ordinal))}:{PORT}" for ordinal in range(3)]
    with balanced(name, tmp_path, addresses) as client:
        assert held(client, name) == [True] * SESSIONS
    with ExitStack() as stack:
        of_pods = kept([stack.enter_context(primary.client(ordinal)) for ordinal in range(3)], name)
    assert sorted(session for sessions in of_pods for session in sessions) == sorted(
        f"{name}-{number}" for number in range(SESSIONS)
    )
    assert min(map(len, of_pods)) > 0
    counts = " + ".join(str(len(sessions)) for sessions in of_pods)
    proven.append(f"{name} before the pods: {SESSIONS} of {SESSIONS} sessions stay with theirs ({counts})")


def test_killed_process_is_started_again_and_goes_on(primary: Region, proven: list[str]) -> None:
    with primary.client(1) as pod:
        said(pod, "killed", "My name is Ada.")
    container = primary.container(1)
    before = primary.podman.inspect(container)
    os.kill(server_of(before["State"]["Pid"]), signal.SIGKILL)
    until("pod 1 is started again", restarted, primary.podman, container, before["RestartCount"])
    primary.ready(1)
    after = primary.podman.inspect(container)
    assert after["Id"] == before["Id"]
    assert after["Mounts"] == before["Mounts"]
    with primary.client(1) as pod:
        assert "Ada" in text_of(said(pod, "killed", "What is my name?"))
    proven.append("pod 1's process killed with SIGKILL: started again with its volume, and the conversation goes on")


def restarted(podman: Podman, container: str, before: int) -> bool:
    count: int = podman.inspect(container)["RestartCount"]
    return count > before


def server_of(process: int) -> int:
    """The process that serves: the container's first one, or the only child of an init."""
    children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    return int(children[0]) if children else process


def test_deleted_pod_comes_back_to_its_volume(primary: Region, proven: list[str]) -> None:
    with primary.client(2) as pod:
        said(pod, "deleted", "My favourite colour is blue.")
    primary.stop(2)
    with primary.start(2) as pod:
        assert "blue" in text_of(said(pod, "deleted", "What is my favourite colour?"))
    assert "/var/lib/llmsim is sound" in primary.logs(2, "check")
    found = primary.run(2, "llmsim", "replay", "--store", "/var/lib/llmsim", "--json")
    assert '"differences":0' in found.replace(" ", "")
    proven.append("pod 2 deleted and made again: check found its volume sound, the conversation goes on")
