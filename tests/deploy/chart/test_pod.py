"""The pod that serves: identity, security, probes, how it stops, where it runs, what runs before it."""

import re
from pathlib import Path
from typing import Any

import click
import pytest

from llmsim import __version__
from llmsim.cli.main import cli
from llmsim.serving.archiver import DRAIN_S
from llmsim.settings import Settings
from tests import test_docs
from tests.deploy.chart import restricted
from tests.deploy.chart.charts import CHART, VARIANTS, Manifest, containers, pods, rendered
from tests.deploy.chart.conftest import Render

MODES = ("statefulset", "deployment", "daemonset")
HOST_PATH = {
    "daemonset": [
        "volume data: hostPath",
        "prepare: runAsNonRoot",
        "prepare: runAsUser 0",
        "prepare: capabilities added",
    ],
    "daemonset-hostnetwork": ["hostNetwork", "volume data: hostPath"],
}
"""What the variants of a DaemonSet that use their node ask of it, as README.md and NOTES.txt say."""


def variable(container: Manifest, name: str) -> Manifest:
    [found] = [one for one in container["env"] if one["name"] == name]
    return {key: value for key, value in found.items() if key != "name"}


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda file: file.name.removesuffix("-values.yaml"))
def test_every_pod_may_run_where_pod_security_is_restricted(variant: Path, helm4: Path) -> None:
    name = variant.name.removesuffix("-values.yaml")
    found = pods(rendered(helm4, variant))
    assert len(found) > 1
    for whose, pod in found:
        expected = HOST_PATH.get(name, []) if whose.startswith("DaemonSet") else []
        assert restricted.violations(pod) == expected


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda file: file.name.removesuffix("-values.yaml"))
def test_every_container_is_held_tightly(variant: Path, helm4: Path) -> None:
    for _, pod in pods(rendered(helm4, variant)):
        assert pod["enableServiceLinks"] is False
        for container in containers(pod):
            context = container["securityContext"]
            assert context["readOnlyRootFilesystem"] is True
            assert context["allowPrivilegeEscalation"] is False
            assert context["capabilities"]["drop"] == ["ALL"]
            assert "livenessProbe" in container or container not in pod["containers"] or pod["restartPolicy"] == "Never"


def test_pods_run_as_the_user_of_the_image(chart: Render) -> None:
    for _, pod in pods(chart("snapshots")):
        context = pod["securityContext"]
        assert (context["runAsUser"], context["runAsGroup"], context["fsGroup"]) == (1000, 1000, 1000)
        assert context["fsGroupChangePolicy"] == "OnRootMismatch"


def test_folder_of_a_node_is_prepared_by_root_with_two_capabilities(chart: Render) -> None:
    prepare, check = chart("daemonset").pod["initContainers"]
    assert prepare["securityContext"]["capabilities"] == {"drop": ["ALL"], "add": ["CHOWN", "FOWNER"]}
    assert [mount["mountPath"] for mount in prepare["volumeMounts"]] == ["/data"]
    assert "env" not in prepare
    assert check["args"] == ["check", "--allow-empty"]


def test_ordinal_is_the_pods_index_in_a_statefulset(chart: Render) -> None:
    """A cluster that sets no such label gives an empty variable, and llmsim looks at its host name."""
    for container in containers(chart("dr-standby").pod):
        field = variable(container, "LLMSIM_ORDINAL")["valueFrom"]["fieldRef"]["fieldPath"]
        assert field == "metadata.labels['apps.kubernetes.io/pod-index']"


@pytest.mark.parametrize("mode", ["deployment", "daemonset"])
def test_every_pod_is_pod_0_elsewhere(mode: str, chart: Render) -> None:
    """Names of such pods may end in digits, which would be taken for an ordinal."""
    assert variable(chart({"mode": mode}).server, "LLMSIM_ORDINAL") == {"value": "0"}


@pytest.mark.parametrize("mode", MODES)
def test_three_probes_ask_three_questions(mode: str, chart: Render) -> None:
    server = chart({"mode": mode, "probes": {"startup": {"periodSeconds": 3, "failureThreshold": 40}}}).server
    asked = {kind: server[f"{kind}Probe"]["httpGet"]["path"] for kind in ("startup", "liveness", "readiness")}
    assert asked == {"startup": "/startupz", "liveness": "/healthz", "readiness": "/readyz"}
    assert [path for path in asked.values() if not test_docs.routed("GET", path)] == []
    assert {server[f"{kind}Probe"]["httpGet"]["port"] for kind in asked} == {"http"}
    assert (server["startupProbe"]["periodSeconds"], server["startupProbe"]["failureThreshold"]) == (3, 40)


@pytest.mark.parametrize(
    ("values", "expected_s"),
    [
        ({}, 5 + 25 + 15),
        ({"settings": {"grace_s": 60.5}, "shutdown": {"drainSeconds": 10, "marginSeconds": 20}}, 10 + 61 + 20),
        ({"settings": {"grace_s": 0}}, 5 + 0 + 15),
    ],
)
def test_grace_period_has_room_for_all_that_a_stop_takes(
    values: dict[str, Any], expected_s: int, chart: Render
) -> None:
    found = chart(values)
    assert found.pod["terminationGracePeriodSeconds"] == expected_s
    assert f"grace_s = {values.get('settings', {}).get('grace_s', 25)}\n" in found.settings


def test_margin_is_longer_than_the_last_shipping(chart: Render) -> None:
    drain_s = chart().server["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert chart().pod["terminationGracePeriodSeconds"] - drain_s - Settings().grace_s > DRAIN_S


def test_pod_drains_by_the_kubelets_sleep_or_its_own(chart: Render) -> None:
    """The image has no shell; `sleep` as a hook is known from 1.30 on."""
    values = {"shutdown": {"drainSeconds": 7}}
    assert chart(values, "1.30.0").server["lifecycle"]["preStop"] == {"sleep": {"seconds": 7}}
    hook = chart(values, "1.29.0").server["lifecycle"]["preStop"]
    assert hook == {"exec": {"command": ["python3", "-c", "import time; time.sleep(7)"]}}


@pytest.mark.parametrize(("variant", "expected"), [
    ("default", ["check"]),
    ("dr-standby", ["restore", "check"]),
    ("daemonset-restricted", ["check"]),
    ("deployment", []),
    ("everything-off", []),
])  # fmt: skip
def test_volume_is_restored_and_checked_before_it_is_served(variant: str, expected: list[str], chart: Render) -> None:
    assert [one["name"] for one in chart(variant).pod.get("initContainers", [])] == expected


def test_restore_does_nothing_where_a_store_is(chart: Render) -> None:
    strict, lenient = (chart(name).pod["initContainers"][0] for name in ("dr-standby", "dr-drill"))
    assert strict["args"] == ["restore", "s3://llmsim-backups-us-west-2/prod", "--if-empty"]
    assert lenient["args"] == ["restore", "/backups", "--if-empty", "--or-fresh"]


def test_what_runs_before_has_all_that_the_server_has(chart: Render) -> None:
    """Credentials, keys, the ordinal and the volume: a restore needs each."""
    for name in ("snapshots", "dr-standby", "dr-drill", "extras"):
        found = chart(name)
        for container in found.pod["initContainers"]:
            for part in ("env", "envFrom", "volumeMounts", "image", "resources"):
                assert container.get(part) == found.server.get(part)


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda file: file.name.removesuffix("-values.yaml"))
def test_commands_of_containers_are_llmsims(variant: Path, helm4: Path) -> None:
    for _, pod in pods(rendered(helm4, variant)):
        for container in containers(pod):
            if "command" in container:
                continue
            name, *arguments = container["args"]
            command = cli.get_command(click.Context(cli), name)
            assert command is not None
            command.make_context(name, [str(one) for one in arguments])


def test_pods_are_spread_over_zones_and_nodes(chart: Render) -> None:
    labels = chart().workload["spec"]["selector"]["matchLabels"]
    [zones] = chart().pod["topologySpreadConstraints"]
    assert (zones["topologyKey"], zones["whenUnsatisfiable"]) == ("topology.kubernetes.io/zone", "ScheduleAnyway")
    assert zones["labelSelector"]["matchLabels"] == labels
    [term] = chart().pod["affinity"]["podAntiAffinity"]["preferredDuringSchedulingIgnoredDuringExecution"]
    assert term["podAffinityTerm"]["topologyKey"] == "kubernetes.io/hostname"
    assert term["podAffinityTerm"]["labelSelector"]["matchLabels"] == labels
    hard = chart("production-heavy").pod
    assert "requiredDuringSchedulingIgnoredDuringExecution" in hard["affinity"]["podAntiAffinity"]
    assert hard["topologySpreadConstraints"][0]["whenUnsatisfiable"] == "DoNotSchedule"
    for name in ("everything-off", "daemonset"):
        assert {"affinity", "topologySpreadConstraints"}.isdisjoint(chart(name).pod)


def test_affinity_of_ones_own_takes_the_place_of_ours(chart: Render) -> None:
    assert list(chart("extras").pod["affinity"]) == ["nodeAffinity"]


def test_image_is_that_of_the_release_or_a_digest(chart: Render) -> None:
    assert chart().server["image"] == f"ghcr.io/llm-devops/llm-simulator:{__version__}"
    assert re.fullmatch(r"ghcr.io/llm-devops/llm-simulator@sha256:a{64}", chart("production-heavy").server["image"])
    assert chart("extras").server["image"] == "registry.example.com:5000/mirror/llm-simulator:0.1.0-debug"
    for name in ("snapshots", "production-heavy", "volume-snapshots"):
        images = {one["image"] for _, pod in pods(chart(name)) for one in containers(pod)}
        assert len(images) == 1


def test_version_of_the_chart_is_llmsims() -> None:
    assert f'appVersion: "{__version__}"' in (CHART / "Chart.yaml").read_text()


@pytest.mark.parametrize("changed", [
    {"settings": {"log_level": "debug"}},
    {"profiles": {"files": {"slow-model.toml": "models = []"}}},
    {"sessions": {"files": {"hello.toml": "summary = 'x'"}}},
])  # fmt: skip
def test_pods_are_rolled_when_what_they_read_changes(changed: dict[str, Any], chart: Render) -> None:
    before, after = (chart(values).workload["spec"]["template"]["metadata"]["annotations"] for values in ({}, changed))
    [what] = changed
    assert {name for name in before if before[name] != after[name]} >= {f"checksum/{what}"}
    assert (
        before
        == chart({"replicas": 7, "podLabels": {"a": "b"}}).workload["spec"]["template"]["metadata"]["annotations"]
    )
