"""What a text mentions: names by what stands around them, dates, numbers, quotations."""

import time

import pytest

from llmsim.simulation.objects import mentions


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Alice Smith is 31 years old.", ["Alice Smith"]),
        ("Email Bob Jones today.", ["Bob Jones"]),
        ("We met Ann. Carol said hello to Dan O'Neil.", ["Carol", "Dan O'Neil", "Ann"]),
        ("This is what I want. The end was near. Hi there.", []),
        ("Bob Jones (CEO) left. bob is here.", ["Bob Jones"]),
    ],
)
def test_names_are_who_begins_a_sentence_then_who_is_addressed_then_the_rest(text: str, names: list[str]) -> None:
    assert [name for name in mentions.names(text) if name != "CEO"] == names


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("The weather in Paris, London and New York", ["Paris", "London", "New York"]),
        ("The weather in Paris and the forecast for Tokyo", ["Paris", "Tokyo"]),
        ("Fly from Paris to Rome", ["Paris", "Rome"]),
        ("I work at Acme in Berlin", ["Berlin"]),
        ("In San Francisco, CA or in Austin, TX", ["San Francisco, CA", "Austin, TX"]),
        ("Remind me in March", []),
    ],
)
def test_places_stand_behind_their_prepositions(text: str, places: list[str]) -> None:
    assert mentions.places(text) == places


@pytest.mark.parametrize(
    ("text", "organizations"),
    [
        ("She is an engineer at Blue Ocean and worked for Acme.", ["Blue Ocean", "Acme"]),
        ("Invoice from Contoso Ltd, please", ["Contoso Ltd"]),
        ("the company Initech", ["Initech"]),
        ("Alice is in Berlin", []),
    ],
)
def test_organizations_are_known_by_what_is_said_of_them(text: str, organizations: list[str]) -> None:
    assert mentions.organizations(text) == organizations


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("on 2026-12-01 and 2027-01-01", "2026-12-01"),
        ("by March 5, 2026", "2026-03-05"),
        ("the 3rd of July 2026", "2026-07-03"),
        ("on March 5", None),
        ("tomorrow", None),
    ],
)
def test_date_is_written_as_iso_8601_does(text: str, date: str | None) -> None:
    assert mentions.date(text) == date


def test_numbers_of_dates_times_and_addresses_are_none_of_their_own() -> None:
    assert mentions.numbers("5 March 2026 at 10:30, https://a.example/7: 1,250 and -3.5 and two") == [1250, -3.5, 2]


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("Open src/main.py now", "src/main.py"),
        ("Write to notes.txt.", "notes.txt"),
        ("in /etc/hosts and ~/.ssh", "/etc/hosts"),
        ("mail bob@example.com or v2.0 at 3.5", None),
    ],
)
def test_path_is_that_of_a_file(text: str, path: str | None) -> None:
    found = mentions.PATH.search(text)
    assert (found[0] if found else None) == path


def test_quotations_are_taken_once_in_all_their_marks() -> None:
    assert mentions.quotations('\'a\' "b" `c` \u201cd\u201d "a" it\'s') == ["a", "b", "c", "d"]


@pytest.mark.parametrize("piece", ["Aa ", "in A, ", '"', "work at A ", "March 5 ", "Aa Inc ", "3rd of ", "A is "])
def test_long_text_is_read_in_bounded_time(piece: str) -> None:
    text = (piece * 2_000)[:4_000]
    begun = time.process_time()
    for found in (mentions.names, mentions.places, mentions.organizations, mentions.date, mentions.numbers):
        found(text)
    assert time.process_time() - begun < 1
