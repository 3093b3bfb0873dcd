"""Any bytes are understood or refused; what is understood can be stored, restored and answered in recorded form."""

from contextlib import suppress
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types.responses import Response

from llmsim.errors import ClientError, ContextOverflow, UnknownModel, WrongPod
from llmsim.turn import Choosing, FinishReason, Format, Message, Reasoning, Role, Tool, ToolChoice
from llmsim.wire.base import Held
from llmsim.wire.openai.responses.requests import check_storable
from llmsim.wire.openai.responses.schema import KEYS
from llmsim.wire.openai.responses.wire import OpenAIResponses
from tests.schemas import answer_faults
from tests.wire.openai.every_item import BENT, ITEM
from tests.wire.openai.requests import SHELL, USER, WEATHER, WIRE, asked, body_of, planned, stored
from tests.wire.plans import JSON_VALUES, PIECES

GOLDEN = b"""\
{
  "id": "resp_ed273689d0ef8fc8006955b900f9454e89234a634c63d0cd8c",
  "object": "response",
  "created_at": 1767225600,
  "status": "completed",
  "background": false,
"""
TOOL = st.fixed_dictionaries(
    {"type": st.sampled_from(["function", "custom", "namespace", "mcp", "web_search"]) | JSON_VALUES},
    optional={key: st.text() | JSON_VALUES for key in ("name", "parameters", "tools", "strict", "server_label")},
)
REQUESTS = st.fixed_dictionaries(
    {"model": st.just("m") | JSON_VALUES, "input": st.lists(ITEM, max_size=4) | st.text() | JSON_VALUES},
    optional={
        **{key: JSON_VALUES | st.integers(1, 20) | st.booleans() for key in KEYS if key != "input"},
        "tools": st.lists(TOOL, max_size=3) | JSON_VALUES,
    },
)


@given(st.binary())
def test_any_bytes_are_refused_or_understood(body: bytes) -> None:
    with pytest.raises(ClientError):
        WIRE.parse(body, {})


@given(REQUESTS)
def test_any_object_is_refused_or_understood_and_can_be_stored(body: dict[str, Any]) -> None:
    with suppress(ClientError):
        parsed = WIRE.parse(orjson.dumps(body), {})
        assert stored(parsed) == parsed


@given(st.lists(ITEM | BENT, max_size=4), st.booleans(), st.sampled_from(["resp_1", None]))
def test_any_items_are_refused_or_understood(said: list[dict[str, Any]], lenient: bool, before: str | None) -> None:
    with suppress(ClientError):
        parsed = OpenAIResponses(lenient=lenient).parse(body_of(input=said, previous_response_id=before), {})
        assert stored(parsed) == parsed


@given(st.binary(), st.data())
def test_any_cut_or_bent_request_is_refused_or_understood(noise: bytes, data: st.DataObject) -> None:
    body = body_of(stream=True, tools=[WEATHER], metadata={"k": "v"}, reasoning={"effort": "low"})
    at = data.draw(st.integers(0, len(body)))
    with suppress(ClientError):
        WIRE.parse(body[:at] + noise + body[at + len(noise) :], {})


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"a"', b'{"a":NaN}', b'{"a":"\\ud800"}', b"\xff"])
def test_what_is_no_json_object_is_refused_as_recorded(body: bytes) -> None:
    with pytest.raises(ClientError) as refused:
        WIRE.parse(body, {})
    assert refused.value.code == "invalid_json"
    assert refused.value.message.startswith(
        "Invalid body: failed to parse JSON value. Please check the value to ensure"
    )


@pytest.mark.parametrize(
    "changes",
    [
        b'"metadata":%b',
        b'"tools":[{"type":"function","name":"f","parameters":%b}]',
        b'"tools":[{"type":"function","name":"f","strict":false,"parameters":%b}]',
        b'"text":{"format":{"type":"json_schema","name":"n","schema":%b}}',
        b'"input":[{"type":"shell_call","call_id":"c","action":%b}],"previous_response_id":"resp_1"',
    ],
)
def test_request_that_is_too_deep_is_refused_not_failed(changes: bytes) -> None:
    for depth in (60, 110, 116, 120, 124, 128, 200):
        deep = b'{"type":"object","properties":{"a":' * depth + b"{}" + b"}}" * depth
        body = b'{"model":"m","input":"hi",' + changes % deep + b"}"
        try:
            parsed = WIRE.parse(body, {})
        except ClientError:
            assert depth > 60 or b"metadata" in changes
            continue
        assert depth < 128
        check_storable(stored(parsed).params)
        assert list(WIRE.frames(planned(["a"]), parsed))


def test_request_is_understood_with_its_defaults() -> None:
    parsed = asked()
    request = parsed.request
    assert request.messages == (Message(Role.USER, "hi"),)
    assert (request.model, request.n, request.stop, request.max_tokens, request.seed) == (
        "gpt-5.6-terra", 1, (), None, None,
    )  # fmt: skip
    assert (request.stream, request.tools, request.tool_choice) == (False, (), ToolChoice())
    assert (request.format, request.reasoning) == (None, Reasoning())
    assert parsed.held == Held()


def test_request_is_understood_with_all_it_says() -> None:
    schema = {"type": "object", "properties": {}, "required": [], "additionalProperties": False}
    parsed = asked(
        instructions="Be brief.", input=[USER], max_output_tokens=16, stream=True, tools=[WEATHER, SHELL],
        tool_choice={"type": "function", "name": "get_weather"}, parallel_tool_calls=False,
        text={"format": {"type": "json_schema", "name": "n", "schema": schema, "strict": True}},
        reasoning={"effort": "high", "summary": "auto"}, conversation={"id": "conv_1"}, store=False, background=True,
    )  # fmt: skip
    request = parsed.request
    assert request.messages == (Message(Role.SYSTEM, "Be brief."), Message(Role.USER, "hi"))
    assert (request.max_tokens, request.stream) == (16, True)
    assert request.tool_choice == ToolChoice(Choosing.REQUIRED, ("get_weather",), parallel=False)
    assert [tool.name for tool in request.tools] == ["get_weather", "sh"]
    assert request.tools[1] == Tool("sh", parameters=None)
    assert request.format == Format(schema, strict=True)
    assert request.reasoning == Reasoning("high", shown=True)
    assert parsed.held == Held(conversation="conv_1", at=1, kept=True, background=True)
    assert stored(parsed) == parsed


def test_what_is_remembered_is_named() -> None:
    referring = [{"type": "item_reference", "id": "msg_1"}, USER]
    parsed = asked(input=referring, previous_response_id="resp_1", store=False)
    assert parsed.held == Held(previous="resp_1", references=("msg_1",), kept=False)
    assert parsed.goes_on
    assert stored(parsed) == parsed
    empty: tuple[list[str] | str, ...] = ([], "")
    for nothing in empty:
        assert asked(input=nothing, conversation="conv_1").request.messages == ()


def test_beginning_is_forgotten_where_it_may_be() -> None:
    assert [asked(truncation=how).request.forgets for how in ("auto", "disabled", None)] == [True, False, False]


def test_input_is_kept_only_where_somebody_may_ask_for_it() -> None:
    assert [item["type"] for item in asked().params["input"]] == ["message"]
    assert asked(store=False).params["input"] == []
    for changes in ({"conversation": "conv_1"}, {"background": True}, {"input": [{"id": "msg_1"}]}):
        assert asked(store=False, **changes).params["input"]


def test_call_must_be_answered_unless_more_is_remembered() -> None:
    call = {"type": "function_call", "call_id": "call_1", "name": "f", "arguments": "{}"}
    output = {"type": "function_call_output", "call_id": "call_1", "output": "x"}
    asked(input=[USER, call, output])
    for said in ([USER, call], [USER, output]):
        with pytest.raises(ClientError, match=r"call_1\.$"):
            asked(input=said)
        asked(input=said, previous_response_id="resp_1")


def test_any_json_is_asked_for_by_its_name() -> None:
    wanted = {"format": {"type": "json_object"}}
    assert asked(text=wanted, input="Say JSON.").request.format == Format()
    with pytest.raises(ClientError, match="must contain the word 'json' in some form"):
        asked(text=wanted)
    asked(text=wanted, previous_response_id="resp_1")


def test_digest_stands_for_what_changes_the_answer_alone() -> None:
    def digest(**changes: object) -> bytes:
        return asked(**changes).request.digest

    same = digest()
    assert len(same) == 16
    assert digest(stream=True, stream_options={"include_obfuscation": False}) == same
    assert digest(input="another", instructions="x") == same
    assert digest(user=None, tools=None) == same
    assert len({same, digest(user="a"), digest(model="m"), digest(tools=[WEATHER]), digest(top_p=1)}) == 5


def test_whole_response_is_in_lines_and_stays_what_it_was() -> None:
    assert WIRE.whole(planned(["Café", "\n"]), asked()).startswith(GOLDEN)


@given(PIECES, PIECES, st.lists(PIECES, max_size=2), st.booleans(), st.sampled_from([None, FinishReason.LENGTH]))
def test_whole_response_to_any_plan_is_as_described(
    text: list[str], thought: list[str], calls: list[list[str]], refused: bool, finish: FinishReason | None
) -> None:
    named = dict(zip(["get_weather", "sh"], calls, strict=False))
    plan = planned(text, reasoning=thought, calls=named, refused=refused, finish=finish)
    parsed = asked(tools=[WEATHER, SHELL], reasoning={"summary": "auto"}, include=["reasoning.encrypted_content"])
    body = WIRE.whole(plan, parsed)
    assert answer_faults("POST", "/responses", orjson.loads(body)) == []
    response = Response.model_validate_json(body)
    assert response.status == ("incomplete" if finish else "completed")
    assert response.output_text == ("" if refused else plan.choices[0].text)


def test_headers_name_the_planned_time_and_the_request() -> None:
    plan = planned(["a", "b", "c"])
    assert WIRE.headers(plan, asked()) == (
        ("content-type", "application/json"),
        ("openai-organization", "org-llmsim"),
        ("openai-project", "proj_llmsim"),
        ("openai-version", "2020-10-01"),
        ("openai-processing-ms", "390"),
        ("x-request-id", "req_101112131415161718191a1b1c1d1e1f"),
    )
    streamed = dict(WIRE.headers(plan, asked(stream=True)))
    assert (streamed["content-type"], streamed["openai-processing-ms"]) == ("text/event-stream; charset=utf-8", "350")
    assert dict(WIRE.headers(plan, asked(background=True)))["openai-processing-ms"] == "0"


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (UnknownModel("m"), (400, "The requested model 'm' does not exist.", "model", "model_not_found")),
        (
            ContextOverflow(10, 5),
            (
                400,
                "Your input exceeds the context window of this model. Please adjust your input and try again.",
                "input",
                "context_length_exceeded",
            ),
        ),
        (WrongPod("resp_1", 1, 2), (421, str(WrongPod("resp_1", 1, 2)), None, "wrong_pod")),
    ],
)
def test_error_is_told_in_this_apis_sentences(error: ClientError, told: tuple[Any, ...]) -> None:
    refusal = WIRE.refuse(error, bytes(16))
    said = orjson.loads(refusal.body)["error"]
    assert (refusal.status, said["message"], said["param"], said["code"]) == told
    assert said["type"] == "invalid_request_error"
