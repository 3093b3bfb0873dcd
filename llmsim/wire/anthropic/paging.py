"""Pages of things with ids, as all of Anthropic's lists are: `limit`, and either `after_id` or `before_id`.

Pure; the order of a list is its owner's.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from llmsim.errors import ClientError

DEFAULT, MOST = 20, 1000


@attrs.frozen
class Wanted:
    """Which page is wanted: `limit` things after one, before one (not both), or from the beginning."""

    limit: int
    after: str | None
    before: str | None


def wanted(query: Mapping[str, str]) -> Wanted:
    """What a query asks for.

    Raises:
        ClientError: the limit is no number from 1 to 1,000, or both ends are named.
    """
    after, before = query.get("after_id"), query.get("before_id")
    if after is not None and before is not None:
        raise ClientError("Only one of `after_id` and `before_id` can be provided.")
    return Wanted(limit_of(query.get("limit")), after, before)


def page(things: Sequence[Mapping[str, Any]], query: Mapping[str, str]) -> dict[str, Any]:
    """A page of all of these; raises as `wanted`, and ClientError for an id that is none of theirs."""
    asked = wanted(query)
    ids = [thing["id"] for thing in things]
    if asked.before is not None:
        end = _place("before_id", asked.before, ids)
        start = max(end - asked.limit, 0)
        return told(things[start:end], more=start > 0)
    start = 0 if asked.after is None else _place("after_id", asked.after, ids) + 1
    return told(things[start : start + asked.limit], more=len(things) > start + asked.limit)


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


def nowhere(key: str) -> ClientError:
    """The page is to begin or end at a thing that is none of the list."""
    return ClientError(f"{key}: Invalid cursor")


def told(data: Sequence[Mapping[str, Any]], *, more: bool) -> dict[str, Any]:
    """A page, and whether there are more beyond it, in the direction that was asked for."""
    return {
        "data": list(data),
        "has_more": more,
        "first_id": data[0]["id"] if data else None,
        "last_id": data[-1]["id"] if data else None,
    }


def _place(key: str, wanted: str, ids: Sequence[str]) -> int:
    try:
        return ids.index(wanted)
    except ValueError:
        raise nowhere(key) from None
