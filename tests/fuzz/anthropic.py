"""The parsers of Anthropic's Messages, under both versions, of counts and of batches, with samples of what they take.

What is understood is stored, restored and answered as well: whatever a request says is said again by its response.
"""

from collections.abc import Callable, Mapping
from typing import Any

import orjson

from llmsim.errors import ClientError
from llmsim.wire.anthropic import batches
from llmsim.wire.anthropic.http import VERSIONS
from llmsim.wire.anthropic.signature import sign
from llmsim.wire.dialects import MESSAGES
from tests.wire.anthropic.requests import THREADS, TOOL, assistant, call, headers, result, text, user
from tests.wire.plans import plan_of

PLAN = plan_of(["Yes", "."])
CACHED = {"cache_control": {"type": "ephemeral", "ttl": "5m"}}
THOUGHT = {"type": "thinking", "thinking": "so", "signature": sign("so", bytes(32))}
FILES = [
    {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aGk="}, **CACHED},
    {"type": "document", "source": {"type": "content", "content": [text("q")]}, "citations": {"enabled": True}},
    {"type": "search_result", "content": [text("k")], "source": "s", "title": "t"},
]
SERVED: list[dict[str, Any]] = [
    {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}},
    {"type": "web_search_tool_result", "tool_use_id": "s", "content": []},
]
TALK = [
    user([text("x", **CACHED, citations=[]), *FILES]),
    assistant(THOUGHT, text("y"), call(input={"x": 1.5, "y": [None, {"z": "é"}]}), *SERVED),
    user([result(content=[text("r"), FILES[0]], is_error=True), text("go on")]),
    {"role": "system", "content": "Be kind."},
    user("and?"),
]
COUNTED: tuple[dict[str, Any], ...] = (
    {"model": "m", "messages": [user()]},
    {
        "model": "m",
        "messages": TALK,
        "system": [text("s", **CACHED)],
        "tools": [{**TOOL, **CACHED, "strict": True}, {"type": "web_search_20250305", "name": "web_search"}],
        "tool_choice": {"type": "auto", "disable_parallel_tool_use": True},
    },
)
ASKED: tuple[dict[str, Any], ...] = (
    *({**body, "max_tokens": 4096} for body in COUNTED),
    {
        "model": "claude-sonnet-4-6",
        "max_tokens": 4096,
        "messages": [user(), assistant()],
        "thinking": {"type": "enabled", "budget_tokens": 1024, "display": "omitted"},
        "output_config": {"effort": "low", "format": {"type": "json_schema", "schema": {"type": "object"}}},
        "thread": {"type": "continue", "previous_message_id": "msg_1"},
        "stop_sequences": ["a"],
        "stream": True,
        **CACHED,
    },
    {
        "model": "m",
        "max_tokens": 1,
        "messages": [user()],
        "thread": {"type": "create"},
        "metadata": {"user_id": "u"},
        "service_tier": "auto",
        "inference_geo": "us",
        "speed": "fast",
        "container": {"id": "c"},
        "diagnostics": {"previous_message_id": None},
    },
)
SAMPLED = (*ASKED, *({**body, "max_tokens": 9, "temperature": 1, "top_p": 0.9, "top_k": 5} for body in COUNTED))
ALONE = tuple({key: value for key, value in body.items() if key not in {"thread", "stream"}} for body in ASKED)
BATCHED = tuple({"requests": [{"custom_id": "a", "params": body}]} for body in ALONE)


def answered(version: str) -> Callable[[bytes], object]:
    """A parser of messages under a version, and what becomes of what it has understood."""

    def parse(body: bytes) -> object:
        parsed = MESSAGES.parse(body, headers(version, THREADS))
        kept = orjson.loads(orjson.dumps(parsed.params, option=orjson.OPT_SORT_KEYS))
        if MESSAGES.restore(kept, parsed.request.messages, parsed.request.digest) != parsed:
            raise AssertionError(parsed)
        return MESSAGES.whole(PLAN, parsed), list(MESSAGES.frames(PLAN, parsed))

    return parse


def batched(body: bytes) -> object:
    """The parser of batches, and of each of their requests; what is wrong with one of those is wrong with it alone."""
    found = [batches.understood(MESSAGES, params, headers()) for _, params in batches.parse(body, headers())]
    for each in found:
        if isinstance(each, ClientError):
            raise each
    return found


OLD, NEW = VERSIONS
PARSERS: Mapping[str, tuple[Callable[[bytes], object], tuple[dict[str, Any], ...]]] = {
    "anthropic.messages.old": (answered(OLD), SAMPLED),
    "anthropic.messages.new": (answered(NEW), ASKED),
    "anthropic.count_tokens": (lambda body: MESSAGES.parse_count(body, headers()), COUNTED),
    "anthropic.batches": (batched, BATCHED),
}
