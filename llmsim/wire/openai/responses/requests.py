"""What the requests of Responses and Conversations have in common: a JSON object in a body, and what a query may ask.

Pure. A list is asked for with `limit`, `order` and `after`; a response with `include`, `stream` and `starting_after`.
Whatever a query says, what comes out is what it asks for or a ClientError.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import orjson

from llmsim.errors import ClientError
from llmsim.wire.openai import errors
from llmsim.wire.openai.http import canonical
from llmsim.wire.openai.responses import errors as responses_errors
from llmsim.wire.openai.responses.schema import INCLUDABLE
from llmsim.wire.openai.validation import Number, Text

LIMIT = 20
MOST = 100
ORDERS = ("asc", "desc")
ROUND_LEVELS = 16
"""How many levels may stand around what a request said where it is written again."""
DIGITS = 19
"""Longer numbers are beyond 64 bits."""
_INTEGER = re.compile(r"[+-]?[0-9]+")
_LIMIT = Number(least=1, most=MOST)
_ORDER = Text(ORDERS)
_INCLUDED = Text(INCLUDABLE)
_FLAGS = {"true": True, "false": False, "1": True, "0": False}


@attrs.frozen
class Page:
    """Which part of a list: at most `limit` entries, behind the one with the id `after`; `newest` come first."""

    limit: int = LIMIT
    newest: bool = True
    after: str | None = None


@attrs.frozen
class Look:
    """How a response is looked at. `stream`: as its events, those with numbers above `after`."""

    stream: bool = False
    after: int = -1
    obfuscation: bool = True


def read(body: bytes) -> dict[str, Any]:
    """The JSON object of a request body.

    Raises:
        ClientError: it is no UTF-8, no JSON (lone surrogates and NaN are none), or no object.
    """
    try:
        asked = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise responses_errors.invalid_json() from None
    if not isinstance(asked, dict):
        raise responses_errors.invalid_json()
    return asked


def check_storable(value: Any) -> None:  # noqa: ANN401
    """Look whether a JSON value can be written inside others: in a record of the store, in an event of a stream.

    Raises:
        ClientError: it is nested too deeply.
    """
    for _ in range(ROUND_LEVELS):
        value = [value]
    canonical(value)


def page_of(query: Mapping[str, str]) -> Page:
    """What a list's query asks for.

    Raises:
        ClientError: a limit that is no integer from 1 to 100, or an order that is none.
    """
    limit = _integer("limit", query["limit"]) if query.get("limit") else LIMIT
    _LIMIT.check("limit", limit)
    order = query.get("order") or "desc"
    _ORDER.check("order", order)
    return Page(limit, order == "desc", query.get("after") or None)


def look_of(query: Mapping[str, str]) -> Look:
    """What the query of one response asks for.

    Raises:
        ClientError: a value that cannot be.
    """
    after = _integer("starting_after", query["starting_after"]) if query.get("starting_after") else -1
    return Look(_flag(query, "stream", absent=False), after, _flag(query, "include_obfuscation", absent=True))


def check_include(values: Sequence[str]) -> None:
    """Look at what is to be included (`include[]`, as often as it comes); nothing here is left out in any case.

    Raises:
        ClientError: something that nobody knows.
    """
    for index, value in enumerate(values):
        _INCLUDED.check(f"include[{index}]", value)


def listing(entries: Sequence[Mapping[str, Any]], *, more: bool) -> dict[str, Any]:
    """A part of a list; `more`: others follow."""
    return {
        "object": "list",
        "data": list(entries),
        "first_id": entries[0]["id"] if entries else None,
        "has_more": more,
        "last_id": entries[-1]["id"] if entries else None,
    }


def paged(entries: Sequence[Mapping[str, Any]], page: Page) -> dict[str, Any]:
    """The part of a whole list, oldest first, that is asked for.

    Raises:
        ClientError: no entry has the id behind which it begins.
    """
    rows = list(reversed(entries)) if page.newest else list(entries)
    if page.after is not None:
        at = next((at for at, row in enumerate(rows) if row["id"] == page.after), None)
        if at is None:
            raise unknown_after(page.after)
        rows = rows[at + 1 :]
    return listing(rows[: page.limit], more=len(rows) > page.limit)


def unknown_after(item_id: str) -> ClientError:
    """No entry of a list has this id."""
    return ClientError(f"Item with id '{item_id}' not found.", param="after")


def _integer(param: str, text: str) -> int:
    """The integer that a query says; beyond 64 bits it is the nearest that is within."""
    if _INTEGER.fullmatch(text) is None:
        raise errors.wrong_type(param, "an integer", text)
    return int(text) if len(text) <= DIGITS else int(text[: DIGITS - 1])


def _flag(query: Mapping[str, str], param: str, *, absent: bool) -> bool:
    text = query.get(param)
    if not text:
        return absent
    if text.lower() not in _FLAGS:
        raise errors.wrong_type(param, "a boolean", text)
    return _FLAGS[text.lower()]
