"""Who asks, and how JSON is written."""

import pytest

from llmsim.wire.gemini.http import identified, pretty, query_of, timing


@pytest.mark.parametrize(
    ("headers", "query", "key"),
    [
        ({"x-goog-api-key": "a"}, "key=b", "a"),
        ({"authorization": "Bearer c"}, "", "c"),
        ({}, "key=b", "b"),
        ({}, "key=", ""),
        ({}, "alt=sse", None),
    ],
)
def test_a_key_is_in_a_header_or_in_the_query(headers: dict[str, str], query: str, key: str | None) -> None:
    assert identified(headers, query_of(query)) == key


def test_of_a_parameter_that_is_given_twice_the_last_counts() -> None:
    assert query_of("alt=json&alt=sse&%24x=1") == {"alt": "sse", "$x": "1"}


def test_bodies_are_indented_and_end_with_a_line() -> None:
    assert pretty({"a": [1]}) == b'{\n  "a": [\n    1\n  ]\n}\n'
    assert timing(1_999) == ("server-timing", "gfet4t7; dur=1")
