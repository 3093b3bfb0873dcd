"""What a request asks for beside its contents: defaults, translations, and what makes no sense."""

from typing import Any

import pytest

from llmsim.turn import Choosing, Format, Reasoning, Tool, ToolChoice
from llmsim.wire.gemini.asking import BAD_NAME
from tests.wire.gemini.asks import body as body_of
from tests.wire.gemini.asks import fault, parsed, refused, user

F = {"name": "f", "description": "d", "parameters": {"type": "OBJECT", "properties": {"a": {"type": "STRING"}}}}
G = {"name": "g"}
TOOLS = [{"functionDeclarations": [F]}, {"function_declarations": [G]}, {"googleSearch": {}}]


def test_defaults_are_those_of_the_api() -> None:
    request = parsed().request
    assert (request.model, request.n, request.stop, request.max_tokens, request.seed) == (
        "gemini-2.5-flash",
        1,
        (),
        None,
        None,
    )
    assert (request.tools, request.tool_choice, request.format) == ((), ToolChoice(), None)
    assert (request.reasoning, request.stream) == (Reasoning(), False)


def test_figures_are_taken_over() -> None:
    config = {"candidateCount": 2, "stopSequences": ["a", ""], "maxOutputTokens": 5, "seed": -3}
    request = parsed(generationConfig=config).request
    assert (request.n, request.stop, request.max_tokens, request.seed) == (2, ("a",), 5, -3)


def test_functions_are_tools_whichever_way_their_schema_is_given() -> None:
    schema = {"type": "object", "required": ["x"]}
    tools = [*TOOLS, {"functionDeclarations": {"name": "h", "parametersJsonSchema": schema}}]
    assert parsed(tools=tools).request.tools == (
        Tool("f", "d", {"type": "object", "properties": {"a": {"type": "string"}}}),
        Tool("g", "", {"type": "object", "properties": {}}),
        Tool("h", "", schema),
    )


@pytest.mark.parametrize(
    ("calling", "choice"),
    [
        ({}, ToolChoice()),
        ({"mode": "AUTO"}, ToolChoice()),
        ({"mode": "VALIDATED"}, ToolChoice()),
        ({"mode": "NONE"}, ToolChoice(Choosing.NONE)),
        ({"mode": "ANY", "allowedFunctionNames": ["g"]}, ToolChoice(Choosing.REQUIRED, ("g",))),
    ],
)
def test_modes_of_calling_are_choices(calling: dict[str, Any], choice: ToolChoice) -> None:
    asked = parsed(tools=TOOLS, toolConfig={"functionCallingConfig": calling})
    assert asked.request.tool_choice == choice


def test_schemas_of_a_reply_are_its_format() -> None:
    json = {"responseMimeType": "application/json"}
    assert parsed(generationConfig=json).request.format == Format(None, strict=True)
    openapi = parsed(generationConfig=json | {"responseSchema": {"type": "STRING"}}).request
    assert openapi.format == Format({"type": "string"}, strict=True)
    schema = parsed(generationConfig=json | {"responseJsonSchema": {"type": "integer"}}).request
    assert schema.format == Format({"type": "integer"}, strict=True)


@pytest.mark.parametrize(
    ("thinking", "reasoning"),
    [
        ({"includeThoughts": True}, Reasoning(None, shown=True)),
        ({"thinkingBudget": 0}, Reasoning("none", most_tokens=0)),
        ({"thinkingBudget": -1}, Reasoning("medium")),
        ({"thinkingBudget": 100}, Reasoning("medium", most_tokens=100)),
        ({"thinkingLevel": "low"}, Reasoning("low")),
    ],
)
def test_thinking_is_reasoning(thinking: dict[str, Any], reasoning: Reasoning) -> None:
    assert parsed(generationConfig={"thinkingConfig": thinking}).request.reasoning == reasoning


def test_a_caller_lets_through_what_is_dangerous_by_the_last_setting() -> None:
    category = "HARM_CATEGORY_DANGEROUS_CONTENT"
    off = {"category": category, "threshold": "OFF"}
    assert not parsed().params["lets_through"]
    assert parsed(safetySettings=[off]).params["lets_through"]
    assert not parsed(safetySettings=[off, {"category": category, "threshold": "BLOCK_ONLY_HIGH"}]).params[
        "lets_through"
    ]


def test_the_tier_is_said_again_where_it_is_one() -> None:
    tiers = [parsed(serviceTier=tier).params["tier"] for tier in ("FLEX", "priority", "unspecified")]
    assert tiers == ["flex", "priority", "standard"]


NAMES = "* GenerateContentRequest.tool_config.function_calling_config.allowed_function_names"
CONFIG = "* GenerateContentRequest.generation_config"


@pytest.mark.parametrize(
    ("config", "told"),
    [
        ({"temperature": 2.5}, f"{CONFIG}.temperature: temperature must be in the range [0.0, 2.0].\n"),
        ({"topP": -0.5}, f"{CONFIG}.top_p: top_p must be in the range [0.0, 1.0].\n"),
        ({"candidateCount": 9}, f"{CONFIG}.candidate_count: candidate_count must be in the range [1, 8].\n"),
        (
            {"maxOutputTokens": 0},
            f"{CONFIG}.max_output_tokens: max_output_tokens must be in the range [1, 2147483647].\n",
        ),
        (
            {"stopSequences": list("abcdef")},
            f"{CONFIG}.stop_sequences: the number of stop sequences must not exceed 5.\n",
        ),
        ({"logprobs": 3}, f"{CONFIG}.logprobs: only allowed when response_logprobs is true.\n"),
        (
            {"responseMimeType": "image/png"},
            (
                f"{CONFIG}.response_mime_type: allowed mimetypes are `text/plain`, `application/json`, "
                "`application/xml`, `application/yaml` and `text/x.enum`.\n"
            ),
        ),
        ({"responseMimeType": "text/x.enum"}, "Enum mode is not enabled for this model"),
        (
            {"responseSchema": {"type": "STRING"}},
            f"{CONFIG}.response_schema: only allowed when response_mime_type is `application/json`.\n",
        ),
        (
            {"responseMimeType": "application/json", "responseSchema": {}, "responseJsonSchema": {}},
            f"{CONFIG}.response_schema: only one of response_schema and response_json_schema may be set.\n",
        ),
        (
            {"thinkingConfig": {"thinkingBudget": 1, "thinkingLevel": "LOW"}},
            "You can only set only one of thinking budget and thinking level.",
        ),
        (
            {"thinkingConfig": {"thinkingBudget": -2}},
            "The thinking budget -2 is invalid. Please choose a value of at least -1.",
        ),
    ],
)
def test_a_configuration_that_makes_no_sense_is_refused(config: dict[str, Any], told: str) -> None:
    assert fault({"contents": [user("a")], "generationConfig": config}) == told


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (
            {"tools": [{"functionDeclarations": [{"name": "1"}]}]},
            f"The GenerateContentRequest proto is invalid:\n  * tools[0].function_declarations[0].name: {BAD_NAME}",
        ),
        ({"tools": [{"functionDeclarations": [G, G]}]}, "Duplicate function declaration found: g"),
        (
            {"toolConfig": {"functionCallingConfig": {"mode": "ANY"}}},
            "Function calling config is set without function_declarations.",
        ),
        (
            {"tools": TOOLS, "toolConfig": {"functionCallingConfig": {"allowedFunctionNames": ["f", "x"]}}},
            f"{NAMES}[1]: x is not declared in tools.function_declarations.\n",
        ),
    ],
)
def test_functions_that_make_no_sense_are_refused(changes: dict[str, Any], told: str) -> None:
    assert fault({"contents": [user("a")], **changes}) == told


def test_content_that_was_never_cached_is_not_found() -> None:
    refusal = refused(body_of(cachedContent="cachedContents/x"))
    assert refusal.status == 403
    assert b"CachedContent not found (or permission denied)" in refusal.body
