"""A key that is nobody's is named, with the known ones that are near."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmsim.wire.openai.spelling import edits, near, unknown_key

KNOWN = ("input", "model", "store", "stream", "tools", "top_p", "user", "include")


@pytest.mark.parametrize(
    ("key", "hint"),
    [
        ("stop", " Did you mean 'store'?"),
        ("stre", " Did you mean 'store' or 'stream'?"),
        ("strem", " Did you mean 'stream' or 'store'?"),
        ("tool", " Did you mean 'tools'?"),
        ("st", ""),
        ("seed", ""),
        ("n", ""),
    ],
)
def test_unknown_key_is_told_with_its_neighbours(key: str, hint: str) -> None:
    error = unknown_key(key, KNOWN)
    assert error.message == f"Unknown parameter: '{key}'.{hint}"
    assert (error.param, error.code, error.status) == (key, "unknown_parameter", 400)


def test_unknown_key_inside_something_is_told_with_its_place() -> None:
    error = unknown_key("tool", KNOWN, "input[0].")
    assert error.message == "Unknown parameter: 'input[0].tool'."
    assert error.param == "input[0].tool"


def test_three_neighbours_are_listed() -> None:
    assert unknown_key("a", ["b", "c", "d"]).message.endswith("Did you mean 'b', 'c' or 'd'?")


def test_megabyte_of_a_key_is_measured_against_nothing() -> None:
    error = unknown_key("z" * 1_000_000, KNOWN)
    assert len(error.message) < 300


@given(st.text(max_size=6), st.text(max_size=6))
def test_edits_are_a_distance(one: str, other: str) -> None:
    distance = edits(one, other)
    assert distance == edits(other, one)
    assert (distance == 0) == (one == other)
    assert abs(len(one) - len(other)) <= distance <= max(len(one), len(other))


def test_edits_of_known_pairs() -> None:
    assert [edits("kitten", "sitting"), edits("", "abc"), edits("flaw", "lawn")] == [3, 3, 2]
    assert near("usr", KNOWN) == ["user"]
