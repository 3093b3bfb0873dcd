"""Items, of which the input of a response, its output and conversations are made: what they say to a model.

Pure; items were checked before (`items_schema`) and are in stored form (`stored_items`), with ids or without. As
messages, one reply is one message: what a model said and the calls that follow it. An item that was stored is the same
message as the one that the client sent.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from llmsim.turn import Message, Role, ToolCall, placeholder, unmarked
from llmsim.wire.openai.http import canonical
from llmsim.wire.openai.responses import errors as responses_errors
from llmsim.wire.openai.responses.compacted import messages_in
from llmsim.wire.openai.responses.stored_items import REFERENCE, Item, stored_form

ROLES = {role.value: role for role in (Role.SYSTEM, Role.DEVELOPER, Role.USER, Role.ASSISTANT)}
PREFIXES = {
    "message": "msg",
    "function_call": "fc",
    "function_call_output": "fco",
    "custom_tool_call": "ctc",
    "custom_tool_call_output": "ctco",
    "reasoning": "rs",
    "compaction": "cmp",
    "web_search_call": "ws",
    "file_search_call": "fs",
    "code_interpreter_call": "ci",
    "image_generation_call": "ig",
    "computer_call": "cu",
    "computer_call_output": "cuo",
    "local_shell_call": "lsh",
    "local_shell_call_output": "lsho",
    "shell_call": "sh",
    "shell_call_output": "sho",
    "apply_patch_call": "apc",
    "apply_patch_call_output": "apco",
    "tool_search_call": "tsc",
    "tool_search_output": "tso",
    "mcp_call": "mcp",
    "mcp_list_tools": "mcpl",
    "mcp_approval_request": "mcpr",
    "mcp_approval_response": "mcpa",
    "program": "prog",
    "program_output": "progo",
}
"""What the id of an item of a type begins with, before the underscore."""
OTHER_PREFIX = "item"
SILENT = frozenset({"reasoning", "compaction_trigger", "additional_tools", "configuration_update", REFERENCE})
"""Types of items that say nothing to a model."""
NAMED = {"function_call": "arguments", "custom_tool_call": "input"}
"""Calls of a client's tools, and where they say what they want."""
CALLS = {
    **NAMED,
    "computer_call": "action",
    "local_shell_call": "action",
    "shell_call": "action",
    "apply_patch_call": "operation",
}
"""Those, and calls of hosted tools that a client carries out."""
OUTPUTS = frozenset(
    {
        "function_call_output",
        "custom_tool_call_output",
        "computer_call_output",
        "shell_call_output",
        "apply_patch_call_output",
    }
)
"""What such a call put out."""
RESULTS = ("output", "result", "code")
"""Where other records of tools say what came of them."""
LOOKS = frozenset({"type", "detail", "prompt_cache_breakpoint"})
"""Keys of a part that are not what it holds."""
MEDIA = {"input_image": "image", "input_file": "file", "input_audio": "audio", "computer_screenshot": "image"}


def normalised(items: str | Iterable[Item]) -> list[dict[str, Any]]:
    """The items of an input in stored form; a text is one message of the user."""
    if isinstance(items, str):
        items = ({"role": "user", "content": items},)
    return [stored_form(item) for item in items]


def prefix_of(item: Item) -> str:
    """What the id of this item begins with, before the underscore."""
    return PREFIXES.get(item["type"], OTHER_PREFIX)


def named(item: Item, item_id: str) -> dict[str, Any]:
    """An item in stored form with an id; one that it already has stays."""
    return {"id": item.get("id") or item_id, **{key: value for key, value in item.items() if key != "id"}}


def references(items: Iterable[Item]) -> tuple[str, ...]:
    """The ids of the items that these only name."""
    return tuple([item["id"] for item in items if item["type"] == REFERENCE])


def resolved(items: Iterable[Item], found: Mapping[str, Item]) -> list[dict[str, Any]]:
    """The items with those that are only named in their places.

    Raises:
        ClientError: one is not found.
    """
    return [dict(_found(item["id"], found) if item["type"] == REFERENCE else item) for item in items]


def messages_of(items: Iterable[Item]) -> tuple[Message, ...]:
    """What these items (in stored form) say to a model; those that are only named say nothing.

    Raises:
        ClientError: a value is nested too deeply.
    """
    messages: list[Message] = []
    calls: list[ToolCall] = []
    for item in items:
        kind = item["type"]
        if kind in SILENT:
            continue
        if kind in CALLS:
            calls.append(_call(item, CALLS[kind]))
            continue
        _add_calls(messages, calls)
        if kind == "compaction":
            _unfold(messages, messages_in(item["encrypted_content"]))
        else:
            messages.append(_spoken(item, kind))
        calls = []
    _add_calls(messages, calls)
    return tuple(messages)


def check_answered(messages: Sequence[Message]) -> None:
    """Look whether each call of a tool has an output, and each output a call.

    To be asked of a whole context: what is remembered with what was sent.

    Raises:
        ClientError: the first one that has none.
    """
    calls = {call.id for message in messages for call in message.tool_calls}
    answered = {message.tool_call_id for message in messages if message.role is Role.TOOL}
    for message in messages:
        if message.role is Role.TOOL and message.tool_call_id is not None and message.tool_call_id not in calls:
            raise responses_errors.no_call(message.tool_call_id)
        for call in message.tool_calls:
            if call.id not in answered:
                raise responses_errors.no_output(call.id)


def check_followed(items: Sequence[Item]) -> None:
    """Look whether each reasoning item of an input is followed by what it led to.

    Raises:
        ClientError: the first one that is not.
    """
    for at, item in enumerate(items, 1):
        following = items[at] if at < len(items) else None
        if item["type"] != "reasoning" or (following is not None and following["type"] == "reasoning"):
            continue
        if following is None or following["type"] in OUTPUTS or following.get("role", "assistant") != "assistant":
            raise responses_errors.no_following_item(item.get("id", ""))


def _add_calls(messages: list[Message], calls: Sequence[ToolCall]) -> None:
    """Add calls to the reply that they follow, or as one without words."""
    if not calls:
        return
    open_reply = messages and messages[-1].role is Role.ASSISTANT and not messages[-1].tool_calls
    said = messages.pop().content if open_reply else ""
    messages.append(Message(Role.ASSISTANT, said, tool_calls=tuple(calls)))


def _found(item_id: str, found: Mapping[str, Item]) -> Item:
    if item_id not in found:
        raise responses_errors.item_not_found(item_id)
    return found[item_id]


def _spoken(item: Item, kind: str) -> Message:
    """The message of an item that is no call."""
    if kind == "message":
        role = ROLES[item["role"]]
        return Message(role, _joined(item["content"], "" if role is Role.ASSISTANT else "\n"))
    if kind in OUTPUTS:
        return Message(Role.TOOL, _output(item.get("output", "")), tool_call_id=item["call_id"])
    return Message(Role.TOOL, _record(item))


def _unfold(messages: list[Message], compacted: Sequence[Message]) -> None:
    """Add the messages of a compaction; what users said in it stands before it once more, and is not said twice."""
    users = [message.text for message in compacted if message.role is Role.USER]
    before = messages[len(messages) - len(users) :] if users else []
    if users and [message.text for message in before if message.role is Role.USER] == users:
        del messages[len(messages) - len(users) :]
    messages.extend(compacted)


def _call(item: Item, key: str) -> ToolCall:
    wanted = item.get(key, "")
    arguments = unmarked(wanted) if isinstance(wanted, str) else canonical(wanted).decode()
    name = item["name"] if item["type"] in NAMED else item["type"].removesuffix("_call")
    return ToolCall(item["call_id"], name, arguments)


def _output(value: Any) -> str:  # noqa: ANN401
    """What a tool put out."""
    if isinstance(value, str):
        return unmarked(value)
    if isinstance(value, list) and all(isinstance(part, dict) and isinstance(part.get("type"), str) for part in value):
        return _joined(value, "\n")
    return canonical(value).decode()


def _record(item: Item) -> str:
    """A record of what a hosted tool did: what it says, and what stands for the rest."""
    held = {key: value for key, value in item.items() if key not in ("id", "status", *RESULTS)}
    told = [unmarked(item[key]) for key in RESULTS if isinstance(item.get(key), str)]
    return "\n".join(told) + placeholder("record", canonical(held))


def _joined(parts: Iterable[Mapping[str, Any]], between: str) -> str:
    """The content that these parts are; without the placeholders it is what the texts alone would be."""
    content = before = ""
    for part in parts:
        text = part.get("refusal" if part["type"] == "refusal" else "text")
        if isinstance(text, str) and part["type"] not in MEDIA:
            content += before + unmarked(text)
            before = between
        else:
            held = {key: value for key, value in part.items() if key not in LOOKS and value is not None}
            content += placeholder(MEDIA.get(part["type"], "part"), canonical(held))
    return content
