"""What the chat endpoint accepts, as data: each key that is known, its kind and its bounds, and which go together.

Pure. The order of the rows is the order in which the live API reports faults (pairs of faults were sent to it to see
which one wins); where a message lacks content is looked for last of all. Another key is another row.
"""

from collections.abc import Mapping
from typing import Any

from llmsim.errors import ClientError
from llmsim.wire.openai import errors
from llmsim.wire.openai.chat.tools import FORMAT, FUNCTION_CALL, FUNCTIONS, TOOL_CHOICE, TOOLS, check_offered
from llmsim.wire.openai.responses.schema import Effort
from llmsim.wire.openai.validation import (
    Anything,
    Flag,
    Items,
    Kind,
    Metadata,
    Number,
    Table,
    Tagged,
    Text,
    TextOr,
    accepts_keys,
    check_keys,
    opened,
    refuse_unknown,
)

PARTS = Tagged(
    "type",
    {
        "text": Table({"text": Text()}, ("text",)),
        "image_url": Table({"image_url": Table({"url": Text(), "detail": Text()}, ("url",))}, ("image_url",)),
        "input_audio": Table(
            {"input_audio": Table({"data": Text(), "format": Text()}, ("data", "format"))}, ("input_audio",)
        ),
        "refusal": Table({"refusal": Text()}, ("refusal",)),
        "audio": Table({"audio": Table({"id": Text()}, ("id",))}, ("audio",)),
        "file": Table({"file": Table({"file_data": Text(), "file_id": Text(), "filename": Text()})}, ("file",)),
    },
)
FUNCTION = Table({"name": Text(), "arguments": Text()}, ("name", "arguments"))
TOOL_CALLS = Tagged(
    "type",
    {
        "function": Table({"id": Text(), "function": FUNCTION}, ("id", "function")),
        "custom": Table(
            {"id": Text(), "custom": Table({"name": Text(), "input": Text()}, ("name", "input"))}, ("id", "custom")
        ),
    },
)
SAID: Mapping[str, Kind] = {"content": TextOr(Items(PARTS)), "name": Text()}
REPLIED: Mapping[str, Kind] = {
    **SAID,
    "refusal": Text(),
    "audio": Table({"id": Text()}, ("id",)),
    "function_call": FUNCTION,
    "tool_calls": Items(TOOL_CALLS, least=1),
}
MESSAGES = Tagged(
    "role",
    {
        "system": Table(SAID),
        "assistant": Table(REPLIED),
        "user": Table(SAID),
        "function": Table(SAID, ("name",)),
        "tool": Table({**SAID, "tool_call_id": Text()}, ("tool_call_id",)),
        "developer": Table(SAID, ("content",)),
    },
)
INSTEAD_OF_CONTENT = ("tool_calls", "function_call", "refusal", "audio")
"""What an assistant message may have in the place of content; no other message may."""

INTEGER_MOST = 2**63 - 1
STOP = Text(filled=True)
KEYS: Mapping[str, Kind] = {
    "messages": Items(MESSAGES, least=1),
    "functions": FUNCTIONS,
    "function_call": FUNCTION_CALL,
    "tools": TOOLS,
    "tool_choice": TOOL_CHOICE,
    "parallel_tool_calls": Flag(),
    "max_completion_tokens": Number(least=1, most=INTEGER_MOST),
    "max_tokens": Number(least=1, most=INTEGER_MOST),
    "n": Number(least=1, most=128),
    "stop": TextOr(Items(STOP, "strings", most=4), STOP),
    "temperature": Number(least=0, most=2, decimal=True),
    "top_p": Number(least=0, most=1, decimal=True),
    "presence_penalty": Number(least=-2, most=2, decimal=True),
    "frequency_penalty": Number(least=-2, most=2, decimal=True),
    "logit_bias": Table(),
    "logprobs": Flag(),
    "top_logprobs": Number(least=0, most=20),
    "user": Text(),
    "seed": Number(least=-INTEGER_MOST - 1, most=INTEGER_MOST),
    "safety_identifier": Text(),
    "prompt_cache_key": Text(),
    "service_tier": Text(("auto", "default", "fast", "flex", "priority"), unlisted=("scale",)),
    "stream": Flag(),
    "stream_options": Table({"include_usage": Flag(), "include_obfuscation": Flag()}, closed=True),
    "store": Flag(),
    "metadata": Metadata(most=16, longest_name=64, longest_value=512),
    "verbosity": Text(("low", "medium", "high")),
    "response_format": FORMAT,
    "reasoning_effort": Effort(),
    "modalities": Items(Text(("text", "audio")), "strings", least=1),
    "audio": Table(
        {"voice": Anything(), "format": Text(("wav", "aac", "mp3", "flac", "opus", "pcm16"))}, ("voice", "format")
    ),
    "prediction": Table({"type": Text(("content",)), "content": TextOr(Items(PARTS))}, ("type", "content")),
    "web_search_options": Table(),
    "moderation": Table(),
    "prompt_cache_options": Table({"mode": Text(("implicit", "explicit")), "ttl": Text(("30m", "12h"))}),
    "prompt_cache_retention": Text(("in_memory", "24h")),
}
OPEN_KEYS: Mapping[str, Kind] = opened(KEYS)
KNOWN = frozenset({*KEYS, "model"})
REQUIRED = ("messages",)
MODEL: Mapping[str, Kind] = {"model": Text()}
"""The key that is looked at before all others."""
ONLY_WITH = {"stream_options": "stream", "top_logprobs": "logprobs"}
"""Keys that are refused unless another one is true."""
OFFERING = frozenset({"tools", "tool_choice", "parallel_tool_calls", "functions", "function_call", "response_format"})
"""Keys that are looked at together."""
NOT_WITH = {"max_tokens": "max_completion_tokens"}
"""Keys that are refused beside another one."""


def check_chat(body: Mapping[str, Any], *, lenient: bool = False) -> None:
    """Look at a whole request. `lenient`: unknown keys are accepted.

    Raises:
        ClientError: the first fault: the model, the messages, unknown keys, the other keys, what does not go together,
            content.
    """
    keys = OPEN_KEYS if lenient else KEYS
    model = body.get("model")
    if model is None or model == "":
        raise ClientError("you must provide a model parameter")
    known = lenient or KNOWN.issuperset(body)
    if not known or not isinstance(model, str) or not accepts_keys(body, keys, REQUIRED):
        check_keys(body, MODEL)
        check_keys(body, {"messages": keys["messages"]}, REQUIRED)
        if not known:
            refuse_unknown(body, (*KEYS, "model"))
        check_keys(body, keys, REQUIRED)
    _check_together(body)
    for index, message in enumerate(body["messages"]):
        if message.get("content") is None and not _replaced(message):
            raise errors.no_content(index)


def _check_together(body: Mapping[str, Any]) -> None:
    """Look at keys that want or exclude one another; raises ClientError."""
    for key, other in ONLY_WITH.items():
        if body.get(key) is not None and not body.get(other):
            raise errors.not_alone(key, other)
    for key, other in NOT_WITH.items():
        if body.get(key) is not None and body.get(other) is not None:
            raise errors.not_both(key, other)
    if not OFFERING.isdisjoint(body):
        check_offered(body)


def _replaced(message: Mapping[str, Any]) -> bool:
    """Whether something stands for the content that is not there."""
    return message["role"] == "assistant" and any(message.get(key) is not None for key in INSTEAD_OF_CONTENT)
