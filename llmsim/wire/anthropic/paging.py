"""Pages of things with ids, as all of Anthropic's lists are: `limit`, and either `after_id` or `before_id`.

Pure; the order of a list is its owner's.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from llmsim.errors import ClientError

DEFAULT, MOST = 20, 1000


def page(things: Sequence[Mapping[str, Any]], query: Mapping[str, str]) -> dict[str, Any]:
    """A page of these, by what a query asks for.

    Raises:
        ClientError: the limit is no number from 1 to 1,000, or an id is none of theirs.
    """
    limit = limit_of(query.get("limit"))
    after, before = query.get("after_id"), query.get("before_id")
    if after is not None and before is not None:
        raise ClientError("Only one of `after_id` and `before_id` can be provided.")
    ids = [thing["id"] for thing in things]
    if before is not None:
        end = _place("before_id", before, ids)
        start = max(end - limit, 0)
        return _answer(things[start:end], more=start > 0)
    start = 0 if after is None else _place("after_id", after, ids) + 1
    return _answer(things[start : start + limit], more=len(things) > start + limit)


def limit_of(text: str | None) -> int:
    """The value of `limit`; raises as `page`."""
    if text is None:
        return DEFAULT
    if not (text.isascii() and text.removeprefix("-").isdigit() and len(text) < DEFAULT):
        raise ClientError("limit: Input should be a valid integer, unable to parse string as an integer")
    if int(text) < 1:
        raise ClientError("limit: Input should be greater than or equal to 1")
    if int(text) > MOST:
        raise ClientError(f"limit: Input should be less than or equal to {MOST}")
    return int(text)


def _place(key: str, wanted: str, ids: Sequence[str]) -> int:
    try:
        return ids.index(wanted)
    except ValueError:
        raise ClientError(f"{key}: Invalid cursor") from None


def _answer(data: Sequence[Mapping[str, Any]], *, more: bool) -> dict[str, Any]:
    return {
        "data": list(data),
        "has_more": more,
        "first_id": data[0]["id"] if data else None,
        "last_id": data[-1]["id"] if data else None,
    }
