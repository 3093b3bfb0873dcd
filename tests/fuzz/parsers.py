"""Every parser of request bodies, with samples of what it takes; the fuzzer changes those."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import attrs
import orjson

from llmsim.serving.door.writing import head
from llmsim.simulation.plan import Call, Choice
from llmsim.turn import FinishReason
from llmsim.wire.dialects import CHAT as CHAT_WIRE
from llmsim.wire.dialects import COMPLETIONS as COMPLETIONS_WIRE
from llmsim.wire.openai import embeddings, moderations
from llmsim.wire.openai.chat import stored as chat_stored
from tests.fuzz import anthropic, gemini, responses
from tests.wire.plans import plan_of

TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "get_weather",
            "description": "The weather in a city.",
            "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
            "strict": False,
        },
    }
]
CHAT: tuple[dict[str, Any], ...] = (
    {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hello!"}]},
    {
        "model": "gpt-4o",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": [{"type": "text", "text": "Weather in Paris?"}]},
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [
                    {"id": "call_1", "type": "function", "function": {"name": "get_weather", "arguments": "{}"}}
                ],
            },
            {"role": "tool", "tool_call_id": "call_1", "content": "sunny"},
        ],
        "tools": TOOLS,
        "tool_choice": {"type": "function", "function": {"name": "get_weather"}},
        "parallel_tool_calls": False,
        "stream": True,
        "stream_options": {"include_usage": True, "include_obfuscation": False},
        "temperature": 0.5,
        "top_p": 1,
        "n": 2,
        "stop": ["a", "b"],
        "logit_bias": {"50256": -100},
        "logprobs": True,
        "top_logprobs": 3,
        "max_completion_tokens": 20,
        "metadata": {"k": "v"},
        "store": True,
        "user": "u",
        "seed": 1,
        "service_tier": "auto",
        "response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "object"}}},
    },
    {
        "model": "gpt-5",
        "messages": [
            {"role": "developer", "content": [{"type": "text", "text": "Be brief."}], "name": "d"},
            {
                "role": "user",
                "content": [
                    {"type": "image_url", "image_url": {"url": "https://example.com/a.png", "detail": "low"}},
                    {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "mp3"}},
                    {"type": "file", "file": {"file_id": "file-1"}},
                ],
            },
            {"role": "assistant", "refusal": "No.", "content": [{"type": "refusal", "refusal": "No."}]},
            {
                "role": "assistant",
                "tool_calls": [{"id": "c", "type": "custom", "custom": {"name": "run", "input": "1"}}],
            },
            {"role": "tool", "tool_call_id": "c", "content": [{"type": "text", "text": "2"}]},
        ],
        "tools": [
            *TOOLS,
            {"type": "custom", "custom": {"name": "run", "format": {"type": "text"}}},
            {
                "type": "custom",
                "custom": {
                    "name": "parse",
                    "format": {"type": "grammar", "grammar": {"syntax": "lark", "definition": "start: A"}},
                },
            },
        ],
        "tool_choice": {
            "type": "allowed_tools",
            "allowed_tools": {
                "mode": "auto",
                "tools": [{"type": "function", "function": {"name": "get_weather"}}],
            },
        },
        "reasoning_effort": "low",
        "verbosity": "high",
        "modalities": ["text"],
        "prediction": {"type": "content", "content": [{"type": "text", "text": "x"}]},
        "prompt_cache_key": "k",
        "safety_identifier": "s",
        "web_search_options": {"search_context_size": "low"},
        "max_tokens": None,
    },
    {
        "model": "gpt-4o-mini",
        "messages": [
            {"role": "user", "content": "2 + 2? Answer in JSON."},
            {"role": "assistant", "content": None, "function_call": {"name": "add", "arguments": "{}"}},
            {"role": "function", "name": "add", "content": "4"},
        ],
        "functions": [{"name": "add", "description": "Sums.", "parameters": {"type": "object", "properties": {}}}],
        "function_call": {"name": "add"},
        "response_format": {"type": "json_object"},
        "presence_penalty": 1,
        "frequency_penalty": -1,
    },
)
STRICT = {
    "name": "x",
    "strict": True,
    "schema": {
        "type": "object",
        "properties": {"a": {"anyOf": [{"type": "string", "format": "date"}, {"type": "null"}]}, "b": {"enum": [1, 2]}},
        "required": ["a", "b"],
        "additionalProperties": False,
    },
}
CHAT += (
    {
        "model": "gpt-4o",
        "messages": [{"role": "user", "content": "Answer in JSON."}],
        "response_format": {"type": "json_schema", "json_schema": STRICT},
    },
)
SAID = (
    Choice(("Hm", "."), FinishReason.TOOL_CALLS, ("a",), (Call("call_1", "get_weather", ("{}",)),)),
    Choice(("No",), FinishReason.STOP, refused=True),
)

COMPLETIONS: tuple[dict[str, Any], ...] = (
    {"model": "gpt-3.5-turbo-instruct", "prompt": "Say this is a test"},
    {"model": "m", "prompt": ["a", "b"], "n": 2, "best_of": 3, "echo": True, "logprobs": 5, "suffix": "!", "seed": 1},
    {"model": "m", "prompt": [1, 2], "stream": True, "stream_options": {"include_usage": True}, "stop": ["a"]},
    {"model": "m", "prompt": [[1], [2, 3]], "max_tokens": 0, "logit_bias": {"5": 1}, "user": "u", "temperature": 1},
)
EMBEDDINGS: tuple[dict[str, Any], ...] = (
    {"model": "text-embedding-3-small", "input": "Hello!", "encoding_format": "base64", "user": "u"},
    {"model": "text-embedding-3-large", "input": ["a", "b"], "dimensions": 8, "encoding_format": "float"},
    {"model": "text-embedding-ada-002", "input": [[1, 2], [3]]},
)
MODERATIONS: tuple[dict[str, Any], ...] = (
    {"input": "Hello!"},
    {
        "input": [
            {"type": "text", "text": "a"},
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA"}},
        ],
        "model": "omni-moderation-latest",
    },
    {"input": ["a", "b"], "model": "text-moderation-latest"},
)


@attrs.frozen
class Parser:
    """One parser: how it is called, and bodies that it takes."""

    parse: Callable[[bytes], object]
    samples: tuple[dict[str, Any], ...]


def chat(body: bytes) -> None:
    """A completion that a request asks for: whole, as a stream, with its headers, and as it is stored."""
    parsed = CHAT_WIRE.parse(body, {})
    plan = attrs.evolve(plan_of(["x"] * 5, ["x"]), choices=SAID, model=parsed.request.model)
    written(CHAT_WIRE.headers(plan, parsed))
    list(CHAT_WIRE.frames(plan, parsed))
    params = orjson.loads(orjson.dumps(parsed.params))
    orjson.dumps(chat_stored.told(CHAT_WIRE.whole(plan, parsed), params, {}))
    if parsed.held is not None:
        chat_stored.messages("chatcmpl-1", params)


def completion(body: bytes) -> None:
    """A legacy completion's request, and the headers of its response."""
    parsed = COMPLETIONS_WIRE.parse(body, {})
    written(COMPLETIONS_WIRE.headers(plan_of(["x"], model=parsed.request.model), parsed))


def written(headers: Iterable[tuple[str, str]]) -> None:
    """Headers as bytes, one line each."""
    head(200, headers, b"", chunked=False, close=False)


PARSERS: Mapping[str, Parser] = {
    "openai.chat": Parser(chat, CHAT),
    "openai.chat.update": Parser(chat_stored.update_of, ({"metadata": {"k": "v"}},)),
    "openai.completions": Parser(completion, COMPLETIONS),
    "openai.embeddings": Parser(embeddings.parse, EMBEDDINGS),
    "openai.moderations": Parser(moderations.parse, MODERATIONS),
    **{name: Parser(parse, samples) for name, (parse, samples) in responses.PARSERS.items()},
    **{name: Parser(parse, samples) for name, (parse, samples) in anthropic.PARSERS.items()},
    **{name: Parser(parse, samples) for name, (parse, samples) in gemini.PARSERS.items()},
}
