"""An audit passes where every package was answered for and none is vulnerable, and nowhere else."""

import pytest

from tests.deploy.audit import verdict

SOUND = {"name": "trio", "version": "0.35.0", "vulns": []}
FAULT = {"id": "PYSEC-2026-1", "fix_versions": ["3.1.4"], "aliases": [], "description": "..."}
VULNERABLE = {"name": "jinja2", "version": "3.1.6", "vulns": [FAULT]}
UNANSWERED = {"name": "click", "skip_reason": "Dependency not found on PyPI and could not be audited: click (8.5.1)"}


@pytest.mark.parametrize(
    ("report", "pinned", "words"),
    [
        ([SOUND], 1, []),
        ([SOUND, VULNERABLE], 2, ["jinja2 3.1.6: PYSEC-2026-1, fixed in 3.1.4"]),
        ([SOUND, UNANSWERED], 2, ["did not answer for 1 of 2 (Dependency not found on PyPI"]),
        ([SOUND], 2, ["2 packages are pinned, and the report has 1"]),
        ([], 0, []),
    ],
)
def test_what_speaks_against_passing_is_told(report: list[dict[str, object]], pinned: int, words: list[str]) -> None:
    lines = verdict(report, pinned)
    assert len(lines) == len(words)
    assert all(word in line for word, line in zip(words, lines, strict=True))
