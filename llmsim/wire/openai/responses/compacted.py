"""Conversations folded into one item: what `compaction` items carry in their `encrypted_content`.

Pure. Ours holds the messages themselves, so that whoever sends it back is answered as if they had been sent; what
another service made is counted, not understood.
"""

from collections.abc import Iterable
from typing import Any

from llmsim.turn import Message, Role, ToolCall, placeholder
from llmsim.wire.openai.responses.sealed_content import seal, unseal

KIND = "compaction"
ROLES = tuple(Role)
OPTIONAL = (str, type(None))


def folded(messages: Iterable[Message], created_s: int) -> str:
    """These messages as one text; `created_s` is unix seconds."""
    rows = [
        (message.role, message.content, message.name, message.tool_call_id, [_row(call) for call in message.tool_calls])
        for message in messages
    ]
    return seal({KIND: rows}, created_s)


def messages_in(text: str) -> tuple[Message, ...]:
    """The messages that such a text holds; one that stands for them where it is none of ours."""
    value = unseal(text)
    rows = value.get(KIND) if isinstance(value, dict) else None
    messages = tuple(map(_message, rows)) if isinstance(rows, list) else (None,)
    if None in messages:
        return (Message(Role.SYSTEM, placeholder(KIND, text.encode())),)
    return tuple(filter(None, messages))


def _row(call: ToolCall) -> tuple[str, str, str]:
    return call.id, call.name, call.arguments


def _message(row: Any) -> Message | None:  # noqa: ANN401
    """The message of a row; None for what is no row: whoever knows the form can make any."""
    if not isinstance(row, list) or len(row) != 5 or row[0] not in ROLES or not isinstance(row[4], list):
        return None
    role, content, name, tool_call_id, calls = row
    if not isinstance(content, str) or not isinstance(name, OPTIONAL) or not isinstance(tool_call_id, OPTIONAL):
        return None
    if not all(isinstance(call, list) and list(map(type, call)) == [str, str, str] for call in calls):
        return None
    return Message(Role(role), content, name, tool_call_id, tuple([ToolCall(*call) for call in calls]))
