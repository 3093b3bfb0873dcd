"""What a conversation offers, and to which properties."""

import time

import pytest

from llmsim.simulation.objects.hints import Hints, words_of

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
        ("Where is my order ORD-12345?", "order_id", "ORD-12345"),
        ("Refund order #4711 because it arrived broken.", "orderId", "4711"),
        ("Refund order #4711 because it arrived broken.", "reason", "it arrived broken"),
        ("Transfer 250 euros from savings to checking", "to_account", "checking"),
        ("Tell Bob that Alice is coming", "message", "Alice is coming"),
        ("Remind me to call Mum at 18:00", "task", "call Mum at 18:00"),
        ("Schedule a meeting with Dana about the budget", "title", "the budget"),
        ("Schedule a meeting with Dana about the budget", "attendees", "Dana"),
        ("Alice works at Acme in Berlin", "company", "Acme"),
        ("Alice works at Acme in Berlin", "city", "Berlin"),
        ("What is the weather in Paris, France?", "country", "France"),
        ("Call +49 30 123456 now", "phone_number", "+49 30 123456"),
        ("Due 15 January 2027", "due_date", "2027-01-15"),
        ("garden tools are what this is on", "tags", "garden"),
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
    [
        ("age 36", "age", 36),
        ("Ann is 31 years old", "age", 31),
        ("474 pages", "pages", 474),
        ("a limit of 2.5", "limit", 2.5),
        ("3 of them for $1,250.50", "total_price", 1250.5),
        ("three days", "n", None),
    ],
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
    assert hints.several(["city"], "") == 3
    assert [hints.again(turn).string("city", "") for turn in range(4)] == ["Paris", "London", "New York", "New York"]
    assert Hints.of(["Hello"]).several(["city"], "") == 1
    assert words_of("userID_now-x") == ["user", "id", "now", "x"]


def test_place_with_its_country_is_one_place() -> None:
    assert Hints.of(["What is the weather in Paris, France?"]).several(["city"], "") == 1


def test_what_one_property_took_is_not_offered_to_the_next() -> None:
    hints = Hints.of(["Alice met Bob in Paris"])
    assert hints.without("Alice").string("owner", "") == "Bob"
    assert hints.without("Paris").string("city", "") == "Paris"


@pytest.mark.parametrize("piece", ["Aa ", "from A ", '"', "1,", "http://", "a@b.", "((((", "not ", "A, A and "])
def test_long_text_is_read_in_bounded_time(piece: str) -> None:
    begun = time.process_time()
    hints = Hints.of([piece * 20_000])
    for name in ("city", "query", "email", "expression", "name"):
        hints.string(name, "")
    hints.number("n")
    assert time.process_time() - begun < 5


def test_moment_is_the_date_with_its_time_or_midnight() -> None:
    assert Hints.of(["On 2026-12-01 at 9:30"]).moment() == "2026-12-01T09:30:00Z"
    assert Hints.of(["At 18:05:07 on 2026-12-01"]).moment() == "2026-12-01T18:05:07Z"
    assert Hints.of(["By March 5, 2026"]).moment() == "2026-03-05T00:00:00Z"
    assert Hints.of(["At 9:30"]).moment() is None


def test_city_is_told_without_its_state_and_a_location_with_it() -> None:
    hints = Hints.of(["What is the weather in Austin, TX?"])
    assert (hints.string("city", ""), hints.string("location", "")) == ("Austin", "Austin, TX")
