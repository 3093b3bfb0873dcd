"""The stored form of an item: every default in its place, nulls left out, keys in one order.

Pure; the item was checked before. The form is that in which recorded responses show items, and an item in stored form
has itself as its stored form.
"""

from collections.abc import Iterable, Mapping
from typing import Any

Item = Mapping[str, Any]
REFERENCE = "item_reference"
UNSTATED = frozenset(
    {
        "reasoning",
        "compaction",
        "compaction_trigger",
        "additional_tools",
        "configuration_update",
        "mcp_list_tools",
        "mcp_approval_request",
        "mcp_approval_response",
        "program",
        REFERENCE,
    }
)
"""Types of items that have no status."""
DEFAULTS: Mapping[str, Mapping[str, Any]] = {
    "shell_call": {"environment": None},
    "shell_call_output": {"max_output_length": None},
}
"""What stands in items of some types for keys that are absent or null."""
SHELL_ACTION = {"max_output_length": None, "timeout_ms": None}
FIRST = ("id", "type", "status")
"""The keys that come first; the others follow in alphabetical order."""


def stored_form(item: Item) -> dict[str, Any]:
    """An item in stored form; one without a type is a message, or names another item."""
    said = {key: value for key, value in item.items() if value is not None}
    kind = said.setdefault("type", "message" if "role" in said else REFERENCE)
    if kind not in UNSTATED:
        said.setdefault("status", "completed")
    if kind == "message":
        said["content"] = _content(said["content"], said["role"])
    elif kind.endswith("_output") and isinstance(said.get("output"), list):
        said["output"] = [_part(part) for part in said["output"]]
    elif kind == "shell_call" and isinstance(said.get("action"), dict):
        said["action"] = SHELL_ACTION | said["action"]
    said = {**DEFAULTS.get(kind, {}), **said}
    first = [key for key in FIRST if key in said]
    return {key: said[key] for key in (*first, *sorted(said.keys() - set(FIRST)))}


def _content(content: str | Iterable[Mapping[str, Any]], role: str) -> list[dict[str, Any]]:
    if isinstance(content, str):
        content = ({"type": "output_text" if role == "assistant" else "input_text", "text": content},)
    return [_part(part) for part in content]


def _part(part: Any) -> Any:  # noqa: ANN401
    """A part of a content, or of what a tool put out."""
    if not isinstance(part, dict):
        return part
    said = {key: value for key, value in part.items() if value is not None}
    if said.get("type") == "output_text":
        return {"type": "output_text", "annotations": [], "logprobs": [], **said}
    if said.get("type") == "input_image":
        return {"type": "input_image", "detail": "auto", **said}
    return said
