"""The network is closed, but for what the pods need: the policies are tried as their specification says they work."""

from pathlib import Path

import pytest

from tests.deploy.chart.charts import VARIANTS, Objects, rendered
from tests.deploy.chart.conftest import Render
from tests.deploy.chart.policies import Peer, allowed

OURS = {"app.kubernetes.io/name": "llm-simulator", "app.kubernetes.io/instance": "llm-simulator"}
BUCKET = Peer(address="192.0.2.7")
ELSEWHERE = Peer(address="198.51.100.1")
DNS = Peer({"k8s-app": "kube-dns"}, "kube-system")


def ours(component: str) -> Peer:
    return Peer({**OURS, "app.kubernetes.io/component": component}, "llm-devops")


def may(found: Objects, source: Peer, target: Peer, port: int = 8080, protocol: str = "TCP") -> bool:
    return allowed(found.kind("NetworkPolicy"), source, target, port, protocol)


def test_labels_are_those_of_the_pods(chart: Render) -> None:
    """What is tried here is what runs."""
    found = chart("snapshots")
    assert found.workload["spec"]["template"]["metadata"]["labels"] == ours("server").labels
    for component in ("snapshots", "prune"):
        job = found.one("CronJob", f"-{component}")["spec"]["jobTemplate"]["spec"]["template"]
        assert job["metadata"]["labels"] == ours(component).labels
    assert found.one("Pod")["metadata"]["labels"].items() >= ours("test").labels.items()
    job = chart("volume-snapshots").one("CronJob")["spec"]["jobTemplate"]["spec"]["template"]
    assert job["metadata"]["labels"] == ours("volume-snapshots").labels


@pytest.mark.parametrize(("source", "expected"), [
    (Peer({"app": "client"}, "llm-devops"), True),
    (Peer({"app": "client"}, "elsewhere"), False),
    (Peer({"app": "prometheus"}, "monitoring"), True),
    (ours("test"), True),
    (ours("server"), False),
    (ours("volume-snapshots"), False),
    (ELSEWHERE, False),
], ids=str)  # fmt: skip
def test_requests_come_from_those_who_may_send_them(source: Peer, expected: bool, chart: Render) -> None:
    assert may(chart(), source, ours("server")) is expected


def test_no_other_port_is_open(chart: Render) -> None:
    assert not may(chart(), Peer({}, "llm-devops"), ours("server"), 22)
    assert not may(chart(), Peer({}, "llm-devops"), ours("test"))


def test_port_follows_the_container(chart: Render) -> None:
    found = chart({"port": 9000})
    assert may(found, Peer({}, "llm-devops"), ours("server"), 9000)
    assert not may(found, Peer({}, "llm-devops"), ours("server"), 8080)
    assert may(found, ours("test"), ours("server"), 9000)


@pytest.mark.parametrize("component", ["server", "test", "snapshots"])
def test_pods_ask_dns_and_nobody_else(component: str, chart: Render) -> None:
    assert may(chart(), ours(component), DNS, 53, "UDP")
    assert may(chart(), ours(component), DNS, 53)
    assert not may(chart(), ours(component), DNS, 443)
    assert not may(chart(), ours(component), ELSEWHERE, 443)
    assert not may(chart(), ours(component), Peer({}, "llm-devops"), 80)


@pytest.mark.parametrize("variant", ["snapshots", "dr-standby", "aws", "azure", "gcp", "external-secrets"])
def test_object_store_is_reached_where_one_is_named(variant: str, chart: Render) -> None:
    assert may(chart(variant), ours("server"), BUCKET, 443)
    assert not may(chart(variant), ours("server"), BUCKET, 22)
    assert not may(chart(variant), ours("test"), BUCKET, 443)


def test_object_store_is_the_one_that_was_named(chart: Render) -> None:
    assert not may(chart("snapshots"), ours("server"), ELSEWHERE, 443)


def test_places_on_volumes_open_nothing(chart: Render) -> None:
    assert not may(chart("dr-drill"), ours("server"), BUCKET, 443)


def test_metadata_server_is_reached_where_it_gives_identities(chart: Render) -> None:
    assert may(chart("gcp"), ours("server"), Peer(address="169.254.169.254"), 80)
    assert not may(chart("aws"), ours("server"), Peer(address="169.254.169.254"), 80)


def test_snapshots_are_asked_for_and_nothing_else(chart: Render) -> None:
    found = chart("snapshots")
    assert may(found, ours("snapshots"), ours("server"))
    assert not may(found, ours("snapshots"), BUCKET, 443)


def test_pruning_reaches_the_bucket_alone(chart: Render) -> None:
    found = chart("snapshots")
    assert may(found, ours("prune"), BUCKET, 443)
    assert may(found, ours("prune"), DNS, 53, "UDP")
    assert not may(found, ours("prune"), ELSEWHERE, 443)
    assert not may(found, ours("prune"), ours("server"))
    assert not may(chart(), ours("prune"), BUCKET, 443)


def test_volume_snapshots_reach_the_api_alone(chart: Render) -> None:
    found = chart("volume-snapshots")
    assert may(found, ours("volume-snapshots"), ELSEWHERE, 6443)
    assert not may(found, ours("volume-snapshots"), ELSEWHERE, 80)
    assert not may(found, Peer({}, "llm-devops"), ours("volume-snapshots"), 8080)


@pytest.mark.parametrize(("variant", "source"), [
    ("ingress-nginx", Peer({}, "ingress-nginx")),
    ("gateway-istio", Peer({}, "istio-ingress")),
    ("ingress-alb", Peer(address="10.0.3.4")),
    ("aws", Peer(address="10.0.3.4")),
    ("aws", Peer({}, "amazon-cloudwatch")),
    ("ingress-appgateway", Peer(address="10.225.0.9")),
    ("azure", Peer(address="10.225.0.9")),
    ("ingress-gke", Peer(address="35.191.4.4")),
    ("gcp", Peer(address="130.211.1.1")),
], ids=str)  # fmt: skip
def test_edges_reach_their_pods(variant: str, source: Peer, chart: Render) -> None:
    assert may(chart(variant), source, ours("server"))
    assert not may(chart(), source, ours("server"))


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda file: file.name.removesuffix("-values.yaml"))
def test_every_pod_of_every_variant_is_closed_both_ways(variant: Path, helm4: Path) -> None:
    found = rendered(helm4, variant)
    if variant.name.startswith("everything-off"):
        assert found.kind("NetworkPolicy") == []
        return
    release = {**OURS, "app.kubernetes.io/name": found.workload["metadata"]["labels"]["app.kubernetes.io/name"]}
    [deny] = [one["spec"] for one in found.kind("NetworkPolicy") if one["metadata"]["name"].endswith("-deny")]
    assert deny == {"podSelector": {"matchLabels": release}, "policyTypes": ["Ingress", "Egress"]}


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda file: file.name.removesuffix("-values.yaml"))
def test_whatever_stands_before_the_pods_is_let_in(variant: Path, helm4: Path) -> None:
    """An Ingress whose controller is in another namespace is a 504 where only this one may ask."""
    found = rendered(helm4, variant)
    if not (found.kind("Ingress") or found.kind("HTTPRoute")) or not found.kind("NetworkPolicy"):
        return
    [peers] = [
        rule["from"]
        for one in found.kind("NetworkPolicy")
        if one["metadata"]["name"].endswith("-server")
        for rule in one["spec"]["ingress"]
    ]
    monitoring = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}
    assert [peer for peer in peers if "podSelector" not in peer and peer != monitoring]
