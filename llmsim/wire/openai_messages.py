"""OpenAI's chat messages, checked before, to ours: brought to one form.

Pure. One form, because a client sends back what it was given in several ways (a string, a list of parts, with nulls
for what was absent), and all of them must be the same message at the same place. What is not text becomes a short
placeholder with a digest of the payload, so that other pictures are other messages.
"""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

from llmsim.turn import Message, Role, ToolCall
from llmsim.wire.openai_http import canonical

PAYLOAD_DIGEST_BYTES = 8
ROLES = {role.value: role for role in Role}
BETWEEN_PARTS = {Role.ASSISTANT: ""}
"""What stands between the parts of a text: the pieces of one reply join, other parts have a line each."""


def messages_of(values: Iterable[Mapping[str, Any]]) -> tuple[Message, ...]:
    """The messages of a request.

    Raises:
        ClientError: a payload is nested too deeply.
    """
    return tuple(_message(value) for value in values)


def _message(value: Mapping[str, Any]) -> Message:
    role = ROLES[value["role"]]
    content = value.get("content")
    if not isinstance(content, str):
        content = _joined(content or (), role)
    if role is not Role.ASSISTANT:
        answered = value.get("tool_call_id") if role is Role.TOOL else None
        return Message(role, content, value.get("name"), answered)
    if not content and value.get("refusal") is not None:
        content = value["refusal"]
    elif not content and value.get("audio") is not None:
        content = _placeholder("audio", value["audio"])
    calls = tuple(_call(call, call["type"]) for call in value.get("tool_calls") or ())
    if value.get("function_call") is not None:
        calls += (ToolCall("", value["function_call"]["name"], value["function_call"]["arguments"]),)
    return Message(role, content, value.get("name"), None, calls)


def _joined(parts: Iterable[Mapping[str, Any]], role: Role) -> str:
    return BETWEEN_PARTS.get(role, "\n").join(_part(part, part["type"]) for part in parts)


def _part(part: Mapping[str, Any], kind: str) -> str:
    said = part[kind]
    return said if isinstance(said, str) else _placeholder(kind, said)


def _placeholder(kind: str, payload: Mapping[str, Any]) -> str:
    digest = hashlib.blake2b(canonical(payload), digest_size=PAYLOAD_DIGEST_BYTES)
    return f"<{kind} {digest.hexdigest()}>"


def _call(value: Mapping[str, Any], kind: str) -> ToolCall:
    """A call; what a custom tool takes (`input`) are its arguments."""
    call = value[kind]
    return ToolCall(value["id"], call["name"], call["input" if kind == "custom" else "arguments"])
