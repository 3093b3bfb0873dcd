"""Prometheus finds each pod once, the alerts are those of the rule file, and each dashboard has its ConfigMap."""

import orjson
import yaml

from tests.deploy.chart.charts import CHART, Objects
from tests.deploy.chart.conftest import Render

RULES = CHART / "rules" / "alerts.yaml"
DASHBOARDS = sorted((CHART / "dashboards").glob("*.json"))


def selected(found: Objects, labels: dict[str, str]) -> list[str]:
    """The Services with these labels."""
    services = found.kind("Service")
    return [one["metadata"]["name"] for one in services if one["metadata"]["labels"].items() >= labels.items()]


def test_service_monitor_finds_each_pod_once(chart: Render) -> None:
    found = chart("monitoring")
    monitor = found.one("ServiceMonitor")
    assert selected(found, monitor["spec"]["selector"]["matchLabels"]) == ["llm-simulator"]
    [endpoint] = monitor["spec"]["endpoints"]
    assert (endpoint["path"], endpoint["interval"]) == ("/metrics", "15s")
    assert endpoint["port"] in {one["name"] for one in found.one("Service", "")["spec"]["ports"]}
    assert monitor["metadata"]["labels"]["release"] == "kube-prometheus-stack"


def test_pod_monitor_finds_the_pods(chart: Render) -> None:
    found = chart("podmonitor")
    spec = found.one("PodMonitor")["spec"]
    assert spec["selector"] == found.workload["spec"]["selector"]
    [endpoint] = spec["podMetricsEndpoints"]
    assert (endpoint["path"], endpoint["interval"]) == ("/metrics", "30s")
    assert endpoint["port"] in {one["name"] for one in found.server["ports"]}
    assert found.kind("ServiceMonitor") == []


def test_rules_are_those_of_the_file(chart: Render) -> None:
    rule = chart("monitoring").one("PrometheusRule")
    assert rule["spec"] == yaml.safe_load(RULES.read_text())
    assert rule["metadata"]["labels"]["release"] == "kube-prometheus-stack"
    assert sum("alert" in one for group in rule["spec"]["groups"] for one in group["rules"]) > 10


def test_each_dashboard_has_a_config_map_as_it_is_in_its_file(chart: Render) -> None:
    made = [one for one in chart("monitoring").kind("ConfigMap") if "grafana_dashboard" in one["metadata"]["labels"]]
    assert DASHBOARDS
    assert {name: orjson.loads(text) for one in made for name, text in one["data"].items()} == {
        file.name: orjson.loads(file.read_bytes()) for file in DASHBOARDS
    }
    for one in made:
        assert one["metadata"]["labels"]["grafana_dashboard"] == "1"
        assert one["metadata"]["annotations"] == {"grafana_folder": "LLM-Simulator"}


def test_nothing_is_monitored_unasked(chart: Render) -> None:
    kinds = {one["kind"] for one in chart()}
    assert kinds.isdisjoint({"ServiceMonitor", "PodMonitor", "PrometheusRule"})
    assert not [one for one in chart().kind("ConfigMap") if "grafana_dashboard" in one["metadata"]["labels"]]
