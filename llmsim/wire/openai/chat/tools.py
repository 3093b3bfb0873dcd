"""The tools and the format of a chat request: what may be offered and asked for, as data, and to ours.

Pure. Functions and custom tools are called; `functions` and `function_call` are how they were named before 2023-11.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from llmsim.errors import ClientError
from llmsim.turn import Choosing, Format, Message, Role, Tool, ToolChoice
from llmsim.wire.openai import errors
from llmsim.wire.openai.responses.tools import Choosable, Name
from llmsim.wire.openai.strict_schemas import check_function, check_reply
from llmsim.wire.openai.validation import Flag, Items, Kind, Table, Tagged, Text

FUNCTION = Table({"name": Name(), "description": Text(), "parameters": Table(), "strict": Flag()}, ("name",))
GRAMMAR = Table({"definition": Text(), "syntax": Text(("lark", "regex"))}, ("definition", "syntax"))
CUSTOM = Table(
    {
        "name": Name(),
        "description": Text(),
        "format": Tagged("type", {"text": Table(), "grammar": Table({"grammar": GRAMMAR}, ("grammar",))}),
    },
    ("name",),
)
TOOLS = Items(
    Tagged(
        "type",
        {"function": Table({"function": FUNCTION}, ("function",)), "custom": Table({"custom": CUSTOM}, ("custom",))},
    ),
    most=128,
)
FUNCTIONS = Items(FUNCTION, "function definitions", least=1, most=128)
NAMED = Table({"name": Text()}, ("name",))
ALLOWED = Table({"mode": Text(("auto", "required")), "tools": Items(Table())}, ("mode", "tools"))
TOOL_CHOICE = Choosable(
    objects=Tagged(
        "type",
        {
            "function": Table({"function": NAMED}, ("function",)),
            "custom": Table({"custom": NAMED}, ("custom",)),
            "allowed_tools": Table({"allowed_tools": ALLOWED}, ("allowed_tools",)),
        },
    )
)
FORMAT = Tagged(
    "type",
    {
        "text": Table(),
        "json_object": Table(),
        "json_schema": Table(
            {
                "json_schema": Table(
                    {"name": Text(filled=True), "description": Text(), "schema": Table(), "strict": Flag()}, ("name",)
                )
            },
            ("json_schema",),
        ),
    },
)
NO_JSON = "'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'."


@attrs.frozen
class FunctionCall:
    """What `function_call` may be: `none`, `auto`, or an object with the name of a function."""

    def accepts(self, value: Any) -> bool:  # noqa: ANN401
        return value in ("none", "auto") or NAMED.accepts(value)

    def check(self, param: str, value: Any) -> None:  # noqa: ANN401
        if isinstance(value, str):
            Text(("none", "auto")).check(param, value)
        elif isinstance(value, dict):
            NAMED.check(param, value)
        else:
            raise errors.wrong_type(param, "one of an object or 'none' or 'auto'", value)


FUNCTION_CALL: Kind = FunctionCall()


def check_offered(body: Mapping[str, Any]) -> None:
    """Look whether the schemas are such as are taken, and whether what is chosen is offered.

    Raises:
        ClientError: the first fault.
    """
    tools = body.get("tools") or ()
    for at, tool in enumerate(tools):
        function = tool.get("function") or {}
        if function.get("parameters"):
            param = f"tools[{at}].function.parameters"
            check_function(function["name"], function["parameters"], param, strict=function.get("strict") is True)
    wanted = body.get("response_format") or {}
    if wanted.get("type") == "json_schema":
        asked = wanted["json_schema"]
        if asked.get("schema") is None and asked.get("strict"):
            raise errors.missing("response_format.json_schema.schema")
        check_reply(
            asked["name"],
            asked.get("schema") or {"type": "object"},
            "response_format",
            strict=asked.get("strict") is True,
        )
    check_chosen(body, tools)


def check_chosen(body: Mapping[str, Any], tools: Sequence[Mapping[str, Any]]) -> None:
    """Look whether what is chosen is offered; raises ClientError."""
    choice = body.get("tool_choice")
    if choice not in (None, "none", "auto") and not tools:
        raise ClientError("'tool_choice' is only allowed when 'tools' are specified.", param="tool_choice")
    if isinstance(choice, dict) and choice["type"] in ("function", "custom"):
        name = choice[choice["type"]]["name"]
        if name not in {tool[tool["type"]]["name"] for tool in tools}:
            raise ClientError(f"Tool choice '{choice['type']}' not found in 'tools' parameter.", param="tool_choice")
    if body.get("parallel_tool_calls") is not None and not tools:
        text = "'parallel_tool_calls' is only allowed when 'tools' are specified."
        raise ClientError(text, param="parallel_tool_calls")
    functions = body.get("functions") or ()
    called = body.get("function_call")
    if called is not None and not functions:
        raise ClientError("'function_call' is only allowed when 'functions' are specified.", param="function_call")
    if isinstance(called, dict) and called["name"] not in {one["name"] for one in functions}:
        text = (
            f"Invalid value for 'function_call': no function named '{called['name']}' was specified in the 'functions' "
            "parameter."
        )
        raise ClientError(text, param="function_call")


def check_json_asked(body: Mapping[str, Any], messages: Sequence[Message]) -> None:
    """Look whether somebody says JSON, where any JSON object is asked for; raises ClientError."""
    wanted = body.get("response_format") or {}
    if wanted.get("type") == "json_object" and not any("json" in one.content.lower() for one in messages):
        raise ClientError(NO_JSON, param="messages")


def check_results(messages: Sequence[Message]) -> None:
    """Look whether every call has its result, right behind it, and every result its call.

    Raises:
        ClientError: the first one that has not.
    """
    waiting: dict[str, None] = {}
    made: set[str] = set()
    for at, message in enumerate(messages):
        if message.role is Role.TOOL:
            if message.tool_call_id not in made:
                text = (
                    "Invalid parameter: messages with role 'tool' must be a response to a preceeding message with "
                    "'tool_calls'."
                )
                raise ClientError(text, param=f"messages.[{at}].role")
            waiting.pop(message.tool_call_id or "", None)
            continue
        if waiting:
            break
        made = {call.id for call in message.tool_calls if call.id}
        waiting = dict.fromkeys(call.id for call in message.tool_calls if call.id)
    if waiting:
        raise ClientError(
            "An assistant message with 'tool_calls' must be followed by tool messages responding to each "
            f"'tool_call_id'. The following tool_call_ids did not have response messages: {', '.join(waiting)}",
            param="messages",
        )


def offered(params: Mapping[str, Any]) -> tuple[Tool, ...]:
    """The tools of a request, in no dialect."""
    tools = [_tool(tool) for tool in params.get("tools") or ()]
    return tuple(tools + [_function(one) for one in params.get("functions") or ()])


def chosen(params: Mapping[str, Any]) -> ToolChoice:
    """What was chosen of them, in no dialect."""
    parallel = params.get("parallel_tool_calls") is not False and not params.get("functions")
    choice = params.get("tool_choice") or params.get("function_call") or "auto"
    if isinstance(choice, str):
        return ToolChoice(Choosing(choice), parallel=parallel)
    if "type" not in choice:
        return ToolChoice(Choosing.REQUIRED, (choice["name"],), parallel)
    asked = choice[choice["type"]]
    if choice["type"] == "allowed_tools":
        named = [one.get(str(one.get("type"))) for one in asked["tools"]]
        names = [one["name"] for one in named if isinstance(one, dict) and isinstance(one.get("name"), str)]
        return ToolChoice(Choosing(asked["mode"]), tuple(names), parallel)
    return ToolChoice(Choosing.REQUIRED, (asked["name"],), parallel)


def names_one(params: Mapping[str, Any]) -> bool:
    """Whether the caller named the tool: such a reply ends with `stop`."""
    choice = params.get("tool_choice")
    return isinstance(choice, dict) and choice["type"] != "allowed_tools"


def format_of(params: Mapping[str, Any]) -> Format | None:
    """The format of the reply, in no dialect."""
    asked = params.get("response_format")
    if asked is None or asked["type"] == "text":
        return None
    if asked["type"] == "json_object":
        return Format()
    wanted = asked["json_schema"]
    return Format(wanted.get("schema") or {"type": "object"}, strict=wanted.get("strict") is True)


def _tool(tool: Mapping[str, Any]) -> Tool:
    if tool["type"] == "custom":
        return Tool(tool["custom"]["name"], tool["custom"].get("description") or "", None)
    return _function(tool["function"])


def _function(one: Mapping[str, Any]) -> Tool:
    return Tool(
        one["name"], one.get("description") or "", one.get("parameters") or {}, strict=one.get("strict") is True
    )
