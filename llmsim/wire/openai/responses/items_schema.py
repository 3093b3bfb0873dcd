"""What an item of `input` or of a conversation may say, as data; and the sentences that are the items' own.

Pure. An item without a type is a message. What is said of an item's type, of a role or of a part in the wrong message
names the item, not the key (`input[0]`, not `input[0].type`): the live API's way. Items of hosted tools are looked at
only for what they need.
"""

from collections.abc import Mapping
from typing import Any

import attrs

from llmsim.wire.openai import errors
from llmsim.wire.openai.validation import Flag, Items, Kind, Metadata, Table, Text, TextOr, check_keys

ROLES = ("assistant", "system", "developer", "user")
STATUS = Text(("in_progress", "completed", "incomplete"))
TEXT_PART: Mapping[str, Kind] = {"type": Text(), "text": Text(), "prompt_cache_breakpoint": Table()}
IMAGE_PART: Mapping[str, Kind] = {
    "type": Text(),
    "detail": Text(("low", "high", "auto", "original")),
    "file_id": Text(),
    "image_url": Text(),
    "prompt_cache_breakpoint": Table(),
}
FILE_PART: Mapping[str, Kind] = {
    "type": Text(),
    "detail": Text(("auto", "low", "high")),
    "file_data": Text(),
    "file_id": Text(),
    "file_url": Text(),
    "filename": Text(),
    "prompt_cache_breakpoint": Table(),
}
AUDIO = Table({"data": Text(), "format": Text(("wav", "mp3"))}, ("data", "format"), closed=True)
PARTS: Mapping[str, Table] = {
    "input_text": Table(TEXT_PART, ("text",), closed=True),
    "input_image": Table(IMAGE_PART, closed=True),
    "input_file": Table(FILE_PART, closed=True),
    "scoped_content": Table(),
    "input_audio": Table({"type": Text(), "input_audio": AUDIO}, ("input_audio",), closed=True),
    "output_text": Table(
        {"type": Text(), "text": Text(), "annotations": Items(Table()), "logprobs": Items(Table())},
        ("text",),
        closed=True,
    ),
    "refusal": Table({"type": Text(), "refusal": Text()}, ("refusal",), closed=True),
}
PART_TYPES = (
    "input_text",
    "input_image",
    "input_audio",
    "output_text",
    "refusal",
    "input_file",
    "computer_screenshot",
    "summary_text",
    "encrypted_content",
)
"""The types of parts that errors name; some stand in no message."""
TOLD = ("input_text", "input_image", "input_file", "scoped_content", "input_audio")
"""The parts of what is told to a model, and of what a tool puts out."""
REPLIED = ("output_text", "refusal")
"""The parts of what a model said."""


@attrs.frozen
class Part:
    """A part of a content in which only some types of parts may stand."""

    types: tuple[str, ...]
    kinds: Mapping[str, Table] = PARTS

    def accepts(self, value: Any) -> bool:  # noqa: ANN401
        if not isinstance(value, dict):
            return False
        tag = value.get("type")
        return isinstance(tag, str) and tag in self.types and self.kinds[tag].accepts(value)

    def check(self, param: str, value: Any) -> None:  # noqa: ANN401
        if not isinstance(value, dict):
            raise errors.wrong_type(param, "an object", value)
        check_keys(value, {"type": Text(PART_TYPES, unlisted=TOLD)}, ("type",), f"{param}.")
        if value["type"] not in self.types:
            raise errors.wrong_value(param, value["type"], self.types)
        self.kinds[value["type"]].check(param, value)


@attrs.frozen
class Content:
    """The content of a message: a text, or parts."""

    parts: Items

    def accepts(self, value: Any) -> bool:  # noqa: ANN401
        return isinstance(value, str) or self.parts.accepts(value)

    def check(self, param: str, value: Any) -> None:  # noqa: ANN401
        if isinstance(value, str):
            return
        if not isinstance(value, list):
            raise errors.wrong_type(param, "one of an array of objects or string", value)
        self.parts.check(param, value)


ID: Mapping[str, Kind] = {"type": Text(), "id": Text()}
SAID: Mapping[str, Kind] = {**ID, "role": Text(), "content": Content(Items(Part(TOLD))), "status": STATUS}
SPOKEN: Mapping[str, Kind] = {
    **ID,
    "role": Text(),
    "content": Content(Items(Part(REPLIED))),
    "status": STATUS,
    "phase": Text(("commentary", "final_answer")),
}
MESSAGES: Mapping[str, Table] = {
    role: Table(SPOKEN if role == "assistant" else SAID, ("content",), closed=True) for role in ROLES
}
CALLED: Mapping[str, Kind] = {
    **ID,
    "call_id": Text(filled=True),
    "status": STATUS,
    "caller": Table(),
    "created_by": Text(),
}
CALLING: Mapping[str, Kind] = {**CALLED, "name": Text(filled=True), "namespace": Text(), "async": Flag()}
OUTPUT = TextOr(Items(Part(TOLD)))


@attrs.frozen
class Given:
    """Whatever it is, but no null."""

    def accepts(self, value: Any) -> bool:  # noqa: ANN401
        return value is not None

    def check(self, param: str, value: Any) -> None:  # noqa: ANN401
        if value is None:
            raise errors.missing(param)


NEEDED: Mapping[str, Kind] = {
    **dict.fromkeys(("call_id", "approval_request_id", "container_id"), Text(filled=True)),
    **dict.fromkeys(("server_label", "name", "code", "result"), Text()),
    "approve": Flag(),
}
"""The kinds of what items of hosted tools need, where they matter."""


def _needs(*keys: str) -> Table:
    """An item of a hosted tool."""
    return Table({**ID, **{key: NEEDED.get(key, Given()) for key in keys}}, keys)


KINDS: Mapping[str, Table] = {
    "additional_tools": _needs("role", "tools"),
    "agent_message": Table(ID),
    "apply_patch_call": _needs("call_id", "operation"),
    "apply_patch_call_output": _needs("call_id"),
    "code_interpreter_call": _needs("container_id"),
    "compaction": Table({**ID, "encrypted_content": Text()}, ("encrypted_content",)),
    "compaction_trigger": Table(ID),
    "computer_call": _needs("call_id"),
    "computer_call_output": _needs("call_id", "output"),
    "custom_tool_call": Table({**CALLING, "input": Text()}, ("call_id", "name", "input"), closed=True),
    "custom_tool_call_output": Table({**CALLED, "output": OUTPUT}, ("call_id", "output"), closed=True),
    "file_search_call": _needs("queries"),
    "function_call": Table({**CALLING, "arguments": Text()}, ("call_id", "name", "arguments"), closed=True),
    "function_call_output": Table(
        {**CALLED, "name": Text(), "namespace": Text(), "output": OUTPUT}, ("call_id", "output"), closed=True
    ),
    "image_generation_call": Table(ID),
    "item_reference": Table({**ID, "id": Text(filled=True)}, ("id",)),
    "local_shell_call": _needs("call_id", "action"),
    "local_shell_call_output": _needs("output"),
    "mcp_approval_request": _needs("server_label", "name", "arguments"),
    "mcp_approval_response": _needs("approval_request_id", "approve"),
    "mcp_call": _needs("server_label", "name", "arguments"),
    "mcp_list_tools": _needs("server_label", "tools"),
    "multi_agent_call": Table(ID),
    "multi_agent_call_output": Table(ID),
    "program": _needs("call_id", "code"),
    "program_output": _needs("call_id", "result"),
    "reasoning": Table(
        {
            **ID,
            "summary": Items(Table({"type": Text(), "text": Text()}, ("text",))),
            "content": Items(Table({"type": Text(), "text": Text()}, ("text",))),
            "encrypted_content": Text(),
            "status": STATUS,
        },
        ("summary",),
        closed=True,
    ),
    "shell_call": _needs("call_id", "action"),
    "shell_call_output": _needs("call_id", "output"),
    "tool_search_call": _needs("arguments"),
    "tool_search_output": _needs("tools"),
    "web_search_call": Table(ID),
}
UNTOLD = ("configuration_update",)
"""Types that are accepted, though no error names them."""
TYPES = tuple(sorted([*KINDS, "message"]))


@attrs.frozen
class Item:
    """One item."""

    kinds: Mapping[str, Table] = KINDS
    messages: Mapping[str, Table] = MESSAGES

    def accepts(self, value: Any) -> bool:  # noqa: ANN401
        kind = self._kind(value) if isinstance(value, dict) else None
        return kind is not None and kind.accepts(value)

    def check(self, param: str, value: Any) -> None:  # noqa: ANN401
        if not isinstance(value, dict):
            raise errors.wrong_type(param, "an input item", value)
        kind = self._kind(value)
        if kind is not None:
            kind.check(param, value)
            return
        is_message = value.get("type") in (None, "message")
        said = value.get("role" if is_message else "type")
        raise errors.wrong_value(param, said if isinstance(said, str) else "", ROLES if is_message else TYPES)

    def _kind(self, value: Mapping[str, Any]) -> Table | None:
        """The table of an item's type, or of its role if it is a message; None for what is neither."""
        tag = value.get("type")
        if tag is None or tag == "message":
            role = value.get("role")
            if role is None and tag is None and isinstance(value.get("id"), str) and "content" not in value:
                return self.kinds["item_reference"]
            return self.messages.get(role) if isinstance(role, str) else None
        if not isinstance(tag, str):
            return None
        return OPEN if tag in UNTOLD else self.kinds.get(tag)


OPEN = Table(ID)
INPUT: Kind = TextOr(Items(Item(), "input items"))
METADATA = Metadata(most=16, longest_name=64, longest_value=512)
"""Of a response and of a conversation."""
