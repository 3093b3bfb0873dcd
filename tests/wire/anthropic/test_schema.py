"""Each fault of a request in the live API's words, at its path, and in the live API's order; removals by version."""

from typing import Any

import pytest

from llmsim.errors import ClientError
from llmsim.wire.anthropic.http import VERSIONS
from llmsim.wire.anthropic.messages import AnthropicMessages
from llmsim.wire.anthropic.schema import KEYS, SERVER_TOOLS, check_count
from tests.wire.anthropic.requests import (
    NEW,
    OLD,
    THREADS,
    TOOL,
    asked,
    assistant,
    body_of,
    call,
    headers,
    refused,
    text,
    user,
)

TAGS = (
    "'advisor_tool_result', 'bash_code_execution_tool_result', 'code_execution_tool_result', 'container_upload', "
    "'document', 'image', 'mcp_tool_result', 'mcp_tool_use', 'redacted_thinking', 'search_result', 'server_tool_use', "
    "'text', 'text_editor_code_execution_tool_result', 'thinking', 'tool_result', 'tool_search_tool_result', "
    "'tool_use', 'web_fetch_tool_result', 'web_search_tool_result'"
)
NOT_A_TAG = "found using 'type' does not match any of the expected tags"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"model": ...}, "model: Field required"),
        ({"model": None}, "model: Input should be a valid string"),
        ({"model": 5}, "model: Input should be a valid string"),
        ({"model": ""}, "model: String should have at least 1 character"),
        ({"max_tokens": ...}, "max_tokens: Field required"),
        ({"max_tokens": "5"}, "max_tokens: Input should be a valid integer"),
        ({"max_tokens": 1.5}, "max_tokens: Input should be a valid integer"),
        ({"max_tokens": True}, "max_tokens: Input should be a valid integer"),
        ({"max_tokens": -1}, "max_tokens: Input should be greater than or equal to 0"),
        ({"max_tokens": 1e30}, "max_tokens: Input should be less than or equal to 9223372036854775807"),
        ({"messages": ...}, "messages: Field required"),
        ({"messages": "hi"}, "messages: Input should be a valid array"),
        ({"messages": []}, "messages: at least one message is required"),
        ({"messages": ["hi"]}, "messages.0: Input should be an object"),
        ({"messages": [{"content": "hi"}]}, "messages.0.role: Field required"),
        ({"messages": [{"role": "user"}]}, "messages.0.content: Field required"),
        ({"messages": [user(), {"role": "user", "content": 5}]}, "messages.1.content: Input should be a valid array"),
        ({"messages": [{"role": 5, "content": "hi"}]}, "messages.0.role: Input should be a valid string"),
        (
            {"messages": [{"role": "bogus", "content": "hi"}]},
            'messages: Unexpected role "bogus". Allowed roles are "user" or "assistant"',
        ),
        ({"messages": [user() | {"name": "x"}]}, "messages.0.name: Extra inputs are not permitted"),
        ({"messages": [user([{}])]}, "messages.0.content.0.type: Field required"),
        (
            {"messages": [user([{"type": "x"}])]},
            f"messages.0.content.0: Input tag 'x' {NOT_A_TAG}: {TAGS}",
        ),
        ({"messages": [user([{"type": "text"}])]}, "messages.0.content.0.text.text: Field required"),
        ({"messages": [user([text(foo=1)])]}, "messages.0.content.0.text.foo: Extra inputs are not permitted"),
        (
            {"messages": [user([text(cache_control={"type": "ephemeral", "ttl": "2h"})])]},
            "messages.0.content.0.text.cache_control.ephemeral.ttl: Input should be '5m' or '1h'",
        ),
        ({"messages": [user([call()])]}, "messages.0: `tool_use` blocks can only be in `assistant` messages"),
        (
            {"messages": [user(), assistant({"type": "tool_result", "tool_use_id": "a"})]},
            "messages.1: `tool_result` blocks can only be in `user` messages",
        ),
        (
            {"messages": [user(), assistant(call(id="a b"))]},
            "messages.1.content.0.tool_use.id: String should match pattern '^[a-zA-Z0-9_-]+$'",
        ),
        ({"messages": [user(), assistant(call(input="x"))]},
         "messages.1.content.0.tool_use.input: Input should be an object"),
        ({"messages": [user([{"type": "image", "source": {"type": "base64", "data": "", "media_type": "image/bmp"}}])]},
         ("messages.0.content.0.image.source.base64.media_type: Input should be 'image/jpeg', 'image/png', 'image/gif' "
         "or 'image/webp'")),
        ({"system": 5}, "system: Input should be a valid array"),
        ({"system": [{"type": "text"}]}, "system.0.text: Field required"),
        ({"tools": {}}, "tools: Input should be a valid array"),
        ({"tools": [{"input_schema": {"type": "object"}}]}, "tools.0.custom.name: Field required"),
        ({"tools": [{"name": "a b", "input_schema": {"type": "object"}}]},
         "tools.0.custom.name: String should match pattern '^[a-zA-Z0-9_-]{1,128}$'"),
        ({"tools": [{"name": "a"}]}, "tools.0.custom.input_schema: Field required"),
        ({"tools": [{"name": "a", "input_schema": {}}]}, "tools.0.custom.input_schema.type: Field required"),
        ({"tools": [{"name": "a", "input_schema": {"type": "string"}}]},
         "tools.0.custom.input_schema.type: Input should be 'object'"),
        ({"tools": [TOOL, TOOL]}, "tools: Tool names must be unique."),
        ({"tool_choice": {"type": "any"}}, "tool_choice.any may only be specified while providing tools"),
        ({"tool_choice": {"type": "tool", "name": "x"}, "tools": [TOOL]}, "Tool 'x' not found in provided tools"),
        ({"tool_choice": {"type": "tool"}, "tools": [TOOL]}, "tool_choice.tool.name: Field required"),
        ({"tool_choice": {"type": "some"}},
         f"tool_choice: Input tag 'some' {NOT_A_TAG}: 'any', 'auto', 'none', 'tool'"),
        ({"tool_choice": {}}, "tool_choice.type: Field required"),
        ({"thinking": {"type": "enabled"}}, "thinking.enabled.budget_tokens: Field required"),
        ({"thinking": {"type": "enabled", "budget_tokens": 1023}},
         "thinking.enabled.budget_tokens: Input should be greater than or equal to 1024"),
        ({"thinking": {"type": "enabled", "budget_tokens": 4096}},
         "`max_tokens` must be greater than `thinking.budget_tokens`."),
        ({"thinking": {"type": "adaptive", "display": "all"}},
         "thinking.adaptive.display: Input should be 'summarized' or 'omitted'"),
        ({"thinking": {"type": "adaptive"}, "tools": [TOOL], "tool_choice": {"type": "any"}},
         "Thinking may not be enabled when tool_choice forces tool use."),
        ({"output_config": {"effort": "huge"}},
         "output_config.effort: Input should be 'low', 'medium', 'high', 'xhigh' or 'max'"),
        ({"output_config": {"format": {"type": "json_schema"}}},
         "output_config.format.json_schema.schema: Field required"),
        ({"output_config": {"format": {"type": "json_object"}}},
         f"output_config.format: Input tag 'json_object' {NOT_A_TAG}: 'json_schema'"),
        ({"cache_control": {"type": "eternal"}}, f"cache_control: Input tag 'eternal' {NOT_A_TAG}: 'ephemeral'"),
        ({"metadata": {"user": "x"}}, "metadata.user: Extra inputs are not permitted"),
        ({"stop_sequences": "a"}, "stop_sequences: Input should be a valid array"),
        ({"stop_sequences": ["a", 5]}, "stop_sequences.1: Input should be a valid string"),
        ({"stop_sequences": ["a", " "]}, "stop_sequences: each stop sequence must contain non-whitespace"),
        ({"service_tier": "priority"}, "service_tier: Input should be 'auto' or 'standard_only'"),
        ({"stream": "yes"}, "stream: Input should be a valid boolean"),
        ({"stream": True, "max_tokens": 0},
         "max_tokens: Input should be greater than or equal to 1 when `stream` is true"),
        ({"zzz": 1}, "zzz: Extra inputs are not permitted"),
    ],
)  # fmt: skip
def test_fault_is_told_at_its_path(changes: dict[str, Any], said: str) -> None:
    for version in VERSIONS:
        assert refused(version, **changes) == said


def test_faults_are_told_in_the_order_of_the_live_api() -> None:
    wrong: dict[str, Any] = dict.fromkeys(KEYS[OLD], 1) | {
        "max_tokens": "x",
        "top_k": "x",
        "temperature": "x",
        "top_p": "x",
    }
    order = (
        "model", "tool_choice", "tools", "messages", "system", "thinking", "output_config", "output_format",
        "cache_control", "max_tokens", "metadata", "stop_sequences", "temperature", "service_tier", "top_k", "top_p",
        "stream", "container", "inference_geo",
    )  # fmt: skip
    for key in order:
        assert refused(**{"zzz": 1, "stream": 1, **wrong}).startswith(f"{key}: Input should be")
        wrong.pop(key)
        if key in {"model", "messages", "max_tokens"}:
            wrong[key] = {"model": "m", "messages": [], "max_tokens": 1}[key]
        if key == "stream":
            wrong[key] = True
    for key in list(wrong):
        if key not in {"model", "messages", "max_tokens"}:
            wrong.pop(key)
    assert refused(zzz=1, **wrong).startswith("zzz: Extra")
    assert refused(**wrong).startswith("messages: at least one")


@pytest.mark.parametrize("key", ["temperature", "top_p", "top_k"])
@pytest.mark.parametrize("value", [1, None])
def test_sampling_parameters_are_gone_from_the_latest_version_whatever_their_value(key: str, value: object) -> None:
    asked(OLD, **{key: value})
    assert refused(NEW, **{key: value}) == f"{key}: Extra inputs are not permitted"


@pytest.mark.parametrize(("key", "value", "said"), [
    ("temperature", 1.5, "temperature: Input should be less than or equal to 1"),
    ("temperature", -0.1, "temperature: Input should be greater than or equal to 0"),
    ("temperature", "1", "temperature: Input should be a valid number"),
    ("top_p", 2, "top_p: Input should be less than or equal to 1"),
    ("top_k", 0.5, "top_k: Input should be a valid integer"),
])  # fmt: skip
def test_sampling_parameters_have_bounds_where_they_are_taken(key: str, value: object, said: str) -> None:
    assert refused(OLD, **{key: value}) == said


def test_thinking_allows_no_other_temperature() -> None:
    thinking = {"type": "adaptive"}
    asked(OLD, thinking=thinking, temperature=1)
    assert refused(OLD, thinking=thinking, temperature=0.5).startswith("`temperature` may only be set to 1")
    assert refused(OLD, thinking=thinking, top_k=5) == "`top_k` must be unset when thinking is enabled."


def test_document_of_an_assistant_is_gone_from_the_latest_version() -> None:
    document = {"type": "document", "source": {"type": "text", "data": "d", "media_type": "text/plain"}}
    messages = [user([document]), assistant(document), user()]
    asked(OLD, messages=messages)
    assert refused(NEW, messages=messages).startswith(f"messages.1.content.0: Input tag 'document' {NOT_A_TAG}: ")
    asked(NEW, messages=messages[:1])


def test_citations_of_a_user_are_gone_from_the_latest_version() -> None:
    cited = [text(citations=[{"type": "char_location"}])]
    asked(OLD, messages=[user(cited)])
    said = "messages.0.content.0.text.citations: List should have at most 0 items after validation, not 1"
    assert refused(NEW, messages=[user(cited)]) == said
    asked(NEW, messages=[user([text(citations=[])]), assistant(*cited), user([text(citations=None)])])


@pytest.mark.parametrize("kind", SERVER_TOOLS)
def test_tool_of_the_provider_is_taken_and_never_called(kind: str) -> None:
    parsed = asked(tools=[{"type": kind, "name": "x", "max_uses": 3, "anything": {}}], tool_choice={"type": "any"})
    assert parsed.request.tools == ()


@pytest.mark.parametrize(
    ("key", "beta", "value"),
    [
        ("mcp_servers", "mcp-client-2025-11-20", []),
        ("context_management", "context-management-2025-06-27", {}),
        ("fallbacks", "server-side-fallback-2026-07-01", "default"),
        ("fallback_credit_token", "fallback-credit-2026-07-01", "t"),
        ("billing_policy", "user-profiles-billing-2026-10-01", {}),
    ],
)
def test_key_of_a_beta_is_one_only_with_that(key: str, beta: str, value: object) -> None:
    for version in VERSIONS:
        asked(version, [beta], **{key: value})
        assert refused(version, **{key: value}) == f"{key}: Extra inputs are not permitted"
        assert refused(version, [THREADS], **{key: value}) == f"{key}: Extra inputs are not permitted"


def test_compaction_is_not_simulated_and_says_so() -> None:
    said = refused(NEW, ["compact-2026-09-04"], compaction={"type": "summarize"})
    assert said == "compaction: Compaction is not simulated"


def test_thread_is_a_key_only_with_its_beta() -> None:
    for version in VERSIONS:
        asked(version, [THREADS], thread={"type": "create"})
        assert refused(version, thread={"type": "create"}) == "thread: Extra inputs are not permitted"
    assert refused(NEW, [THREADS], thread={"type": "continue"}) == "thread.continue.previous_message_id: Field required"
    asked(NEW, [THREADS], thread=None)


def test_interleaved_thinking_may_have_more_than_the_message() -> None:
    thinking = {"type": "enabled", "budget_tokens": 9000}
    asked(OLD, ["interleaved-thinking-2025-05-14"], thinking=thinking)
    assert "must be greater" in refused(OLD, thinking=thinking)


def test_lenient_wire_takes_unknown_keys_wherever_they_stand_and_no_more() -> None:
    open_wire = AnthropicMessages(lenient=True)
    tool = {**TOOL, "x": 1, "cache_control": {"type": "ephemeral", "x": 1}}
    messages = [{**user([text(x=1)]), "x": 1}]
    for version in VERSIONS:
        body = body_of(x=1, tools=[tool], messages=messages, metadata={"x": 1}, thinking={"type": "adaptive", "x": 1})
        open_wire.parse(body, headers(version))
        open_wire.parse_count(body_of(max_tokens=..., x=1, messages=messages), headers(version))
        with pytest.raises(ClientError, match=r"^max_tokens: Field required$"):
            open_wire.parse(body_of(max_tokens=..., x=1), headers(version))
    with pytest.raises(ClientError, match=r"^top_p: Extra inputs are not permitted$"):
        open_wire.parse(body_of(top_p=1, x=1), headers(NEW))


def test_what_is_not_for_counting_is_refused_there() -> None:
    body = {"model": "m", "messages": [user()]}
    for version in VERSIONS:
        check_count(body, version)
        with pytest.raises(ClientError, match=r"^stream: Extra inputs are not permitted$"):
            check_count({**body, "stream": False}, version)
        with pytest.raises(ClientError, match=r"^tools: Tool names must be unique\.$"):
            check_count({**body, "tools": [TOOL, TOOL]}, version)
