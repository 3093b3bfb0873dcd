"""OpenAI Conversations: the bodies of their requests, checked, and what they answer.

Pure; who stores conversations and gives ids to items is not known here. A body may be left out where nothing in it is
required. An item is kept in stored form (`items.normalised`).
"""

from collections.abc import Mapping
from functools import partial
from typing import Any

import attrs

from llmsim.wire.openai.http import check_exactly
from llmsim.wire.openai.responses import items
from llmsim.wire.openai.responses.errors import reference_here
from llmsim.wire.openai.responses.items_schema import METADATA, Item
from llmsim.wire.openai.responses.requests import check_storable, read
from llmsim.wire.openai.validation import Items, Kind, check_keys, opened, refuse_unknown

MOST_ITEMS = 20
"""How many items one request may bring."""
ITEMS = Items(Item(), "input items", most=MOST_ITEMS)
CREATED: Mapping[str, Kind] = {"items": ITEMS, "metadata": METADATA}
UPDATED: Mapping[str, Kind] = {"metadata": METADATA}
APPENDED: Mapping[str, Kind] = {"items": ITEMS}


@attrs.frozen
class Creation:
    """What a conversation is to begin with: items in stored form, and metadata."""

    items: list[dict[str, Any]]
    metadata: dict[str, str]


def parse_create(body: bytes, *, lenient: bool = False) -> Creation:
    """The body of `POST /v1/conversations`; it may be empty.

    Raises:
        ClientError: whatever is wrong with it.
    """
    asked = _checked(body or b"{}", CREATED, (), lenient=lenient)
    return Creation(_stored(asked.get("items") or ()), asked.get("metadata") or {})


def parse_update(body: bytes, *, lenient: bool = False) -> dict[str, str]:
    """The metadata that `POST /v1/conversations/{id}` puts in the place of what there was.

    Raises:
        ClientError: whatever is wrong with the body.
    """
    metadata: dict[str, str] = _checked(body or b"{}", UPDATED, ("metadata",), lenient=lenient)["metadata"]
    return metadata


def parse_items(body: bytes, *, lenient: bool = False) -> list[dict[str, Any]]:
    """The items of `POST /v1/conversations/{id}/items`, in stored form.

    Raises:
        ClientError: whatever is wrong with the body.
    """
    return _stored(_checked(body or b"{}", APPENDED, ("items",), lenient=lenient)["items"])


def resource(conversation_id: str, created_s: int, metadata: Mapping[str, str]) -> dict[str, Any]:
    """A conversation; `created_s` is unix seconds."""
    return {"id": conversation_id, "object": "conversation", "created_at": created_s, "metadata": dict(metadata)}


def deleted(conversation_id: str) -> dict[str, Any]:
    """A conversation that is no more."""
    return {"id": conversation_id, "object": "conversation.deleted", "deleted": True}


def _checked(body: bytes, rows: Mapping[str, Kind], required: tuple[str, ...], *, lenient: bool) -> dict[str, Any]:
    asked = read(body)
    check_exactly(asked, body, partial(_check, rows=rows, required=required, lenient=lenient))
    return asked


def _check(asked: Mapping[str, Any], rows: Mapping[str, Kind], required: tuple[str, ...], *, lenient: bool) -> None:
    if not lenient:
        refuse_unknown(asked, rows)
    check_keys(asked, opened(rows) if lenient else rows, required)


def _stored(said: Any) -> list[dict[str, Any]]:  # noqa: ANN401
    """Items in stored form; they must be able to be stored."""
    stored = items.normalised(said)
    for name in items.references(stored):
        raise reference_here(name)
    check_storable(stored)
    return stored
