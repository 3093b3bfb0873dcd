"""What a query asks for, the parts of a list, and values that could not be written again."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmsim.errors import ClientError
from llmsim.wire.openai.responses.requests import (
    ROUND_LEVELS,
    Look,
    Page,
    check_include,
    check_storable,
    listing,
    look_of,
    page_of,
    paged,
)
from tests.schemas import answer_faults

ITEMS = [{"id": f"msg_{at}"} for at in range(5)]


def ids(page: dict[str, Any]) -> list[str]:
    return [one["id"] for one in page["data"]]


def test_query_without_wishes_asks_for_the_newest_twenty() -> None:
    assert page_of({}) == Page(20, newest=True, after=None)
    assert page_of({"limit": "", "order": "", "after": ""}) == Page()
    assert page_of({"limit": "100", "order": "asc", "after": "msg_1"}) == Page(100, newest=False, after="msg_1")


@pytest.mark.parametrize(
    ("query", "told"),
    [
        (
            {"limit": "1000"},
            (
                "limit",
                "integer_above_max_value",
                "Invalid 'limit': integer above maximum value. Expected a value <= 100, but got 1000 instead.",
            ),
        ),
        (
            {"limit": "0"},
            (
                "limit",
                "integer_below_min_value",
                "Invalid 'limit': integer below minimum value. Expected a value >= 1, but got 0 instead.",
            ),
        ),
        (
            {"limit": "ten"},
            ("limit", "invalid_type", "Invalid type for 'limit': expected an integer, but got a string instead."),
        ),
        (
            {"order": "up"},
            ("order", "invalid_value", "Invalid value: 'up'. Supported values are: 'asc' and 'desc'."),
        ),
    ],
)
def test_wish_that_cannot_be_is_refused_as_recorded(query: dict[str, str], told: tuple[str, str, str]) -> None:
    with pytest.raises(ClientError) as refused:
        page_of(query)
    assert (refused.value.param, refused.value.code, refused.value.message) == told


@given(st.dictionaries(st.sampled_from(["limit", "order", "after", "starting_after", "stream"]), st.text()))
def test_any_query_is_refused_or_understood(query: dict[str, str]) -> None:
    for parse in (page_of, look_of):
        with suppress(ClientError):
            parse(query)


@pytest.mark.parametrize("digits", ["9" * 5000, "-" + "9" * 5000, "٣" * 3])
def test_number_of_any_length_is_refused_at_once(digits: str) -> None:
    with pytest.raises(ClientError):
        page_of({"limit": digits})


def test_look_at_a_response() -> None:
    assert look_of({}) == Look()
    asked = {"stream": "true", "starting_after": "12", "include_obfuscation": "false"}
    assert look_of(asked) == Look(stream=True, after=12, obfuscation=False)
    for query in ({"stream": "maybe"}, {"starting_after": "x"}):
        with pytest.raises(ClientError):
            look_of(query)


def test_included_must_be_known() -> None:
    check_include(["reasoning.encrypted_content"])
    with pytest.raises(ClientError) as refused:
        check_include(["reasoning.encrypted_content", "x"])
    assert refused.value.param == "include[1]"


@given(st.integers(1, 6), st.booleans())
def test_pages_are_the_whole_list(limit: int, newest: bool) -> None:
    seen: list[str] = []
    after: str | None = None
    for _ in range(len(ITEMS)):
        page = paged(ITEMS, Page(limit, newest=newest, after=after))
        assert page["first_id"] == ids(page)[0]
        assert page["last_id"] == ids(page)[-1]
        seen += ids(page)
        after = page["last_id"]
        if not page["has_more"]:
            break
    assert seen == [item["id"] for item in (reversed(ITEMS) if newest else ITEMS)]


def test_empty_list_has_no_first_and_no_last() -> None:
    empty = listing([], more=False)
    assert empty == {"object": "list", "data": [], "first_id": None, "has_more": False, "last_id": None}
    assert answer_faults("GET", "/responses/{response_id}/input_items", empty) == []
    assert paged(ITEMS, Page(after="msg_0"))["data"] == []
    with pytest.raises(ClientError):
        paged(ITEMS, Page(after="msg_9"))


def test_value_is_storable_if_there_is_room_around_it() -> None:
    deep: Any = 1
    for _ in range(254 - ROUND_LEVELS):
        deep = [deep]
    check_storable(deep)
    with pytest.raises(ClientError, match="nested too deeply"):
        check_storable([deep])
