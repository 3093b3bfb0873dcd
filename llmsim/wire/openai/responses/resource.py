"""The response resource, at each of its states: every key that recorded responses have, in their order.

Pure. Until a response has ended it has no output and no usage. What was asked is said again with its defaults; what the
live API does not say again (`include`, `context_management`) is not.
"""

import re
from collections.abc import Mapping
from typing import Any

import orjson

from llmsim.errors import ClientError
from llmsim.simulation.plan import Plan
from llmsim.turn import Usage
from llmsim.wire.base import Parsed
from llmsim.wire.openai.responses.models import REASONS
from llmsim.wire.openai.responses.output import PHASED, incomplete, output_items, response_id

TIERS = {"flex": "flex", "scale": "scale", "priority": "priority", "fast": "priority", "ultrafast": "ultrafast"}
"""The service tier that a response names, for those that are not the default."""
QUEUED, IN_PROGRESS = "queued", "in_progress"
COMPLETED, INCOMPLETE, FAILED, CANCELLED = "completed", "incomplete", "failed", "cancelled"
ENDED = (COMPLETED, INCOMPLETE)
"""The states in which a response has output."""
UNDER_WAY = (QUEUED, IN_PROGRESS)
NEWEST = re.compile(r"gpt-(?:5\.[6-9]|[6-9])")
"""Models with other defaults than those before them; seen in recorded responses."""
TOOL_USAGE = {
    "image_gen": {
        "input_tokens": 0,
        "input_tokens_details": {"image_tokens": 0, "text_tokens": 0},
        "output_tokens": 0,
        "output_tokens_details": {"image_tokens": 0, "text_tokens": 0},
        "total_tokens": 0,
    },
    "web_search": {"num_requests": 0},
}


def final_status(plan: Plan) -> str:
    """How the response ends, unless something happens to it."""
    return INCOMPLETE if incomplete(plan) else COMPLETED


def body(resource: Mapping[str, Any]) -> bytes:
    """A resource as the body of a response: in lines, as recorded ones are."""
    return orjson.dumps(resource, option=orjson.OPT_INDENT_2)


def resource(
    plan: Plan, asked: Parsed, status: str, *, error: ClientError | None = None, billed: bool = True
) -> dict[str, Any]:
    """A response in a state.

    `error` says why it failed; `billed`: the resource says who pays, as it does everywhere but in streams.
    """
    params = asked.params
    ended = status in ENDED
    newest = NEWEST.match(plan.model) is not None
    said: dict[str, Any] = {
        "id": response_id(plan),
        "object": "response",
        "created_at": plan.created,
        "status": status,
        "background": params["background"],
        "billing": {"payer": "developer"},
        "completed_at": completed_at(plan) if status == COMPLETED else None,
        "conversation": {"id": params["conversation"]},
        "error": failure(error) if status == FAILED else None,
        "frequency_penalty": float(params["frequency_penalty"] or 0),
        "incomplete_details": {"reason": "max_output_tokens"} if status == INCOMPLETE else None,
        "instructions": params["instructions"],
        "max_output_tokens": params["max_output_tokens"],
        "max_tool_calls": params["max_tool_calls"],
        "model": plan.model,
        "moderation": None,
        "output": output_items(plan, asked) if ended else [],
        "parallel_tool_calls": params["parallel_tool_calls"],
        "presence_penalty": float(params["presence_penalty"] or 0),
        "previous_response_id": params["previous_response_id"],
        "prompt_cache_key": params["prompt_cache_key"],
        "prompt_cache_options": params["prompt_cache_options"],
        "prompt_cache_retention": params["prompt_cache_retention"] or ("24h" if newest else "in_memory"),
        "reasoning": reasoning(plan, params["reasoning"]),
        "safety_identifier": params["safety_identifier"],
        "service_tier": "auto" if status in UNDER_WAY else TIERS.get(params["service_tier"], "default"),
        "store": params["store"],
        "temperature": float(1 if params["temperature"] is None else params["temperature"]),
        "text": params["text"],
        "tool_choice": params["tool_choice"],
        "tool_usage": TOOL_USAGE,
        "tools": params["tools"],
        "top_logprobs": params["top_logprobs"],
        "top_p": float((0.98 if newest else 1) if params["top_p"] is None else params["top_p"]),
        "truncation": params["truncation"],
        "usage": usage(plan.usage) if ended else None,
        "user": params["user"],
        "metadata": params["metadata"],
    }
    absent = [] if billed else ["billing"]
    absent += [key for key in ("conversation", "prompt_cache_options") if params[key] is None]
    for key in absent:
        del said[key]
    return said


def usage(counted: Usage) -> dict[str, Any]:
    """What a response took."""
    return {
        "input_tokens": counted.prompt_tokens,
        "input_tokens_details": {"cache_write_tokens": 0, "cached_tokens": counted.cached_tokens},
        "output_tokens": counted.completion_tokens,
        "output_tokens_details": {"reasoning_tokens": counted.reasoning_tokens},
        "total_tokens": counted.total_tokens,
    }


def reasoning(plan: Plan, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """How a model reasoned; one that does says so with its defaults."""
    if not REASONS.match(plan.model):
        return dict(wanted)
    effort = "medium" if plan.usage.reasoning_tokens else "none"
    said = {**wanted, "effort": wanted["effort"] or effort}
    if PHASED.match(plan.model):
        said = {"context": "all_turns", "mode": "standard", **said}
    return dict(sorted(said.items()))


def completed_at(plan: Plan) -> int:
    """When the last token was there, unix seconds: by the plan, so that it is the same whenever it is asked for."""
    return plan.created + plan.timeline.total_us // 1_000_000


def failure(error: ClientError | None) -> dict[str, str]:
    """Why a response failed."""
    if error is None:
        return {"code": "server_error", "message": "The server had an error while processing your request. Sorry!"}
    return {"code": error.code or "server_error", "message": error.message}
