"""What the routes of OpenAI's stored things have in common: their JSON, their headers, their queries.

Pure but for the request that is being answered. Which routes there are is in the modules named after them.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from quart import Response

from llmsim.serving.connection import asked
from llmsim.wire.openai.http import JSON, STANDARD
from llmsim.wire.openai.responses.requests import Page, check_include, page_of

INCLUDED = ("include[]", "include")
"""How SDKs and people write that key of a query."""


def answer(value: Mapping[str, Any]) -> Response:
    """A JSON response with the headers of OpenAI's."""
    body = orjson.dumps(value, option=orjson.OPT_INDENT_2)
    response = Response(body)
    response.headers.clear()
    response.headers.extend((("content-type", JSON), ("content-length", str(len(body))), *STANDARD))
    return response


def included() -> Sequence[str]:
    """What the query asks to be included; raises ClientError for what nobody knows."""
    values = [value for key in INCLUDED for value in asked().args.getlist(key)]
    check_include(values)
    return values


def page() -> Page:
    """Which part of a list the query asks for; raises ClientError."""
    included()
    return page_of(asked().args)
