"""What dashboards and rules ask has an answer, from a real Prometheus that scraped a real server under load.

A report of every query with its answer is printed.
"""

import math
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import attrs
import pytest
from rich.console import Console
from rich.table import Table

from tests.children import Server
from tests.deploy.monitoring.load import Load, loading
from tests.deploy.monitoring.prometheus import LABELS, Found, Prometheus, scraping
from tests.deploy.rules import promql

WITHIN_S = 240
"""How long an answer may take to be there; it takes a few seconds, and longer on a machine that is busy."""
CHOSEN = {"$namespace": ".*", "$pod": ".*", "$__rate_interval": "30s"}
"""What Grafana puts for variables where all is chosen."""
REPORT_COLUMNS = 160


@attrs.frozen
class Watched:
    """A server under load, and the Prometheus that scrapes it."""

    server: Server
    load: Load
    prometheus: Prometheus

    def asked(self, expr: str, *, instant: bool) -> Found:
        """The answer to a query; asked again, while the load goes on, until it has a number."""
        ask = self.prometheus.at_once if instant else self.prometheus.over_time
        answers: list[Found] = []

        def has_number() -> bool:
            answers.append(ask(filled(expr)))
            return answers[-1].series > 0

        try:
            self.load.until(has_number, WITHIN_S)
        except AssertionError as error:
            raise AssertionError(f"{expr}: no number") from error
        return answers[-1]


def filled(expr: str) -> str:
    """An expression of a dashboard with its variables filled in."""
    for name, value in CHOSEN.items():
        expr = expr.replace(name, value)
    assert "$" not in expr
    return expr


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """A server with an archive and a snapshot, scraped, that has had a first round."""
    folder = tmp_path_factory.mktemp("monitoring")
    kept = ["--archive-to", str(folder / "archive"), "--snapshot-to", str(folder / "snapshots"), "--snapshot-every"]
    with Server(folder / "data", "--speed", "50", *kept, "1h") as server:
        server.wait_for_log("snapshot taken")
        with scraping(urlsplit(server.url).netloc, folder) as prometheus, loading(server.url) as load:
            load.until(lambda: prometheus.answers() and prometheus.at_once("up").value == 1, WITHIN_S)
            yield Watched(server, load, prometheus)


def test_every_panel_has_an_answer(watched: Watched, capsys: pytest.CaptureFixture[str]) -> None:
    report = Table("dashboard", "panel", "", "series", "value", "query", title="Queries of the dashboards")
    for name in promql.DASHBOARDS:
        for panel in promql.panels(promql.dashboard(name)):
            for target in panel["targets"]:
                found = watched.asked(target["expr"], instant=target.get("instant", False))
                row = (name, panel["title"], target["refId"], str(found.series), f"{found.value:.6g}", target["expr"])
                report.add_row(*row)
    with capsys.disabled():
        Console(width=REPORT_COLUMNS).print(report)
    assert report.row_count == len(list(promql.queries_of_dashboards()))


def test_every_variable_has_values(watched: Watched) -> None:
    for name in promql.DASHBOARDS:
        for variable in promql.dashboard(name)["templating"]["list"][1:]:
            found = promql.LABEL_VALUES.fullmatch(variable["query"]["query"])
            assert found
            series, label = filled(found["series"]), found["label"]
            assert watched.prometheus.label_values(series, label) == [LABELS[label]]


def test_every_rule_is_evaluated_and_records(watched: Watched) -> None:
    for name in promql.recorded():
        assert math.isfinite(watched.asked(name, instant=True).value)
    for query in promql.queries_of_rules():
        watched.prometheus.vector(query.expr)
    rules = watched.prometheus.rules()
    assert len(rules) == len(promql.rules())
    assert [(rule["name"], rule.get("lastError")) for rule in rules if rule["health"] != "ok"] == []


def test_no_alert_fires_for_a_sound_server_under_load(watched: Watched) -> None:
    watched.load.until(lambda: watched.load.rounds > 2, WITHIN_S)
    assert [rule["name"] for rule in watched.prometheus.rules() if rule.get("state") == "firing"] == []


def test_errors_are_told_apart_by_whose_they_are(watched: Watched) -> None:
    found = {
        one["metric"]["cause"]: float(one["value"][1])
        for one in watched.prometheus.vector("sum by (cause) (llm_simulator_errors_total)")
    }
    assert found["caller"] > 0
    assert found["server"] == found["simulated"] == 0


@pytest.mark.parametrize("name", ["llm_simulator_requests_per_second", "llm_simulator_latency_p95_ms"])
def test_metric_that_scales_moves_with_load(watched: Watched, name: str) -> None:
    watched.load.until(lambda: watched.prometheus.at_once(name).value > 0, WITHIN_S)


def test_queue_is_measured_and_empty(watched: Watched) -> None:
    """No profile makes turns wait yet, so it cannot move; whoever scales by it must find it."""
    assert watched.asked("llm_simulator_queue_depth", instant=True) == Found(1, 0.0)


def test_answers_drawn_again_are_those_that_are_stored(watched: Watched) -> None:
    watched.load.until(lambda: watched.prometheus.at_once("llm_simulator_replay_compared_total").value > 0, WITHIN_S)
    assert watched.prometheus.at_once("llm_simulator_replay_mismatches_total") == Found(1, 0.0)


def test_server_that_is_gone_is_about_to_be_alerted(watched: Watched, tmp_path: Path) -> None:
    """The last one: it ends the server. The load goes on against a fresh one, which nobody scrapes."""
    watched.server.kill()
    with Server(tmp_path / "data", "--instant") as another, loading(another.url) as load:

        def pending() -> set[str]:
            return {rule["name"] for rule in watched.prometheus.rules() if rule.get("state") == "pending"}

        load.until(lambda: "LLMSimDown" in pending(), WITHIN_S)
