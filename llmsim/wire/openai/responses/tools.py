"""The tools of a Responses request: what may be offered and chosen, as data; to ours; as a response says them again.

Pure. Functions and custom tools are called, those in namespaces too. Hosted tools (web search, code interpreter, MCP
and their like) are accepted and said again, and never called: nothing here could carry them out.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import attrs

from llmsim.errors import ClientError
from llmsim.turn import Choosing, Tool, ToolChoice
from llmsim.wire.openai import errors
from llmsim.wire.openai.strict_schemas import check_function
from llmsim.wire.openai.validation import Anything, Flag, Items, Kind, Table, Tagged, Text, check_keys

NAME_PATTERN = "^[a-zA-Z0-9_-]+$"
_NAME = re.compile(r"[a-zA-Z0-9_-]+")
STRICT_DEPTH = 32
"""How deep a schema is brought into strict form; deeper ones stay as they are."""


@attrs.frozen
class Name:
    """The name of a tool."""

    def accepts(self, value: Any) -> bool:  # noqa: ANN401
        return isinstance(value, str) and _NAME.fullmatch(value) is not None

    def check(self, param: str, value: Any) -> None:  # noqa: ANN401
        if self.accepts(value):
            return
        Text(filled=True).check(param, value)
        raise ClientError(
            f"Invalid '{param}': string does not match pattern. Expected a string that matches the pattern "
            f"'{NAME_PATTERN}'.",
            param=param,
            code="invalid_value",
        )


FUNCTION: Mapping[str, Kind] = {
    "name": Name(),
    "description": Text(),
    "parameters": Table(),
    "strict": Flag(),
    "output_schema": Table(),
    "defer_loading": Flag(),
    "async": Flag(),
}
CUSTOM: Mapping[str, Kind] = {
    "name": Name(),
    "description": Text(),
    "format": Tagged(
        "type",
        {
            "text": Table(),
            "grammar": Table({"definition": Text(), "syntax": Text(("lark", "regex"))}, ("definition", "syntax")),
        },
    ),
    "defer_loading": Flag(),
    "async": Flag(),
}
CALLED: Mapping[str, Table] = {"function": Table(FUNCTION, ("name",)), "custom": Table(CUSTOM, ("name",))}
"""What is called."""
HOSTED: Mapping[str, Table] = {
    "file_search": Table({"vector_store_ids": Items(Text(), "strings")}, ("vector_store_ids",)),
    "computer": Table(),
    "computer_use_preview": Table(),
    "web_search": Table(),
    "web_search_2025_08_26": Table(),
    "web_search_preview": Table(),
    "web_search_preview_2025_03_11": Table(),
    "mcp": Table({"server_label": Text()}, ("server_label",)),
    "code_interpreter": Table({"container": Anything()}, ("container",)),
    "programmatic_tool_calling": Table(),
    "image_generation": Table(),
    "local_shell": Table(),
    "shell": Table(),
    "tool_search": Table(),
    "apply_patch": Table(),
}
"""What is accepted and never called."""
NAMESPACE = Table(
    {"name": Name(), "description": Text(), "tools": Items(Tagged("type", CALLED), "tools")}, ("name", "tools")
)
TOOLS = Items(Tagged("type", {**CALLED, "namespace": NAMESPACE, **HOSTED}), "tools")
MODES = ("none", "auto", "required")
CHOSEN = Tagged(
    "type",
    {
        "function": Table({"name": Text()}, ("name",)),
        "custom": Table({"name": Text()}, ("name",)),
        "mcp": Table({"server_label": Text(), "name": Text()}, ("server_label",)),
        "allowed_tools": Table({"mode": Text(("auto", "required")), "tools": Items(Table())}, ("mode", "tools")),
        **{kind: Table() for kind in HOSTED if kind != "mcp"},
        "computer_use": Table(),
    },
)


@attrs.frozen
class Choosable:
    """What `tool_choice` may be: a word, or an object."""

    words: tuple[str, ...] = MODES
    objects: Tagged = CHOSEN

    def accepts(self, value: Any) -> bool:  # noqa: ANN401
        return (isinstance(value, str) and value in self.words) or self.objects.accepts(value)

    def check(self, param: str, value: Any) -> None:  # noqa: ANN401
        if isinstance(value, str):
            check_keys({param: value}, {param: Text(self.words)})
        elif isinstance(value, dict):
            self.objects.check(param, value)
        else:
            expected = f"one of an object or {errors.listed(self.words, 'or')}"
            raise errors.wrong_type(param, expected, value)


TOOL_CHOICE = Choosable()


def check_schemas(tools: Sequence[Mapping[str, Any]], within: str = "tools") -> None:
    """Look at the parameters of functions.

    Raises:
        ClientError: those of one are no schema that is taken.
    """
    for at, tool in enumerate(tools):
        if tool["type"] == "namespace":
            check_schemas(tool["tools"], f"{within}[{at}].tools")
        elif tool["type"] == "function" and tool.get("parameters"):
            param = f"{within}[{at}].parameters"
            check_function(tool["name"], tool["parameters"], param, strict=tool.get("strict") is True)


def check_choice(choice: Any, tools: Sequence[Mapping[str, Any]]) -> None:  # noqa: ANN401
    """Look whether what is chosen (`tool_choice`, checked by itself) is among the tools.

    Raises:
        ClientError: it is not.
    """
    if choice in (None, "auto", "none"):
        return
    kind = choice if isinstance(choice, str) else choice["type"]
    if not tools:
        text = f"Tool choice '{kind}' must be specified with 'tools' parameter."
        raise ClientError(text, param="tool_choice")
    named = choice.get("name") if kind in CALLED else None
    if named is not None and (kind, named) not in {(tool["type"], tool["name"]) for tool in _callable(tools)}:
        raise ClientError(f"Tool choice '{kind}' not found in 'tools' parameter.", param="tool_choice")


def echoed(tools: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The tools as a response says them: with their defaults, functions in strict form where nobody said otherwise."""
    return [_echo(tool) for tool in tools]


def callable_tools(tools: Iterable[Mapping[str, Any]]) -> tuple[Tool, ...]:
    """Those of the tools (as `echoed`) that are called."""
    return tuple(
        Tool(
            tool["name"],
            tool.get("description") or "",
            None if tool["type"] == "custom" else tool.get("parameters") or {},
            strict=bool(tool.get("strict")),
        )
        for tool in _callable(tools)
    )


def namespaces(tools: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """The namespace of each tool that is in one, by the tool's name."""
    found = [tool for tool in tools if tool["type"] == "namespace"]
    return {inner["name"]: tool["name"] for tool in found for inner in tool["tools"]}


def choice_of(choice: Any, *, parallel: bool) -> ToolChoice:  # noqa: ANN401
    """What was chosen, in no dialect. A hosted tool that is to be called leaves nothing that could be."""
    if isinstance(choice, str):
        return ToolChoice(Choosing(choice), parallel=parallel)
    if choice["type"] in CALLED:
        return ToolChoice(Choosing.REQUIRED, (choice["name"],), parallel)
    if choice["type"] == "allowed_tools":
        names = [tool.get("name") for tool in choice["tools"]]
        return ToolChoice(Choosing(choice["mode"]), tuple([name for name in names if isinstance(name, str)]), parallel)
    return ToolChoice(Choosing.NONE, parallel=parallel)


def _callable(tools: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    for tool in tools:
        if tool["type"] in CALLED:
            yield tool
        elif tool["type"] == "namespace":
            yield from tool["tools"]


def _echo(tool: Mapping[str, Any]) -> dict[str, Any]:
    kind = tool["type"]
    if kind == "namespace":
        return {**tool, "tools": [_echo(inner) for inner in tool["tools"]]}
    if kind != "function":
        return {"type": kind, **tool}
    strict = tool.get("strict")
    parameters = tool.get("parameters")
    if strict is None:
        parameters = _strict(parameters or {"type": "object", "properties": {}}, STRICT_DEPTH)
    known = ("type", "description", "name", "output_schema", "parameters", "strict")
    return {
        "type": "function",
        "description": tool.get("description"),
        "name": tool["name"],
        "output_schema": tool.get("output_schema"),
        "parameters": parameters,
        "strict": strict is not False,
        **{key: value for key, value in tool.items() if key not in known and value is not None},
    }


def _strict(schema: Any, depth: int) -> Any:  # noqa: ANN401
    """A schema in which objects have all their properties and no others, as the live API fills it in."""
    if not isinstance(schema, dict) or depth == 0:
        return schema
    strict = dict(schema)
    properties = schema.get("properties")
    if isinstance(properties, dict):
        strict["properties"] = {name: _strict(inner, depth - 1) for name, inner in properties.items()}
        strict["additionalProperties"] = False
        strict["required"] = list(properties)
    if isinstance(schema.get("items"), dict):
        strict["items"] = _strict(schema["items"], depth - 1)
    return strict
