"""The alerts that are promised are there; each is tested firing and silent; what they name exists."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy.rules import promql
from tests.tables import ROOT, samples

RUNBOOKS = ROOT / "docs" / "runbooks.md"
RUNBOOK_URL = "https://github.com/llm-devops/llm-simulator/blob/main/docs/runbooks.md#"
PROMISED = {
    "LLMSimErrorRateHigh": ("critical", "5m"),
    "LLMSimLatencyHigh": ("critical", "5m"),
    "LLMSimCrashLooping": ("critical", "5m"),
    "LLMSimTooFewPods": ("critical", "5m"),
    "LLMSimNodeExhausted": ("critical", "5m"),
    "LLMSimReplayMismatch": ("critical", None),
    "LLMSimDown": ("critical", "3m"),
    "LLMSimErrorRateElevated": ("warning", "10m"),
    "LLMSimLatencyElevated": ("warning", "10m"),
    "LLMSimCPUHigh": ("warning", "15m"),
    "LLMSimMemoryHigh": ("warning", "15m"),
    "LLMSimSnapshotTooOld": ("warning", "15m"),
    "LLMSimArchiveLagging": ("warning", "5m"),
    "LLMSimStoreNearlyFull": ("warning", "5m"),
    "LLMSimLatenessHigh": ("warning", "10m"),
}
"""Each alert with its severity and how long its condition must hold."""
FOREIGN = {
    "up": "Prometheus",
    "ALERTS": "Prometheus",
    "container_cpu_usage_seconds_total": "cAdvisor",
    "container_memory_rss": "cAdvisor",
    "node_cpu_seconds_total": "node_exporter",
    "node_memory_MemAvailable_bytes": "node_exporter",
    "node_memory_MemTotal_bytes": "node_exporter",
    "kube_cronjob_created": "kube-state-metrics",
    "kube_cronjob_next_schedule_time": "kube-state-metrics",
    "kube_cronjob_status_last_schedule_time": "kube-state-metrics",
    "kube_cronjob_status_last_successful_time": "kube-state-metrics",
    "kube_daemonset_status_desired_number_scheduled": "kube-state-metrics",
    "kube_daemonset_status_number_ready": "kube-state-metrics",
    "kube_deployment_spec_replicas": "kube-state-metrics",
    "kube_deployment_status_replicas_ready": "kube-state-metrics",
    "kube_node_status_condition": "kube-state-metrics",
    "kube_pod_container_resource_limits": "kube-state-metrics",
    "kube_pod_container_status_waiting_reason": "kube-state-metrics",
    "kube_pod_info": "kube-state-metrics",
    "kube_pod_init_container_status_waiting_reason": "kube-state-metrics",
    "kube_poddisruptionbudget_status_current_healthy": "kube-state-metrics",
    "kube_poddisruptionbudget_status_desired_healthy": "kube-state-metrics",
    "kube_statefulset_replicas": "kube-state-metrics",
    "kube_statefulset_status_replicas_ready": "kube-state-metrics",
}
"""Metrics that are not ours, by who exposes them."""
QUERIES = [*promql.queries_of_rules(), *promql.queries_of_dashboards(), *promql.queries_of_variables()]
LOCATION = re.compile(r"[a-z]+(_[a-z]+)?:llm_simulator_[a-z_]+:[a-z0-9_]+")


def unit_tests() -> list[dict[str, Any]]:
    """Every alert test: which alert, and what is expected of it."""
    files = [yaml.safe_load(file.read_text()) for file in promql.UNIT_TESTS]
    return [one for file in files for test in file["tests"] for one in test.get("alert_rule_test", ())]


def test_promised_alerts_are_there() -> None:
    found = [(rule["alert"], rule["labels"]["severity"], rule.get("for")) for rule in promql.alerts()]
    assert set(found) == {(name, *rest) for name, rest in PROMISED.items()}


@pytest.mark.parametrize("alert", PROMISED)
def test_alert_is_tested_silent(alert: str) -> None:
    assert [one for one in unit_tests() if one["alertname"] == alert and not one.get("exp_alerts")]


@pytest.mark.parametrize("rule", promql.alerts(), ids=promql.title)
def test_alert_is_tested_firing(rule: dict[str, Any]) -> None:
    """Each way in which an alert is found is told from the others by its labels, and has a test that fires."""
    expected = [
        alert["exp_labels"]
        for one in unit_tests()
        if one["alertname"] == rule["alert"]
        for alert in one.get("exp_alerts") or ()
    ]
    assert any(rule["labels"].items() <= labels.items() for labels in expected)


@pytest.mark.parametrize("rule", promql.alerts(), ids=promql.title)
def test_alert_says_what_was_measured_and_where_to_read_on(rule: dict[str, Any]) -> None:
    told = rule["annotations"]
    assert set(told) == {"summary", "description", "runbook_url"}
    assert "{{" in told["summary"]
    assert "$labels.namespace" in told["description"] or "$labels.node" in told["description"]
    assert told["runbook_url"] == RUNBOOK_URL + rule["alert"].lower()


@pytest.mark.parametrize("alert", PROMISED)
def test_alert_has_a_runbook(alert: str) -> None:
    assert re.search(rf"^## {alert}$", RUNBOOKS.read_text(), re.MULTILINE)


def test_metrics_that_are_named_exist() -> None:
    known = samples() | promql.recorded() | set(FOREIGN)
    unknown = {query.where: promql.named(query.expr) - known for query in QUERIES}
    assert {where: names for where, names in unknown.items() if names} == {}
    assert [query.where for query in QUERIES if not promql.named(query.expr)] == []


def test_every_foreign_metric_is_used() -> None:
    assert set(FOREIGN) == set[str]().union(*(promql.named(query.expr) for query in QUERIES)) & set(FOREIGN)


def test_recorded_series_are_named_by_level_and_operation_and_used() -> None:
    assert [name for name in promql.recorded() if not LOCATION.fullmatch(name)] == []
    assert promql.recorded() - set[str]().union(*(promql.named(query.expr) for query in QUERIES)) == set()


def test_metrics_that_do_not_exist_are_found() -> None:
    expr = 'sum by (pod) (rate(turns{a="b{c}d"}[5m])) / on (x) group_left (y) up > bool 1e3 or time() - a:b:c offset 5m'
    assert promql.named(expr) == {"turns", "up", "a:b:c"}


def test_promtool_takes_the_rules(promtool: Path) -> None:
    checked = subprocess.run([promtool, "check", "rules", promql.RULES], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert f"{len(promql.rules())} rules found" in checked.stdout


@pytest.mark.parametrize("file", promql.UNIT_TESTS, ids=lambda file: file.stem)
def test_promtool_sees_alerts_fire_and_stay_silent(promtool: Path, file: Path) -> None:
    tested = subprocess.run([promtool, "test", "rules", file], capture_output=True, text=True, check=False)
    assert tested.returncode == 0, tested.stdout + tested.stderr
