"""What Kubernetes and its extensions take: an object against the schema of its kind, strictly.

The schemas of Kubernetes are those that kubernetes-validate brings, compiled once for each kind and version instead of
once for each object. Those of extensions are not part of the project: they are read from a folder beside the checkout,
or the one that the variable CRD_SCHEMAS names.
"""

import os
import re
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
from kubernetes_validate.utils import schema_contents

from tests.deploy.chart.charts import Manifest

CRDS = Path(os.environ.get("CRD_SCHEMAS") or Path(__file__).parents[4] / "shared" / "schemas" / "crds")
EXTENSIONS = {
    "Certificate": "cert-manager.io",
    "DestinationRule": "networking.istio.io",
    "ExternalSecret": "external-secrets.io",
    "HTTPRoute": "gateway.networking.k8s.io",
    "PodMonitor": "monitoring.coreos.com",
    "PrometheusRule": "monitoring.coreos.com",
    "ScaledObject": "keda.sh",
    "ServiceMonitor": "monitoring.coreos.com",
    "VerticalPodAutoscaler": "autoscaling.k8s.io",
    "VolumeSnapshot": "snapshot.storage.k8s.io",
    "VolumeSnapshotClass": "snapshot.storage.k8s.io",
    "BackendConfig": "cloud.google.com",
    "GCPBackendPolicy": "networking.gke.io",
    "HealthCheckPolicy": "networking.gke.io",
    "SecretProviderClass": "secrets-store.csi.x-k8s.io",
}
"""Kinds that Kubernetes itself does not have, and whose they are."""
WITHOUT_SCHEMA = {"Certificate", "BackendConfig", "GCPBackendPolicy", "HealthCheckPolicy", "SecretProviderClass"}
"""Kinds of which no schema is at hand: what is in them, tests say field by field."""


def is_extension(one: Manifest) -> bool:
    """Whether an object is of a kind that Kubernetes itself does not have."""
    return EXTENSIONS.get(one["kind"]) == str(one["apiVersion"]).partition("/")[0]


def faults(one: Manifest, version: str) -> list[str]:
    """What this Kubernetes would not take of an object, or not know; raises FileNotFoundError for an unknown kind."""
    return _told(_of_kubernetes(version, one["kind"].lower(), one["apiVersion"]), one)


def faults_of_extension(one: Manifest) -> list[str]:
    """What an extension would not take of an object."""
    return _told(_of_extension(one["kind"].lower(), one["apiVersion"].partition("/")[2]), one)


@cache
def _of_kubernetes(version: str, kind: str, api_version: str) -> jsonschema_rs.Draft202012Validator:
    folder = f"kubernetes-json-schema/v{version}-local-strict"
    group = re.sub(r"^([^./]*)(?:\.[^/]*)?/", r"\1-", api_version)
    return jsonschema_rs.Draft202012Validator(
        schema_contents(f"{folder}/{kind}-{group}.json", version), registry=_definitions(version)
    )


@cache
def _definitions(version: str) -> jsonschema_rs.Registry:
    definitions = schema_contents(f"kubernetes-json-schema/v{version}-local-strict/_definitions.json", version)
    return jsonschema_rs.Registry([(definitions["$id"], definitions)])


@cache
def _of_extension(kind: str, version: str) -> Any:  # noqa: ANN401  (a validator of whatever draft the schema is of)
    return jsonschema_rs.validator_for((CRDS / f"{kind}_{version}.json").read_text())


def _told(validator: Any, one: Manifest) -> list[str]:  # noqa: ANN401
    name = f"{one['kind']}/{one['metadata']['name']}"
    return [
        f"{name} {'.'.join(map(str, fault.instance_path))}: {fault.message}" for fault in validator.iter_errors(one)
    ]
