"""Requests for messages, good ones with something changed; and what the wire makes of them."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
import pytest

from llmsim.errors import ClientError
from llmsim.wire.anthropic.http import LATEST, VERSIONS
from llmsim.wire.base import Parsed
from llmsim.wire.dialects import MESSAGES

OLD, NEW = VERSIONS
assert LATEST == NEW
THREADS = "message-threads-2026-08-12"
TOOL = {"name": "weather", "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}}}


def headers(version: str = OLD, *betas: str) -> dict[str, str]:
    """What a client sends with a request under a version."""
    key = {"x-api-key": "k"} if version == OLD else {"authorization": "Bearer k"}
    return {**key, "anthropic-version": version, **({"anthropic-beta": ",".join(betas)} if betas else {})}


def user(content: object = "hi") -> dict[str, Any]:
    return {"role": "user", "content": content}


def assistant(*blocks: Mapping[str, Any]) -> dict[str, Any]:
    return {"role": "assistant", "content": list(blocks)}


def text(words: str = "hello", /, **also: object) -> dict[str, Any]:
    return {"type": "text", "text": words, **also}


def call(name: str = "toolu_1", /, **also: object) -> dict[str, Any]:
    return {"type": "tool_use", "id": name, "name": "weather", "input": {"city": "Paris"}, **also}


def result(name: str = "toolu_1", /, **also: object) -> dict[str, Any]:
    return {"type": "tool_result", "tool_use_id": name, "content": "sunny", **also}


def body_of(**changes: object) -> bytes:
    """A good request with some keys changed; `...` leaves a key out."""
    body = {"model": "claude-sonnet-4-6", "max_tokens": 4096, "messages": [user()], **changes}
    return orjson.dumps({key: value for key, value in body.items() if value is not ...})


def asked(version: str = OLD, betas: Sequence[str] = (), /, **changes: object) -> Parsed:
    """A good request, understood."""
    return MESSAGES.parse(body_of(**changes), headers(version, *betas))


def refused(version: str = OLD, betas: Sequence[str] = (), /, **changes: object) -> str:
    """What is said of a request that is no good."""
    with pytest.raises(ClientError) as caught:
        asked(version, betas, **changes)
    assert caught.value.status == 400
    return caught.value.message
