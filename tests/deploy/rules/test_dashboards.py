"""The dashboards are such as Grafana takes: identified, laid out without overlap, described, and of known units.

There is no Grafana to draw them here; that their queries have answers is shown by the nox session `monitoring`.
"""

import itertools
from typing import Any

import pytest

from tests.deploy.rules import promql

NEWEST_OF_OLD_FORM = 39
"""Grafana takes dashboards of this version and later as they are; older ones it would migrate."""
COLUMNS = 24
UNITS = {"none", "short", "percentunit", "reqps", "ops", "s", "ms", "bytes", "Bps", "currencyUSD"}
"""Of Grafana's units, those that are used."""
COLOURS = {"green", "orange", "red", "text"}
VARIABLES = ["datasource", "namespace", "pod"]
boards = pytest.mark.parametrize("name", promql.DASHBOARDS)


def cells(panel: dict[str, Any]) -> set[tuple[int, int]]:
    """The cells of the grid that a panel covers."""
    at = panel["gridPos"]
    return set(itertools.product(range(at["x"], at["x"] + at["w"]), range(at["y"], at["y"] + at["h"])))


@boards
def test_dashboard_has_an_identity_of_its_own(name: str) -> None:
    board = promql.dashboard(name)
    assert board["uid"] == f"llmsim-{name}"
    assert "id" not in board  # Grafana's own number, of one installation
    assert board["title"].startswith("llmsim: ")
    assert board["description"].endswith(".")
    assert board["tags"] == ["llmsim"]
    assert board["schemaVersion"] >= NEWEST_OF_OLD_FORM


def test_no_dashboard_is_left_out() -> None:
    assert set(promql.DASHBOARDS.values()) == set((promql.CHART / "dashboards").iterdir())


@boards
def test_variables_come_before_they_are_used_and_choose_all_at_first(name: str) -> None:
    board = promql.dashboard(name)
    found = board["templating"]["list"]
    assert [one["name"] for one in found] == VARIABLES
    assert found[0]["type"] == "datasource"
    for one in found[1:]:
        assert (one["multi"], one["includeAll"], one["allValue"]) == (True, True, ".*")
        assert one["current"]["value"] == ["$__all"]


@boards
def test_panels_do_not_overlap_and_leave_no_gap(name: str) -> None:
    covered: set[tuple[int, int]] = set()
    for panel in promql.dashboard(name)["panels"]:
        own = cells(panel)
        assert own & covered == set(), panel["title"]
        covered |= own
    rows = max(y for _, y in covered) + 1
    assert covered == set(itertools.product(range(COLUMNS), range(rows)))


@boards
def test_panels_are_told_apart(name: str) -> None:
    panels = promql.dashboard(name)["panels"]
    assert [panel["id"] for panel in panels] == list(range(1, len(panels) + 1))
    titles = [panel["title"] for panel in panels]
    assert len(set(titles)) == len(titles)


@boards
def test_panel_says_what_it_shows_and_in_which_unit(name: str) -> None:
    for panel in promql.panels(promql.dashboard(name)):
        defaults = panel["fieldConfig"]["defaults"]
        assert panel["description"].endswith("."), panel["title"]
        assert defaults["unit"] in UNITS, panel["title"]
        steps = defaults["thresholds"]["steps"]
        values = [step["value"] for step in steps]
        assert values[0] is None
        assert values[1:] == sorted(set(values[1:])), panel["title"]
        assert {step["color"] for step in steps} <= COLOURS
        if panel["type"] == "timeseries" and len(steps) > 1:
            assert defaults["custom"]["thresholdsStyle"]["mode"] == "dashed", panel["title"]


@boards
def test_query_asks_the_chosen_source_for_the_chosen_pods(name: str) -> None:
    source = {"type": "prometheus", "uid": "${datasource}"}
    for panel in promql.panels(promql.dashboard(name)):
        targets = panel["targets"]
        assert panel["datasource"] == source
        assert [target["refId"] for target in targets] == [chr(ord("A") + index) for index in range(len(targets))]
        for target in targets:
            assert target["datasource"] == source
            assert "$namespace" in target["expr"] or "ALERTS" in target["expr"], panel["title"]
            assert target["legendFormat"] or panel["type"] == "table", panel["title"]
            assert target.get("instant", False) == (panel["type"] in {"stat", "table"}), panel["title"]


def test_limits_that_are_drawn_are_those_of_the_alerts() -> None:
    """A reader who sees green must not be paged: where a panel names an alert, its limit is a step of the panel."""
    drawn = {
        (panel["title"], step["value"])
        for name in promql.DASHBOARDS
        for panel in promql.panels(promql.dashboard(name))
        for step in panel["fieldConfig"]["defaults"]["thresholds"]["steps"]
    }
    assert drawn >= {
        ("Errors of our own", 0.01),
        ("Errors of our own", 0.005),
        ("Beyond simulated time, p99", 3),
        ("Beyond simulated time, p95", 2),
        ("Frames late, p99", 0.05),
        ("Fullest volume, free", 0.1),
        ("Archive behind by", 60),
        ("CPU by pod", 0.8),
    }
