"""Anthropic's list of models: `GET /v1/models` and `GET /v1/models/{id}`.

Pure; the facts of a model come from the profile that names it. All that are listed are active, and what they are said
to be capable of is what this server accepts.
"""

from datetime import UTC, datetime
from typing import Any

from llmsim.profile import Model, Profile

OWNER = "anthropic"
"""Whose models are listed."""
LINES = ("haiku", "sonnet", "opus", "fable", "mythos")
DATE_DIGITS = 8
LAST_S = 253_402_300_799
"""The end of the year 9999, which has no successor in RFC 3339."""
YES, NO = {"supported": True}, {"supported": False}
CAPABILITIES = {
    "batch": YES,
    "citations": NO,
    "code_execution": NO,
    "context_management": {
        "clear_thinking_20251015": NO,
        "clear_tool_uses_20250919": NO,
        "compact_20260112": NO,
        "supported": False,
    },
    "effort": {"high": YES, "low": YES, "max": YES, "medium": YES, "supported": True, "xhigh": YES},
    "image_input": YES,
    "pdf_input": YES,
    "server_tools": {"code_execution": NO, "supported": False, "web_search": NO},
    "structured_outputs": YES,
}


def one(model: Model, profile: Profile) -> dict[str, Any]:
    """One model."""
    thinks = {"supported": profile.reasoning is not None}
    types = {"adaptive": thinks, "between_tools": NO, "disabled": YES, "enabled": thinks}
    return {
        "type": "model",
        "id": model.id,
        "display_name": display_name(model.id),
        "created_at": rfc3339(model.created),
        "lifecycle": "active",
        "deprecated_at": None,
        "retires_at": None,
        "line": next((line for line in LINES if line in model.id.split("-")), None),
        "max_input_tokens": profile.context_window,
        "max_tokens": profile.max_output,
        "capabilities": {**CAPABILITIES, "thinking": {**thinks, "types": types}},
    }


def display_name(model_id: str) -> str:
    """`Claude Sonnet 4.6` for `claude-sonnet-4-6`, with or without a date behind it."""
    words: list[str] = []
    for word in model_id.split("-"):
        if word.isdigit() and len(word) == DATE_DIGITS:
            continue
        if word.isdigit() and words and words[-1][-1:].isdigit():
            words[-1] += f".{word}"
        else:
            words.append(word.capitalize())
    return " ".join(words) or model_id


def rfc3339(stamp_s: float) -> str:
    """A moment (unix seconds) in UTC, as RFC 3339 writes it: whole seconds, or microseconds."""
    moment = datetime.fromtimestamp(min(stamp_s, LAST_S), UTC)
    return moment.isoformat().replace("+00:00", "Z")
