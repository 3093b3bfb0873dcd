"""Three pods of the rendered StatefulSet: who they are, what they may do, and what they say."""

import re
from pathlib import Path

import httpx2
import orjson
import pytest

from tests.children import Server
from tests.deploy.manifests import expand
from tests.deploy.pods.conversations import said, text_of
from tests.deploy.pods.engine import SERVICE, Refused, until
from tests.deploy.pods.region import EPOCH, Region

SEED = 20260101
ASKED = "What is a B+ tree?"
LOOK = """
import socket, sys
try:
    print(*sorted({each[4][0] for each in socket.getaddrinfo(sys.argv[1], 8080)}))
except socket.gaierror:
    pass
"""


def test_each_pod_checked_its_volume_first_and_answers_its_probes(primary: Region, proven: list[str]) -> None:
    for ordinal in range(3):
        check = primary.podman.inspect(primary.container(ordinal, "check"))
        assert (check["State"]["Status"], check["State"]["ExitCode"]) == ("exited", 0)
        assert check["State"]["FinishedAt"] <= primary.podman.inspect(primary.container(ordinal))["State"]["StartedAt"]
        assert "/var/lib/llmsim is empty" in primary.logs(ordinal, "check")
        primary.ready(ordinal)
    proven.append(
        "three pods run; before each, its init container ran `llmsim check --allow-empty`; all probes say yes"
    )


def test_pods_know_their_ordinals_by_label_and_else_by_host_name(primary: Region, proven: list[str]) -> None:
    for ordinal in range(3):
        told = orjson.loads(primary.run(ordinal, "llmsim", "identity", "--json"))
        assert (told["ordinal"], told["ordinal_source"]) == (ordinal, "given")
        assert told["host_name"] == primary.name(ordinal)
    unlabelled = expand.pod(primary.statefulset, 4)
    del unlabelled["metadata"]["labels"]["apps.kubernetes.io/pod-index"]
    primary.start_as(unlabelled, 4).close()
    told = orjson.loads(primary.run(4, "llmsim", "identity", "--json"))
    primary.stop(4, volume=True)
    assert (told["ordinal"], told["ordinal_source"]) == (4, "host name llm-simulator-4")
    proven.append("ordinals 0, 1, 2 come from the label pod-index; without it, a fourth pod's from its host name")


def test_three_pods_have_one_root_seed_and_say_three_things(primary: Region, proven: list[str], tmp_path: Path) -> None:
    bodies = []
    for ordinal in range(3):
        with primary.client(ordinal) as pod:
            bodies.append(said(pod, "seeds", ASKED).content)
        arguments = ("--instant", "--seed", f"{SEED}", "--ordinal", f"{ordinal}", "--epoch", EPOCH)
        with (
            Server(tmp_path / f"{ordinal}", *arguments) as elsewhere,
            httpx2.Client(base_url=elsewhere.url) as client,
        ):
            assert said(client, "seeds", ASKED).content == bodies[ordinal]
    assert len(set(bodies)) == 3
    assert len({orjson.loads(body)["choices"][0]["message"]["content"] for body in bodies}) == 3
    proven.append(
        "one root seed, three ordinals: three answers; each equals, byte for byte, that of a server elsewhere"
    )


@pytest.mark.parametrize("container", ["check", "llm-simulator"])
def test_kernel_holds_a_pod_to_what_its_manifest_says(container: str, primary: Region) -> None:
    host = primary.podman.inspect(primary.container(0, container))["HostConfig"]
    assert host["ReadonlyRootfs"]
    assert not host["Privileged"]
    assert (host["Memory"], host["NanoCpus"] or host["CpuQuota"] * 10**9 // host["CpuPeriod"]) == (2 * 2**30, 10**9)


def test_server_is_confined(primary: Region, proven: list[str]) -> None:
    status = dict(re.findall(r"^(\w+):\s+(.*)$", primary.run(0, "python3", "-c", read("/proc/1/status")), re.MULTILINE))
    assert status["Uid"].split() == status["Gid"].split() == ["1000"] * 4
    assert {status[name] for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {"0" * 16}
    assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")
    for place in ("/written", "/etc/llmsim/settings/written", "/usr/written"):
        with pytest.raises(Refused, match="Read-only file system"):
            primary.run(0, "python3", "-c", f"open({place!r}, 'w')")
    primary.run(0, "python3", "-c", "open('/tmp/written', 'w')")
    for shell in ("sh", "bash", "/bin/sh"):
        with pytest.raises(Refused, match=r"executable file not found|no such file"):
            primary.run(0, shell, "-c", "true")
    proven.append("seen from inside: uid 1000, no capability, no new privileges, seccomp, read-only root, no shell")


def read(file: str) -> str:
    return f"print(open({file!r}).read())"


def test_pod_can_do_what_its_manifest_asks_before_it_stops(primary: Region) -> None:
    [server] = primary.statefulset["spec"]["template"]["spec"]["containers"]
    primary.run(0, *server["lifecycle"]["preStop"]["exec"]["command"])


def test_names_of_the_headless_service_lead_to_the_pods(primary: Region, proven: list[str]) -> None:
    addresses = [primary.podman.address(primary.name(ordinal)) for ordinal in range(3)]
    names_lead(primary, {f"{primary.name(ordinal)}.{SERVICE}": [addresses[ordinal]] for ordinal in range(3)})
    for ordinal in range(3):
        primary.run(0, "llmsim", "health", "--host", f"{primary.name(ordinal)}.{SERVICE}", "--ready")
    names_lead(primary, {SERVICE: addresses})
    primary.stop(2)
    names_lead(primary, {SERVICE: addresses[:2], f"{primary.name(2)}.{SERVICE}": []})
    proven.append(f"{primary.name(1)}.{SERVICE} and its like resolve inside; {SERVICE} stands for all that run")


def names_lead(region: Region, wanted: dict[str, list[str]]) -> None:
    """Wait until each name, asked for in pod 0, stands for these addresses: whoever serves names reads them anew."""
    for name, addresses in wanted.items():
        until(f"{name} is {addresses}", leads, region, name, sorted(addresses))


def leads(region: Region, name: str, addresses: list[str]) -> bool:
    return resolved(region, name) == addresses


def resolved(region: Region, name: str) -> list[str]:
    """The addresses of a name, as pod 0 sees them; none where there is no such name."""
    return region.run(0, "python3", "-c", LOOK, name).split()


def test_same_ordinal_says_the_same_after_its_pod_was_made_again(primary: Region, proven: list[str]) -> None:
    with primary.client(1) as pod:
        before = said(pod, "again", ASKED)
    primary.stop(1, volume=True)
    with primary.start(1) as pod:
        after = said(pod, "again", ASKED)
    assert after.content == before.content
    assert text_of(after)
    proven.append("pod 1 made again with an empty volume: the same answer, byte for byte")
