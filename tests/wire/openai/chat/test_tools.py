"""Tools and formats of chat requests, in no dialect; what does not fit together is refused in OpenAI's words."""

from typing import Any

import pytest

from llmsim.errors import ClientError
from llmsim.turn import Choosing, Format, ToolChoice
from tests.wire.plans import asked

SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TOOL = {"type": "function", "function": {"name": "get_weather", "description": "W.", "parameters": SCHEMA}}
CUSTOM = {"type": "custom", "custom": {"name": "run_code"}}
CALLED = {
    "role": "assistant",
    "tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{}"}}],
}
USER = {"role": "user", "content": "hi"}
UNANSWERED = (
    "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. The "
    "following tool_call_ids did not have response messages: call_1"
)


def test_tools_are_understood() -> None:
    request = asked(tools=[TOOL, CUSTOM], parallel_tool_calls=False).request
    assert [(tool.name, tool.parameters) for tool in request.tools] == [("get_weather", SCHEMA), ("run_code", None)]
    assert request.tool_choice == ToolChoice(parallel=False)
    legacy = asked(functions=[{"name": "f"}], function_call={"name": "f"}).request
    assert (legacy.tools[0].name, legacy.tool_choice) == ("f", ToolChoice(Choosing.REQUIRED, ("f",), parallel=False))


@pytest.mark.parametrize(
    ("choice", "understood"),
    [
        ("none", ToolChoice(Choosing.NONE)),
        ("required", ToolChoice(Choosing.REQUIRED)),
        ({"type": "custom", "custom": {"name": "run_code"}}, ToolChoice(Choosing.REQUIRED, ("run_code",))),
        (
            {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": [TOOL, {"type": 3}]}},
            ToolChoice(Choosing.AUTO, ("get_weather",)),
        ),
    ],
)
def test_choice_is_understood(choice: Any, understood: ToolChoice) -> None:  # noqa: ANN401
    assert asked(tools=[TOOL, CUSTOM], tool_choice=choice).request.tool_choice == understood


def test_format_is_understood() -> None:
    wanted = {"type": "json_schema", "json_schema": {"name": "x", "schema": SCHEMA}}
    assert asked(response_format=wanted).request.format == Format(SCHEMA)
    assert asked(response_format={"type": "text"}).request.format is None
    said = [{"role": "user", "content": "in JSON"}]
    assert asked(response_format={"type": "json_object"}, messages=said).request.format == Format()


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"tool_choice": "required"}, "'tool_choice' is only allowed when 'tools' are specified."),
        ({"parallel_tool_calls": True}, "'parallel_tool_calls' is only allowed when 'tools' are specified."),
        ({"function_call": "auto"}, "'function_call' is only allowed when 'functions' are specified."),
        (
            {"tools": [TOOL], "tool_choice": {"type": "function", "function": {"name": "x"}}},
            "Tool choice 'function' not found in 'tools' parameter.",
        ),
        (
            {"functions": [{"name": "f"}], "function_call": {"name": "x"}},
            "Invalid value for 'function_call': no function named 'x' was specified in the 'functions' parameter.",
        ),
        ({"response_format": {"type": "json_object"}}, "'messages' must contain the word 'json' in some form, to use "),
        (
            {
                "response_format": {
                    "type": "json_schema",
                    "json_schema": {"name": "x", "schema": SCHEMA, "strict": True},
                }
            },
            "Invalid schema for response_format 'x': In context=(), 'additionalProperties' is required to be supplied",
        ),
        (
            {"tools": [{"type": "function", "function": {"name": "a b"}}]},
            "Invalid 'tools[0].function.name': string does",
        ),
        (
            {"messages": [USER, {"role": "tool", "tool_call_id": "x", "content": "y"}]},
            "Invalid parameter: messages with role",
        ),
        ({"messages": [USER, CALLED, USER]}, UNANSWERED),
    ],
)
def test_what_does_not_fit_together_is_refused(changes: dict[str, Any], text: str) -> None:
    with pytest.raises(ClientError) as said:
        asked(**changes)
    assert said.value.message.startswith(text)


def test_results_of_calls_are_taken_in_any_order() -> None:
    two = {**CALLED, "tool_calls": [{**CALLED["tool_calls"][0], "id": name} for name in ("a", "b")]}  # type: ignore[dict-item]
    results = [{"role": "tool", "tool_call_id": name, "content": "y"} for name in ("b", "a")]
    assert len(asked(messages=[USER, two, *results, USER]).request.messages) == 5
