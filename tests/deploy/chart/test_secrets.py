"""Secrets from elsewhere: what makes them gives them the names by which the pods ask for them."""

import pytest

from tests.deploy.chart.charts import Objects
from tests.deploy.chart.conftest import Render


def asked_for(found: Objects) -> set[tuple[str, str | None]]:
    """The Secrets of the pod that serves, and the key where one is named."""
    server, volumes = found.server, found.pod["volumes"]
    single = [one["valueFrom"]["secretKeyRef"] for one in server["env"] if "secretKeyRef" in one.get("valueFrom", {})]
    asked: set[tuple[str, str | None]] = {(one["name"], one["key"]) for one in single}
    asked |= {(one["secretRef"]["name"], None) for one in server.get("envFrom", [])}
    asked |= {(one["secret"]["secretName"], item["key"]) for one in volumes if "secret" in one
              for item in one["secret"]["items"]}  # fmt: skip
    return asked


@pytest.mark.parametrize("variant", ["external-secrets", "aws", "gcp"])
def test_external_secrets_are_those_that_pods_ask_for(variant: str, chart: Render) -> None:
    found = chart(variant)
    made = {one["spec"]["target"]["name"]: one["spec"] for one in found.kind("ExternalSecret")}
    assert {name for name, _ in asked_for(found)} == set(made)
    for name, key in asked_for(found):
        keys = {one["secretKey"] for one in made[name]["data"]}
        assert key in keys or (key is None and keys == {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"})
        assert made[name]["secretStoreRef"]["kind"] == "ClusterSecretStore"
        assert all(one["remoteRef"]["key"] for one in made[name]["data"])


def test_key_vault_is_mounted_and_makes_the_secret_that_pods_ask_for(chart: Render) -> None:
    found = chart("azure")
    provider = found.one("SecretProviderClass")
    assert provider["apiVersion"] == "secrets-store.csi.x-k8s.io/v1"
    assert provider["spec"]["provider"] == "azure"
    assert "objectName: llm-simulator-seed" in provider["spec"]["parameters"]["objects"]
    [made] = provider["spec"]["secretObjects"]
    assert asked_for(found) == {(made["secretName"], one["key"]) for one in made["data"]}
    [volume] = [one["csi"] for one in found.pod["volumes"] if "csi" in one]
    assert volume["driver"] == "secrets-store.csi.k8s.io"
    assert volume["volumeAttributes"] == {"secretProviderClass": provider["metadata"]["name"]}
    assert volume["readOnly"] is True
    mounted = {one["name"] for one in found.server["volumeMounts"]}
    assert "secrets-store" in mounted
