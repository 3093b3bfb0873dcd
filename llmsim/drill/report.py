"""The report of a drill, for whoever reads it: JSON, JUnit XML for a pipeline, a page with a timeline for people.

Pure: outcomes in, text out. JUnit as Jenkins' schema has it: a suite, a case for each scenario, a failure with what was
wrong. The page needs nothing but itself.
"""

from collections.abc import Sequence
from html import escape
from typing import Any
from xml.etree import ElementTree as ET

import attrs

from llmsim.drill.distribution import distributions
from llmsim.drill.outcome import Outcome

_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:70rem;padding:0 1rem;color:#222}
table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.3rem .8rem;border-bottom:1px solid #ddd}
td.n,th.n{text-align:right}.passed{color:#17692b}.failed{color:#a8201a;font-weight:600}
svg{width:100%;height:auto;margin:.4rem 0}li{margin:.1rem 0}h2{margin-top:2rem}
@media(prefers-color-scheme:dark){body{background:#161616;color:#ddd}th,td{border-color:#444}}
"""


def as_json(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """A drill as JSON."""
    found = [attrs.asdict(one) | {"passed": one.passed} for one in outcomes]
    spread = [attrs.asdict(one) for one in distributions(outcomes)]
    passed = all(one.passed for one in outcomes)
    return {"object": "llmsim.drill", "passed": passed, "scenarios": found, "distributions": spread}


def as_junit(outcomes: Sequence[Outcome]) -> str:
    """A drill as JUnit XML."""
    failed = sum(not one.passed for one in outcomes)
    took_s = sum(one.took_s for one in outcomes)
    counts = {"tests": str(len(outcomes)), "failures": str(failed), "time": f"{took_s:.3f}"}
    root = ET.Element("testsuites", counts)
    suite = ET.SubElement(root, "testsuite", {"name": "llmsim drill", **counts})
    for one in outcomes:
        case = ET.SubElement(
            suite, "testcase", {"classname": "llmsim.drill", "name": one.scenario, "time": f"{one.took_s:.3f}"}
        )
        if not one.passed:
            failure = ET.SubElement(case, "failure", {"message": one.problems[0]})
            failure.text = "\n".join(one.problems)
        said = ET.SubElement(case, "system-out")
        said.text = "\n".join(f"{event.at_s:8.3f} s  {event.what}" for event in one.events)
    ET.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def as_html(outcomes: Sequence[Outcome]) -> str:
    """A drill as a page."""
    rows = "".join(_row(one) for one in outcomes)
    details = "".join(_detail(one) for one in outcomes)
    heads = "".join(f'<th class="n">{head}</th>' for head in ("Acknowledged", "Lost", "RPO", "RTO", "Drawn again"))
    return (
        '<!doctype html>\n<html lang="en"><meta charset="utf-8"><title>llmsim drill</title>'
        f"<style>{_STYLE}</style><h1>Disaster-recovery drill</h1>"
        f"<table><tr><th>Scenario</th><th>Result</th>{heads}</tr>{rows}</table>{details}</html>\n"
    )


def seconds(value: float | None) -> str:
    """`1.25 s`, or a dash where there is none."""
    return "-" if value is None else f"{value:.2f} s"


def result(one: Outcome) -> str:
    """In a word."""
    return "passed" if one.passed else "failed"


def _row(one: Outcome) -> str:
    values = (one.acknowledged, one.lost, seconds(one.rpo_s), seconds(one.rto_s), one.regenerated)
    cells = "".join(f'<td class="n">{value}</td>' for value in values)
    name = escape(one.scenario)
    return f'<tr><td><a href="#{name}">{name}</a></td><td class="{result(one)}">{result(one)}</td>{cells}</tr>'


def _detail(one: Outcome) -> str:
    problems = "".join(f'<li class="failed">{escape(problem)}</li>' for problem in one.problems)
    events = "".join(f"<li>{event.at_s:.3f} s: {escape(event.what)}</li>" for event in one.events)
    name = escape(one.scenario)
    return f'<h2 id="{name}">{name}</h2><ul>{problems}</ul>{_timeline(one)}<ol>{events}</ol>'


def _timeline(one: Outcome) -> str:
    """A line as long as the scenario took, with a mark for each event, numbered as in the list below it."""
    scale = 960 / max(one.took_s, 0.001)
    marks = "".join(
        f'<g><title>{escape(event.what)}</title><circle cx="{20 + event.at_s * scale:.1f}" cy="30" r="6" '
        f'fill="{"#a8201a" if "SIGKILL" in event.what or "destroyed" in event.what else "#2a6fb0"}"/>'
        f'<text x="{20 + event.at_s * scale:.1f}" y="{14 if number % 2 else 54}" font-size="12" text-anchor="middle" '
        f'fill="currentColor">{number}</text></g>'
        for number, event in enumerate(one.events, 1)
    )
    line = '<line x1="20" x2="980" y1="30" y2="30" stroke="currentColor" stroke-opacity=".4" stroke-width="2"/>'
    return f'<svg viewBox="0 0 1000 60" role="img" aria-label="timeline of {escape(one.scenario)}">{line}{marks}</svg>'
