"""What statefulset/README.md says can be done: its table is true, its example builds, kubectl knows its commands."""

import os
import re
import shlex
import subprocess
from functools import cache
from pathlib import Path

import kubernetes_validate
import orjson
import pytest
import yaml

from tests.deploy.manifests.kustomized import BUILDS, VERSIONS, built, one, shipped
from tests.deploy.manifests.render import FOLDER, Manifest

README = (FOLDER / "README.md").read_text()
REMOTE = re.compile(r"https://github\.com/llm-devops/llm-simulator//(statefulset\S*)\?ref=v[0-9.]+")
COMMANDS = [
    " ".join(line.split())
    for block in re.findall(r"^```sh\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    for line in block.replace("\\\n", "").splitlines()
    if line.startswith("kubectl ")
]
GLOBAL = ("--context", "--namespace")


def test_table_says_how_many_pods_there_are_and_what_they_ask_for(kubectl: Path) -> None:
    rows = re.findall(r"^\| `(\S+)/` \|.*\| (\d) x (\w+), (\w+) \|$", README, re.MULTILINE)
    assert {row[0] for row in rows} == BUILDS.keys() - {""}
    for folder, pods, cpu, memory in rows:
        spec = one(shipped(kubectl, folder), "StatefulSet")["spec"]
        [server] = spec["template"]["spec"]["containers"]
        asked = server["resources"]["requests"]
        assert (folder, spec["replicas"], asked["memory"]) == (folder, int(pods), memory)
        assert millis(asked["cpu"]) == millis(cpu)


def millis(cpu: str) -> int:
    return int(cpu.removesuffix("m")) if cpu.endswith("m") else int(cpu) * 1000


def test_overlay_of_the_example_builds(kubectl: Path, tmp_path: Path) -> None:
    [example] = re.findall(
        r"<!-- example: kustomization\.yaml -->\n```yaml\n(.*?)^```$", README, re.MULTILINE | re.DOTALL
    )
    local, count = REMOTE.subn(lambda match: os.path.relpath(FOLDER.parent / match[1], tmp_path), example)
    assert count == 1
    (tmp_path / "kustomization.yaml").write_text(local)
    objects = built(kubectl, tmp_path)
    for each in objects:
        kubernetes_validate.validate(each, VERSIONS[0], strict=True)
    spec = one(objects, "StatefulSet")["spec"]
    assert spec["replicas"] == 5
    assert spec["volumeClaimTemplates"][0]["spec"]["storageClassName"] == "gp3"
    for container in [*spec["template"]["spec"]["containers"], *spec["template"]["spec"]["initContainers"]]:
        assert container["image"].startswith("registry.example.com/llm-simulator:")
    assert "eks.amazonaws.com/role-arn" in one(objects, "ServiceAccount")["metadata"]["annotations"]
    assert seed(objects) == "Nw=="


def seed(objects: list[Manifest]) -> str:
    """The root seed that pods are given, as base64 of the Secret that they read."""
    [server] = one(objects, "StatefulSet")["spec"]["template"]["spec"]["containers"]
    [variable] = [each for each in server["env"] if each["name"] == "LLMSIM_SEED"]
    reference = variable["valueFrom"]["secretKeyRef"]
    data: dict[str, str] = one(objects, "Secret", reference["name"])["data"]
    return data[reference["key"]]


@pytest.mark.parametrize("command", dict.fromkeys(COMMANDS), ids=str)
def test_kubectl_knows_the_command(command: str, kubectl: Path) -> None:
    ours, _, _ = command.partition(" -- ")
    words = shlex.split(ours)[1:]
    flags = [word.partition("=")[0] for word in words if word.startswith("-")]
    verbs = verb(words)
    text = helped(kubectl, *verbs)
    for flag in flags:
        assert re.search(rf"(^|\s){re.escape(flag)}[=,]", text), f"kubectl {' '.join(verbs)} has no {flag}"


def verb(words: list[str]) -> list[str]:
    """The subcommand: what stands first once the flags for every command, and their values, are gone."""
    while words and words[0] in GLOBAL:
        words = words[2:]
    nested = {"create": {"secret": 2, "namespace": 1}, "rollout": {"status": 1, "restart": 1}, "set": {"resources": 1}}
    return words[: 1 + nested.get(words[0], {}).get(words[1], 0)]


@cache
def helped(kubectl: Path, *verbs: str) -> str:
    """What kubectl says of a subcommand's flags, and of those of every command."""
    said = [
        subprocess.run([kubectl, *command], check=True, capture_output=True, text=True).stdout
        for command in ([*verbs, "--help"], ["options"])
    ]
    assert f"kubectl {' '.join(verbs)}" in said[0]
    return "\n".join(said)


def test_flag_that_kubectl_does_not_have_is_found(kubectl: Path) -> None:
    with pytest.raises(AssertionError, match="has no --replica"):
        test_kubectl_knows_the_command("kubectl --context a scale statefulset/b --replica=3", kubectl)


def test_patch_is_one_of_a_statefulset(kubectl: Path) -> None:
    [patch] = [word for command in COMMANDS for word in shlex.split(command) if word.startswith("--patch=")]
    statefulset = one(shipped(kubectl, "overlays/dr-standby"), "StatefulSet")
    merged = {"whenDeleted": "Retain", **orjson.loads(patch.removeprefix("--patch="))["spec"].popitem()[1]}
    assert merged == {"whenDeleted": "Retain", "whenScaled": "Retain"}
    statefulset["spec"]["persistentVolumeClaimRetentionPolicy"] = merged
    kubernetes_validate.validate(statefulset, VERSIONS[0], strict=True)


def test_folders_and_namespaces_are_those_that_are_named() -> None:
    for folder, namespace in BUILDS.items():
        kustomization = yaml.safe_load((FOLDER / folder / "kustomization.yaml").read_text())
        assert kustomization.get("namespace", "") == namespace
        assert f"`{namespace}`" in README or not namespace
