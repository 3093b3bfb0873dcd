"""Strings meet their formats, patterns and lengths, and are the conversation's where it has one that fits."""

from typing import Any

import jsonschema
import pytest
from hypothesis import given

from llmsim.simulation.draws import Stream
from llmsim.simulation.objects.hints import Hints
from llmsim.simulation.objects.strings import LONGEST, fits, made
from tests.simulation.json_schemas import FORMATS, STREAMS


def string(schema: dict[str, Any], name: str = "", text: str = "") -> str:
    return made(schema, Stream(bytes(32)), Hints.of([text]), name)


@pytest.mark.parametrize("form", FORMATS)
@given(STREAMS)
def test_string_has_its_format(form: str, stream: Stream) -> None:
    text = made({"format": form}, stream, Hints.of([]), "x")
    assert fits(text, {"format": form})
    known = jsonschema.FormatChecker(formats=("date", "email", "ipv4", "ipv6", "uuid"))
    assert jsonschema.Draft202012Validator({"format": form}, format_checker=known).is_valid(text)


def test_string_of_the_conversation_is_taken_where_it_fits() -> None:
    assert string({"format": "email"}, "to", "Write to bob@example.com") == "bob@example.com"
    assert string({"format": "date"}, "day", "on 2026-12-24") == "2026-12-24"
    assert string({"maxLength": 3}, "city", "weather in Paris") == "Par"
    assert string({"patterns": ["^[a-z]+$"]}, "city", "weather in Paris").islower()


@pytest.mark.parametrize(("least", "most"), [(0, 0), (5, 5), (30, 200), (500, 501)])
def test_string_has_its_length(least: int, most: int) -> None:
    assert least <= len(string({"minLength": least, "maxLength": most}, "query", "Search for red shoes")) <= most


def test_longest_string_is_bounded() -> None:
    assert len(string({"minLength": 10**9})) == LONGEST


def test_pattern_that_nothing_meets_leaves_a_string() -> None:
    assert string({"patterns": ["(?!)"]})
