"""Texts that a regular expression matches; what cannot be met is told."""

import re

import pytest
from hypothesis import given

from llmsim.simulation.draws import Stream
from llmsim.simulation.objects.patterns import LONGEST, Unmet, matching, python_of
from tests.simulation.json_schemas import STREAMS

MET = [
    r"^[A-Z]{3}-\d{4}$", r"^(red|green|blue)$", r"^\w+@\w+\.(com|org)$", r"[^abc]+x?", r"^(a|b)\1$", r"^[^\d]{2}$",
    r"^(?<year>\d{4})-\d\d$", r"^\/api\/v[1-9]$", r"\S\s\D\W", r"^(?:ab){2,}?$", r"^$", r"a{0}b", r"^[\w.-]+$",
    r"^.{3,8}$", r"(?i)abc",
]  # fmt: skip


@pytest.mark.parametrize("pattern", MET)
@given(STREAMS)
def test_text_is_matched_by_its_pattern(pattern: str, stream: Stream) -> None:
    text = matching(pattern, stream)
    assert re.search(python_of(pattern), text)
    assert len(text) <= LONGEST


@pytest.mark.parametrize("pattern", ["(", "a{5000}", "((a{100}){100}){100}", r"(?P<a>x)(?P<a>y)", "[b-a]", r"\p{L}+"])
def test_pattern_that_cannot_be_met_is_told(pattern: str) -> None:
    with pytest.raises(Unmet):
        matching(pattern, Stream(bytes(32)))
