"""What a conversation offers, and to which properties."""

import time

import pytest

from llmsim.simulation.hints import Hints, several, words_of

FLIGHT = "Book a flight from Paris to New York on 2026-12-01 for 2 people, mail bob@example.com"


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("What is the weather in Paris?", "city", "Paris"),
        ("What is the weather in San Francisco?", "location", "San Francisco"),
        (FLIGHT, "origin", "Paris"),
        (FLIGHT, "destination_city", "New York"),
        (FLIGHT, "travelDate", "2026-12-01"),
        (FLIGHT, "email", "bob@example.com"),
        ('Search for "red shoes" please', "query", "red shoes"),
        ("Search the web for red shoes", "q", "red shoes"),
        ("Create a user named Ada Lovelace", "user_name", "Ada Lovelace"),
        ("title: Emma, please", "title", "Emma"),
        ('{"sky":"clear"}', "sky", "clear"),
        ("What is 12 * (3 + 4)?", "expression", "12 * (3 + 4)"),
        ("See https://example.com/a.", "url", "https://example.com/a."),
        ("Meet at 09:30", "time", "09:30"),
        ("Nothing of the kind", "email", None),
        ("", "query", None),
    ],
)
def test_text_is_offered_to_the_property_that_it_fits(text: str, name: str, value: str | None) -> None:
    assert Hints.of([text]).string(name, "") == value


def test_description_tells_where_the_name_does_not() -> None:
    assert Hints.of(["What is the weather in Oslo?"]).string("x", "The city to look at") == "Oslo"


def test_name_that_was_told_earlier_is_offered() -> None:
    assert Hints.of(["My name is Ada.", "Create my account."]).string("user", "") == "Ada"


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [("age 36", "age", 36), ("474 pages", "pages", 474), ("a limit of 2.5", "limit", 2.5), ("three days", "n", None)],
)
def test_number_is_offered_by_its_name(text: str, name: str, value: float | None) -> None:
    assert Hints.of([text]).number(name) == value


def test_numbers_are_those_of_the_text_in_its_order() -> None:
    assert Hints.of(["Add 1,250 and -3.5 and two, on 2026-01-01 at 10:30"]).numbers == (1250, -3.5, 2)


def test_choice_and_flag_are_what_the_text_says() -> None:
    hints = Hints.of(["In celsius, and do not include the humidity"])
    assert hints.chosen(["fahrenheit", "celsius"]) == "celsius"
    assert hints.chosen([1, None, "kelvin"]) is None
    assert hints.flag("humidity") is False
    assert Hints.of(["Include the humidity"]).flag("include_humidity") is True
    assert hints.flag("verbose") is None


def test_several_things_are_counted_and_taken_in_turn() -> None:
    hints = Hints.of(["What is the weather in Paris, London and New York?"])
    assert several(hints, ["city"], "") == 3
    assert [hints.again(turn).string("city", "") for turn in range(4)] == ["Paris", "London", "New York", "New York"]
    assert several(Hints.of(["Hello"]), ["city"], "") == 1
    assert words_of("userID_now-x") == ["user", "id", "now", "x"]


@pytest.mark.parametrize("piece", ["Aa ", "from A ", '"', "1,", "http://", "a@b.", "((((", "not ", "A, A and "])
def test_long_text_is_read_in_bounded_time(piece: str) -> None:
    begun = time.process_time()
    hints = Hints.of([piece * 20_000])
    for name in ("city", "query", "email", "expression", "name"):
        hints.string(name, "")
    hints.number("n")
    assert time.process_time() - begun < 5
