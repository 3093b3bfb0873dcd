"""What statefulset/README.md says can be done: its table is true, its example builds, its patch is one."""

import os
import re
from pathlib import Path

import kubernetes_validate
import orjson
import yaml

from tests.deploy.manifests.kustomized import BUILDS, VERSIONS, built, one, shipped
from tests.deploy.manifests.render import FOLDER, Manifest

README = (FOLDER / "README.md").read_text()
REMOTE = re.compile(r"https://github\.com/llm-devops/llm-simulator//(statefulset\S*)\?ref=v[0-9.]+")


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


def test_patch_is_one_of_a_statefulset(kubectl: Path) -> None:
    [patch] = re.findall(r"--patch='(.*)'$", README, re.MULTILINE)
    statefulset = one(shipped(kubectl, "overlays/dr-standby"), "StatefulSet")
    merged = {"whenDeleted": "Retain", **orjson.loads(patch)["spec"]["persistentVolumeClaimRetentionPolicy"]}
    assert merged == {"whenDeleted": "Retain", "whenScaled": "Retain"}
    statefulset["spec"]["persistentVolumeClaimRetentionPolicy"] = merged
    kubernetes_validate.validate(statefulset, VERSIONS[0], strict=True)


def test_folders_and_namespaces_are_those_that_are_named() -> None:
    for folder, namespace in BUILDS.items():
        kustomization = yaml.safe_load((FOLDER / folder / "kustomization.yaml").read_text())
        assert kustomization.get("namespace", "") == namespace
        assert f"`{namespace}`" in README or not namespace
