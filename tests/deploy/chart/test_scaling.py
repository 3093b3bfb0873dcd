"""Autoscalers and budgets say what the platform was promised, and never work against one another."""

import re
from typing import Any

import pytest

from llmsim.metrics.metrics import Metrics
from tests.deploy.chart.charts import Manifest, Objects
from tests.deploy.chart.conftest import Render

CUSTOM = {
    "llm_simulator_requests_per_second": "100",
    "llm_simulator_queue_depth": "50",
    "llm_simulator_latency_p95_ms": "1000",
}
BEHAVIOR = {
    "scaleUp": {
        "stabilizationWindowSeconds": 60,
        "policies": [{"type": "Percent", "value": 100, "periodSeconds": 30}],
    },
    "scaleDown": {
        "stabilizationWindowSeconds": 300,
        "policies": [{"type": "Percent", "value": 50, "periodSeconds": 60}],
    },
}


def hpa(found: Objects) -> Manifest:
    spec: Manifest = found.one("HorizontalPodAutoscaler")["spec"]
    return spec


def utilization(found: Objects) -> dict[str, int]:
    metrics = [one["resource"] for one in hpa(found)["metrics"] if one["type"] == "Resource"]
    return {one["name"]: one["target"]["averageUtilization"] for one in metrics}


def custom(found: Objects) -> dict[str, str]:
    metrics = [one["pods"] for one in hpa(found)["metrics"] if one["type"] == "Pods"]
    assert {one["target"]["type"] for one in metrics} <= {"AverageValue"}
    return {one["metric"]["name"]: one["target"]["averageValue"] for one in metrics}


def test_deployment_scales_by_load(chart: Render) -> None:
    found = chart({"mode": "deployment"})
    assert (hpa(found)["minReplicas"], hpa(found)["maxReplicas"]) == (3, 20)
    assert utilization(found) == {"cpu": 70, "memory": 80}
    assert hpa(found)["behavior"] == BEHAVIOR
    target = hpa(found)["scaleTargetRef"]
    assert (target["kind"], target["name"]) == ("Deployment", found.workload["metadata"]["name"])


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"resourcesPreset": "production-light"}, {"type": "Utilization", "averageUtilization": 70}),
        ({"resourcesPreset": "production-heavy"}, {"type": "AverageValue", "averageValue": "700m"}),
        (
            {"resourcesPreset": "high-throughput", "hpa": {"cpuPercent": 60}},
            {"type": "AverageValue", "averageValue": "600m"},
        ),
        ({"resources": {"requests": {"cpu": 1.5, "memory": "1Gi"}}}, {"type": "AverageValue", "averageValue": "700m"}),
        (
            {"resources": {"requests": {"memory": "1Gi"}, "limits": {"cpu": 2}}},
            {"type": "AverageValue", "averageValue": "700m"},
        ),
        ({"resources": {"requests": {"cpu": "1", "memory": "1Gi"}}}, {"type": "Utilization", "averageUtilization": 70}),
    ],
)
def test_cpu_is_measured_against_one_core_where_more_is_requested(
    values: dict[str, Any], expected: Manifest, chart: Render
) -> None:
    """A pod is one event loop: of two cores it would never use 70 %."""
    metrics = hpa(chart({"mode": "deployment"} | values))["metrics"]
    [cpu] = [one["resource"]["target"] for one in metrics if one["resource"]["name"] == "cpu"]
    assert cpu == expected


def test_metrics_of_pods_are_looked_at_when_asked_for(chart: Render) -> None:
    assert custom(chart("deployment")) == CUSTOM
    assert custom(chart("high-throughput")) == CUSTOM | {"llm_simulator_requests_per_second": "500"}
    assert utilization(chart("high-throughput")) == {}


@pytest.mark.parametrize(
    ("apis", "expected"),
    [((), {}), (("custom.metrics.k8s.io/v1beta1",), CUSTOM), (("custom.metrics.k8s.io/v1beta2",), CUSTOM)],
)
def test_metrics_of_pods_are_looked_at_where_the_cluster_serves_them(
    apis: tuple[str, ...], expected: dict[str, str], chart: Render
) -> None:
    """An HPA one of whose metrics nobody serves does not scale down."""
    assert custom(chart({"mode": "deployment"}, apis=apis)) == expected


def test_metrics_of_pods_are_those_that_llmsim_exports() -> None:
    exposition = Metrics().exposition().decode()
    assert [name for name in CUSTOM if f"# TYPE {name} gauge" not in exposition] == []


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, False),
        ({"hpa": {"enabled": True}}, True),
        ({"mode": "deployment", "hpa": {"enabled": False}}, False),
        ({"mode": "deployment", "keda": {"enabled": True}}, False),
        ({"mode": "daemonset"}, False),
    ],
)
def test_hpa_is_there_where_it_belongs(values: dict[str, Any], expected: bool, chart: Render) -> None:
    assert bool(chart(values).kind("HorizontalPodAutoscaler")) is expected


def test_vpa_recommends_within_limits(chart: Render) -> None:
    spec = chart("vpa").one("VerticalPodAutoscaler")["spec"]
    assert spec["updatePolicy"] == {"updateMode": "Off"}
    [policy] = spec["resourcePolicy"]["containerPolicies"]
    assert policy["containerName"] == chart("vpa").server["name"]
    assert policy["minAllowed"] == {"cpu": "500m", "memory": "1Gi"}
    assert policy["maxAllowed"] == {"cpu": "8000m", "memory": "16Gi"}
    assert spec["targetRef"]["kind"] == "StatefulSet"


def test_vpa_may_apply_what_it_recommends_beside_an_hpa_of_other_metrics(chart: Render) -> None:
    spec = chart("high-throughput").one("VerticalPodAutoscaler")["spec"]
    assert spec["updatePolicy"] == {"updateMode": "InPlaceOrRecreate"}


def test_keda_scales_by_requests(chart: Render) -> None:
    spec = chart({"keda": {"enabled": True}}).one("ScaledObject")["spec"]
    assert (spec["minReplicaCount"], spec["maxReplicaCount"], spec["cooldownPeriod"]) == (1, 50, 300)
    [trigger] = spec["triggers"]
    assert trigger["metadata"]["threshold"] == "100"
    assert trigger["metadata"]["query"] == (
        'sum(llm_simulator_requests_per_second{namespace="llm-devops",pod=~"llm-simulator-[0-9]+"})'
    )
    assert spec["advanced"]["horizontalPodAutoscalerConfig"]["behavior"] == BEHAVIOR


@pytest.mark.parametrize(
    ("mode", "own"), [("statefulset", "llm-simulator-12"), ("deployment", "llm-simulator-6d4cf56db6-x7k2p")]
)
def test_keda_counts_the_pods_of_its_own_release(mode: str, own: str, chart: Render) -> None:
    """Others in the namespace may be called llm-simulator-something."""
    [trigger] = chart({"mode": mode, "keda": {"enabled": True}}).one("ScaledObject")["spec"]["triggers"]
    [pods] = re.findall(r'pod=~"([^"]+)"', trigger["metadata"]["query"])
    assert re.fullmatch(pods, own)
    assert not re.fullmatch(pods, "llm-simulator-replay-6d4cf56db6-x7k2p")


def test_keda_wakes_pods_that_are_not_there_by_a_metric_of_others(chart: Render) -> None:
    found = chart("keda")
    spec = found.one("ScaledObject")["spec"]
    assert spec["minReplicaCount"] == 0
    load, wake = spec["triggers"]
    assert load["name"] != wake["name"]
    assert "nginx_ingress_controller_requests" in wake["metadata"]["query"]
    assert wake["metadata"]["activationThreshold"] == "0"
    assert [one["authenticationRef"] for one in (load, wake)] == [{"name": "prometheus"}] * 2
    assert found.kind("HorizontalPodAutoscaler") == []


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, 2),
        ({"mode": "deployment"}, 2),
        ({"replicas": 2}, None),
        ({"replicas": 2, "pdb": {"minAvailable": 1}}, 1),
        ({"mode": "deployment", "replicas": 1}, 2),
        ({"mode": "deployment", "hpa": {"minReplicas": 2}}, None),
        ({"keda": {"enabled": True}}, None),
        ({"mode": "daemonset"}, None),
        ({"pdb": {"enabled": False}}, None),
    ],
)
def test_budget_leaves_room_for_a_drain(values: dict[str, Any], expected: int | None, chart: Render) -> None:
    """One that is as large as the pods there are would hold up every drain for ever."""
    found = chart(values)
    assert [one["spec"]["minAvailable"] for one in found.kind("PodDisruptionBudget")] == (
        [expected] if expected else []
    )


def test_budget_is_for_the_pods_that_serve(chart: Render) -> None:
    spec = chart().one("PodDisruptionBudget")["spec"]
    assert spec["selector"] == chart().workload["spec"]["selector"]
    assert spec["unhealthyPodEvictionPolicy"] == "AlwaysAllow"
