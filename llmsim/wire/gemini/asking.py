"""What a generateContent request asks for, beyond its contents: checked, and in the words of a turn.

Pure. `params_of` gives JSON that is kept with the turn, `request_of` makes the request of it again; each default stands
in one of them, once.
"""

import re
from collections.abc import Mapping
from typing import Any

import attrs

from llmsim.errors import ClientError
from llmsim.turn import BASE62, CallNames, Choosing, Format, Message, Reasoning, Tool, ToolChoice, TurnRequest
from llmsim.wire.gemini import errors
from llmsim.wire.gemini.messages import media_of
from llmsim.wire.gemini.protos import snake
from llmsim.wire.gemini.schemas import json_schema

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.:-]{0,63}")
BAD_NAME = (
    "[FIELD_INVALID] Invalid function name. Must start with a letter or an underscore. Must be a-z, A-Z, 0-9, or "
    "contain underscores (_), dots (.), colons (:), or dashes (-), with a maximum length of 64."
)
JSON_TYPE = "application/json"
ENUM_TYPE = "text/x.enum"
MIME_TYPES = ("text/plain", JSON_TYPE, "application/xml", "application/yaml", ENUM_TYPE)
CANDIDATES_MOST = 8
STOPS_MOST = 5
LOGPROBS_MOST = 20
DYNAMIC = -1
"""The thinking budget of a model that is to decide by itself."""
MODES = {"ANY": Choosing.REQUIRED, "NONE": Choosing.NONE}
EFFORTS = {"MINIMAL": "minimal", "LOW": "low", "MEDIUM": "medium", "HIGH": "high", "XHIGH": "xhigh"}
CALLS = CallNames("", 0, BASE62)
"""Gemini's calls have no ids: an answer is told by the function's name and by its order."""
DANGEROUS = "HARM_CATEGORY_DANGEROUS_CONTENT"
LETS_THROUGH = {"BLOCK_NONE", "OFF"}
TIERS = {"flex", "priority"}


@attrs.frozen
class Range:
    """The values that a number may have, in the order in which faults are found."""

    field: str
    least: float
    most: float

    def check(self, config: Mapping[str, Any]) -> None:
        value = config.get(self.field)
        if value is not None and not self.least <= value <= self.most:
            name = snake(self.field)
            told = f"{name} must be in the range [{self.least}, {self.most}]."
            raise errors.invalid(f"generation_config.{name}", told)


RANGES = (
    Range("temperature", 0.0, 2.0),
    Range("topP", 0.0, 1.0),
    Range("topK", 1, 2**31 - 1),
    Range("candidateCount", 1, CANDIDATES_MOST),
    Range("maxOutputTokens", 1, 2**31 - 1),
    Range("logprobs", 0, LOGPROBS_MOST),
    Range("presencePenalty", -2.0, 2.0),
    Range("frequencyPenalty", -2.0, 2.0),
)


def params_of(asked: Mapping[str, Any], model: str) -> dict[str, Any]:
    """What of a request is kept with its turn.

    Raises:
        ClientError: what it asks for makes no sense.
    """
    config = asked.get("generationConfig", {})
    for limits in RANGES:
        limits.check(config)
    if len(config.get("stopSequences", ())) > STOPS_MOST:
        told = f"the number of stop sequences must not exceed {STOPS_MOST}."
        raise errors.invalid("generation_config.stop_sequences", told)
    if config.get("logprobs") and not config.get("responseLogprobs"):
        raise errors.invalid("generation_config.logprobs", "only allowed when response_logprobs is true.")
    if "cachedContent" in asked:
        raise ClientError(errors.NO_CACHE, status=403)
    tools = _tools(asked.get("tools", []))
    tier = asked.get("serviceTier", "").lower()
    return {
        "model": model,
        "n": config.get("candidateCount", 1),
        "stop": [stop for stop in config.get("stopSequences", ()) if stop],
        "max_tokens": config.get("maxOutputTokens"),
        "seed": config.get("seed"),
        "tools": tools,
        "choice": _choice(asked.get("toolConfig", {}).get("functionCallingConfig", {}), tools),
        "format": _format(config),
        "thinking": _thinking(config.get("thinkingConfig", {})),
        "logprobs": config.get("logprobs", 0) if config.get("responseLogprobs") else None,
        "media": media_of([asked.get("systemInstruction", {}), *asked.get("contents", ())]),
        "lets_through": _lets_through(asked.get("safetySettings", ())),
        "tier": tier if tier in TIERS else "standard",
    }


def request_of(params: Mapping[str, Any], messages: tuple[Message, ...], digest: bytes, *, stream: bool) -> TurnRequest:
    """The request that these say."""
    choice, shape, thinking = params["choice"], params["format"], params["thinking"]
    return TurnRequest(
        model=params["model"],
        messages=messages,
        digest=digest,
        stream=stream,
        include_usage=True,
        n=params["n"],
        stop=tuple(params["stop"]),
        max_tokens=params["max_tokens"],
        seed=params["seed"],
        tools=tuple([Tool(tool["name"], tool["description"], tool["parameters"]) for tool in params["tools"]]),
        tool_choice=ToolChoice(Choosing(choice["how"]), tuple(choice["names"])),
        format=Format(shape["schema"], strict=True) if shape is not None else None,
        reasoning=Reasoning(thinking["effort"], thinking["shown"], thinking["most_tokens"]),
        call_names=CALLS,
    )


def _tools(tools: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The functions that are offered."""
    found = []
    names = set()
    for at, tool in enumerate(tools):
        for index, declared in enumerate(tool.get("functionDeclarations", ())):
            name = declared.get("name", "")
            if NAME.fullmatch(name) is None:
                where = f"tools[{at}].function_declarations[{index}].name"
                raise ClientError(f"The GenerateContentRequest proto is invalid:\n  * {where}: {BAD_NAME}")
            if name in names:
                raise ClientError(f"Duplicate function declaration found: {name}")
            names.add(name)
            found.append({"name": name, "description": declared.get("description", ""), "parameters": _taken(declared)})
    return found


def _taken(declared: Mapping[str, Any]) -> dict[str, Any]:
    """The JSON schema of what a function takes."""
    if "parameters" in declared:
        return json_schema(declared["parameters"])
    schema = declared.get("parametersJsonSchema")
    return schema if isinstance(schema, dict) else {"type": "object", "properties": {}}


def _choice(calling: Mapping[str, Any], tools: list[dict[str, Any]]) -> dict[str, Any]:
    names = calling.get("allowedFunctionNames", [])
    mode = calling.get("mode", "AUTO")
    if mode == "ANY" and not tools:
        raise ClientError("Function calling config is set without function_declarations.")
    offered = {tool["name"] for tool in tools}
    for at, name in enumerate(names):
        if name not in offered:
            where = f"tool_config.function_calling_config.allowed_function_names[{at}]"
            raise errors.invalid(where, f"{name} is not declared in tools.function_declarations.")
    return {"how": MODES.get(mode, Choosing.AUTO).value, "names": names}


def _format(config: Mapping[str, Any]) -> dict[str, Any] | None:
    mime = config.get("responseMimeType") or "text/plain"
    if mime == ENUM_TYPE:
        raise ClientError("Enum mode is not enabled for this model")
    if mime not in MIME_TYPES:
        told = "allowed mimetypes are " + ", ".join([f"`{one}`" for one in MIME_TYPES[:-1]]) + f" and `{ENUM_TYPE}`."
        raise errors.invalid("generation_config.response_mime_type", told)
    schema = config.get("responseJsonSchema", config.get("_responseJsonSchema"))
    if "responseSchema" in config and schema is not None:
        told = "only one of response_schema and response_json_schema may be set."
        raise errors.invalid("generation_config.response_schema", told)
    if "responseSchema" in config:
        schema = json_schema(config["responseSchema"])
    if schema is not None and mime != JSON_TYPE:
        told = f"only allowed when response_mime_type is `{JSON_TYPE}`."
        raise errors.invalid("generation_config.response_schema", told)
    if mime != JSON_TYPE:
        return None
    return {"schema": schema if isinstance(schema, dict) else None}


def _thinking(config: Mapping[str, Any]) -> dict[str, Any]:
    budget = config.get("thinkingBudget")
    effort = EFFORTS.get(config.get("thinkingLevel", ""))
    if budget is not None and effort is not None:
        raise ClientError("You can only set only one of thinking budget and thinking level.")
    if budget is not None and budget < DYNAMIC:
        raise ClientError(f"The thinking budget {budget} is invalid. Please choose a value of at least {DYNAMIC}.")
    if budget is not None:
        effort = "none" if budget == 0 else "medium"
    return {
        "effort": effort,
        "shown": config.get("includeThoughts", False),
        "most_tokens": None if budget in {None, DYNAMIC} else budget,
    }


def _lets_through(settings: list[dict[str, Any]]) -> bool:
    """Whether the caller takes what is dangerous, so that a model which refuses says so itself."""
    thresholds = [one.get("threshold") for one in settings if one.get("category") == DANGEROUS]
    return bool(thresholds) and thresholds[-1] in LETS_THROUGH
