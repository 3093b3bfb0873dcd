"""Stored completions as they are told, and what may be asked of them."""

import pytest

from llmsim.errors import ClientError
from llmsim.wire.openai.chat.stored import deleted, messages, query_of, told, update_of
from llmsim.wire.openai.responses.requests import Page


def test_query_is_oldest_first_with_filters() -> None:
    query = query_of({"limit": "3", "model": "m", "metadata[a]": "1", "metadata[]": "x", "after": "i"})
    assert (query.page, query.model, query.metadata) == (Page(3, newest=False, after="i"), "m", {"a": "1"})
    assert query_of({"order": "desc"}).page.newest


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{", "invalid_json"),
        (b"{}", "missing_required_parameter"),
        (b'{"metadata":{"a":1}}', "invalid_type"),
        (b'{"metadata":{},"metadatas":1}', "unknown_parameter"),
    ],
)
def test_update_is_metadata_alone(body: bytes, code: str) -> None:
    assert update_of(b'{"metadata":{"a":"1"}}') == {"a": "1"}
    with pytest.raises(ClientError) as said:
        update_of(body)
    assert said.value.code == code


def test_completion_says_its_request_again() -> None:
    assert told(b'{"id":"x"}', {"seed": 3, "top_p": None}, {"a": "1"}) == {
        "id": "x",
        "seed": 3,
        "input_user": None,
        "metadata": {"a": "1"},
    }
    assert deleted("x") == {"object": "chat.completion.deleted", "id": "x", "deleted": True}
    [one] = messages("x", {"messages": [{"role": "user", "content": "hi"}]})
    assert one == {"id": "x-0", "role": "user", "content": "hi", "refusal": None, "content_parts": None}
