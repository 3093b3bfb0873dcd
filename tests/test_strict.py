"""Strict reading: what is wrong in a table is said with its path, and nothing is coerced."""

from enum import StrEnum

import attrs
import pytest
from attrs.validators import gt

from llmsim import strict
from llmsim.errors import OperatorError


class Colour(StrEnum):
    RED = "red"
    GREEN = "green"


@attrs.frozen
class Inner:
    size_mm: float = attrs.field(validator=gt(0))
    colour: Colour = Colour.RED


@attrs.frozen
class Outer:
    name: str
    count: int = 1
    flag: bool = False
    inner: Inner | None = None
    items: tuple[Inner, ...] = ()
    notes: dict[str, int] = attrs.field(factory=dict)


def read(table: object) -> Outer:
    return strict.structure(table, Outer, "x.toml", strict.converter())


def fault(table: object) -> str:
    with pytest.raises(OperatorError) as caught:
        read(table)
    return str(caught.value)


def test_structure_of_a_right_table_gives_the_record() -> None:
    table = {"name": "a", "inner": {"size_mm": 2}, "items": [{"size_mm": 1.5, "colour": "green"}]}
    assert read(table) == Outer("a", inner=Inner(2.0), items=(Inner(1.5, Colour.GREEN),))


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"name": "a", "cuont": 1}, "x.toml: unknown key 'cuont' (did you mean 'count'?) @ $"),
        ({"name": "a", "zzz": 1}, "x.toml: unknown key 'zzz' @ $"),
        ({}, "x.toml: missing key @ $.name"),
        ({"name": 3}, "x.toml: expected a text, not a number @ $.name"),
        ({"name": "a", "count": "3"}, "x.toml: expected a whole number, not a text @ $.count"),
        ({"name": "a", "count": 3.0}, "x.toml: expected a whole number, not a number @ $.count"),
        ({"name": "a", "count": True}, "x.toml: expected a whole number, not true or false @ $.count"),
        ({"name": "a", "flag": 1}, "x.toml: expected true or false, not a number @ $.flag"),
        ({"name": "a", "inner": 1}, "x.toml: expected a table, not a number @ $.inner"),
        ({"name": "a", "inner": {"size_mm": "1"}}, "x.toml: expected a number, not a text @ $.inner.size_mm"),
        ({"name": "a", "inner": {"size_mm": False}}, "x.toml: expected a number, not true or false @ $.inner.size_mm"),
        ({"name": "a", "inner": {"size_mm": float("nan")}}, "x.toml: expected a finite number @ $.inner.size_mm"),
        ({"name": "a", "inner": {"size_mm": -1}}, "x.toml: 'size_mm' must be > 0: -1.0 @ $.inner"),
        (
            {"name": "a", "inner": {"size_mm": 1, "colour": "gren"}},
            "x.toml: expected one of red, green, not 'gren' (did you mean 'green'?) @ $.inner.colour",
        ),
        ({"name": "a", "items": "abc"}, "x.toml: expected a list, not a text @ $.items"),
        ({"name": "a", "items": [{"size_mm": 1}, {}]}, "x.toml: missing key @ $.items[1].size_mm"),
        ({"name": "a", "notes": [1]}, "x.toml: expected a table, not a list @ $.notes"),
        ({"name": "a", "notes": {"b": "1"}}, "x.toml: expected a whole number, not a text @ $.notes['b']"),
        ([], "x.toml: expected a table, not a list @ $"),
    ],
)
def test_structure_of_a_wrong_table_names_the_fault_and_its_path(table: object, said: str) -> None:
    assert fault(table) == said


def test_structure_of_two_faults_names_both() -> None:
    assert fault({"name": 1, "count": "x"}).splitlines() == [
        "x.toml: expected a text, not a number @ $.name",
        "x.toml: expected a whole number, not a text @ $.count",
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"a = ", "x.toml: not TOML: Invalid value (at end of document)"),
        (b"a = 1\xff", "x.toml: not UTF-8 at byte 5"),
        (b"#" * (strict.TEXT_LIMIT_BYTES + 1), f"x.toml: {strict.TEXT_LIMIT_BYTES + 1} bytes"),
    ],
)
def test_parse_toml_of_bad_bytes_says_where(text: bytes, said: str) -> None:
    with pytest.raises(OperatorError) as caught:
        strict.parse_toml(text, "x.toml")
    assert said in str(caught.value)


def test_parse_toml_of_a_text_at_the_limit_is_read() -> None:
    assert strict.parse_toml(b"a = 1\n" + b"#" * (strict.TEXT_LIMIT_BYTES - 6), "x.toml") == {"a": 1}
