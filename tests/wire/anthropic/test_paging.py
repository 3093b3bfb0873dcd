"""Pages of things with ids: from the beginning, after one, before one; and limits."""

import pytest

from llmsim.errors import ClientError
from llmsim.wire.anthropic.paging import page

THINGS = [{"id": name} for name in "abcde"]


@pytest.mark.parametrize(
    ("query", "ids", "more"),
    [
        ({}, "abcde", False),
        ({"limit": "2"}, "ab", True),
        ({"limit": "2", "after_id": "b"}, "cd", True),
        ({"limit": "2", "after_id": "c"}, "de", False),
        ({"after_id": "e"}, "", False),
        ({"limit": "2", "before_id": "e"}, "cd", True),
        ({"limit": "2", "before_id": "c"}, "ab", False),
        ({"before_id": "a"}, "", False),
    ],
)
def test_page_has_what_was_asked_for(query: dict[str, str], ids: str, more: bool) -> None:
    assert page(THINGS, query) == {
        "data": [{"id": name} for name in ids],
        "has_more": more,
        "first_id": ids[0] if ids else None,
        "last_id": ids[-1] if ids else None,
    }


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"limit": "0"}, "limit: Input should be greater than or equal to 1"),
        ({"limit": "-5"}, "limit: Input should be greater than or equal to 1"),
        ({"limit": "1001"}, "limit: Input should be less than or equal to 1000"),
        ({"limit": "x"}, "limit: Input should be a valid integer, unable to parse string as an integer"),
        ({"limit": "9" * 5000}, "limit: Input should be a valid integer, unable to parse string as an integer"),
        ({"limit": "²"}, "limit: Input should be a valid integer, unable to parse string as an integer"),
        ({"after_id": "x"}, "after_id: Invalid cursor"),
        ({"before_id": "x"}, "before_id: Invalid cursor"),
        ({"before_id": "a", "after_id": "a"}, "Only one of `after_id` and `before_id` can be provided."),
    ],
)
def test_page_that_cannot_be_is_refused(query: dict[str, str], said: str) -> None:
    with pytest.raises(ClientError) as refused:
        page(THINGS, query)
    assert refused.value.message == said
