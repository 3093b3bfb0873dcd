"""Three clouds: each has its disk, its edge, its identity, its bucket, its secrets and its monitoring."""

from typing import Any

import pytest

from tests.deploy.chart.conftest import Render

CLOUDS: dict[str, dict[str, Any]] = {
    "aws": {
        "disk": ("ebs.csi.aws.com", {"type": "gp3", "encrypted": "true"}),
        "identity": "eks.amazonaws.com/role-arn",
        "bucket": "s3://",
        "edge": "Ingress",
        "secrets": "ExternalSecret",
        "monitoring": "ServiceMonitor",
    },
    "azure": {
        "disk": ("disk.csi.azure.com", {"skuName": "Premium_LRS"}),
        "identity": "azure.workload.identity/client-id",
        "bucket": "az://",
        "edge": "Ingress",
        "secrets": "SecretProviderClass",
        "monitoring": None,
    },
    "gcp": {
        "disk": ("pd.csi.storage.gke.io", {"type": "pd-ssd"}),
        "identity": "iam.gke.io/gcp-service-account",
        "bucket": "gs://",
        "edge": "HTTPRoute",
        "secrets": "ExternalSecret",
        "monitoring": "PodMonitor",
    },
}
clouds = pytest.mark.parametrize("cloud", CLOUDS)


@clouds
def test_volumes_are_the_clouds_ssds_in_the_zone_of_their_pod(cloud: str, chart: Render) -> None:
    found = chart(cloud)
    provisioner, parameters = CLOUDS[cloud]["disk"]
    made = found.one("StorageClass")
    assert made["provisioner"] == provisioner
    assert made["parameters"].items() >= parameters.items()
    assert made["volumeBindingMode"] == "WaitForFirstConsumer"
    [claim] = found.workload["spec"]["volumeClaimTemplates"]
    assert claim["spec"]["storageClassName"] == made["metadata"]["name"]


@clouds
def test_identity_is_the_clouds_and_no_key_is_kept(cloud: str, chart: Render) -> None:
    found = chart(cloud)
    account = next(one for one in found.kind("ServiceAccount") if one["metadata"]["name"] == "llm-simulator")
    assert CLOUDS[cloud]["identity"] in account["metadata"]["annotations"]
    assert found.pod["serviceAccountName"] == "llm-simulator"
    assert "envFrom" not in found.server
    assert CLOUDS[cloud]["bucket"] in found.settings


def test_azure_pods_say_that_they_use_their_identity(chart: Render) -> None:
    """The webhook looks for this label on pods, not on the account."""
    labels = chart("azure").workload["spec"]["template"]["metadata"]["labels"]
    assert labels["azure.workload.identity/use"] == "true"


@clouds
def test_edge_secrets_and_monitoring_are_there(cloud: str, chart: Render) -> None:
    found = chart(cloud)
    kinds = {one["kind"] for one in found}
    assert {CLOUDS[cloud]["edge"], CLOUDS[cloud]["secrets"]} <= kinds
    annotations = found.workload["spec"]["template"]["metadata"]["annotations"]
    assert CLOUDS[cloud]["monitoring"] in kinds or annotations["prometheus.io/scrape"] == "true"
    assert annotations.get("prometheus.io/port", "8080") == str(found.server["ports"][0]["containerPort"])
    assert found.server["resources"]["requests"] == {"cpu": "1000m", "memory": "2Gi"}
