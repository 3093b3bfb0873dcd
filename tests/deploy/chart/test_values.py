"""Bad values are stopped, by the schema or in clear words: nothing is guessed and nothing is let through."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import orjson
import pytest
import yaml

from tests.deploy.chart.charts import CHART, Refused, said, template

SCHEMA: dict[str, Any] = orjson.loads((CHART / "values.schema.json").read_bytes())
FREE = {"map", "variables", "global"}
"""Objects whose keys are anybody's: labels, annotations, parameters, variables; `global` is Helm's own."""
S3 = {"settings": {"archive_to": "s3://b/p"}}
KEDA = {"enabled": True, "minReplicaCount": 0}

AGAINST_THE_SCHEMA: dict[str, dict[str, Any]] = {
    "replica": {"replica": 3},
    "replicas": {"replicas": -1},
    "mode": {"mode": "job"},
    "settings": {"settings": {"grace": 3}},
    "image/tag": {"image": {"tag": "a b"}},
    "image/pullPolicy": {"image": {"pullPolicy": "Sometimes"}},
    "port": {"port": 70000},
    "resourcesPreset": {"resourcesPreset": "huge"},
    "resources/limits/cpu": {"resources": {"limits": {"cpu": "lots"}}},
    "persistence/size": {"persistence": {"size": "50 GB"}},
    "persistence/accessMode": {"persistence": {"accessMode": "ReadWriteMany"}},
    "restore/from": {"restore": {"from": "ftp://host/backup"}},
    "settings/archive_to": {"settings": {"archive_to": "s3://key:secret@bucket/path"}},
    "settings/archive_every": {"settings": {"archive_every": "soon"}},
    "settings/log_level": {"settings": {"log_level": "loud"}},
    "settings/grace_s": {"settings": {"grace_s": "25s"}},
    "profiles/files": {"profiles": {"files": {"mine.yaml": "x"}}},
    "shutdown/drainSeconds": {"shutdown": {"drainSeconds": 0}},
    "shutdown/marginSeconds": {"shutdown": {"marginSeconds": 1}},
    "statefulset/podManagementPolicy": {"statefulset": {"podManagementPolicy": "ordered"}},
    "daemonset/maxUnavailable": {"daemonset": {"maxUnavailable": 0}},
    "hpa/enabled": {"hpa": {"enabled": "yes"}},
    "hpa/cpuPercent": {"hpa": {"cpuPercent": 0}},
    "vpa/updateMode": {"vpa": {"updateMode": "on"}},
    "networkPolicy/from/0": {"networkPolicy": {"from": [{"podSelectors": {}}]}},
    "ingress/controller": {"ingress": {"controller": "traefik"}},
    "ingress/hosts": {"ingress": {"hosts": []}},
    "snapshots/cronJob/schedule": {"snapshots": {"cronJob": {"schedule": "hourly"}}},
    "volumeSnapshots/keep": {"volumeSnapshots": {"keep": 0}},
    "externalSecrets/secrets/0": {"externalSecrets": {"secrets": [{"name": "a", "data": [], "type": "x"}]}},
    "extraVolumes/0": {"extraVolumes": [{"name": "docker", "hostPath": {"path": "/"}}]},
    "reserved/apiKeys/enabled": {"reserved": {"apiKeys": {"enabled": True}}},
    "reserved/tls/enabled": {"reserved": {"tls": {"enabled": True}}},
    "reserved/mtls/enabled": {"reserved": {"mtls": {"enabled": True}}},
    "reserved/rateLimit/enabled": {"reserved": {"rateLimit": {"enabled": True}}},
    "reserved/auditLog/enabled": {"reserved": {"auditLog": {"enabled": True}}},
    "reserved/loadModel/enabled": {"reserved": {"loadModel": {"enabled": True}}},
}
"""By the place that the refusal names."""

CONTRADICTIONS: dict[str, dict[str, Any]] = {
    "restore.from needs mode statefulset": {"mode": "deployment", "restore": {"from": "s3://b/p"}},
    "settings.archive_to and settings.snapshot_to need mode statefulset": {"mode": "daemonset", **S3},
    "volumeSnapshots need mode statefulset": {"mode": "deployment", "volumeSnapshots": {"enabled": True}},
    "restore.orFresh says nothing without restore.from": {"restore": {"orFresh": True}},
    "settings.speed and settings.instant exclude": {"settings": {"speed": 2, "instant": True}},
    "snapshots.cronJob needs a place": {"snapshots": {"cronJob": {"enabled": True}}},
    "snapshots.prune needs a bucket": {"snapshots": {"prune": {"enabled": True}}, "settings": {"snapshot_to": "/b"}},
    "profiles.files and profiles.existingConfigMap exclude": {
        "profiles": {"files": {"a.toml": "x"}, "existingConfigMap": "b"}
    },
    "no update could begin": {"deployment": {"maxSurge": 0}},
    "LLMSIM_SEED: settings stand below `settings`": {"extraEnv": [{"name": "LLMSIM_SEED", "value": "7"}]},
    "LLMSIM_PORT: settings stand below `settings`": {"objectStore": {"env": {"LLMSIM_PORT": 1}}},
    "hpa.enabled and keda.enabled exclude": {"hpa": {"enabled": True}, "keda": {"enabled": True}},
    "a DaemonSet has a pod on each node": {"mode": "daemonset", "hpa": {"enabled": True}},
    "hpa.minReplicas is above hpa.maxReplicas": {"mode": "deployment", "hpa": {"minReplicas": 30}},
    "an HPA needs a metric": {"mode": "deployment", "hpa": {"cpuPercent": None, "memoryPercent": None}},
    "work against one another": {"mode": "deployment", "vpa": {"enabled": True, "updateMode": "Recreate"}},
    "hpa.memoryPercent is a share of a request": {"mode": "deployment", "resources": {"requests": {"cpu": 1}}},
    "my.sim-llm-simulator: the name of a Service": {"fullnameOverride": "my.sim-llm-simulator"},
    "app.kubernetes.io/component: the chart writes": {"podLabels": {"app.kubernetes.io/component": "mine"}},
    "keda.minReplicaCount is above": {"keda": {"enabled": True, "minReplicaCount": 60}},
    "keda.minReplicaCount 0 is not for production": {"keda": KEDA},
    "keda.minReplicaCount 0 needs keda.wakeQuery": {"resourcesPreset": "staging", "keda": KEDA},
    "pdb.enabled says nothing for a DaemonSet": {"mode": "daemonset", "pdb": {"enabled": True}},
    "no node could ever be drained": {"replicas": 2, "pdb": {"enabled": True}},
    "storageClass.create needs storageClass.provisioner": {"storageClass": {"create": True}},
    "persistence.storageClassName and storageClass.create exclude": {
        "storageClass": {"create": True, "provisioner": "a"},
        "persistence": {"storageClassName": "b"},
    },
    "volumeSnapshots.class.create needs": {"volumeSnapshots": {"class": {"create": True}}},
    "volumeSnapshots.className and volumeSnapshots.class.create exclude": {
        "volumeSnapshots": {"className": "a", "class": {"create": True, "driver": "b"}}
    },
    "gateway.enabled needs gateway.parentRefs": {"gateway": {"enabled": True}},
    "certificate.enabled needs certificate.issuerRef.name": {"certificate": {"enabled": True}},
    "certificate.enabled needs host names": {"certificate": {"enabled": True, "issuerRef": {"name": "a"}}},
    "gke.backendConfig is for ingress.controller gce": {"gke": {"backendConfig": {"enabled": True}}},
    "serviceMonitor and podMonitor exclude": {"serviceMonitor": {"enabled": True}, "podMonitor": {"enabled": True}},
    "externalSecrets.enabled needs externalSecrets.secretStoreRef.name": {"externalSecrets": {"enabled": True}},
    "externalSecrets.enabled needs externalSecrets.secrets": {
        "externalSecrets": {"enabled": True, "secretStoreRef": {"name": "a"}}
    },
    "secretProviderClass.enabled needs": {"secretProviderClass": {"enabled": True}},
}
"""By the words of the refusal."""


@pytest.mark.parametrize("place", AGAINST_THE_SCHEMA)
def test_schema_stops_and_names_the_place(place: str, helm: Path) -> None:
    with pytest.raises(Refused) as refused:
        template(helm, AGAINST_THE_SCHEMA[place])
    told = str(refused.value)
    assert "values don't meet the specifications of the schema" in told
    assert place.rpartition("/")[2] in told
    assert "templates/" not in told


@pytest.mark.parametrize("words", CONTRADICTIONS)
def test_contradiction_is_told_in_words(words: str, helm4: Path) -> None:
    with pytest.raises(Refused) as refused:
        template(helm4, CONTRADICTIONS[words])
    assert words in str(refused.value)


def test_contradictions_are_all_there_are() -> None:
    """Each refusal of the chart is tried above, or by the test of reserved places below."""
    text = (CHART / "templates" / "_checks.tpl").read_text()
    variables = [words for words in CONTRADICTIONS if words.startswith("LLMSIM_")]
    assert text.count("{{- fail ") == len(CONTRADICTIONS) - len(variables) + len(["variables", "reserved"])


@pytest.mark.parametrize("label", ["app.kubernetes.io/name", "app.kubernetes.io/version", "helm.sh/chart"])
def test_labels_of_the_chart_are_its_own(label: str, helm4: Path) -> None:
    with pytest.raises(Refused, match=f"{label}: the chart writes this label"):
        template(helm4, {"commonLabels": {label: "mine"}})


def test_everything_that_may_be_emptied_is_told_or_taken(helm4: Path) -> None:
    """A key with nothing below it is null, and takes the defaults away: of each the schema says so, if it is wanted."""
    asked = list(paths(yaml.safe_load((CHART / "values.yaml").read_text())))
    with ThreadPoolExecutor(4) as pool:
        told = list(pool.map(lambda path: emptied(helm4, path), asked))
    refused = {path: one for path, one in zip(asked, told, strict=True) if one}
    assert [path for path, one in refused.items() if "templates/" in one or path[-1] not in one] == []
    assert {("ingress",), ("hpa",), ("settings", "grace_s"), ("persistence", "size")} <= refused.keys()
    assert not {("tolerations",), ("nodeSelector",), ("service", "annotations"), ("hpa", "cpuPercent")} & refused.keys()


def paths(values: dict[str, Any], above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The path of every value, and of every part."""
    for name, value in values.items():
        yield (*above, name)
        if isinstance(value, dict):
            yield from paths(value, (*above, name))


def emptied(helm: Path, path: tuple[str, ...]) -> str:
    """What Helm says where this is null; nothing where it renders."""
    values: Any = None
    for name in reversed(path):
        values = {name: values}
    try:
        template(helm, values)
    except Refused as refused:
        return str(refused)
    return ""


def test_number_that_kubernetes_could_not_hold_is_refused(helm: Path) -> None:
    with pytest.raises(Refused, match="meet the specifications of the schema"):
        template(helm, {"replicas": 1 << 31})


@pytest.mark.parametrize("place", SCHEMA["properties"]["reserved"]["properties"])
def test_reserved_place_says_why_where_the_schema_is_skipped(place: str, helm4: Path) -> None:
    values = orjson.dumps({"reserved": {place: {"enabled": True}}})
    with pytest.raises(Refused, match=f"reserved.{place}.enabled: llmsim cannot do this yet"):
        said(helm4, "template", CHART, "--skip-schema-validation", "--values", "-", stdin=values)


@pytest.mark.parametrize("helm_name", ["helm3", "helm4"])
def test_large_numbers_stay_whole(helm_name: str, request: pytest.FixtureRequest) -> None:
    """Helm has numbers as floating ones, and would write 1.2096e+06, which is no whole number to Kubernetes."""
    many, week = 2_000_000, 1_209_600
    gke = {name: {"enabled": True, "cookieTtlSeconds": week} for name in ("backendConfig", "backendPolicy")}
    values = {
        "gke": gke,
        "ingress": {"controller": "gce"},
        "replicas": many,
        "resourcesPreset": "staging",
        "keda": {"enabled": True, "threshold": many, "cooldownPeriod": many, "maxReplicaCount": many},
        "settings": {"snapshot_to": "s3://b/p"},
        "snapshots": {"cronJob": {"enabled": True, "timeoutSeconds": many}},
        "statefulset": {"partition": many, "minReadySeconds": many},
        "probes": {"startup": {"failureThreshold": many}},
    }
    text = template(request.getfixturevalue(helm_name), values)
    assert "e+06" not in text
    assert text.count(str(week)) == 2
    assert text.count(str(many)) == 7


def test_schema_is_strict_everywhere() -> None:
    loose = [place for place, one in objects(SCHEMA, "") if one.get("additionalProperties") is not False]
    allowed = [f"/definitions/{name}" for name in FREE] + ["/properties/global"]
    assert [place for place in loose if place not in allowed and not of_kubernetes(place)] == []


def of_kubernetes(place: str) -> bool:
    """The sources of volumes and the three kinds of affinity, which Kubernetes checks itself."""
    return place.startswith(("/definitions/volume/properties/", "/properties/affinity/properties/"))


def objects(schema: Any, place: str) -> Iterator[tuple[str, dict[str, Any]]]:  # noqa: ANN401  (any part of a schema)
    """Every part of a schema that describes an object."""
    if isinstance(schema, dict):
        if schema.get("type") == "object":
            yield place, schema
        for name, part in schema.items():
            yield from objects(part, f"{place}/{name}")
    elif isinstance(schema, list):
        for part in schema:
            yield from objects(part, place)
