"""What Anthropic's endpoints have in common around a body: versions, keys and betas in, a JSON object in, headers out.

Pure. Both versions of the API are served; which one a request is under is in its headers, as is the key, of which only
that there is one is looked at. Whatever bytes come in, what comes out is an object or a ClientError.
"""

import hashlib
from collections.abc import Mapping
from typing import Any

import orjson

from llmsim.errors import ClientError
from llmsim.wire.ids import BASE58

JSON = "application/json"
VERSIONS = ("2023-06-01", "2026-10-21")
"""Source: platform.claude.com, API versions; the first one of all, 2023-01-01, streamed otherwise and is not served."""
FIRST, LATEST = VERSIONS
ORGANIZATION = "6c6c6d73-696d-4000-8000-000000000000"
"""The organization that every response names; there is no other one here."""
WORKSPACE = "wrkspc_011CLLMSim1111111111111"
"""The workspace of every response; the organization has this one alone."""
REQUEST_ID_CHARS = 20
NOT_JSON = "The request body is not valid JSON"
TOO_DEEP = "The request body is nested too deeply."


def version_of(headers: Mapping[str, str]) -> str:
    """The version of the API that a request is under.

    Raises:
        ClientError: 401, no key; 400, no version, or none that is served.
    """
    require_key(headers)
    version = headers.get("anthropic-version")
    if version is None:
        raise ClientError("anthropic-version: header is required")
    if version not in VERSIONS:
        raise ClientError(f'anthropic-version: "{version}" is not a valid version')
    return version


def require_key(headers: Mapping[str, str]) -> None:
    """Make sure that a request has a key, in either header; any will do, but an empty one.

    Raises:
        ClientError: 401.
    """
    key, bearer = headers.get("x-api-key"), headers.get("authorization")
    if key is None and bearer is None:
        raise ClientError("x-api-key header is required", status=401)
    if key is not None and not key.strip():
        raise ClientError("invalid x-api-key", status=401)
    scheme, _, token = (bearer or "").strip().partition(" ")
    if key is None and (scheme.lower() != "bearer" or not token.strip()):
        raise ClientError("Invalid bearer token", status=401)


def betas_of(headers: Mapping[str, str]) -> tuple[str, ...]:
    """The betas that a request asks for, sorted."""
    named = headers.get("anthropic-beta")
    return tuple(sorted({beta.strip() for beta in named.split(",")} - {""})) if named else ()


def read_object(body: bytes) -> dict[str, Any]:
    """The JSON object of a request body. Integers beyond 64 bits are read as decimals.

    Raises:
        ClientError: it is no UTF-8, no JSON (lone surrogates and NaN are none), or no object.
    """
    try:
        asked = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise ClientError(f"{NOT_JSON}: {error}") from None
    if not isinstance(asked, dict):
        raise ClientError("Input should be an object")
    return asked


def canonical(value: Any) -> bytes:  # noqa: ANN401
    """JSON with sorted keys: the same bytes for the same value.

    Raises:
        ClientError: deeper than JSON is written here (254 levels), though it could be read (1,024).
    """
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError:
        raise ClientError(TOO_DEEP) from None


def digest_of(value: Any, size: int = 16) -> bytes:  # noqa: ANN401
    """A digest of a JSON value; raises as `canonical`."""
    return hashlib.blake2b(canonical(value), digest_size=size).digest()


def request_id(digest: bytes) -> str:
    """`req_011C` and 20 base58 characters from 16 bytes. Source: recorded responses."""
    value = int.from_bytes(digest)
    digits = []
    for _ in range(REQUEST_ID_CHARS):
        value, digit = divmod(value, len(BASE58))
        digits.append(BASE58[digit])
    return "req_011C" + "".join(digits)


def standard(request_id_text: str) -> tuple[tuple[str, str], ...]:
    """The headers that every response has."""
    return (
        ("request-id", request_id_text),
        ("anthropic-organization-id", ORGANIZATION),
        ("anthropic-workspace-id", WORKSPACE),
    )
