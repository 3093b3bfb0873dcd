"""Samples of the fields of Anthropic's requests, under each version of the API."""

from functools import partial

import attrs

from llmsim.wire.anthropic import schema as anthropic
from llmsim.wire.anthropic.http import VERSIONS
from llmsim.wire.dialects import MESSAGES
from tests.fields import Endpoint, Sample
from tests.samples.base import ON, SCHEMA, USER, parsed


def messages(version: str) -> Endpoint:
    """Anthropic's Messages under a version of the API."""
    tool = {"name": "f", "description": "d", "input_schema": SCHEMA}
    headers = {"anthropic-version": version, "anthropic-beta": anthropic.THREADS_BETA, "x-api-key": "k"}
    samples = (
        Sample("model", "claude-haiku-4-5"),
        Sample("messages", [{"role": "user", "content": "Bye!"}]),
        Sample("max_tokens", 3),
        Sample("system", "Be brief."),
        Sample("stop_sequences", ["two"]),
        Sample("stream", ON),
        Sample("tools", [tool]),
        Sample("tool_choice", {"type": "any"}, {"tools": [tool]}),
        Sample("thinking", {"type": "enabled", "budget_tokens": 1024}, {"max_tokens": 3000}),
        Sample("output_config.effort", "low", {"thinking": {"type": "adaptive"}}),
        Sample("output_config.format", {"type": "json_schema", "schema": SCHEMA}),
        Sample("output_config.task_budget", {"type": "tokens", "total": 20000}),
        Sample("output_format", {"type": "json_schema", "schema": SCHEMA}),
        Sample("cache_control", {"type": "ephemeral"}, {"system": "Be brief. " * 2000}),
        Sample("thread", {"type": "create"}),
        Sample("metadata", {"user_id": "u"}),
        Sample("service_tier", "standard_only"),
        Sample("temperature", 0.5),
        Sample("top_k", 5),
        Sample("top_p", 0.5),
        Sample("container", "c"),
        Sample("inference_geo", "eu"),
        Sample("speed", "fast"),
        Sample("diagnostics", {"previous_message_id": "msg_1"}),
        Sample("mcp_servers", []),
        Sample("context_management", {}),
        Sample("fallbacks", []),
        Sample("fallback_credit_token", "t"),
        Sample("billing_policy", {}),
        Sample("compaction", {}),
        Sample("user_profile_id", "u"),
        Sample("workspace_id", "w"),
    )
    base = {"model": "claude-sonnet-4-6", "max_tokens": 1000, "messages": [USER]}
    return Endpoint(
        f"`POST /v1/messages`, {version}",
        partial(parsed, MESSAGES, headers),
        base,
        samples,
        tuple(anthropic.KEYS[version]),
        MESSAGES,
    )


def counted_messages() -> Endpoint:
    """Anthropic's count of tokens."""
    tool = {"name": "f", "description": "d", "input_schema": SCHEMA}
    headers = {"anthropic-version": VERSIONS[-1], "x-api-key": "k"}
    samples = (
        Sample("model", "claude-haiku-4-5"),
        Sample("messages", [{"role": "user", "content": "Bye!"}]),
        Sample("system", "Be brief."),
        Sample("tools", [tool]),
        Sample("tool_choice", {"type": "any"}, {"tools": [tool]}),
        Sample("thinking", {"type": "adaptive"}),
        Sample("output_config.format", {"type": "json_schema", "schema": SCHEMA}),
        Sample("output_config.effort", "low", {"thinking": {"type": "adaptive"}}),
        Sample("output_format", {"type": "json_schema", "schema": SCHEMA}),
        Sample("cache_control", {"type": "ephemeral"}),
        Sample("speed", "fast"),
        Sample("mcp_servers", []),
        Sample("context_management", {}),
        Sample("compaction", {}),
        Sample("user_profile_id", "u"),
        Sample("workspace_id", "w"),
        Sample("max_tokens", 3),
    )

    def read(body: bytes) -> object:
        return attrs.evolve(MESSAGES.parse_count(body, headers), digest=bytes(16))

    known = tuple(key for key in anthropic.KEYS[VERSIONS[-1]] if key not in anthropic.ONLY_TO_ANSWER)
    base = {"model": "claude-sonnet-4-6", "messages": [USER]}
    return Endpoint("`POST /v1/messages/count_tokens`", read, base, samples, known)


ANTHROPIC = (*map(messages, VERSIONS), counted_messages())
