"""Words that stand for others: listed as they are, and none of them for itself alone."""

import re

from llmsim.simulation.speech.synonyms import DOING, LOOKING, STANDING_FOR
from tests.tables import ROOT


def test_document_lists_the_words_and_what_they_stand_for() -> None:
    document = (ROOT / "docs" / "recognised.md").read_text()
    table = document.split("| word | stands for |\n|---|---|\n")[1].split("\n\n")[0]
    rows = re.findall(r"^\| ([a-z, ]+) \| ([a-z, ]+) \|$", table, re.MULTILINE)
    listed = {word: tuple(meant.split(", ")) for words, meant in rows for word in words.split(", ")}
    assert listed == STANDING_FOR


def test_words_are_plain_and_stand_for_something_else_too() -> None:
    assert all(word.isalpha() and word.islower() for word in STANDING_FOR)
    assert all(set(meant) - {word} for word, meant in STANDING_FOR.items())
    assert not LOOKING & DOING
