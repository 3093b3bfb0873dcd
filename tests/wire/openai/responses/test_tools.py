"""Tools are checked, taken and said again as the live API does; hosted ones are never called."""

from typing import Any

import pytest

from llmsim.errors import ClientError
from llmsim.turn import Choosing, Tool, ToolChoice
from llmsim.wire.openai.responses.tools import STRICT_DEPTH, callable_tools, choice_of, echoed, namespaces
from tests.schemas import faults
from tests.wire.openai.requests import SHELL, WEATHER, asked

HOSTED: list[dict[str, Any]] = [
    {"type": "web_search"},
    {"type": "file_search", "vector_store_ids": ["vs_1"]},
    {"type": "code_interpreter", "container": {"type": "auto"}},
    {"type": "mcp", "server_label": "s", "server_url": "https://example.org"},
    {"type": "image_generation"},
    {"type": "local_shell"},
]
PATTERN = (
    "Invalid 'tools[0].name': string does not match pattern. Expected a string that matches the pattern "
    "'^[a-zA-Z0-9_-]+$'."
)
EMPTY = (
    "Invalid 'tools[0].name': empty string. Expected a string with minimum length 1, but got an empty string instead."
)
SPACE = {"type": "namespace", "name": "crm", "description": "Customers.", "tools": [WEATHER]}


def test_function_is_said_again_in_strict_form() -> None:
    """As recorded: `strict` was not given, the schema had no required keys."""
    plain = {"type": "function", "name": "f", "parameters": {"type": "object", "properties": {}}}
    assert echoed([plain]) == [
        {
            "type": "function",
            "description": None,
            "name": "f",
            "output_schema": None,
            "parameters": {"type": "object", "properties": {}, "additionalProperties": False, "required": []},
            "strict": True,
        }
    ]
    assert list(echoed([plain])[0]) == ["type", "description", "name", "output_schema", "parameters", "strict"]


def test_function_keeps_its_schema_where_strictness_was_said() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "object", "properties": {"b": {}}}}}
    for strict in (True, False):
        [said] = echoed([{"type": "function", "name": "f", "parameters": schema, "strict": strict}])
        assert (said["parameters"], said["strict"]) == (schema, strict)
    [said] = echoed([{"type": "function", "name": "f", "parameters": schema, "defer_loading": True}])
    assert said["parameters"]["properties"]["a"]["required"] == ["b"]
    assert said["defer_loading"] is True


def test_deep_schema_is_made_strict_as_far_as_it_goes() -> None:
    deep: dict[str, Any] = {}
    for _ in range(STRICT_DEPTH + 5):
        deep = {"type": "array", "items": deep, "properties": {}}
    [said] = echoed([{"type": "function", "name": "f", "parameters": deep}])
    assert said["parameters"]["items"]["required"] == []


@pytest.mark.parametrize("tool", [*HOSTED, WEATHER, SHELL, SPACE], ids=lambda tool: tool["type"])
def test_tool_that_is_said_again_is_as_described(tool: dict[str, Any]) -> None:
    [said] = asked(tools=[tool]).params["tools"]
    assert faults("Tool", said) == []


def test_hosted_tools_are_never_called() -> None:
    assert callable_tools(echoed(HOSTED)) == ()
    assert choice_of({"type": "web_search_preview"}, parallel=True) == ToolChoice(Choosing.NONE)


def test_functions_custom_tools_and_those_in_namespaces_are_called() -> None:
    tools = echoed([SHELL, SPACE])
    shell, weather = callable_tools(tools)
    assert shell == Tool("sh", parameters=None)
    assert (weather.name, weather.description, weather.strict) == ("get_weather", "The weather somewhere.", True)
    assert namespaces(tools) == {"get_weather": "crm"}


@pytest.mark.parametrize(
    ("choice", "chosen"),
    [
        ("auto", ToolChoice()),
        ("none", ToolChoice(Choosing.NONE)),
        ("required", ToolChoice(Choosing.REQUIRED)),
        ({"type": "custom", "name": "sh"}, ToolChoice(Choosing.REQUIRED, ("sh",))),
        (
            {"type": "allowed_tools", "mode": "auto", "tools": [{"type": "function", "name": "get_weather"}, {}]},
            ToolChoice(Choosing.AUTO, ("get_weather",)),
        ),
    ],
)
def test_choice_of_tools(choice: Any, chosen: ToolChoice) -> None:  # noqa: ANN401
    assert asked(tools=[WEATHER, SHELL], tool_choice=choice).request.tool_choice == chosen


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"tool_choice": "required"}, "Tool choice 'required' must be specified with 'tools' parameter."),
        (
            {"tools": [WEATHER], "tool_choice": {"type": "function", "name": "other"}},
            "Tool choice 'function' not found in 'tools' parameter.",
        ),
        (
            {"tools": [WEATHER], "tool_choice": {"type": "custom", "name": "get_weather"}},
            "Tool choice 'custom' not found in 'tools' parameter.",
        ),
        (
            {"tools": [{**WEATHER, "name": "get weather"}]},
            PATTERN,
        ),
        (
            {"tools": [{**WEATHER, "name": ""}]},
            EMPTY,
        ),
        (
            {"tools": [{**SPACE, "tools": [{"type": "function"}]}]},
            "Missing required parameter: 'tools[0].tools[0].name'.",
        ),
        ({"tools": [{"type": "mcp"}]}, "Missing required parameter: 'tools[0].server_label'."),
    ],
    ids=range(7),
)
def test_tools_that_cannot_be_are_refused(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(ClientError) as refused:
        asked(**changes)
    assert refused.value.message == told


def test_choice_of_a_tool_in_a_namespace_is_found() -> None:
    asked(tools=[SPACE], tool_choice={"type": "function", "name": "get_weather"})
