"""Every variant of values is linted, rendered by two versions of Helm alike, and taken by every Kubernetes."""

import re
import tarfile
from pathlib import Path

import kubernetes_validate
import pytest
from yamllint import linter
from yamllint.config import YamlLintConfig

from tests.deploy.chart import kinds
from tests.deploy.chart.charts import (
    CHANGES,
    CHART,
    TODAY,
    VARIANTS,
    VERSIONS,
    Manifest,
    objects,
    rendered,
    said,
    template,
)

YAML = YamlLintConfig(
    """{extends: default, rules: {
    line-length: {max: 120, allow-non-breakable-inline-mappings: true},
    document-start: disable,
    braces: {max-spaces-inside: 0}}}"""
)
pytestmark = pytest.mark.usefixtures("renderings")
each_variant = pytest.mark.parametrize("variant", VARIANTS, ids=lambda file: file.name.removesuffix("-values.yaml"))


def identity(one: Manifest) -> tuple[str, str, str]:
    return one["apiVersion"], one["kind"], one["metadata"]["name"]


def version_of(text: str) -> tuple[int, ...]:
    return tuple(map(int, text.split(".")))


@each_variant
def test_variant_is_linted(variant: Path, helm: Path) -> None:
    told = said(helm, "lint", "--strict", CHART, "--values", variant)
    assert "1 chart(s) linted, 0 chart(s) failed" in told
    assert "[WARNING]" not in told


@each_variant
def test_both_helms_make_the_same(variant: Path, helm3: Path, helm4: Path) -> None:
    """In whatever order: they differ in that where kinds are not Kubernetes' own."""
    made = [sorted(rendered(helm, variant, TODAY), key=identity) for helm in (helm3, helm4)]
    assert made[0] == made[1]


@each_variant
def test_every_kubernetes_takes_what_is_made_for_it(variant: Path, helm4: Path) -> None:
    for version in VERSIONS:
        made_for = max((kube for kube in CHANGES if version_of(kube) <= version_of(version)), key=version_of)
        for one in rendered(helm4, variant, made_for):
            assert kinds.is_extension(one) or kinds.faults(one, version) == []


@each_variant
def test_extensions_take_what_is_made_for_them(variant: Path, helm4: Path) -> None:
    if not kinds.CRDS.is_dir():
        pytest.skip(f"the schemas of extensions are not in {kinds.CRDS} (CRD_SCHEMAS names another folder)")
    for one in rendered(helm4, variant, TODAY):
        if kinds.is_extension(one) and one["kind"] not in kinds.WITHOUT_SCHEMA:
            assert kinds.faults_of_extension(one) == []


@each_variant
def test_variant_is_yaml_of_good_form(variant: Path) -> None:
    assert list(linter.run(variant.read_text(), YAML)) == []


def test_values_are_yaml_of_good_form() -> None:
    assert list(linter.run((CHART / "values.yaml").read_text(), YAML)) == []


@each_variant
def test_objects_are_told_apart_and_belong_to_the_release(variant: Path, helm4: Path) -> None:
    found = list(rendered(helm4, variant, TODAY))
    assert len(set(map(identity, found))) == len(found)
    for one in found:
        assert one["metadata"]["labels"]["app.kubernetes.io/instance"] == "llm-simulator"
        cluster_wide = one["kind"] in {"StorageClass", "VolumeSnapshotClass"}
        assert one["metadata"].get("namespace") == (None if cluster_wide else "llm-devops")


def test_versions_that_change_something_are_those_that_templates_ask_for() -> None:
    asked = {match for file in (CHART / "templates").rglob("*") if file.is_file()
             for match in re.findall(r'semverCompare ">=([0-9.]+)-0"', file.read_text())}  # fmt: skip
    assert {f"{one}.0" for one in asked} == set(CHANGES[1:])
    assert 'kubeVersion: ">=1.28.0-0"' in (CHART / "Chart.yaml").read_text()


def test_every_template_makes_something_in_a_variant(helm4: Path) -> None:
    """No template is left that no variant tries."""
    made = {
        source
        for variant in VARIANTS
        for document in template(helm4, variant, TODAY).split("\n---")
        if objects(document)
        for source in re.findall(r"# Source: llm-simulator/templates/(\S+)", document)
    }
    there = {str(file.relative_to(CHART / "templates")) for file in (CHART / "templates").rglob("*.yaml")}
    assert there - made == {"checks.yaml"}


def test_typo_in_an_object_is_found(helm4: Path) -> None:
    """The schemas say what `kubernetes-validate --strict` says."""
    [statefulset] = rendered(helm4).kind("StatefulSet")
    misspelt: Manifest = {**statefulset, "spec": {**statefulset["spec"], "serviceNames": "x"}}
    for one in (statefulset, misspelt):
        try:
            kubernetes_validate.validate(one, VERSIONS[-1], strict=True)
            told = False
        except kubernetes_validate.ValidationError:
            told = True
        assert bool(kinds.faults(one, VERSIONS[-1])) == told == (one is misspelt)


def test_typo_in_an_extension_is_found(helm4: Path) -> None:
    if not kinds.CRDS.is_dir():
        pytest.skip(f"the schemas of extensions are not in {kinds.CRDS} (CRD_SCHEMAS names another folder)")
    found = rendered(helm4, CHART / "ci" / "monitoring-values.yaml", TODAY).one("ServiceMonitor")
    found["spec"]["endpoint"] = []
    assert kinds.faults_of_extension(found) != []


def test_package_has_what_templates_read_and_no_variants(helm: Path, tmp_path: Path) -> None:
    said(helm, "package", CHART, "--destination", str(tmp_path))
    [package] = tmp_path.iterdir()
    with tarfile.open(package) as packed:
        names = {name.removeprefix(f"{CHART.name}/") for name in packed.getnames()}
    read = [file for folder in ("files", "rules", "dashboards") for file in (CHART / folder).iterdir()]
    assert {str(file.relative_to(CHART)) for file in read} | {"values.schema.json", "README.md"} <= names
    assert [name for name in names if name.startswith("ci")] == []


def test_kubernetes_before_the_oldest_is_refused(helm: Path) -> None:
    with pytest.raises(Exception, match=r"requires kubeVersion: >=1\.28\.0-0"):
        template(helm, None, "1.27.9")


def test_names_are_short_enough_for_their_kinds(helm4: Path) -> None:
    """A release may have a name of 53 characters, a CronJob one of 52, and a pod is labelled with its workload's."""
    values = ["--set=volumeSnapshots.enabled=true,settings.archive_to=s3://b/p,dashboards.enabled=true"]
    values += ["--set=snapshots.cronJob.enabled=true,snapshots.prune.enabled=true"]
    named = [
        ("r" * 53, []),
        ("short", [f"--set=fullnameOverride={'f' * 60}"]),
        ("short", [f"--set=nameOverride={'n' * 60}"]),
    ]
    for release, override in named:
        found = objects(said(helm4, "template", release, CHART, *values, *override))
        assert {one["kind"] for one in found} >= {"CronJob", "StatefulSet", "Service", "ConfigMap"}
        for one in found:
            most = {"CronJob": 52, "StatefulSet": 52}.get(one["kind"], 63)
            assert len(one["metadata"]["name"]) <= most
            assert all(len(value) <= 63 for value in one["metadata"]["labels"].values())
