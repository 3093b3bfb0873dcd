"""`POST /v1/responses/input_tokens` and `/v1/responses/compact`: requests that make no model speak.

Pure. Both are read into the same `Parsed` as a response that would be made of them, so that whoever knows what came
before puts it in its place as ever; they leave nothing behind. A compaction keeps what users said, and folds the whole
conversation into one item, which stands for it wherever it is sent back.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from llmsim.turn import Message, Role, Usage
from llmsim.wire.base import Parsed
from llmsim.wire.openai.http import check_exactly
from llmsim.wire.openai.responses import errors as responses_errors
from llmsim.wire.openai.responses.compacted import folded
from llmsim.wire.openai.responses.requests import read
from llmsim.wire.openai.responses.resource import usage
from llmsim.wire.openai.responses.schema import KEYS, MODEL, check_history, check_said
from llmsim.wire.openai.responses.wire import OpenAIResponses
from llmsim.wire.openai.validation import Kind, Text, check_keys, opened, refuse_unknown

HISTORY = ("input", "previous_response_id", "instructions")
COUNTING = ("conversation", "parallel_tool_calls", "reasoning", "text", "tool_choice", "tools", "truncation")
COMPACTING = ("prompt_cache_key", "prompt_cache_options", "prompt_cache_retention", "service_tier")
COUNTED: Mapping[str, Kind] = {**{key: KEYS[key] for key in HISTORY + COUNTING}, **MODEL, "personality": Text()}
COMPACTED: Mapping[str, Kind] = {**{key: KEYS[key] for key in HISTORY + COMPACTING}, **MODEL}
NAMELESS = ""
"""The model of a request that names none."""


def parse_input_tokens(body: bytes, *, lenient: bool = False) -> Parsed:
    """The body of `POST /v1/responses/input_tokens`.

    Raises:
        ClientError: whatever is wrong with it.
    """
    return _parsed(body, COUNTED, (), lenient=lenient)


def parse_compact(body: bytes, *, lenient: bool = False) -> Parsed:
    """The body of `POST /v1/responses/compact`.

    Raises:
        ClientError: whatever is wrong with it.
    """
    return _parsed(body, COMPACTED, ("model",), lenient=lenient)


def input_tokens(count: int) -> dict[str, Any]:
    """How many tokens an input has."""
    return {"object": "response.input_tokens", "input_tokens": count}


def compaction(
    messages: Sequence[Message], counted: Usage, created_s: int, name: Callable[[str, int], str]
) -> dict[str, Any]:
    """A conversation (without instructions) folded. `name` gives the id for a prefix and the number of an item.

    `created_s` is unix seconds.

    Raises:
        ClientError: a value is nested too deeply.
    """
    output: list[dict[str, Any]] = [
        {
            "id": name("msg", number),
            "type": "message",
            "status": "completed",
            "content": [{"type": "input_text", "text": message.text}],
            "role": "user",
        }
        for number, message in enumerate(messages)
        if message.role is Role.USER
    ]
    sealed = {"id": name("cmp", len(messages)), "type": "compaction", "encrypted_content": folded(messages, created_s)}
    return {
        "id": name("resp", 0),
        "object": "response.compaction",
        "created_at": created_s,
        "output": [*output, sealed],
        "usage": usage(counted),
    }


def _parsed(body: bytes, rows: Mapping[str, Kind], required: tuple[str, ...], *, lenient: bool) -> Parsed:
    asked = read(body)
    check_exactly(asked, body, partial(_check, rows=rows, required=required, lenient=lenient))
    known = {key: asked.get(key) for key in rows}
    return OpenAIResponses().understood({**known, "model": asked.get("model") or NAMELESS, "store": False})


def _check(asked: Mapping[str, Any], rows: Mapping[str, Kind], required: tuple[str, ...], *, lenient: bool) -> None:
    if asked.get("model") == "":
        raise responses_errors.unknown_model("")
    if not lenient:
        refuse_unknown(asked, rows)
    check_keys(asked, opened(rows) if lenient else rows, required)
    check_said(asked)
    check_history(asked)
