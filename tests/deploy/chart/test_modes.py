"""StatefulSet, Deployment and DaemonSet: what each promises of its volumes, updates and names."""

from typing import Any

import pytest

from tests.deploy.chart.charts import CHANGES, Manifest, Objects
from tests.deploy.chart.conftest import Render

DATA = "/var/lib/llmsim"


def data_volume(found: Objects) -> Manifest:
    [mount] = [one for one in found.server["volumeMounts"] if one["mountPath"] == DATA]
    [volume] = [one for one in found.pod["volumes"] if one["name"] == mount["name"]]
    return {key: value for key, value in volume.items() if key != "name"}


def claim(found: Objects) -> Manifest:
    [template] = found.workload["spec"]["volumeClaimTemplates"]
    return {"name": template["metadata"]["name"], **template["spec"]}


def test_statefulset_is_the_default(chart: Render) -> None:
    spec = chart().one("StatefulSet")["spec"]
    assert (spec["replicas"], spec["serviceName"]) == (3, "llm-simulator-headless")
    assert spec["podManagementPolicy"] == "OrderedReady"
    assert spec["updateStrategy"] == {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}}
    assert spec["persistentVolumeClaimRetentionPolicy"] == {"whenDeleted": "Retain", "whenScaled": "Retain"}


def test_each_pod_of_a_statefulset_has_a_name_in_the_headless_service(chart: Render) -> None:
    headless = chart().one("Service", "-headless")["spec"]
    assert (headless["clusterIP"], headless["publishNotReadyAddresses"]) == ("None", True)
    assert headless["selector"] == chart().workload["spec"]["selector"]["matchLabels"]


def test_each_pod_of_a_statefulset_has_a_volume_for_itself(chart: Render) -> None:
    assert claim(chart()) == {
        "name": "data",
        "accessModes": ["ReadWriteOncePod"],
        "resources": {"requests": {"storage": "50Gi"}},
    }
    assert [one["name"] for one in chart().server["volumeMounts"] if one["mountPath"] == DATA] == ["data"]


def test_claims_are_the_same_for_every_kubernetes(chart: Render) -> None:
    """No StatefulSet takes a change of its claims: one that came with a newer cluster would fail each upgrade."""
    assert [claim(chart(kube=kube)) for kube in CHANGES] == [claim(chart())] * len(CHANGES)
    assert claim(chart({"persistence": {"accessMode": "ReadWriteOnce"}}))["accessModes"] == ["ReadWriteOnce"]


def test_statefulset_is_updated_from_a_partition_on(chart: Render) -> None:
    spec = chart("production-heavy").one("StatefulSet")["spec"]
    assert (spec["podManagementPolicy"], spec["minReadySeconds"]) == ("Parallel", 30)
    assert spec["updateStrategy"]["rollingUpdate"] == {"partition": 4}


def test_volumes_may_go_with_their_statefulset(chart: Render) -> None:
    policy = chart("development").one("StatefulSet")["spec"]["persistentVolumeClaimRetentionPolicy"]
    assert policy == {"whenDeleted": "Delete", "whenScaled": "Delete"}


def test_storage_class_is_made_and_used(chart: Render) -> None:
    found = chart("volume-snapshots")
    made = found.one("StorageClass")
    assert claim(found)["storageClassName"] == made["metadata"]["name"] == "llm-simulator-fast"
    assert (made["reclaimPolicy"], made["volumeBindingMode"]) == ("Retain", "WaitForFirstConsumer")
    assert claim(chart({"persistence": {"storageClassName": "fast"}}))["storageClassName"] == "fast"


def test_deployment_adds_a_pod_before_it_removes_one(chart: Render) -> None:
    spec = chart("deployment").one("Deployment")["spec"]
    assert spec["strategy"] == {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
    assert chart("deployment").one("PodDisruptionBudget")["spec"]["minAvailable"] == 2


def test_deployment_keeps_nothing_beyond_its_pods(chart: Render) -> None:
    found = chart("deployment")
    assert data_volume(found) == {"emptyDir": {"sizeLimit": "10Gi"}}
    assert [one["metadata"]["name"] for one in found.kind("Service")] == ["llm-simulator"]


@pytest.mark.parametrize(("values", "expected"), [({}, 3), ({"replicas": 0}, 0), ({"replicas": 7}, 7)])
def test_replicas_are_those_that_were_said(values: dict[str, Any], expected: int, chart: Render) -> None:
    assert chart(values).workload["spec"]["replicas"] == expected


@pytest.mark.parametrize("variant", ["deployment", "keda", "high-throughput"])
def test_autoscaler_alone_says_how_many_pods(variant: str, chart: Render) -> None:
    """An upgrade that names a number would take back what the autoscaler decided."""
    assert "replicas" not in chart(variant).workload["spec"]


def test_daemonset_keeps_its_store_on_the_node_in_a_folder_for_this_release(chart: Render) -> None:
    found = chart("daemonset")
    path = "/var/lib/llm-simulator/llm-devops/llm-simulator"
    assert data_volume(found) == {"hostPath": {"path": path, "type": "DirectoryOrCreate"}}
    assert data_volume(chart("daemonset-restricted")) == {"emptyDir": {}}


def test_two_pods_of_a_daemonset_never_share_a_store(chart: Render) -> None:
    for name in ("daemonset", "daemonset-hostnetwork"):
        update = chart(name).one("DaemonSet")["spec"]["updateStrategy"]["rollingUpdate"]
        assert update["maxSurge"] == 0
        assert update["maxUnavailable"] != 0


def test_requests_stay_on_their_node_in_a_daemonset(chart: Render) -> None:
    assert chart("daemonset").one("Service")["spec"]["internalTrafficPolicy"] == "Local"
    assert "internalTrafficPolicy" not in chart().one("Service", "")["spec"]


def test_host_network_is_there_when_asked_for(chart: Render) -> None:
    pod = chart("daemonset-hostnetwork").pod
    assert (pod["hostNetwork"], pod["dnsPolicy"]) == (True, "ClusterFirstWithHostNet")
    assert pod["containers"][0]["ports"][0]["containerPort"] == 18080
    assert "port = 18080\n" in chart("daemonset-hostnetwork").settings
    prepared = {"hostPath": {"path": "/srv/llm-simulator/llm-devops/llm-simulator", "type": "Directory"}}
    assert data_volume(chart("daemonset-hostnetwork")) == prepared
    assert "hostNetwork" not in chart("daemonset").pod


@pytest.mark.parametrize(
    ("preset", "expected"),
    [
        ("development", ("250m", "1000m", "512Mi", "2Gi")),
        ("staging", ("500m", "2000m", "1Gi", "4Gi")),
        ("production-light", ("1000m", "4000m", "2Gi", "8Gi")),
        ("production-heavy", ("2000m", "8000m", "4Gi", "16Gi")),
        ("high-throughput", ("4000m", "16000m", "8Gi", "32Gi")),
    ],
)
@pytest.mark.parametrize("mode", ["statefulset", "deployment", "daemonset"])
def test_presets_are_the_platforms_table(preset: str, expected: tuple[str, ...], mode: str, chart: Render) -> None:
    found = chart({"mode": mode, "resourcesPreset": preset}).server["resources"]
    requests, limits = found["requests"], found["limits"]
    assert (requests["cpu"], limits["cpu"], requests["memory"], limits["memory"]) == expected


def test_default_preset_is_that_of_production(chart: Render) -> None:
    assert chart().server["resources"] == chart({"resourcesPreset": "production-light"}).server["resources"]
    assert chart("everything-off").server["resources"] == {}
    assert chart("extras").server["resources"]["limits"] == {"memory": "3Gi"}


def test_release_of_another_name_has_names_and_selectors_of_its_own(chart: Render) -> None:
    found = chart("canary")
    assert found.workload["metadata"]["name"] == "llm-simulator-canary"
    assert {one["metadata"]["name"] for one in found.kind("Service")} == {"llm-simulator-canary"}
    assert chart("everything-off").workload["spec"]["selector"]["matchLabels"]["app.kubernetes.io/name"] == "sim"
