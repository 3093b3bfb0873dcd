"""Wordings: what a value is in its quotes and without them, and what a list names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmsim.simulation.speech.wordings import STARTS, names_in, value_of


@pytest.mark.parametrize(
    ("said", "value"),
    [
        ("start with 'it's'", "it's"),
        ('start with "a b"', "a b"),
        ("start with \u201ca b\u201d.", "a b"),
        ("start with \u2018don\u2019t\u2019", "don\u2019t"),
        ("start with `x`", "x"),
        ("start with Sure.", "Sure"),
        ("start with Sure!", "Sure!"),
        ("start with the word Sure and end with x", "Sure"),
        ("start with Sure please", "Sure"),
    ],
)
def test_value_is_what_was_given(said: str, value: str) -> None:
    found = STARTS.search(said)
    assert found is not None
    assert value_of(found) == value


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("'a', b and \"c\"", ("a", "b", "c")),
        ("yes/no", ("yes", "no")),
        ("{red, green, or dark blue}.", ("red", "green", "dark blue")),
        ("a, a", ("a",)),
        ("one two three four five six", ()),
    ],
)
def test_list_is_split_into_its_names(text: str, names: tuple[str, ...]) -> None:
    assert names_in(text) == names


@given(st.text())
def test_any_list_has_few_short_names(text: str) -> None:
    names = names_in(text)
    assert len(names) <= 20
    assert all(0 < len(name) <= 40 for name in names)
