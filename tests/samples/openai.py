"""Samples of the fields of OpenAI's requests."""

from functools import partial

from llmsim.wire.dialects import CHAT, WIRES
from llmsim.wire.openai.chat import schema as chat_schema
from llmsim.wire.openai.responses import counting as responses_counting
from llmsim.wire.openai.responses import schema as responses_schema
from tests.fields import Endpoint, Sample
from tests.samples.base import FUNCTION, OFF, ON, PICTURE, SAMPLING, SCHEMA, USER, parsed

CHAT_TOOL = {"type": "function", "function": FUNCTION}


def chat() -> Endpoint:
    """Chat Completions."""

    def said(kind: str, part: object) -> Sample:
        value = [{"role": "user", "content": [{"type": kind, kind: part}]}]
        return Sample("messages", value, label=f"`{kind}` parts")

    samples = (
        Sample("model", "gpt-4o"),
        Sample("messages", [{"role": "user", "content": "Bye!"}]),
        said("image_url", {"url": PICTURE}),
        said("input_audio", {"data": "AAAA", "format": "wav"}),
        said("file", {"file_id": "file-1"}),
        Sample("max_tokens", 3),
        Sample("max_completion_tokens", 3),
        Sample("stop", ["two"]),
        Sample("n", 2),
        Sample("seed", 7),
        Sample("stream", ON),
        Sample("stream_options.include_usage", ON, {"stream": True}),
        Sample("stream_options.include_obfuscation", OFF, {"stream": True}),
        Sample("tools", [CHAT_TOOL]),
        Sample("tool_choice", "none", {"tools": [CHAT_TOOL]}),
        Sample("parallel_tool_calls", OFF, {"tools": [CHAT_TOOL]}),
        Sample("functions", [FUNCTION]),
        Sample("function_call", "none", {"functions": [FUNCTION]}),
        Sample(
            "response_format",
            {"type": "json_schema", "json_schema": {"name": "x", "schema": SCHEMA, "strict": True}},
        ),
        Sample("reasoning_effort", "low", {"model": "gpt-5"}),
        Sample("logprobs", ON),
        Sample("top_logprobs", 2, {"logprobs": True}),
        Sample("store", ON),
        Sample("metadata", {"a": "b"}, {"store": ON}, stored=ON),
        Sample("service_tier", "flex"),
        *SAMPLING,
        Sample("presence_penalty", 1),
        Sample("frequency_penalty", 1),
        Sample("logit_bias", {"50256": -100}),
        Sample("user", "u"),
        Sample("safety_identifier", "u"),
        Sample("prompt_cache_key", "k"),
        Sample("prompt_cache_retention", "24h"),
        Sample("prompt_cache_options", {"mode": "explicit"}),
        Sample("verbosity", "low", {"model": "gpt-5"}),
        Sample("modalities", ["text"]),
        Sample("audio", {"voice": "alloy", "format": "wav"}, {"modalities": ["text", "audio"]}),
        Sample("prediction", {"type": "content", "content": "One, two"}),
        Sample("web_search_options", {}),
        Sample("moderation", {"model": "omni-moderation-latest"}),
    )
    known = (*chat_schema.KEYS, *chat_schema.MODEL)
    base = {"model": "gpt-4o-mini", "messages": [USER]}
    return Endpoint("`POST /v1/chat/completions`", partial(parsed, CHAT, {}), base, samples, known, CHAT)


def responses() -> Endpoint:
    """Responses."""
    wire = WIRES["openai.responses"]
    tool = {"type": "function", "strict": True, **FUNCTION}
    samples = (
        Sample("model", "gpt-4o"),
        Sample("input", "Bye!"),
        Sample("instructions", "Be brief."),
        Sample("previous_response_id", "resp_1"),
        Sample("conversation", "conv_1"),
        Sample("store", OFF),
        Sample("background", ON),
        Sample("background_options", {"completion_window": "soonest"}, {"background": True}),
        Sample("max_output_tokens", 16),
        Sample("stream", ON),
        Sample("stream_options.include_obfuscation", OFF, {"stream": True}),
        Sample("tools", [tool]),
        Sample("tool_choice", "none", {"tools": [tool]}),
        Sample("parallel_tool_calls", OFF, {"tools": [tool]}),
        Sample("max_tool_calls", 1),
        Sample("text.format", {"type": "json_schema", "name": "x", "schema": SCHEMA, "strict": True}),
        Sample("text.verbosity", "low"),
        Sample("reasoning.effort", "low", {"model": "gpt-5"}),
        Sample("reasoning.summary", "auto", {"model": "gpt-5"}),
        Sample("reasoning.context", "all_turns", {"model": "gpt-5"}),
        Sample("reasoning.mode", "pro", {"model": "gpt-5"}),
        Sample("include", ["reasoning.encrypted_content"], {"model": "gpt-5"}),
        Sample("top_logprobs", 2, {"include": ["message.output_text.logprobs"]}),
        Sample("metadata", {"a": "b"}),
        Sample("service_tier", "flex"),
        *SAMPLING,
        Sample("presence_penalty", 1),
        Sample("frequency_penalty", 1),
        Sample("truncation", "auto"),
        Sample("user", "u"),
        Sample("safety_identifier", "u"),
        Sample("prompt_cache_key", "k"),
        Sample("prompt_cache_retention", "24h"),
        Sample("prompt_cache_options", {"mode": "explicit"}),
        Sample("context_management", [{"type": "compaction", "compact_threshold": 2000}]),
        Sample("moderation", {"model": "omni-moderation-latest"}),
        Sample("access_programs", {}),
        Sample("image", {}),
        Sample("prompt", {"id": "pmpt_1"}),
    )
    known = (*responses_schema.KEYS, *responses_schema.MODEL)
    base = {"model": "gpt-4o-mini", "input": "Hello!"}
    return Endpoint("`POST /v1/responses`", partial(parsed, wire, {}), base, samples, known, wire)


def counted() -> Endpoint:
    """Input tokens of Responses."""
    tool = {"type": "function", "strict": True, **FUNCTION}
    samples = (
        Sample("model", "gpt-4o"),
        Sample("input", "Bye!"),
        Sample("instructions", "Be brief."),
        Sample("previous_response_id", "resp_1"),
        Sample("conversation", "conv_1"),
        Sample("tools", [tool]),
        Sample("tool_choice", "none", {"tools": [tool]}),
        Sample("parallel_tool_calls", OFF, {"tools": [tool]}),
        Sample("text.format", {"type": "json_schema", "name": "x", "schema": SCHEMA, "strict": True}),
        Sample("reasoning.effort", "low", {"model": "gpt-5"}),
        Sample("truncation", "auto"),
        Sample("personality", "friendly"),
    )
    return Endpoint(
        "`POST /v1/responses/input_tokens`",
        responses_counting.parse_input_tokens,
        {"model": "gpt-4o-mini", "input": "Hello!"},
        samples,
        tuple(responses_counting.COUNTED),
        WIRES["openai.responses"],
    )


OPENAI = (chat(), responses(), counted())
