"""Any bytes are understood or refused; what is understood can be stored, restored and answered in recorded form."""

from contextlib import suppress

import attrs
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmsim.errors import ClientError
from llmsim.turn import Choosing, Format, Message, Reasoning, Role, Tool, ToolCall, ToolChoice
from llmsim.wire.anthropic.blocks import BLOCKS
from llmsim.wire.anthropic.http import VERSIONS
from llmsim.wire.anthropic.schema import KEYS, SERVER_TOOLS
from llmsim.wire.base import Held, Parsed
from llmsim.wire.dialects import MESSAGES
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
    result,
    text,
    user,
)
from tests.wire.plans import JSON_VALUES, plan_of

SOME = JSON_VALUES | st.integers(-1, 5000) | st.booleans() | st.text(max_size=3)
NAMES = st.sampled_from(["toolu_1", "toolu_2", "a b"])
BLOCK = st.fixed_dictionaries(
    {"type": st.sampled_from([*BLOCKS, "bogus"]) | JSON_VALUES},
    optional={
        "text": st.text() | SOME,
        "id": NAMES | SOME,
        "name": st.text(max_size=3) | SOME,
        "input": st.dictionaries(st.text(), JSON_VALUES, max_size=2) | SOME,
        "tool_use_id": NAMES | SOME,
        "content": st.text() | st.lists(st.fixed_dictionaries({"type": st.just("text"), "text": st.text()})) | SOME,
        "source": st.fixed_dictionaries(
            {"type": st.sampled_from(["base64", "url", "text", "file", "content"])},
            optional={"data": SOME, "media_type": SOME, "url": SOME, "content": SOME, "file_id": SOME},
        )
        | SOME,
        "cache_control": st.fixed_dictionaries({"type": st.just("ephemeral")}, optional={"ttl": SOME}) | SOME,
        "citations": SOME,
        "is_error": SOME,
        "thinking": SOME,
        "signature": SOME,
        "data": SOME,
        "title": SOME,
    },
)
MESSAGE = st.fixed_dictionaries(
    {"role": st.sampled_from(["user", "assistant", "system", "bogus"]), "content": st.text() | st.lists(BLOCK)},
    optional={"name": JSON_VALUES},
)
TAGGED = {
    "tool_choice": ["auto", "any", "tool", "none"],
    "thinking": ["enabled", "adaptive", "disabled", "between_tools"],
    "thread": ["create", "continue"],
    "output_format": ["json_schema"],
    "cache_control": ["ephemeral"],
}
ANY = {
    **{key: SOME for key in {**KEYS[OLD], "thread": None} if key not in {"messages", "model"}},
    **{
        key: st.fixed_dictionaries(
            {"type": st.sampled_from(tags)},
            optional={"name": SOME, "budget_tokens": SOME, "previous_message_id": SOME, "schema": SOME, "ttl": SOME},
        )
        | SOME
        for key, tags in TAGGED.items()
    },
    "tools": st.lists(
        st.fixed_dictionaries(
            {"name": st.text(max_size=2) | SOME},
            optional={
                "input_schema": st.just({"type": "object"}) | SOME,
                "type": st.sampled_from(["custom", *SERVER_TOOLS]) | SOME,
                "description": SOME,
                "strict": SOME,
            },
        )
    )
    | SOME,
    "system": st.text() | st.lists(BLOCK) | SOME,
    "max_tokens": st.integers(0, 4096) | SOME,
}
REQUESTS = st.fixed_dictionaries(
    {"model": st.just("m") | JSON_VALUES, "messages": st.lists(MESSAGE) | JSON_VALUES, "max_tokens": ANY["max_tokens"]},
    optional={key: values for key, values in ANY.items() if key != "max_tokens"},
)


def stored(parsed: Parsed) -> Parsed:
    """A request after a stay in the store."""
    params = orjson.loads(orjson.dumps(parsed.params, option=orjson.OPT_SORT_KEYS))
    return MESSAGES.restore(params, parsed.request.messages, parsed.request.digest)


@given(st.binary(), st.dictionaries(st.sampled_from([*headers(), "authorization"]), st.text()))
def test_any_bytes_under_any_headers_are_refused(body: bytes, named: dict[str, str]) -> None:
    for given_headers in (named, headers()):
        with pytest.raises(ClientError):
            MESSAGES.parse(body, given_headers)


@given(REQUESTS, st.sampled_from(VERSIONS), st.booleans())
def test_any_object_is_refused_or_understood_and_can_be_stored_and_answered(
    body: dict[str, object], version: str, threads: bool
) -> None:
    with suppress(ClientError):
        parsed = MESSAGES.parse(orjson.dumps(body), headers(version, *([THREADS] if threads else [])))
        assert stored(parsed) == parsed
        assert orjson.loads(MESSAGES.whole(plan_of(["a"]), parsed))["content"] == [text("a")]
        assert list(MESSAGES.frames(plan_of(["a"]), parsed))


@given(st.lists(BLOCK, min_size=1), st.sampled_from(["user", "assistant"]), st.sampled_from(VERSIONS))
def test_any_blocks_are_refused_or_understood(blocks: list[object], role: str, version: str) -> None:
    with suppress(ClientError):
        parsed = asked(version, messages=[user(), {"role": role, "content": blocks}, user()])
        assert stored(parsed) == parsed


@given(st.binary(), st.data())
def test_any_cut_or_bent_request_is_refused_or_understood(noise: bytes, data: st.DataObject) -> None:
    body = body_of(stream=True, stop_sequences=["a"], tools=[TOOL], system=[text("s")], metadata={"user_id": "u"})
    at = data.draw(st.integers(0, len(body)))
    with suppress(ClientError):
        MESSAGES.parse(body[:at] + noise + body[at + len(noise) :], headers())


@pytest.mark.parametrize("where", [b'"input":%b', b'"x":%b', b'"id":"a","name":"n","input":{"a":%b}'])
def test_request_that_is_too_deep_is_refused_not_failed(where: bytes) -> None:
    deep = where % (b"[" * 500 + b"]" * 500)
    block = b'{"type":"tool_use",%b}' % deep
    body = b'{"model":"m","max_tokens":9,"messages":[{"role":"assistant","content":[%b]}]}' % block
    with pytest.raises(ClientError):
        MESSAGES.parse(body, headers())
    with pytest.raises(ClientError, match="nested too deeply"):
        MESSAGES.parse(
            body_of()[:-1] + b',"output_config":{"task_budget":{"a":' + b"[" * 500 + b"]" * 500 + b"}}}", headers()
        )


def test_request_is_understood_with_its_defaults() -> None:
    parsed = asked()
    request = parsed.request
    assert request.messages == (Message(Role.USER, "hi"),)
    assert (request.model, request.n, request.stop, request.max_tokens) == ("claude-sonnet-4-6", 1, (), 4096)
    assert (request.stream, request.tools, request.format) == (False, (), None)
    assert request.reasoning.effort == "none"
    assert (request.call_names.prefix, request.call_names.characters) == ("toolu_01", 22)
    assert parsed.held is None


def test_request_is_understood_with_all_it_says() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}}
    parsed = asked(
        system=[text("Be brief."), text("Be kind.", cache_control={"type": "ephemeral"})],
        tools=[TOOL, {"type": "web_search_20250305", "name": "web_search"}],
        tool_choice={"type": "auto", "disable_parallel_tool_use": True},
        output_config={"effort": "low", "format": {"type": "json_schema", "schema": schema}},
        thinking={"type": "adaptive"},
        stop_sequences=["END"],
        stream=True,
        max_tokens=100,
        messages=[user(), assistant(text("a"), call()), user([result(), text("and?")])],
        container="c",
        inference_geo="us",
        speed="fast",
        metadata={"user_id": "u"},
        service_tier="auto",
    )
    request = parsed.request
    assert request.messages == (
        Message(Role.SYSTEM, "Be brief.\nBe kind."),
        Message(Role.USER, "hi"),
        Message(Role.ASSISTANT, "a", tool_calls=(ToolCall("toolu_1", "weather", '{"city":"Paris"}'),)),
        Message(Role.TOOL, "sunny", tool_call_id="toolu_1"),
        Message(Role.USER, "and?"),
    )
    assert request.tools == (Tool("weather", "", TOOL["input_schema"]),)  # type: ignore[arg-type]
    assert request.tool_choice == ToolChoice(Choosing.AUTO, (), parallel=False)
    assert request.format == Format(schema, strict=True)
    assert request.reasoning == Reasoning("low", shown=True, most_tokens=50)
    assert (request.stop, request.stream, request.max_tokens) == (("END",), True, 100)
    assert stored(parsed) == parsed


@pytest.mark.parametrize(
    ("thinking", "effort", "reasoning"),
    [
        ({"type": "enabled", "budget_tokens": 1024}, None, Reasoning("medium", shown=True, most_tokens=1024)),
        ({"type": "adaptive"}, None, Reasoning("high", shown=True, most_tokens=2048)),
        ({"type": "adaptive"}, "max", Reasoning("max", shown=True, most_tokens=2048)),
        ({"type": "disabled"}, "max", Reasoning("none", shown=False, most_tokens=2048)),
        ({"type": "between_tools"}, None, Reasoning("none", shown=False, most_tokens=2048)),
    ],
)
def test_thinking_is_what_was_asked_for(thinking: object, effort: str | None, reasoning: Reasoning) -> None:
    assert asked(thinking=thinking, output_config={"effort": effort}).request.reasoning == reasoning


@pytest.mark.parametrize(
    ("choice", "understood"),
    [
        (None, ToolChoice()),
        ({"type": "any"}, ToolChoice(Choosing.REQUIRED)),
        ({"type": "tool", "name": "weather"}, ToolChoice(Choosing.REQUIRED, ("weather",))),
        ({"type": "none"}, ToolChoice(Choosing.NONE)),
    ],
)
def test_tool_choice_is_what_was_asked_for(choice: object, understood: ToolChoice) -> None:
    assert asked(tools=[TOOL], tool_choice=choice).request.tool_choice == understood


def test_thread_is_held_where_it_begins_and_where_it_goes_on() -> None:
    begun = asked(NEW, [THREADS], thread={"type": "create"}, system="s")
    assert begun.held == Held(at=1)
    assert not begun.goes_on
    went_on = asked(NEW, [THREADS], thread={"type": "continue", "previous_message_id": "msg_1"})
    assert went_on.held == Held(previous="msg_1")
    assert went_on.goes_on
    assert went_on.request.digest != asked(NEW, [THREADS]).request.digest
    assert stored(went_on) == went_on
    said = refused(OLD, thread={"type": "create"})
    assert said == "thread: Extra inputs are not permitted"


def test_digest_stands_for_what_changes_the_answer_alone() -> None:
    def digest(**changes: object) -> bytes:
        return asked(**changes).request.digest

    same = digest()
    assert len(same) == 16
    assert digest(stream=True, system="s", messages=[user("another")]) == same
    assert digest(tools=None, metadata=None) == same
    others = {digest(max_tokens=7), digest(tools=[TOOL]), digest(model="m"), digest(metadata={"user_id": "u"})}
    assert len({same, *others}) == 5


def test_headers_name_the_planned_time_and_the_request() -> None:
    plan = plan_of(["a", "b", "c"])
    whole = dict(MESSAGES.headers(plan, asked()))
    assert whole == {
        "content-type": "application/json",
        "request-id": whole["request-id"],
        "anthropic-organization-id": "6c6c6d73-696d-4000-8000-000000000000",
        "anthropic-workspace-id": "wrkspc_011CLLMSim1111111111111",
        "x-envoy-upstream-service-time": "390",
    }
    assert whole["request-id"].startswith("req_011C")
    assert len(whole["request-id"]) == 28
    streamed = dict(MESSAGES.headers(plan, asked(stream=True)))
    assert streamed["content-type"] == "text/event-stream; charset=utf-8"
    assert (streamed["cache-control"], streamed["x-envoy-upstream-service-time"]) == ("no-cache", "350")


def test_count_of_tokens_takes_a_request_without_its_limits() -> None:
    counted = MESSAGES.parse_count(body_of(max_tokens=..., system="s", tools=[TOOL]), headers(NEW))
    assert [message.content for message in counted.messages] == ["s", "hi"]
    assert [tool.name for tool in counted.tools] == ["weather"]
    with pytest.raises(ClientError, match=r"^max_tokens: Extra inputs are not permitted$"):
        MESSAGES.parse_count(body_of(), headers())
    with pytest.raises(ClientError, match=r"^messages: at least one message is required$"):
        MESSAGES.parse_count(body_of(max_tokens=..., messages=[]), headers())


@given(REQUESTS)
def test_any_object_to_be_counted_is_refused_or_understood(body: dict[str, object]) -> None:
    del body["max_tokens"]
    with suppress(ClientError):
        MESSAGES.parse_count(orjson.dumps(body), headers())


def test_message_that_comes_back_is_the_one_that_was_sent() -> None:
    """A reply, rendered and sent back, is the same message at the same place."""
    parsed = asked(thinking={"type": "enabled", "budget_tokens": 1024}, max_tokens=2000)
    plan = plan_of(["Caf", "é"])
    choice = attrs.evolve(plan.choices[0], reasoning=("so",))
    plan = attrs.evolve(plan, choices=(choice,))
    sent = orjson.loads(MESSAGES.whole(plan, parsed))
    again = asked(messages=[user(), {"role": "assistant", "content": sent["content"]}, user("go on")])
    assert again.request.messages[1] == choice.reply.message
