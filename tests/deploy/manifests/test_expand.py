"""The pods of a StatefulSet are those that its controller would make, and have what a drill in a cluster looks for."""

from pathlib import Path

import click
import kubernetes_validate
import pytest

from llmsim.cli.main import cli
from llmsim.drill.kubectl import placed
from tests.deploy.manifests import expand
from tests.deploy.manifests.kustomized import VERSIONS, each_build, one, shipped


@each_build
def test_pods_are_valid(folder: str, kubectl: Path) -> None:
    statefulset = one(shipped(kubectl, folder), "StatefulSet")
    made = expand.pods(statefulset)
    assert len(made) == statefulset["spec"]["replicas"]
    for pod in made:
        for version in (VERSIONS[0], VERSIONS[-1]):
            kubernetes_validate.validate(pod, version, strict=True)


def test_pods_have_their_names_ordinals_and_volumes(kubectl: Path) -> None:
    made = expand.pods(one(shipped(kubectl), "StatefulSet"))
    assert [pod["metadata"]["name"] for pod in made] == [f"llm-simulator-{ordinal}" for ordinal in range(3)]
    assert [pod["metadata"]["labels"]["apps.kubernetes.io/pod-index"] for pod in made] == ["0", "1", "2"]
    for pod in made:
        name = pod["metadata"]["name"]
        assert (pod["spec"]["hostname"], pod["spec"]["subdomain"]) == (name, "llm-simulator-headless")
        [claimed] = [one for one in pod["spec"]["volumes"] if "persistentVolumeClaim" in one]
        assert claimed == {"name": "data", "persistentVolumeClaim": {"claimName": f"data-{name}"}}


def test_first_ordinal_is_that_of_the_set(kubectl: Path) -> None:
    statefulset = one(shipped(kubectl), "StatefulSet")
    statefulset["spec"] |= {"ordinals": {"start": 5}, "replicas": 2}
    assert [pod["metadata"]["name"] for pod in expand.pods(statefulset)] == ["llm-simulator-5", "llm-simulator-6"]


@each_build
def test_drill_finds_what_it_needs_in_a_pod(folder: str, kubectl: Path) -> None:
    """`llmsim drill --kubectl` is given the pod as the cluster has it: with a uid and a status."""
    pod = expand.pods(one(shipped(kubectl, folder), "StatefulSet"))[0]
    pod["metadata"]["uid"] = "4f5e"
    pod["status"] = {"conditions": [{"type": "Ready", "status": "True"}]}
    found = placed(pod, "llm-simulator-0")
    assert found.ready
    assert (found.uid, found.container, found.port) == ("4f5e", "llm-simulator", 8080)
    assert (found.claim, found.data_dir) == ("data-llm-simulator-0", "/var/lib/llmsim")
    [server] = pod["spec"]["containers"]
    assert found.data_dir == next(each["value"] for each in server["env"] if each["name"] == "LLMSIM_DATA_DIR")


@pytest.mark.parametrize("folder", ["", "overlays/dr-standby"])
def test_containers_are_given_commands_of_llmsim(folder: str, kubectl: Path) -> None:
    spec = one(shipped(kubectl, folder), "StatefulSet")["spec"]["template"]["spec"]
    for container in [*spec["initContainers"], *spec["containers"]]:
        name, *arguments = container["args"]
        command = cli.get_command(click.Context(cli), name)
        assert command is not None, name
        with command.make_context(name, arguments):
            pass
