"""What OpenAI's endpoints have in common around a body: a JSON object in, headers out.

Pure. Whatever bytes come in, what comes out is an object or a ClientError; nothing here knows what the keys mean.
`canonical` is the one form in which JSON enters a digest.
"""

import json  # noqa: TID251  (orjson reads no integer beyond 64 bits as one)
import re
import string
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import orjson

from llmsim.errors import ClientError

JSON = "application/json"
ORGANIZATION = "org-llmsim"
"""The organization that every response names, as the project below; there is no other one here."""
VERSION = "2020-10-01"
"""The version that the live API has named in each response since it exists."""
PROJECT = "proj_llmsim"
STANDARD = (("openai-organization", ORGANIZATION), ("openai-project", PROJECT), ("openai-version", VERSION))
NOT_JSON = (
    "We could not parse the JSON body of your request. (HINT: This likely means you aren't using your HTTP library "
    "correctly. The OpenAI API expects a JSON payload, but what was sent was not valid JSON. If you have trouble "
    "figuring out how to fix this, please contact us through our help center at help.openai.com.)"
)
EXACT_LIMIT_BYTES = 64 * 1024
"""Longer bodies are not read twice: it would take milliseconds in which nobody else is served."""
MOST_VISIBLE = 256
PRINTABLE = string.digits + string.ascii_letters + string.punctuation.replace("%", "")
_LONG_NUMBER = re.compile(rb"\d{19}")
Asked = dict[str, Any]
TOO_DEEP = "The JSON body of your request is nested too deeply."


def read_object(body: bytes) -> dict[str, Any]:
    """The JSON object of a request body. Integers beyond 64 bits are read as decimals (`read_exactly` does not).

    Raises:
        ClientError: it is no UTF-8, no JSON (lone surrogates and NaN are none), or no object.
    """
    try:
        asked = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise ClientError(NOT_JSON) from None
    if not isinstance(asked, dict):
        raise ClientError(NOT_JSON)
    return asked


def deployed(deployment: str | None, asked: Asked) -> Asked:
    """A request to a deployment of Azure's: its name is the model where the request names none."""
    return asked if deployment is None or asked.get("model") is not None else {**asked, "model": deployment}


def check_exactly(
    asked: Asked, body: bytes, check: Callable[[Asked], None], amend: Callable[[Asked], Asked] = dict
) -> None:
    """Check a request that was read from a body; what is wrong with it is said of exact integers.

    `amend`: what was done with the object that the body is. Raises what `check` raises.
    """
    try:
        check(asked)
    except ClientError:
        exact = read_exactly(body)
        check(amend(exact) if exact else asked)
        raise


def read_exactly(body: bytes) -> Any | None:  # noqa: ANN401
    """A body that `read_object` could read, with every integer as one: slow, needed only to say what is wrong with it.

    None where no integer is beyond 64 bits, and for a body beyond EXACT_LIMIT_BYTES.
    """
    if len(body) > EXACT_LIMIT_BYTES or not _LONG_NUMBER.search(body):
        return None
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def visible(text: str) -> str:
    """What a client has named, as the value of a header: cut, and percent-encoded where it is not printable ASCII."""
    return quote(text[:MOST_VISIBLE], safe=PRINTABLE)


def canonical(value: Any) -> bytes:  # noqa: ANN401
    """JSON with sorted keys: the same bytes for the same value.

    Raises:
        ClientError: deeper than JSON is written here (254 levels), though it could be read (1,024).
    """
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError:
        raise ClientError(TOO_DEEP) from None
