"""OpenAI's chat messages to ours: checked, and brought to one form.

Pure. One form, because a client sends back what it was given in several ways (a string, a list of parts, with nulls
for what was absent), and all of them must be the same message at the same place. What is not text becomes a short
placeholder with a digest of the payload, so that other pictures are other messages.
"""

import hashlib
from collections.abc import Mapping
from typing import Any

import orjson

from llmsim.errors import ClientError
from llmsim.turn import Message, Role, ToolCall
from llmsim.wire import openai_errors

ROLES = ("system", "assistant", "user", "function", "tool", "developer")
PARTS: Mapping[Role, tuple[str, ...]] = {
    Role.SYSTEM: ("text",),
    Role.DEVELOPER: ("text",),
    Role.USER: ("text", "image_url", "input_audio", "file"),
    Role.ASSISTANT: ("text", "refusal"),
    Role.TOOL: ("text",),
    Role.FUNCTION: ("text",),
}
"""The parts that the content of each role may have."""
CONTENT = "one of a string or an array of objects"


def parse_messages(value: Any) -> tuple[Message, ...]:  # noqa: ANN401
    """The value of `messages`.

    Raises:
        ClientError: the first fault.
    """
    if value is None:
        raise openai_errors.missing("messages")
    if not isinstance(value, list):
        raise openai_errors.wrong_type("messages", "an array of objects", value)
    if not value:
        raise openai_errors.empty_array("messages")
    return tuple(_message(f"messages[{index}]", item) for index, item in enumerate(value))


def _message(param: str, value: Any) -> Message:  # noqa: ANN401
    if not isinstance(value, dict):
        raise openai_errors.wrong_type(param, "an object", value)
    role = _role(f"{param}.role", value.get("role"))
    calls = _tool_calls(f"{param}.tool_calls", value.get("tool_calls")) if role is Role.ASSISTANT else ()
    name = _text(f"{param}.name", value.get("name"), required=role is Role.FUNCTION)
    answered = _text(f"{param}.tool_call_id", value.get("tool_call_id"), required=role is Role.TOOL)
    may_be_empty = role is Role.ASSISTANT and bool(calls or value.get("function_call") or value.get("refusal"))
    content = _content(f"{param}.content", value.get("content"), role, required=not may_be_empty)
    if role is Role.ASSISTANT and not content and isinstance(value.get("refusal"), str):
        content = value["refusal"]
    return Message(role, content, name, answered, calls)


def _role(param: str, value: Any) -> Role:  # noqa: ANN401
    if value is None:
        raise openai_errors.missing(param)
    if not isinstance(value, str):
        raise openai_errors.wrong_type(param, "one of 'system', 'assistant', 'user', 'function', or 'tool'", value)
    if value not in ROLES:
        raise openai_errors.wrong_value(param, value, ROLES)
    return Role(value)


def _text(param: str, value: Any, *, required: bool) -> str | None:  # noqa: ANN401
    if value is None and required:
        raise openai_errors.missing(param)
    if value is not None and not isinstance(value, str):
        raise openai_errors.wrong_type(param, "a string", value)
    return value


def _content(param: str, value: Any, role: Role, *, required: bool) -> str:  # noqa: ANN401
    if value is None:
        if required:
            raise ClientError(
                f"Invalid value for '{param.rpartition('.')[2]}': expected a string, got null.", param=param
            )
        return ""
    if isinstance(value, str):
        return value
    if not isinstance(value, list):
        raise openai_errors.wrong_type(param, CONTENT, value)
    return "\n".join(_part(f"{param}[{index}]", part, role) for index, part in enumerate(value))


def _part(param: str, value: Any, role: Role) -> str:  # noqa: ANN401
    if not isinstance(value, dict):
        raise openai_errors.wrong_type(param, "an object", value)
    kind = _text(f"{param}.type", value.get("type"), required=True) or ""
    if kind not in PARTS[role]:
        raise openai_errors.wrong_value(f"{param}.type", kind, PARTS[role])
    if kind in {"text", "refusal"}:
        return _text(f"{param}.{kind}", value.get(kind), required=True) or ""
    payload = value.get(kind)
    if payload is None:
        raise openai_errors.missing(f"{param}.{kind}")
    if not isinstance(payload, dict):
        raise openai_errors.wrong_type(f"{param}.{kind}", "an object", payload)
    digest = hashlib.blake2b(orjson.dumps(payload, option=orjson.OPT_SORT_KEYS), digest_size=8).hexdigest()
    return f"<{kind} {digest}>"


def _tool_calls(param: str, value: Any) -> tuple[ToolCall, ...]:  # noqa: ANN401
    if value is None:
        return ()
    if not isinstance(value, list):
        raise openai_errors.wrong_type(param, "an array of objects", value)
    return tuple(_tool_call(f"{param}[{index}]", call) for index, call in enumerate(value))


def _tool_call(param: str, value: Any) -> ToolCall:  # noqa: ANN401
    if not isinstance(value, dict):
        raise openai_errors.wrong_type(param, "an object", value)
    kind = _text(f"{param}.type", value.get("type"), required=True) or ""
    fields = {"function": "arguments", "custom": "input"}
    if kind not in fields:
        raise openai_errors.wrong_value(f"{param}.type", kind, tuple(fields))
    call = value.get(kind)
    if not isinstance(call, dict):
        fault = openai_errors.missing(f"{param}.{kind}") if call is None else None
        raise fault or openai_errors.wrong_type(f"{param}.{kind}", "an object", call)
    name = _text(f"{param}.{kind}.name", call.get("name"), required=True) or ""
    said = _text(f"{param}.{kind}.{fields[kind]}", call.get(fields[kind]), required=True) or ""
    return ToolCall(_text(f"{param}.id", value.get("id"), required=True) or "", name, said)
