"""What stands before the pods: a session stays with its pod as well as the edge can do it, and streams are not cut."""

from typing import Any

import pytest

from llmsim.serving.connection import LARGER_BODIES_BYTES
from tests.deploy.chart.charts import Manifest
from tests.deploy.chart.conftest import Render

NGINX = "nginx.ingress.kubernetes.io/"
ALB = "alb.ingress.kubernetes.io/"
APPGW = "appgw.ingress.kubernetes.io/"
STREAM_S = 3600


def annotations(chart: Render, variant: str) -> dict[str, str]:
    found: dict[str, str] = chart(variant).one("Ingress")["metadata"]["annotations"]
    return found


def test_nginx_hashes_the_session(chart: Render) -> None:
    found = annotations(chart, "ingress-nginx")
    assert found[NGINX + "upstream-hash-by"] == "$http_x_llmsim_session"
    assert found[NGINX + "proxy-buffering"] == "off"
    assert found[NGINX + "proxy-read-timeout"] == str(STREAM_S)


def test_nginx_lets_through_what_llmsim_takes(chart: Render) -> None:
    size = annotations(chart, "ingress-nginx")[NGINX + "proxy-body-size"]
    assert size == f"{max(LARGER_BODIES_BYTES.values()) >> 20}m"


def test_alb_has_its_cookie_and_asks_whether_a_pod_is_ready(chart: Render) -> None:
    for variant in ("ingress-alb", "aws"):
        found = annotations(chart, variant)
        attributes = dict(one.split("=") for one in found[ALB + "target-group-attributes"].split(","))
        assert (attributes["stickiness.enabled"], attributes["stickiness.type"]) == ("true", "lb_cookie")
        assert found[ALB + "target-type"] == "ip"
        assert found[ALB + "healthcheck-path"] == "/readyz"
        assert found[ALB + "load-balancer-attributes"] == f"idle_timeout.timeout_seconds={STREAM_S}"
        assert chart(variant).one("Ingress")["spec"]["ingressClassName"] == "alb"
        assert "443" in found[ALB + "listen-ports"]


def test_application_gateway_has_its_cookie(chart: Render) -> None:
    for variant in ("ingress-appgateway", "azure"):
        found = annotations(chart, variant)
        assert found[APPGW + "cookie-based-affinity"] == "true"
        assert found[APPGW + "request-timeout"] == str(STREAM_S)
        assert found[APPGW + "health-probe-path"] == "/readyz"
        assert found[APPGW + "connection-draining"] == "true"


def test_gke_ingress_has_a_cookie_by_its_backend_config(chart: Render) -> None:
    found = chart("ingress-gke")
    config = found.one("BackendConfig")
    assert config["apiVersion"] == "cloud.google.com/v1"
    assert config["spec"] == {
        "timeoutSec": STREAM_S,
        "sessionAffinity": {"affinityType": "GENERATED_COOKIE", "affinityCookieTtlSec": 86400},
        "connectionDraining": {"drainingTimeoutSec": 30},
        "healthCheck": {"type": "HTTP", "requestPath": "/readyz", "port": 8080, "checkIntervalSec": 10},
        "securityPolicy": {"name": "llm-simulator-armor"},
    }
    service = found.one("Service", "")["metadata"]["annotations"]
    assert service["cloud.google.com/backend-config"] == f'{{"default":"{config["metadata"]["name"]}"}}'
    assert service["cloud.google.com/neg"] == '{"ingress":true}'
    assert found.one("Ingress")["metadata"]["annotations"]["kubernetes.io/ingress.class"] == "gce"


def test_gke_gateway_has_a_cookie_by_its_policy(chart: Render) -> None:
    found = chart("gcp")
    policy, health = found.one("GCPBackendPolicy"), found.one("HealthCheckPolicy")
    target = {"group": "", "kind": "Service", "name": found.one("Service", "")["metadata"]["name"]}
    assert policy["apiVersion"] == health["apiVersion"] == "networking.gke.io/v1"
    assert policy["spec"] == {
        "default": {
            "timeoutSec": STREAM_S,
            "sessionAffinity": {"type": "GENERATED_COOKIE", "cookieTtlSec": 86400},
            "connectionDraining": {"drainingTimeoutSec": 30},
            "securityPolicy": "llm-simulator-armor",
        },
        "targetRef": target,
    }
    assert health["spec"]["targetRef"] == target
    assert health["spec"]["default"]["config"]["httpHealthCheck"] == {"requestPath": "/readyz", "port": 8080}
    assert "timeouts" not in found.one("HTTPRoute")["spec"]["rules"][0]


def test_istio_hashes_the_session(chart: Render) -> None:
    found = chart("gateway-istio")
    spec = found.one("DestinationRule")["spec"]
    assert spec["host"] == "llm-simulator.llm-devops.svc.cluster.local"
    assert spec["trafficPolicy"]["loadBalancer"] == {"consistentHash": {"httpHeaderName": "x-llmsim-session"}}
    assert spec["trafficPolicy"]["tls"] == {"mode": "ISTIO_MUTUAL"}
    plain = chart({"istio": {"enabled": True, "mutualTLS": False}}).one("DestinationRule")["spec"]
    assert "tls" not in plain["trafficPolicy"]


def test_route_leads_to_the_service_without_a_limit(chart: Render) -> None:
    found = chart("gateway-istio")
    spec = found.one("HTTPRoute")["spec"]
    assert spec["parentRefs"] == [{"name": "public", "namespace": "istio-ingress", "sectionName": "https"}]
    assert spec["hostnames"] == ["llm-simulator.example.com"]
    [rule] = spec["rules"]
    assert rule["timeouts"] == {"request": "0s", "backendRequest": "0s"}
    service = found.one("Service", "")
    assert rule["backendRefs"] == [{"name": service["metadata"]["name"], "port": service["spec"]["ports"][0]["port"]}]


@pytest.mark.parametrize(
    ("values", "secret"),
    [
        ({"certificate": {"enabled": True, "issuerRef": {"name": "a"}}}, "llm-simulator-tls"),
        ({"certificate": {"enabled": True, "issuerRef": {"name": "a"}, "secretName": "own"}}, "own"),
        ({"ingress": {"tlsSecret": "mine"}}, "mine"),
        ({"ingress": {"tlsSecret": "none"}}, None),
        ({}, None),
    ],
)
def test_ingress_has_the_certificate_of_its_hosts(values: dict[str, Any], secret: str | None, chart: Render) -> None:
    hosts = ["a.example.com", "b.example.com"]
    found = chart({**values, "ingress": {"enabled": True, "hosts": hosts, **values.get("ingress", {})}})
    tls = found.one("Ingress")["spec"].get("tls", [])
    assert [one["secretName"] for one in tls] == ([secret] if secret else [])
    for one in tls:
        assert one["hosts"] == hosts
    for made in found.kind("Certificate"):
        assert made["spec"]["secretName"] == secret
        assert made["spec"]["dnsNames"] == hosts


def test_certificate_is_asked_of_its_issuer(chart: Render) -> None:
    made = chart("ingress-nginx").one("Certificate")
    assert made["apiVersion"] == "cert-manager.io/v1"
    assert made["spec"]["issuerRef"] == {"group": "cert-manager.io", "kind": "ClusterIssuer", "name": "letsencrypt"}
    assert made["spec"]["privateKey"]["rotationPolicy"] == "Always"


def test_annotations_of_ones_own_win(chart: Render) -> None:
    said = {"ingress": {"enabled": True, "annotations": {NGINX + "proxy-body-size": "1m"}}}
    found: Manifest = chart(said).one("Ingress")["metadata"]["annotations"]
    assert found[NGINX + "proxy-body-size"] == "1m"
    assert NGINX + "upstream-hash-by" in found
    other = chart({"ingress": {"enabled": True, "controller": "other"}}).one("Ingress")["metadata"]
    assert "annotations" not in other


def test_canary_takes_a_tenth_of_the_same_host(chart: Render) -> None:
    found = annotations(chart, "canary")
    assert (found[NGINX + "canary"], found[NGINX + "canary-weight"]) == ("true", "10")
    host = chart("canary").one("Ingress")["spec"]["rules"][0]["host"]
    assert host == chart("ingress-nginx").one("Ingress")["spec"]["rules"][0]["host"]


def test_every_rule_leads_to_the_port_of_the_service(chart: Render) -> None:
    for variant in ("ingress-nginx", "ingress-alb", "ingress-appgateway", "ingress-gke", "aws", "azure"):
        found = chart(variant)
        ports = {one["name"] for one in found.one("Service", "")["spec"]["ports"]}
        for rule in found.one("Ingress")["spec"]["rules"]:
            [path] = rule["http"]["paths"]
            assert (path["path"], path["pathType"]) == ("/", "Prefix")
            backend = path["backend"]["service"]
            assert backend["name"] == "llm-simulator"
            assert backend["port"]["name"] in ports


def test_clients_inside_may_stay_by_their_address(chart: Render) -> None:
    service = chart({"service": {"type": "LoadBalancer", "clientIPAffinitySeconds": 3600}}).one("Service", "")["spec"]
    assert (service["type"], service["sessionAffinity"]) == ("LoadBalancer", "ClientIP")
    assert service["sessionAffinityConfig"] == {"clientIP": {"timeoutSeconds": 3600}}
    assert "sessionAffinity" not in chart().one("Service", "")["spec"]


@pytest.mark.parametrize("variant", ["ingress-alb", "aws", "ingress-appgateway", "azure", "ingress-gke", "gcp"])
def test_pods_go_on_while_a_load_balancer_outside_still_sends_to_them(variant: str, chart: Render) -> None:
    """It is told over an API of the cloud, which takes longer than the Services of the cluster."""
    pod = chart(variant)
    assert pod.server["lifecycle"]["preStop"] == {"sleep": {"seconds": 30}}
    assert pod.pod["terminationGracePeriodSeconds"] == 30 + 25 + 15
