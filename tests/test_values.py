"""Values from text and from TOML: each kind takes what it says and nothing else."""

from datetime import UTC, date, datetime, timedelta, timezone
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmsim import values


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


NOT_TOML_NUMBERS = [True, "5", 5.0, None, [], {}]


@pytest.mark.parametrize("value", [*NOT_TOML_NUMBERS, -1, 11])
def test_whole_number_of_another_type_or_out_of_range_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="a whole number from 0 to 10, not"):
        values.whole(0, 10).take(value)


@pytest.mark.parametrize("text", ["", " 5", "5.0", "0x5", "\u0665", "five", "1_0", "9" * 5000])
def test_whole_number_from_text_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected a whole number"):
        values.whole(0, 10).read(text)


@given(st.integers(0, 2**64 - 1))
def test_whole_number_reads_as_it_is_written(value: int) -> None:
    kind = values.whole(0, 2**64 - 1)
    assert kind.read(str(value)) == kind.take(value) == value


@pytest.mark.parametrize("value", [True, "5", None, -0.1, float("nan"), float("inf")])
def test_number_of_another_type_or_not_finite_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="a number from 0 on"):
        values.number(0).take(value)


@pytest.mark.parametrize("text", ["0", "-1", "nan", "inf", "1e999", "", "1_0", "\u0665"])
def test_number_above_a_bound_from_text_refuses_what_is_not_above(text: str) -> None:
    with pytest.raises(ValueError, match="a number above 0"):
        values.number(0, exclusive=True).read(text)


@pytest.mark.parametrize(("text", "value"), [("10", 10.0), ("0.5", 0.5), (".5", 0.5), ("1e3", 1000.0), ("2.", 2.0)])
def test_number_from_text_is_a_float(text: str, value: float) -> None:
    number = values.number(0).read(text)
    assert number == value
    assert isinstance(number, float)


@pytest.mark.parametrize(
    ("text", "value"), [("1", True), ("TRUE", True), ("on", True), ("no", False), ("0", False), ("Off", False)]
)
def test_switch_from_text_knows_the_usual_words(text: str, value: bool) -> None:
    assert values.switch().read(text) is value


def test_switch_takes_false_and_refuses_one() -> None:
    assert values.switch().take(value=False) is False
    with pytest.raises(ValueError, match="expected true or false, not 1"):
        values.switch().take(1)


def test_words_that_are_empty_are_refused() -> None:
    assert values.words().take("x") == "x"
    with pytest.raises(ValueError, match="expected a text, not ''"):
        values.words().take("")


def test_choice_takes_its_words_and_names_them_otherwise() -> None:
    assert values.choice(Colour).read("blue") is Colour.BLUE
    with pytest.raises(ValueError, match="one of red, blue, not 'green'"):
        values.choice(Colour).read("green")
    with pytest.raises(ValueError, match="one of red, blue"):
        values.choice(Colour).take([])


def test_path_that_is_empty_or_no_text_is_refused() -> None:
    assert values.path().read("a/b") == Path("a/b")
    for value in ("", "a\0b", 3):
        with pytest.raises(ValueError, match="a path"):
            values.path().take(value)


def test_paths_from_text_are_separated_as_in_path() -> None:
    assert values.paths().read("a:/b") == (Path("a"), Path("/b"))
    assert values.paths().take(["a:b"]) == (Path("a:b"),)
    assert values.paths().take([]) == ()
    for value in ("a", ["a", 2], [""]):
        with pytest.raises(ValueError, match="a list of paths"):
            values.paths().take(value)


@pytest.mark.parametrize(
    "text",
    [
        "1767225600",
        "2026-01-01",
        "2026-01-01T00:00:00",
        "2026-01-01T00:00:00Z",
        "2026-01-01T01:00:00+01:00",
        "2026-01-01T00:00:00.999Z",
    ],
)
def test_moment_from_text_is_unix_seconds(text: str) -> None:
    assert values.moment().read(text) == 1_767_225_600


@pytest.mark.parametrize(
    "value",
    [
        1_767_225_600,
        "2026-01-01",
        date(2026, 1, 1),
        datetime(2026, 1, 1),  # noqa: DTZ001  (TOML has local times)
        datetime(2026, 1, 1, tzinfo=UTC),
        datetime(2026, 1, 1, 1, tzinfo=timezone(timedelta(hours=1))),
    ],
)
def test_moment_from_toml_is_unix_seconds(value: object) -> None:
    assert values.moment().take(value) == 1_767_225_600


@pytest.mark.parametrize("value", [True, 1.5, -1, "yesterday", date(1969, 1, 1), values.LAST_EPOCH_S + 1, None])
def test_moment_that_is_none_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="unix seconds or ISO 8601"):
        values.moment().take(value)


KINDS: list[values.Kind[Any]] = [
    values.whole(0, 10),
    values.number(0),
    values.switch(),
    values.words(),
    values.choice(Colour),
    values.path(),
    values.paths(),
    values.moment(),
]


@given(st.sampled_from(KINDS), st.text())
def test_any_text_gives_a_value_or_a_value_error(kind: values.Kind[Any], text: str) -> None:
    try:
        value = kind.read(text)
    except ValueError as error:
        assert str(error).startswith("expected ")  # noqa: PT017
    else:
        assert value is not None
