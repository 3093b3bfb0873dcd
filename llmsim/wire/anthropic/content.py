"""Anthropic's messages, checked before, to ours: brought to one form, those of one role in a row as one.

Pure. One form, because a client sends back what it was given in several ways (a string, blocks, with or without cache
breakpoints), and all of them must be the same message at the same place. What is not text becomes a short placeholder
with a digest of the payload. What was thought is no part of what was said.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import orjson

from llmsim.errors import ClientError
from llmsim.turn import Message, Role, Tool, ToolCall, placeholder, unmarked
from llmsim.wire.anthropic.blocks import SERVER_BLOCKS
from llmsim.wire.anthropic.conversation import blocks_of
from llmsim.wire.anthropic.http import TOO_DEEP, canonical

KINDS = {"image": "image", "document": "file", "search_result": "file", **dict.fromkeys(SERVER_BLOCKS, "file")}
"""What blocks that are not text are, in no dialect."""
THOUGHTS = frozenset({"thinking", "redacted_thinking"})
ERROR = "Error: "
"""What the result of a call that failed begins with."""


def messages_of(system: Any, messages: Sequence[Mapping[str, Any]]) -> tuple[Message, ...]:  # noqa: ANN401
    """The system prompt and the messages of a request.

    Raises:
        ClientError: a payload is nested too deeply.
    """
    said: list[Message] = []
    if system:
        text = system if isinstance(system, str) else "\n".join([block["text"] for block in system])
        if text:
            said.append(Message(Role.SYSTEM, unmarked(text)))
    group: list[Mapping[str, Any]] = []
    role = ""
    for message in messages:
        if message["role"] != role:
            said += _turn(role, group)
            role, group = message["role"], []
        group += blocks_of(message)
    said += _turn(role, group)
    return tuple(said)


def _turn(role: str, blocks: Sequence[Mapping[str, Any]]) -> Iterator[Message]:
    """The messages that one side's turn is: the results of calls each by itself, then what is said."""
    if not role:
        return
    if role == "assistant":
        calls = tuple([_call(block) for block in blocks if block["type"] == "tool_use"])
        said = [block for block in blocks if block["type"] != "tool_use" and block["type"] not in THOUGHTS]
        yield Message(Role.ASSISTANT, _joined(said, ""), tool_calls=calls)
        return
    if role == "system":
        yield Message(Role.SYSTEM, _joined(blocks, "\n"))
        return
    for block in blocks:
        if block["type"] == "tool_result":
            yield Message(Role.TOOL, _result(block), tool_call_id=block["tool_use_id"])
    said = [block for block in blocks if block["type"] != "tool_result"]
    if said:
        yield Message(Role.USER, _joined(said, "\n"))


def _joined(blocks: Iterable[Mapping[str, Any]], between: str) -> str:
    """The content that these blocks are; without the placeholders it is what the texts alone would be."""
    content, before = "", ""
    for block in blocks:
        if block["type"] == "text":
            content += before + unmarked(block["text"])
            before = between
        else:
            payload = {key: value for key, value in block.items() if key != "cache_control"}
            content += placeholder(KINDS.get(block["type"], "file"), canonical(payload))
    return content


def _result(block: Mapping[str, Any]) -> str:
    """What a call gave; an error says that it is one."""
    content = block.get("content") or ""
    text = unmarked(content) if isinstance(content, str) else _joined(content, "\n")
    return ERROR + text if block.get("is_error") and not text.startswith(ERROR) else text


def _call(block: Mapping[str, Any]) -> ToolCall:
    return ToolCall(block["id"], block["name"], as_json(block["input"]))


def as_json(value: Any) -> str:  # noqa: ANN401
    """The JSON text of an input, as it stands in a call's arguments; raises ClientError where it is too deep."""
    try:
        return orjson.dumps(value).decode()
    except orjson.JSONEncodeError:
        raise ClientError(TOO_DEEP) from None


def tools_of(tools: Sequence[Mapping[str, Any]]) -> tuple[Tool, ...]:
    """The tools that may be called: those that the caller defines. What the provider defines is never called."""
    return tuple(
        Tool(tool["name"], tool.get("description") or "", tool["input_schema"], bool(tool.get("strict")))
        for tool in tools
        if (tool.get("type") or "custom") == "custom"
    )
