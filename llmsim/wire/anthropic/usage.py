"""What a response counts, in Anthropic's words: input beside what a prompt cache gave and got, output, thought.

Pure. Without a breakpoint nothing is cached. With one, what earlier turns of the conversation left in the cache is read
(the plan's rule: the prompt up to the last reply, from 1,024 tokens on), up to the last breakpoint, and the rest up to
there is written, where that is 1,024 tokens or more. Where a breakpoint stands in tokens follows from its share of the
prompt's characters. The cache neither expires nor is it shared between conversations.
"""

from collections.abc import Mapping
from typing import Any

from llmsim.simulation.plan import CACHE_MINIMUM, Plan
from llmsim.simulation.tokens import PRIMING
from llmsim.turn import Usage
from llmsim.wire.anthropic.conversation import prompt_blocks
from llmsim.wire.anthropic.http import canonical

NOWHERE = "not_available"
"""The region of inference where none was asked for. Source: recorded responses."""


def places_of(body: Mapping[str, Any]) -> dict[str, Any]:
    """Where the breakpoints of a request stand, and how long each is kept: in characters of the prompt, of so many.

    Raises:
        ClientError: a block is nested too deeply.
    """
    chars, points = 0, []
    for _, block in prompt_blocks(body):
        control = block.get("cache_control")
        plain = {key: value for key, value in block.items() if key != "cache_control"}
        chars += len(block["text"]) if block.get("type") == "text" else len(canonical(plain))
        if control is not None:
            points.append([chars, control.get("ttl") or "5m"])
    if body.get("cache_control") is not None:
        points.append([chars, body["cache_control"].get("ttl") or "5m"])
    return {"chars": chars, "points": points}


def behind(places: Mapping[str, Any], before: int) -> dict[str, Any]:
    """The same breakpoints in a prompt that has so many more characters in front."""
    points = [[at + before, ttl] for at, ttl in places["points"]]
    return {"chars": places["chars"] + before, "points": points}


def cache_usage(usage: Usage, places: Mapping[str, Any]) -> tuple[int, int, int]:
    """The prompt tokens that a cache gave, and those that it was given for five minutes and for an hour."""
    points, chars = places["points"], max(places["chars"], 1)
    if not points:
        return 0, 0, 0
    prompt = max(usage.prompt_tokens - PRIMING, 0)
    read = min(usage.cached_tokens, prompt * points[-1][0] // chars)
    written = {"5m": 0, "1h": 0}
    before = read
    for at, ttl in points:
        place = prompt * at // chars
        if place >= CACHE_MINIMUM and place > before:
            written[ttl] += place - before
            before = place
    return read, written["5m"], written["1h"]


def counts(plan: Plan, params: Mapping[str, Any]) -> dict[str, int]:
    """What goes in: beside the cache, into it, and out of it."""
    read, short, long = cache_usage(plan.usage, params["cache"])
    return {
        "input_tokens": plan.usage.prompt_tokens - read - short - long,
        "cache_creation_input_tokens": short + long,
        "cache_read_input_tokens": read,
    }


def thought(plan: Plan, params: Mapping[str, Any]) -> dict[str, Any]:
    """How much of the output was thought, where thinking was asked for."""
    if not params["thinks"]:
        return {}
    return {"output_tokens_details": {"thinking_tokens": plan.usage.reasoning_tokens}}


def usage_of(plan: Plan, params: Mapping[str, Any], output_tokens: int) -> dict[str, Any]:
    """The usage of a message, with so many output tokens so far."""
    _, short, long = cache_usage(plan.usage, params["cache"])
    return {
        **counts(plan, params),
        "cache_creation": {"ephemeral_5m_input_tokens": short, "ephemeral_1h_input_tokens": long},
        "output_tokens": output_tokens,
        "service_tier": params["service_tier"],
        "inference_geo": params["inference_geo"] or NOWHERE,
        **({"speed": params["speed"]} if params["speed"] else {}),
    }
