"""What of a Responses request is kept with its turn: every key that a response says again, with its default.

Pure; the keys were checked before. What is kept is JSON, in the form in which the response says it.
"""

from collections.abc import Mapping
from typing import Any

from llmsim.wire.openai.responses.tools import echoed

ECHOED: Mapping[str, Any] = {
    "instructions": None,
    "max_output_tokens": None,
    "max_tool_calls": None,
    "parallel_tool_calls": True,
    "previous_response_id": None,
    "prompt_cache_key": None,
    "prompt_cache_options": None,
    "prompt_cache_retention": None,
    "safety_identifier": None,
    "store": True,
    "background": False,
    "temperature": None,
    "top_p": None,
    "presence_penalty": None,
    "frequency_penalty": None,
    "tool_choice": "auto",
    "truncation": "disabled",
    "user": None,
    "service_tier": "auto",
    "metadata": {},
    "include": [],
    "top_logprobs": 0,
    "stream": False,
}
"""Keys that are kept as they are, and what stands for those that are absent or null."""
SUMMARIES = {"auto": "detailed"}
"""What a style of summaries is said to have been."""
CACHE_DEFAULTS = {"mode": "implicit", "ttl": "30m"}


def params_of(asked: Mapping[str, Any]) -> dict[str, Any]:
    """What is kept of a request; its input is not there yet."""
    options = asked.get("stream_options") or {}
    return {
        **{key: default if asked.get(key) is None else asked[key] for key, default in ECHOED.items()},
        "model": asked["model"],
        "obfuscation": options.get("include_obfuscation") is not False,
        "conversation": _conversation(asked.get("conversation")),
        "prompt_cache_options": _caching(asked.get("prompt_cache_options")),
        "reasoning": _reasoning(asked.get("reasoning") or {}),
        "text": _text(asked.get("text") or {}),
        "tools": echoed(asked.get("tools") or ()),
        "input": [],
    }


def _conversation(asked: str | Mapping[str, Any] | None) -> str | None:
    if asked is None or isinstance(asked, str):
        return asked
    named: str = asked["id"]
    return named


def _caching(asked: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if asked is None:
        return None
    return {**CACHE_DEFAULTS, **{key: value for key, value in asked.items() if key in CACHE_DEFAULTS and value}}


def _reasoning(asked: Mapping[str, Any]) -> dict[str, Any]:
    summary = asked.get("summary")
    return {
        **{key: asked[key] for key in ("context", "mode") if asked.get(key) is not None},
        "effort": asked.get("effort"),
        "summary": SUMMARIES.get(summary, summary) if summary is not None else None,
    }


def _text(asked: Mapping[str, Any]) -> dict[str, Any]:
    wanted = asked.get("format") or {"type": "text"}
    if wanted["type"] == "json_schema":
        wanted = {
            "type": "json_schema",
            "description": wanted.get("description"),
            "name": wanted["name"],
            "schema": wanted["schema"],
            "strict": bool(wanted.get("strict")),
        }
    return {"format": wanted, "verbosity": asked.get("verbosity") or "medium"}
