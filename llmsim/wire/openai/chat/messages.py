"""OpenAI's chat messages, checked before, to ours: brought to one form.

Pure. One form, because a client sends back what it was given in several ways (a string, a list of parts, with nulls
for what was absent), and all of them must be the same message at the same place. What is not text becomes a short
placeholder with a digest of the payload, so that other pictures are other messages; no text can pass for one.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from llmsim.turn import Message, Role, ToolCall, placeholder, unmarked
from llmsim.wire.openai.http import canonical

ROLES = {role.value: role for role in Role}
KINDS = {"image_url": "image", "input_audio": "audio", "audio": "audio", "file": "file"}
"""What parts that are not text are, in no dialect."""
BETWEEN_TEXTS = {Role.ASSISTANT: ""}
"""What stands between the texts of a message: the pieces of one reply join, other texts have a line each."""


def messages_of(values: Iterable[Mapping[str, Any]]) -> tuple[Message, ...]:
    """The messages of a request.

    Raises:
        ClientError: a payload is nested too deeply.
    """
    return tuple(_message(value) for value in values)


def _message(value: Mapping[str, Any]) -> Message:
    role = ROLES[value["role"]]
    content = value.get("content")
    content = unmarked(content) if isinstance(content, str) else _joined(content or (), BETWEEN_TEXTS.get(role, "\n"))
    if role is not Role.ASSISTANT:
        answered = value.get("tool_call_id") if role is Role.TOOL else None
        return Message(role, content, value.get("name"), answered)
    if not content and value.get("refusal") is not None:
        content = unmarked(value["refusal"])
    elif not content and value.get("audio") is not None:
        content = _placeholder("audio", value["audio"])
    calls = tuple([_call(call, call["type"]) for call in value.get("tool_calls") or ()])
    if value.get("function_call") is not None:
        calls += (ToolCall("", value["function_call"]["name"], value["function_call"]["arguments"]),)
    return Message(role, content, value.get("name"), None, calls)


def _joined(parts: Iterable[Mapping[str, Any]], between: str) -> str:
    """The content that these parts are; without the placeholders it is what the texts alone would be."""
    content = ""
    before = ""
    for part in parts:
        kind = part["type"]
        payload = part[kind]
        if isinstance(payload, str):
            content += before + unmarked(payload)
            before = between
        else:
            content += _placeholder(kind, payload)
    return content


def _placeholder(kind: str, payload: Mapping[str, Any]) -> str:
    return placeholder(KINDS[kind], canonical(payload))


def _call(value: Mapping[str, Any], kind: str) -> ToolCall:
    """A call; what a custom tool takes (`input`) are its arguments."""
    call = value[kind]
    return ToolCall(value["id"], call["name"], call["input" if kind == "custom" else "arguments"])
