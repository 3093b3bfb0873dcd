"""The parsers of Responses and Conversations, with samples of what they take.

What is understood is stored, restored and answered as well: whatever a request says is said again by its response.
"""

from collections.abc import Callable, Mapping
from typing import Any

from llmsim.wire.openai.chat.stored import query_of
from llmsim.wire.openai.responses.conversations import parse_create, parse_items, parse_update
from llmsim.wire.openai.responses.counting import parse_compact, parse_input_tokens
from llmsim.wire.openai.responses.requests import look_of, page_of
from llmsim.wire.openai.responses.socket import Create, read
from tests.wire.openai.every_item import CALLED, EVERY, RETURNED
from tests.wire.openai.requests import SHELL, USER, WEATHER, WIRE, planned, stored

PLAN = planned(["Yes", "."], reasoning=["Hm", "."], calls={"get_weather": ["{}"], "sh": ["ls"]})
SPACE = {"type": "namespace", "name": "crm", "description": "Customers.", "tools": [WEATHER]}
SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"], "additionalProperties": False}
RESPONSES: tuple[dict[str, Any], ...] = (
    {"model": "m", "input": "Hello!"},
    {"model": "m", "input": [USER], "conversation": {"id": "conv_1"}, "instructions": "Be brief.", "stream": True},
    {"model": "m", "input": EVERY, "previous_response_id": "resp_1", "include": ["reasoning.encrypted_content"]},
    *({"model": "m", "input": [call, output]} for call, output in zip(CALLED, RETURNED, strict=True)),
    {
        "model": "m",
        "input": [{"type": "item_reference", "id": "msg_1"}, {"type": "compaction", "encrypted_content": ""}],
    },
    {
        "model": "gpt-5.6-sol",
        "input": "Say JSON.",
        "tools": [WEATHER, SHELL, SPACE, {"type": "web_search"}, {"type": "mcp", "server_label": "s"}],
        "tool_choice": {
            "type": "allowed_tools",
            "mode": "auto",
            "tools": [{"type": "function", "name": "get_weather"}],
        },
        "parallel_tool_calls": False,
        "text": {"format": {"type": "json_schema", "name": "n", "schema": SCHEMA, "strict": True}, "verbosity": "low"},
        "reasoning": {"effort": "low", "summary": "concise", "context": "auto", "mode": "standard"},
        "stream_options": {"include_obfuscation": False},
        "max_output_tokens": 16,
        "max_tool_calls": 2,
        "metadata": {"k": "v"},
        "temperature": 1,
        "top_p": 0.5,
        "top_logprobs": 2,
        "presence_penalty": 0.5,
        "include": ["message.output_text.logprobs"],
        "truncation": "auto",
        "store": False,
        "background": True,
        "service_tier": "fast",
        "prompt_cache_key": "k",
        "prompt_cache_options": {"mode": "implicit", "ttl": "30m"},
        "prompt_cache_retention": "24h",
        "context_management": [{"type": "compaction", "compact_threshold": 1000}],
        "safety_identifier": "s",
        "user": "u",
    },
)
CREATED: tuple[dict[str, Any], ...] = ({"items": EVERY[:20], "metadata": {"k": "v"}}, {"items": [USER]})
ITEMS: tuple[dict[str, Any], ...] = ({"items": EVERY[:20]}, {"items": EVERY[20:]})
COUNTED: tuple[dict[str, Any], ...] = (
    {"model": "m", "input": "Hello!", "tools": [WEATHER], "text": {"verbosity": "low"}},
    {"model": "m", "input": EVERY, "previous_response_id": "resp_1"},
)
COMPACTED: tuple[dict[str, Any], ...] = ({"model": "m", "input": [USER], "instructions": "x", "service_tier": "auto"},)
SAID: tuple[dict[str, Any], ...] = (
    *({"type": "response.create", "stream_id": "a", **body} for body in RESPONSES[:2]),
    {"type": "response.steer", "previous_response_id": "resp_1", "input": "x"},
)
QUERIES: tuple[dict[str, Any], ...] = (
    {"limit": "20", "order": "asc", "after": "msg_1"},
    {"stream": "true", "starting_after": "4", "include_obfuscation": "false"},
    {"limit": "5", "order": "desc", "after": "chatcmpl-1", "model": "gpt-4o", "metadata[a]": "b"},
)


def answered(body: bytes) -> None:
    """A response to a request, whole and as a stream."""
    parsed = stored(WIRE.parse(body, {}))
    WIRE.whole(PLAN, parsed)
    list(WIRE.frames(PLAN, parsed))


def heard(message: bytes) -> None:
    """A message over a WebSocket, and the response that it asks for."""
    said = read(message)
    if isinstance(said, Create):
        answered(said.body)


def asked(query: bytes) -> None:
    """A query, its keys and values as a URL would have them."""
    text = query.decode(errors="replace")
    pairs = dict(part.partition(":")[::2] for part in text.strip("{}").replace('"', "").split(","))
    page_of(pairs)
    look_of(pairs)
    query_of(pairs)


PARSERS: Mapping[str, tuple[Callable[[bytes], object], tuple[dict[str, Any], ...]]] = {
    "openai.responses": (answered, RESPONSES),
    "openai.responses.socket": (heard, SAID),
    "openai.responses.input_tokens": (parse_input_tokens, COUNTED),
    "openai.responses.compact": (parse_compact, COMPACTED),
    "openai.conversations": (parse_create, CREATED),
    "openai.conversations.update": (parse_update, ({"metadata": {"k": "v"}},)),
    "openai.conversations.items": (parse_items, ITEMS),
    "openai.queries": (asked, QUERIES),
}
"""Each parser by its name: how it is called, and bodies that it takes."""
