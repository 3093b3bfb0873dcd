"""Google's models by pages."""

import pytest

from llmsim.errors import ClientError
from llmsim.wire.gemini.models import not_found, one, page
from tests.pods import PROFILES

NAMES = [{"name": f"models/m{number}"} for number in range(5)]


def test_a_model_says_what_its_profile_says() -> None:
    profile = PROFILES.by_name["gemini-2.5-flash"]
    shown = one(profile.models[0], profile)
    assert (shown["name"], shown["displayName"]) == ("models/gemini-2.5-flash", "Gemini 2.5 Flash")
    assert (shown["inputTokenLimit"], shown["outputTokenLimit"]) == (1_048_576, 65_536)


def test_pages_lead_from_one_to_the_next_and_end() -> None:
    found, token = [], ""
    for _ in range(3):
        shown = page(NAMES, {"pageSize": "2", "pageToken": token})
        found += shown["models"]
        token = shown.get("nextPageToken", "")
    assert (found, token) == (NAMES, "")
    assert page(NAMES, {}) == {"models": NAMES}
    assert page(NAMES, {"page_size": "0"}) == {"models": NAMES}


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ({"pageSize": "x"}, "Invalid value at 'page_size' (TYPE_INT32), \"x\""),
        ({"pageSize": "²"}, "Invalid value at 'page_size' (TYPE_INT32), \"²\""),
        ({"pageToken": "abcde"}, "Invalid page token."),
        ({"pageToken": "/w=="}, "Invalid page token."),
        ({"pageToken": "é"}, "Invalid page token."),
    ],
)
def test_a_page_that_is_none_is_refused(query: dict[str, str], told: str) -> None:
    with pytest.raises(ClientError) as caught:
        page(NAMES, query)
    assert caught.value.message == told


def test_a_model_that_nobody_names_is_not_found() -> None:
    error = not_found("x", "v1")
    assert (error.status, error.message) == (404, "Model is not found: models/x for api version v1")
