"""Every parser of request bodies, with samples of what it takes; the fuzzer changes those."""

from collections.abc import Callable, Mapping
from typing import Any

import attrs

from llmsim.wire.dialects import GENERATING
from llmsim.wire.openai import embeddings, moderations
from tests.fuzz import anthropic, gemini, responses

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


def generating(path: str, samples: tuple[dict[str, Any], ...], headers: Mapping[str, str] | None = None) -> Parser:
    """The parser of a generating route."""
    wire = GENERATING[path]
    return Parser(lambda body: wire.parse(body, headers or {}), samples)


PARSERS: Mapping[str, Parser] = {
    "openai.chat": generating("/v1/chat/completions", CHAT),
    "openai.completions": generating("/v1/completions", COMPLETIONS),
    "openai.embeddings": Parser(embeddings.parse, EMBEDDINGS),
    "openai.moderations": Parser(moderations.parse, MODERATIONS),
    **{name: Parser(parse, samples) for name, (parse, samples) in responses.PARSERS.items()},
    **{name: Parser(parse, samples) for name, (parse, samples) in anthropic.PARSERS.items()},
    **{name: Parser(parse, samples) for name, (parse, samples) in gemini.PARSERS.items()},
}
