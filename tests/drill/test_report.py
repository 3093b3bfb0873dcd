"""A drill's report says the same to programs, to pipelines and to people, and escapes what it was told."""

from html.parser import HTMLParser
from xml.etree import ElementTree as ET

from llmsim.drill.outcome import Event, Outcome
from llmsim.drill.report import as_html, as_json, as_junit, seconds

OUTCOMES = [
    Outcome("pod-loss", 57, 0, 0.0, 0.83, 87, 2.05, events=(Event(1.0, "SIGKILL after 57"), Event(2.0, "listens"))),
    Outcome("volume-loss", 58, 3, 0.5, None, 40, 3.0, ("doubt: a <gap> & more", "RPO"), (Event(0.5, "a < b"),)),
]


def test_json_has_every_field_and_the_verdict() -> None:
    told = as_json(OUTCOMES)
    assert (told["object"], told["passed"]) == ("llmsim.drill", False)
    first = told["scenarios"][0]
    assert (first["scenario"], first["passed"], first["rto_s"], first["events"][0]["at_s"]) == (
        "pod-loss", True, 0.83, 1.0,
    )  # fmt: skip
    assert as_json(OUTCOMES[:1])["passed"]
    assert told["distributions"][0]["rpo"] == {"p50_s": 0.0, "p90_s": 0.0, "max_s": 0.0}


def test_junit_has_a_case_for_each_and_a_failure_where_it_failed() -> None:
    root = ET.fromstring(as_junit(OUTCOMES))  # noqa: S314  (our own)
    [suite] = root
    assert (suite.get("tests"), suite.get("failures"), suite.get("time")) == ("2", "1", "5.050")
    first, second = suite
    assert (first.get("name"), first.find("failure")) == ("pod-loss", None)
    failure = second.find("failure")
    assert failure is not None
    assert (failure.get("message"), failure.text) == ("doubt: a <gap> & more", "doubt: a <gap> & more\nRPO")
    assert "SIGKILL after 57" in (first.findtext("system-out") or "")


class Page(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, _attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data + "\n"


def test_page_has_a_row_a_timeline_and_its_marks_for_each() -> None:
    page = Page(as_html(OUTCOMES))
    assert (page.tags.count("tr"), page.tags.count("svg"), page.tags.count("circle")) == (3, 2, 3)
    assert "gap" not in page.tags
    for said in ("doubt: a <gap> & more", "0.83 s", "0.500 s: a < b", "passed", "failed"):
        assert said in page.text
    assert "src=" not in as_html(OUTCOMES)
    assert "http" not in as_html(OUTCOMES)


def test_seconds_that_were_not_measured_are_a_dash() -> None:
    assert (seconds(None), seconds(0.0), seconds(1.256)) == ("-", "0.00 s", "1.26 s")
