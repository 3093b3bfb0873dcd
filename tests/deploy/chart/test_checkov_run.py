"""Waivers of checkov's findings cover what they name and no more, and each says why."""

import pytest

from tests.deploy.chart import checkov_run
from tests.deploy.chart.checkov_run import Finding, Waiver, findings, judged, waivers

FOUND = Finding("CKV_1", "be careful", "default", "Pod", "a")


def test_every_waiver_has_a_reason_and_variants_that_are_there() -> None:
    assert len(waivers(checkov_run.WAIVERS.read_text())) > 5


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[[waiver]]\ncheck = "A"\nkinds = []\nreason = " "', "A is waived without a reason"),
        ('[[waiver]]\ncheck = "A"\nkinds = []\nreason = "x"\nvariants = ["nowhere"]', r"not there: \['nowhere'\]"),
    ],
)
def test_waiver_that_says_too_little_is_refused(text: str, words: str) -> None:
    with pytest.raises(SystemExit, match=words):
        waivers(text)


@pytest.mark.parametrize(
    ("waiver", "covers"),
    [
        (Waiver("CKV_1", ("Pod",), "x"), True),
        (Waiver("CKV_1", ("Pod",), "x", ("default",)), True),
        (Waiver("CKV_1", ("Pod",), "x", ("aws",)), False),
        (Waiver("CKV_1", ("Job",), "x"), False),
        (Waiver("CKV_2", ("Pod",), "x"), False),
    ],
)
def test_finding_is_covered_by_its_waiver_alone(waiver: Waiver, covers: bool) -> None:
    uncovered, used = judged([FOUND], [waiver])
    assert uncovered == ([] if covers else [FOUND])
    assert used[waiver] == int(covers)


def test_report_is_read() -> None:
    failed = {
        "check_id": "CKV_1",
        "check_name": "be careful",
        "file_path": "/default-values.yaml",
        "resource": "Pod.llm-devops.a",
    }
    assert findings({"results": {"failed_checks": [failed]}}) == [FOUND]
