"""statefulset/ is what the chart makes of its values, kustomize builds it, and every Kubernetes it is for takes it."""

import shutil
from pathlib import Path
from typing import Any

import kubernetes_validate
import orjson
import pytest
from yamllint import linter
from yamllint.config import YamlLintConfig

from llmsim.settings import resolve
from tests.deploy.manifests import render
from tests.deploy.manifests.kustomized import BUILDS, VERSIONS, built, each_build, one, shipped

LINT = YamlLintConfig(
    "{extends: relaxed, rules: {line-length: {max: 200}, indentation: {indent-sequences: consistent}}}"
)


def by_identity(objects: list[render.Manifest]) -> dict[tuple[str, str, str], render.Manifest]:
    found = {(each["apiVersion"], each["kind"], each["metadata"]["name"]): each for each in objects}
    assert len(found) == len(objects)
    return found


def test_files_are_what_the_chart_makes_of_the_values(helm: Path) -> None:
    wanted = render.files(helm)
    different = [name for name, text in wanted.items() if written(name) != text]
    assert different == [], "run `nox -s statefulset`"
    assert render.stale(wanted) == []


def written(name: str) -> str | None:
    file = render.FOLDER / name
    return file.read_text() if file.is_file() else None


@each_build
def test_kustomize_builds_what_the_chart_makes(folder: str, kubectl: Path, helm4: Path) -> None:
    values = [render.values_of("base")] + ([render.values_of(folder)] if BUILDS[folder] else [])
    wanted = by_identity(render.of_chart(helm4, *values, namespace=BUILDS[folder]))
    found = by_identity(shipped(kubectl, folder))
    added = {name for _, kind, name in found.keys() - wanted.keys()}
    assert added == ({"llm-simulator-seed", BUILDS[folder], *places(folder)} - {""})
    assert {key: found[key] for key in wanted} == wanted


def places(folder: str) -> list[str]:
    return [render.PLACES] if (render.FOLDER / folder / "place.env").is_file() else []


@pytest.mark.parametrize("version", VERSIONS)
def test_every_kubernetes_takes_what_is_built(version: str, kubectl: Path) -> None:
    """Kinds that Kubernetes does not know itself would be an error as well: no CustomResourceDefinition is needed."""
    objects = {orjson.dumps(each): each for folder in BUILDS for each in shipped(kubectl, folder)}
    for each in objects.values():
        kubernetes_validate.validate(each, version, strict=True)


def test_versions_reach_from_the_oldest_to_the_newest() -> None:
    assert VERSIONS[0] == render.OLDEST
    assert len(VERSIONS) >= 10


def test_typo_and_foreign_kind_are_found(kubectl: Path) -> None:
    statefulset = one(shipped(kubectl), "StatefulSet")
    statefulset["spec"]["replica"] = statefulset["spec"].pop("replicas")
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(statefulset, VERSIONS[-1], strict=True)
    foreign = {"apiVersion": "monitoring.coreos.com/v1", "kind": "ServiceMonitor", "metadata": {"name": "a"}}
    with pytest.raises(kubernetes_validate.SchemaNotFoundError):
        kubernetes_validate.validate(foreign, VERSIONS[-1], strict=True)


def test_yaml_is_in_good_form() -> None:
    files = list(render.FOLDER.rglob("*.yaml"))
    assert len(files) > 20
    assert {file: list(linter.run(file.read_text(), LINT)) for file in files} == {file: [] for file in files}
    assert list(linter.run("replicas: 1\nreplicas: 2\n", LINT)) != []


@pytest.mark.parametrize(("folder", "key"), [("production", "archive_to"), ("dr-standby", "archive_to")])
def test_place_of_the_archive_is_filled_in(folder: str, key: str, kubectl: Path, tmp_path: Path) -> None:
    objects = built(kubectl, with_places(folder, {key: "gs://another/place"}, tmp_path))
    assert settings(objects, tmp_path).archive_to == "gs://another/place"


def test_place_to_restore_from_is_filled_in(kubectl: Path, tmp_path: Path) -> None:
    objects = built(kubectl, with_places("dr-standby", {"restore_from": "az://another/place"}, tmp_path))
    restore, check = one(objects, "StatefulSet")["spec"]["template"]["spec"]["initContainers"]
    assert restore["args"] == ["restore", "az://another/place", "--if-empty"]
    assert check["args"] == ["check", "--allow-empty"]


def with_places(folder: str, places: dict[str, str], tmp_path: Path) -> Path:
    """A copy of statefulset/ in which an operator has named other places; the folder of the overlay."""
    shutil.copytree(render.FOLDER, tmp_path / "statefulset")
    file = tmp_path / "statefulset" / "overlays" / folder / "place.env"
    lines = [line.partition("=") for line in file.read_text().splitlines() if not line.startswith("#")]
    assert places.keys() <= {name for name, _, _ in lines}
    file.write_text("".join(f"{name}={places.get(name, place)}\n" for name, _, place in lines))
    return file.parent


@each_build
def test_server_and_init_containers_are_told_settings_that_exist(folder: str, kubectl: Path, tmp_path: Path) -> None:
    objects = shipped(kubectl, folder)
    spec = one(objects, "StatefulSet")["spec"]["template"]["spec"]
    file = str(settings_file(objects, tmp_path))
    for container in [*spec["containers"], *spec["initContainers"]]:
        told = {variable["name"]: variable.get("value", "") for variable in container["env"]}
        assert resolve({}, {**told, "LLMSIM_CONFIG": file}).port == 8080


def settings_file(objects: list[render.Manifest], tmp_path: Path) -> Path:
    file = tmp_path / "settings.toml"
    file.write_text(one(objects, "ConfigMap", "llm-simulator-settings")["data"]["settings.toml"])
    return file


def settings(objects: list[render.Manifest], tmp_path: Path) -> Any:  # noqa: ANN401  (llmsim's)
    return resolve({}, {}, settings_file(objects, tmp_path))


@each_build
def test_every_pod_has_the_same_root_seed(folder: str, kubectl: Path) -> None:
    objects = shipped(kubectl, folder)
    assert one(objects, "Secret", "llm-simulator-seed")["data"].keys() == {"seed"}
    [server] = one(objects, "StatefulSet")["spec"]["template"]["spec"]["containers"]
    [seed] = [variable for variable in server["env"] if variable["name"] == "LLMSIM_SEED"]
    assert seed["valueFrom"]["secretKeyRef"] == {"name": "llm-simulator-seed", "key": "seed"}


@each_build
def test_no_configmap_is_there_in_vain(folder: str, kubectl: Path) -> None:
    objects = shipped(kubectl, folder)
    there = {each["metadata"]["name"] for each in objects if each["kind"] == "ConfigMap"}
    volumes = one(objects, "StatefulSet")["spec"]["template"]["spec"]["volumes"]
    assert there - set(places(folder)) == {each["configMap"]["name"] for each in volumes if "configMap" in each}


def test_overlays_differ_where_their_values_say_so(kubectl: Path) -> None:
    sets = {folder: one(shipped(kubectl, folder), "StatefulSet")["spec"] for folder in BUILDS}
    assert {folder: spec["replicas"] for folder, spec in sets.items()} == {
        "": 3,
        "base": 3,
        "overlays/dev": 1,
        "overlays/production": 3,
        "overlays/dr-standby": 3,
    }
    modes = {name: spec["volumeClaimTemplates"][0]["spec"]["accessModes"] for name, spec in sets.items()}
    assert modes["base"] == ["ReadWriteOnce"]
    assert modes["overlays/production"] == modes["overlays/dr-standby"] == ["ReadWriteOncePod"]
    assert sets["overlays/dr-standby"]["podManagementPolicy"] == "Parallel"
    assert sets["overlays/dr-standby"]["persistentVolumeClaimRetentionPolicy"]["whenScaled"] == "Delete"
    assert sets["overlays/production"]["persistentVolumeClaimRetentionPolicy"]["whenScaled"] == "Retain"
