"""Rules and dashboards as data: every expression in them with where it stands, and the metrics that it names."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import orjson
import yaml

from tests.tables import ROOT

CHART = ROOT / "charts" / "llm-simulator"
RULES = CHART / "rules" / "alerts.yaml"
UNIT_TESTS = sorted(Path(__file__).parent.glob("*.yaml"))
DASHBOARDS = {
    name: CHART / "dashboards" / f"{name}.json"
    for name in ("overview", "sessions-and-store", "latency-fidelity", "disaster-recovery")
}
LABEL_VALUES = re.compile(r"label_values\((?P<series>.+), *(?P<label>\w+)\)")
NOISE = re.compile(
    r""""(?:\\.|[^"\\])*" | '(?:\\.|[^'\\])*'  # strings first: they may hold braces
    | \[[^\]]*\]                               # ranges
    | \b(?:by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)""",
    re.VERBOSE,
)
MATCHERS = re.compile(r"\{[^}]*\}")
WORDS = frozenset(
    {"and", "or", "unless", "by", "without", "on", "ignoring", "group_left", "group_right", "offset", "bool", "atan2"}
)
SELECTOR = re.compile(r"(?<![\w:.$])[a-zA-Z_:][\w:]*(?![\w:])(?!\s*\()")


@attrs.frozen
class Query:
    """An expression of a panel or rule; `where` says which one."""

    where: str
    expr: str


def rules() -> list[dict[str, Any]]:
    """Every rule, recording and alerting, in the order of the file."""
    return [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]


def alerts() -> list[dict[str, Any]]:
    """Every alerting rule; an alert that is found in two ways has two."""
    return [rule for rule in rules() if "alert" in rule]


def recorded() -> set[str]:
    """The names of series that rules record."""
    return {rule["record"] for rule in rules() if "record" in rule}


def dashboard(name: str) -> dict[str, Any]:
    """One dashboard."""
    board: dict[str, Any] = orjson.loads(DASHBOARDS[name].read_bytes())
    return board


def panels(board: dict[str, Any]) -> list[dict[str, Any]]:
    """Its panels, rows left out."""
    return [panel for panel in board["panels"] if panel["type"] != "row"]


def queries_of_dashboards() -> Iterator[Query]:
    """Every query of every panel."""
    for name in DASHBOARDS:
        for panel in panels(dashboard(name)):
            for target in panel["targets"]:
                yield Query(f"{name} | {panel['title']} | {target['refId']}", target["expr"])


def queries_of_variables() -> Iterator[Query]:
    """The series that every variable of a dashboard takes its values from."""
    for name in DASHBOARDS:
        for variable in dashboard(name)["templating"]["list"]:
            if variable["type"] == "query":
                found = LABEL_VALUES.fullmatch(variable["query"]["query"])
                assert found, variable
                yield Query(f"{name} | ${variable['name']}", found["series"])


def queries_of_rules() -> Iterator[Query]:
    """The expression of every rule."""
    for rule in rules():
        yield Query(title(rule), rule["expr"])


def title(rule: dict[str, Any]) -> str:
    """Which rule it is; alerts that are found in two ways are told apart by their labels."""
    return " ".join((rule.get("alert") or rule["record"], *rule.get("labels", {}).values()))


def named(expr: str) -> set[str]:
    """The series that an expression selects, by name."""
    bare = MATCHERS.sub(" ", NOISE.sub(" ", expr))
    return {match[0] for match in SELECTOR.finditer(bare)} - WORDS
