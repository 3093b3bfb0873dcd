"""Stored chat completions as they are told: one, a list's query, the messages of its request, what changes one.

Pure. Source: OpenAI's description of its API, 2.3.0 (`/chat/completions`, `/chat/completions/{completion_id}`).
"""

import re
from collections.abc import Mapping
from typing import Any

import attrs
import orjson

from llmsim.wire.openai import errors
from llmsim.wire.openai.responses.requests import Page, page_of, read
from llmsim.wire.openai.validation import Metadata, check_keys, refuse_unknown

METADATA = Metadata(most=16, longest_name=64, longest_value=512)
ECHOED = (
    "tools",
    "tool_choice",
    "response_format",
    "seed",
    "temperature",
    "top_p",
    "presence_penalty",
    "frequency_penalty",
)
"""Keys of a request that a stored completion says again."""
_FILTER = re.compile(r"metadata\[([^\]]{1,64})\]")


@attrs.frozen
class Query:
    """Which part of the list: a page, of a model, with metadata."""

    page: Page
    model: str | None
    metadata: Mapping[str, str]


def query_of(query: Mapping[str, str]) -> Query:
    """What a list's query asks for; oldest come first unless it says otherwise.

    Raises:
        ClientError: a limit that is no integer from 1 to 100, or an order that is none.
    """
    page = page_of({"order": "asc", **query})
    named = {match[1]: value for key, value in query.items() if (match := _FILTER.fullmatch(key))}
    return Query(page, query.get("model") or None, named)


def update_of(body: bytes) -> dict[str, str]:
    """The new metadata.

    Raises:
        ClientError: there are none, or others than may be.
    """
    asked = read(body)
    refuse_unknown(asked, ("metadata",))
    check_keys(asked, {"metadata": METADATA})
    found = asked.get("metadata")
    if found is None:
        raise errors.missing("metadata")
    return dict(found)


def told(whole: bytes, params: Mapping[str, Any], metadata: Mapping[str, str]) -> dict[str, Any]:
    """A stored completion, from its response."""
    said: dict[str, Any] = orjson.loads(whole)
    echoed = {key: params[key] for key in ECHOED if params.get(key) is not None}
    return {**said, **echoed, "input_user": None, "metadata": dict(metadata)}


def messages(completion_id: str, params: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The messages of the request, each with an id."""
    return [_message(f"{completion_id}-{at}", one) for at, one in enumerate(params["messages"])]


def _message(message_id: str, said: Mapping[str, Any]) -> dict[str, Any]:
    content = said.get("content")
    parts = content if isinstance(content, list) else None
    text = "\n".join(part["text"] for part in parts if part.get("type") == "text") if parts else content
    return {"id": message_id, **said, "content": text, "refusal": said.get("refusal"), "content_parts": parts}


def deleted(completion_id: str) -> dict[str, Any]:
    """What is said of a completion that is gone."""
    return {"object": "chat.completion.deleted", "id": completion_id, "deleted": True}
