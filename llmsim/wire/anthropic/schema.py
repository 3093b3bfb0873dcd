"""What the Messages endpoints accept, as data: each key that is known, its kind and its bounds, and which go together.

Pure. The order of the rows is the order in which the live API reports faults; unknown keys come after all known ones,
then what the keys say together, and then what the messages say together (`conversation`).
"""

import re
from collections.abc import Collection, Mapping
from typing import Any

import attrs

from llmsim.errors import ClientError
from llmsim.wire.anthropic.blocks import BY_ROLE, CACHE, CACHED, SYSTEM, TAG, check_block_role
from llmsim.wire.anthropic.http import LATEST, VERSIONS
from llmsim.wire.anthropic.validation import (
    Anything,
    Fault,
    Flag,
    Items,
    Kind,
    Number,
    Object,
    OneOf,
    Table,
    Tagged,
    Text,
    TextOr,
    check_known,
    check_rows,
    opened,
)

INTEGER_MOST = 2**63 - 1
THREADS_BETA = "message-threads-2026-08-12"
PARALLEL: Mapping[str, Kind] = {**TAG, "disable_parallel_tool_use": Flag()}
TOOL_CHOICE = Tagged(
    "type",
    {
        "auto": Table(PARALLEL),
        "any": Table(PARALLEL),
        "tool": Table({**PARALLEL, "name": Text()}, ("name",)),
        "none": Table(TAG),
    },
)
SCHEMA = Table({"type": OneOf(("object",)), "properties": Object(), "required": Items(Text())}, ("type",), also=True)
CUSTOM = Table(
    {
        **TAG,
        "name": Text(form=re.compile(r"[a-zA-Z0-9_-]{1,128}")),
        "input_schema": SCHEMA,
        **CACHED,
        "description": Text(),
        "strict": Flag(),
        "allowed_callers": Items(Text()),
        "defer_loading": Flag(),
        "eager_input_streaming": Flag(),
        "input_examples": Items(Object()),
    },
    ("name", "input_schema"),
)
SERVED = Table({**TAG, "name": Text(), **CACHED}, also=True)
"""A tool that the provider defines: taken as it is, and never called."""
SERVER_TOOLS = (
    "advisor_20260301", "bash_20241022", "bash_20250124", "browser_toolset_20260801", "code_execution_20250522",
    "code_execution_20250825", "code_execution_20260120", "code_execution_20260521", "computer_20241022",
    "computer_20250124", "computer_20251124", "computer_toolset_20260801", "mcp_toolset", "memory_20250818",
    "text_editor_20241022", "text_editor_20250124", "text_editor_20250429", "text_editor_20250728",
    "tool_search_tool_bm25", "tool_search_tool_bm25_20251119", "tool_search_tool_regex",
    "tool_search_tool_regex_20251119", "web_fetch_20250910", "web_fetch_20260209", "web_fetch_20260309",
    "web_fetch_20260318", "web_search_20250305", "web_search_20260209", "web_search_20260318",
)  # fmt: skip
TOOL = Tagged("type", {"custom": CUSTOM, **dict.fromkeys(SERVER_TOOLS, SERVED)}, otherwise="custom")
SHOWN: Mapping[str, Kind] = {**TAG, "display": OneOf(("summarized", "omitted")), "block_binding": Object()}
THINKING = Tagged(
    "type",
    {
        "adaptive": Table(SHOWN),
        "between_tools": Table(TAG),
        "disabled": Table(TAG),
        "enabled": Table({**SHOWN, "budget_tokens": Number(least=1024, most=INTEGER_MOST)}, ("budget_tokens",)),
    },
)
FORMAT = Tagged("type", {"json_schema": Table({**TAG, "schema": Object()}, ("schema",))})
EFFORTS = ("low", "medium", "high", "xhigh", "max")
STOP = Text(least=1)
THREAD = Tagged(
    "type",
    {"create": Table(TAG), "continue": Table({**TAG, "previous_message_id": Text(least=1)}, ("previous_message_id",))},
)


ROLE: Mapping[str, Kind] = {"role": Text()}
SAID = ("role", "content")


@attrs.frozen
class Said:
    """One message, of one of these roles, each with the content that it may have."""

    roles: Mapping[str, Mapping[str, Kind]]
    also: bool = False

    def check(self, value: Any) -> None:  # noqa: ANN401
        """As every kind; a role that is none is told without a path."""
        if not isinstance(value, dict):
            raise Fault("Input should be an object")
        check_rows(value, ROLE, ROLE)
        role = value["role"]
        content = self.roles.get(role)
        if content is None:
            allowed = 'Allowed roles are "user" or "assistant"'
            raise ClientError(f'messages: Unexpected role "{role[:64]}". {allowed}')
        check_rows(value, content, content)
        if not self.also:
            check_known(value, SAID)
        for block in value["content"] if isinstance(value["content"], list) else ():
            check_block_role(block, role)


def keys_of(version: str) -> Mapping[str, Kind]:
    """The keys of `POST /v1/messages` under a version, in the order in which faults are found."""
    rows: dict[str, Kind] = {
        "model": Text(least=1, most=256),
        "tool_choice": TOOL_CHOICE,
        "tools": Items(TOOL),
        "messages": Items(Said(BY_ROLE[version]), most=100_000),
        "system": SYSTEM,
        "thinking": THINKING,
        "output_config": Table({"effort": OneOf(EFFORTS), "format": FORMAT, "task_budget": Object()}),
        "output_format": FORMAT,
        "cache_control": CACHE,
        "max_tokens": Number(least=0, most=INTEGER_MOST),
        "metadata": Table({"user_id": Text(most=512)}),
        "stop_sequences": Items(STOP, most=8191),
        "temperature": Number(least=0, most=1, decimal=True),
        "service_tier": OneOf(("auto", "standard_only")),
        "top_k": Number(least=0, most=INTEGER_MOST),
        "top_p": Number(least=0, most=1, decimal=True),
        "stream": Flag(),
        "container": TextOr(Object()),
        "inference_geo": Text(),
        "speed": OneOf(("standard", "fast")),
        "diagnostics": Table({"previous_message_id": Text()}),
    }
    return {key: kind for key, kind in rows.items() if key not in REMOVED.get(version, ())}


REMOVED = {LATEST: ("temperature", "top_k", "top_p")}
"""Keys that a version has no longer: refused whatever their value, even null."""
KEYS: Mapping[str, Mapping[str, Kind]] = {version: keys_of(version) for version in VERSIONS}
OPEN_KEYS: Mapping[str, Mapping[str, Kind]] = {version: opened(keys) for version, keys in KEYS.items()}
"""The same, with unknown keys accepted below them."""
REQUIRED = ("model", "messages", "max_tokens")
BETA_KEYS: Mapping[str, tuple[str, Kind]] = {
    "thread": (THREADS_BETA, THREAD),
    "mcp_servers": ("mcp-client-", Items(Object())),
    "context_management": ("context-management-", Object()),
    "fallbacks": ("server-side-fallback-", Anything()),
    "fallback_credit_token": ("fallback-credit-", Anything()),
    "billing_policy": ("user-profiles-billing-", Object()),
    "compaction": ("compact-", Object()),
}
"""Keys that there are with a beta alone: what its name begins with. Source: anthropic-python 2.12, the betas."""
ONLY_TO_ANSWER = (
    "max_tokens", "metadata", "stop_sequences", "temperature", "service_tier", "top_k", "top_p", "stream", "container",
    "inference_geo", "diagnostics",
)  # fmt: skip
"""Keys that counting tokens knows nothing of."""
COUNTED_BETAS = ("mcp_servers", "context_management", "compaction")


def check_messages(body: Mapping[str, Any], version: str, betas: Collection[str], *, lenient: bool = False) -> None:
    """Look at a request for a message, key by key and then together; `lenient`: unknown keys are accepted.

    Raises:
        ClientError: the first fault, but for what the messages say together.
    """
    rows = (OPEN_KEYS if lenient else KEYS)[version]
    _check(body, {**rows, **beta_rows(betas)} if betas else rows, REQUIRED, version if lenient else None)
    if body.get("compaction") is not None and "compaction" in beta_rows(betas):
        raise ClientError("compaction: Compaction is not simulated")
    check_together(body, betas)


def beta_rows(betas: Collection[str]) -> dict[str, Kind]:
    """The keys that these betas add."""
    return {key: kind for key, (name, kind) in BETA_KEYS.items() if any(beta.startswith(name) for beta in betas)}


def check_count(body: Mapping[str, Any], version: str, betas: Collection[str] = (), *, lenient: bool = False) -> None:
    """Look at a request for a count of tokens; raises as `check_messages`."""
    rows = {key: kind for key, kind in (OPEN_KEYS if lenient else KEYS)[version].items() if key not in ONLY_TO_ANSWER}
    rows |= {key: kind for key, kind in beta_rows(betas).items() if key in COUNTED_BETAS}
    _check(body, rows, ("model", "messages"), version if lenient else None)
    check_tools(body)


def _check(
    body: Mapping[str, Any], rows: Mapping[str, Kind], required: Collection[str], opened_under: str | None
) -> None:
    """Look at every key; where unknown ones are accepted, under a version, what that has no longer is refused still."""
    gone = REMOVED.get(opened_under or "", ())
    try:
        check_rows(body, rows, required)
        check_known(body, rows if opened_under is None else [key for key in body if key not in gone])
    except Fault as fault:
        raise fault.told() from None


def check_together(body: Mapping[str, Any], betas: Collection[str]) -> None:
    """Look at what keys say together; raises ClientError."""
    check_tools(body)
    thinking, most = body.get("thinking") or {}, body["max_tokens"]
    thinks = thinking.get("type") in {"enabled", "adaptive"}
    budget = thinking.get("budget_tokens")
    if budget is not None and budget >= most and "interleaved-thinking-2025-05-14" not in betas:
        raise ClientError("`max_tokens` must be greater than `thinking.budget_tokens`.")
    if thinks and (body.get("tool_choice") or {}).get("type") in {"any", "tool"}:
        raise ClientError("Thinking may not be enabled when tool_choice forces tool use.")
    if thinks and body.get("temperature") not in {None, 1}:
        raise ClientError("`temperature` may only be set to 1 when thinking is enabled.")
    if thinks and body.get("top_k") is not None:
        raise ClientError("`top_k` must be unset when thinking is enabled.")
    if most == 0 and body.get("stream"):
        raise ClientError("max_tokens: Input should be greater than or equal to 1 when `stream` is true")
    if not all(word.strip() for word in body.get("stop_sequences") or ()):
        raise ClientError("stop_sequences: each stop sequence must contain non-whitespace")


def check_tools(body: Mapping[str, Any]) -> None:
    """Look at the tools and at the choice among them; raises ClientError."""
    tools = body.get("tools") or ()
    names = [tool["name"] for tool in tools if tool.get("name") is not None]
    if len(set(names)) < len(names):
        raise ClientError("tools: Tool names must be unique.")
    choice = body.get("tool_choice")
    if choice is None or choice["type"] == "none":
        return
    if not tools and (body.get("thread") or {}).get("type") != "continue":
        raise ClientError(f"tool_choice.{choice['type']} may only be specified while providing tools")
    if choice["type"] == "tool" and tools and choice["name"] not in names:
        raise ClientError(f"Tool '{choice['name'][:128]}' not found in provided tools")
