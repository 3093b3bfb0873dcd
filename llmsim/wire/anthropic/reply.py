"""What a response says: the blocks of its content, why it ended, and the whole body of one that is not streamed.

Pure. Key order is that of recorded responses; keys that a feature adds are there when it is used.
"""

from collections.abc import Mapping
from typing import Any

import orjson

from llmsim.simulation.plan import Call, Choice, Plan
from llmsim.turn import FinishReason
from llmsim.wire.anthropic import signature, usage
from llmsim.wire.ids import MESSAGE, message_id

REFUSED = "The model declined to answer this request."
ENDS = {FinishReason.STOP: "end_turn", FinishReason.TOOL_CALLS: "tool_use", FinishReason.LENGTH: "max_tokens"}


def whole(plan: Plan, params: Mapping[str, Any]) -> dict[str, Any]:
    """The message."""
    choice = plan.choices[0]
    reason, sequence = stop(choice, params)
    return {
        **head(plan),
        "content": content(plan, params),
        "stop_reason": reason,
        "stop_sequence": sequence,
        **details(choice),
        "usage": usage.usage_of(plan, params, plan.usage.completion_tokens) | usage.thought(plan, params),
        **extras(params),
        **edits(params),
    }


def head(plan: Plan) -> dict[str, Any]:
    """What a message and a stream begin with."""
    return {"model": plan.model, "id": message_id(plan), "type": "message", "role": "assistant"}


def content(plan: Plan, params: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The blocks: what was thought, said and called."""
    choice = plan.choices[0]
    blocks: list[dict[str, Any]] = []
    if choice.reasoning:
        thinking = shown("".join(choice.reasoning), params)
        blocks.append({"type": "thinking", "thinking": thinking, "signature": signature.sign(thinking, plan.unique)})
    if choice.text:
        blocks.append({"type": "text", "text": choice.text})
    return blocks + [tool_use(call, input_of(call)) for call in choice.calls]


def shown(thinking: str, params: Mapping[str, Any]) -> str:
    """What of a thought a response shows."""
    return thinking if params["display"] != "omitted" else ""


def tool_use(call: Call, taken: Any) -> dict[str, Any]:  # noqa: ANN401
    """A call as a block."""
    return {"type": "tool_use", "id": call.id, "name": call.name, "input": taken}


def input_of(call: Call) -> dict[str, Any]:
    """What a call takes; nothing, where it was cut off."""
    try:
        found = orjson.loads(call.arguments)
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}


def stop(choice: Choice, params: Mapping[str, Any]) -> tuple[str, str | None]:
    """Why a message ended, and at which of the caller's strings."""
    if choice.refused:
        return "refusal", None
    if choice.stopped_by is not None:
        return "stop_sequence", choice.stopped_by
    if choice.finish_reason is FinishReason.LENGTH and choice.tokens < params["max_tokens"]:
        return "model_context_window_exceeded", None
    return ENDS[choice.finish_reason], None


def details(choice: Choice) -> dict[str, Any]:
    """What is said of a refusal."""
    if not choice.refused:
        return {}
    return {"stop_details": {"type": "refusal", "category": None, "explanation": REFUSED}}


def edits(params: Mapping[str, Any]) -> dict[str, Any]:
    """What was taken out of the context, which is nothing, to who asked for it."""
    return {"context_management": {"applied_edits": []}} if params["manages_context"] else {}


def extras(params: Mapping[str, Any]) -> dict[str, Any]:
    """What only some requests are told: why a prompt cache gave nothing, which nobody here compares."""
    if "previous_message_id" not in params:
        return {}
    previous = params["previous_message_id"]
    reason = None
    if previous is not None:
        known = MESSAGE.owner_of(previous) is not None
        reason = {"type": "unavailable" if known else "previous_message_not_found"}
    return {"diagnostics": {"cache_miss_reason": reason}}
