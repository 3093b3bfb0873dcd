"""What the chat endpoint refuses, in which words and in which order, and what it accepts.

Rows on sentences, codes and order are observations of the live API.
"""

from itertools import pairwise
from typing import Any

import orjson
import pytest

from llmsim.errors import ClientError
from llmsim.wire.openai.chat.schema import INSTEAD_OF_CONTENT, check_chat
from tests.wire.plans import body_of

USER = {"role": "user", "content": "a"}
CALL = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
CUSTOM = {"id": "c2", "type": "custom", "custom": {"name": "n", "input": ""}}
ROLES = "'system', 'assistant', 'user', 'function', 'tool', and 'developer'"
PARTS = "'text', 'image_url', 'input_audio', 'refusal', 'audio', and 'file'"
NO_CONTENT = "Invalid value for 'content': expected a string, got null."
STAND_INS: dict[str, object] = {
    "tool_calls": [CALL],
    "function_call": {"name": "f", "arguments": "{}"},
    "refusal": "no",
    "audio": {"id": "a1"},
}


def fault(**changes: object) -> tuple[str | None, str | None, str]:
    """Where, which code, and what is said of a good request with these keys changed."""
    with pytest.raises(ClientError) as refused:
        check_chat(orjson.loads(body_of(**changes)))
    error = refused.value
    assert (error.status, error.kind) == (400, "invalid_request_error")
    return error.param, error.code, error.message


def accept(**changes: object) -> None:
    check_chat(orjson.loads(body_of(**changes)))


def missing(param: str) -> tuple[str, str, str]:
    return param, "missing_required_parameter", f"Missing required parameter: '{param}'."


def typed(param: str, expected: str, got: str) -> tuple[str, str, str]:
    return param, "invalid_type", f"Invalid type for '{param}': expected {expected}, but got {got} instead."


def messages(*told: object) -> dict[str, object]:
    return {"messages": list(told)}


def said(value: object) -> dict[str, object]:
    return messages({"role": "user", "content": value})


REFUSED: list[tuple[dict[str, Any], tuple[str | None, str | None, str]]] = [
    ({"model": ...}, (None, None, "you must provide a model parameter")),
    ({"model": None}, (None, None, "you must provide a model parameter")),
    ({"model": ""}, (None, None, "you must provide a model parameter")),
    ({"model": 7}, typed("model", "a string", "an integer")),
    ({"model": []}, typed("model", "a string", "an array")),
    ({"messages": ...}, missing("messages")),
    ({"messages": None}, typed("messages", "an array of objects", "null")),
    ({"messages": "ping"}, typed("messages", "an array of objects", "a string")),
    ({"messages": ["ping"]}, typed("messages[0]", "an object", "a string")),
    (
        {"messages": []},
        (
            "messages",
            "empty_array",
            "Invalid 'messages': empty array. Expected an array with minimum length 1, but got an empty array instead.",
        ),
    ),
    (messages({"content": "ping"}), missing("messages[0].role")),
    (
        messages(USER, {"role": "bogus", "content": "ping"}),
        ("messages[1].role", "invalid_value", f"Invalid value: 'bogus'. Supported values are: {ROLES}."),
    ),
    (messages({"role": ["user"]}), typed("messages[0].role", f"one of {ROLES.replace(' and', ' or')}", "an array")),
    (said(7), typed("messages[0].content", "one of a string or array of objects", "an integer")),
    (said(["a"]), typed("messages[0].content[0]", "an object", "a string")),
    (said([{}]), missing("messages[0].content[0].type")),
    (
        said([{"type": "tool_result"}]),
        (
            "messages[0].content[0].type",
            "invalid_value",
            f"Invalid value: 'tool_result'. Supported values are: {PARTS}.",
        ),
    ),
    (said([{"type": "text"}]), missing("messages[0].content[0].text")),
    (said([{"type": "text", "text": 5}]), typed("messages[0].content[0].text", "a string", "an integer")),
    (said([{"type": "file", "file": "f"}]), typed("messages[0].content[0].file", "an object", "a string")),
    (said([{"type": "image_url", "image_url": {}}]), missing("messages[0].content[0].image_url.url")),
    (said([{"type": "input_audio"}]), missing("messages[0].content[0].input_audio")),
    (said([{"type": "file"}]), missing("messages[0].content[0].file")),
    (messages({"role": "user", "content": "a", "name": 1}), typed("messages[0].name", "a string", "an integer")),
    (messages({"role": "tool", "content": "a"}), missing("messages[0].tool_call_id")),
    (messages({"role": "function", "content": "a"}), missing("messages[0].name")),
    (messages(USER, {"role": "developer"}), missing("messages[1].content")),
    (messages(USER, {"role": "developer", "refusal": "no"}), missing("messages[1].content")),
    (
        messages(USER, {"role": "developer", "content": None}),
        typed("messages[1].content", "one of a string or array of objects", "null"),
    ),
    (messages({"role": "user"}), ("messages.[0].content", None, NO_CONTENT)),
    (messages(USER, {"role": "assistant"}), ("messages.[1].content", None, NO_CONTENT)),
    (messages(USER, {"role": "assistant", "tool_calls": None}), ("messages.[1].content", None, NO_CONTENT)),
    (
        messages(USER, {"role": "assistant", "content": "x", "tool_calls": []}),
        (
            "messages[1].tool_calls",
            "empty_array",
            ("Invalid 'messages[1].tool_calls': empty array. "
             "Expected an array with minimum length 1, but got an empty array instead."),
        ),
    ),
    (
        messages({"role": "assistant", "content": "x", "tool_calls": "x"}),
        typed("messages[0].tool_calls", "an array of objects", "a string"),
    ),
    (messages({"role": "assistant", "tool_calls": [{}]}), missing("messages[0].tool_calls[0].type")),
    (
        messages({"role": "assistant", "tool_calls": [{"type": "function", "function": {}}]}),
        missing("messages[0].tool_calls[0].id"),
    ),
    (
        messages({"role": "assistant", "tool_calls": [{"id": "c", "type": "function", "function": {}}]}),
        missing("messages[0].tool_calls[0].function.name"),
    ),
    ({"n": "2"}, typed("n", "an integer", "a string")),
    ({"n": 129}, ("n", "integer_above_max_value",
     "Invalid 'n': integer above maximum value. Expected a value <= 128, but got 129 instead.")),
    ({"max_tokens": -1}, ("max_tokens", "integer_below_min_value",
     "Invalid 'max_tokens': integer below minimum value. Expected a value >= 1, but got -1 instead.")),
    ({"stop": 7}, typed("stop", "one of a string or array of strings", "an integer")),
    ({"stop": ["a", 7]}, typed("stop[1]", "a string", "an integer")),
    ({"stop": ["a"] * 5}, ("stop", "array_above_max_length",
     ("Invalid 'stop': array too long. "
      "Expected an array with maximum length 4, but got an array with length 5 instead."))),
    ({"stop": ["a", ""]}, ("stop[1]", "empty_string",
     "Invalid 'stop[1]': empty string. Expected a string with minimum length 1, but got an empty string instead.")),
    ({"stop": ""}, ("stop", "empty_string",
     "Invalid 'stop': empty string. Expected a string with minimum length 1, but got an empty string instead.")),
    ({"temperature": "hot"}, typed("temperature", "a decimal", "a string")),
    ({"seed": 1.5}, typed("seed", "an integer", "a decimal number")),
    ({"user": {"a": 1}}, typed("user", "a string", "an object")),
    ({"store": "yes"}, typed("store", "a boolean", "a string")),
    ({"tools": "none"}, typed("tools", "an array of objects", "a string")),
    ({"functions": "none"}, typed("functions", "an array of function definitions", "a string")),
    ({"response_format": "json"}, typed("response_format", "an object", "a string")),
    ({"metadata": "x"}, typed("metadata", "a metadata object", "a string")),
    ({"service_tier": {}}, typed("service_tier", "one of 'auto', 'default', 'fast', 'flex', or 'priority'",
     "an object")),
    ({"service_tier": "bogus"}, ("service_tier", "invalid_value",
     "Invalid value: 'bogus'. Supported values are: 'auto', 'default', 'fast', 'flex', and 'priority'.")),
    ({"verbosity": "bogus"}, ("verbosity", "invalid_value",
     "Invalid value: 'bogus'. Supported values are: 'low', 'medium', and 'high'.")),
    ({"stream": True, "stream_options": {"include_usage": 1}},
     typed("stream_options.include_usage", "a boolean", "an integer")),
    ({"stream_options": {"include_usage": True}}, ("stream_options", None,
     "The 'stream_options' parameter is only allowed when 'stream' is enabled.")),
    ({"top_logprobs": 1}, ("top_logprobs", None,
     "The 'top_logprobs' parameter is only allowed when 'logprobs' is enabled.")),
    ({"max_tokens": 5, "max_completion_tokens": 5}, ("max_tokens", "invalid_parameter_combination",
     "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported.")),
]  # fmt: skip

ORDER = [
    "messages", "functions", "tools", "parallel_tool_calls", "max_completion_tokens", "n", "temperature", "top_p",
    "presence_penalty", "frequency_penalty", "logprobs", "top_logprobs", "user", "seed", "safety_identifier",
    "prompt_cache_key", "service_tier", "stream", "store", "metadata", "verbosity",
]  # fmt: skip
"""Of two faulty keys the earlier one is reported."""
STRUCTURED = {"messages", "functions", "tools", "metadata"}
"""The keys for which a string is of the wrong type."""

FIRST: list[tuple[dict[str, Any], str | None]] = [
    ({"model": ..., "messages": ...}, None),
    ({"messages": ..., "n": 0}, "messages"),
    (messages({"role": "user"}, {"role": "user", "content": 7}), "messages[1].content"),
    (messages({"role": "user"}, {"role": "bogus", "content": "a"}), "messages[1].role"),
    (messages({"role": "assistant", "content": 7, "tool_calls": []}), "messages[0].content"),
    ({**messages({"role": "user"}), "temperature": "hot"}, "temperature"),
    ({"n": 0, "stop": 7}, "n"),
    ({"stop": 7, "stream_options": "x"}, "stop"),
    ({"max_tokens": 0, "store": "x"}, "max_tokens"),
]

ACCEPTED: list[dict[str, Any]] = [
    {"n": 1}, {"n": 128}, {"n": None}, {"stop": None}, {"stop": []}, {"stop": ["a"] * 4},
    {"max_tokens": 1}, {"max_completion_tokens": 1}, {"max_tokens": None, "max_completion_tokens": 9},
    {"temperature": 0}, {"temperature": 2}, {"top_p": 1}, {"frequency_penalty": 2, "presence_penalty": -2},
    {"seed": -(2**63)}, {"seed": 2**63 - 1}, {"logprobs": True, "top_logprobs": 20},
    {"stream": True, "stream_options": {"include_usage": None}}, {"service_tier": "scale"},
    {"metadata": {"k" * 64: "v" * 512}}, {"metadata": {}}, {"moderation": {"of": ["somebody"]}},
    {"tools": [], "tool_choice": "auto", "reasoning_effort": "high"},
    said(""), said([]), said([{"type": "text", "text": ""}, {"type": "image_url", "image_url": {"url": "u"}}]),
    said([{"type": "input_audio", "input_audio": {"data": "", "format": "wav"}}, {"type": "file", "file": {}}]),
    messages({"role": "system", "content": "a"}, {"role": "developer", "content": "b"}, USER),
    messages(USER, {"role": "assistant", "tool_calls": [CALL]}, {"role": "tool", "tool_call_id": "c1", "content": "x"}),
    messages({"role": "function", "name": "f", "content": "x"}),
    messages({"role": "assistant", "tool_calls": [CUSTOM]}),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "told"), REFUSED)
def test_faulty_request_is_refused_in_openai_words(
    changes: dict[str, object], told: tuple[str | None, str | None, str]
) -> None:
    assert fault(**changes) == told


@pytest.mark.parametrize("changes", ACCEPTED)
def test_good_request_is_accepted(changes: dict[str, object]) -> None:
    accept(**changes)


@pytest.mark.parametrize(("earlier", "later"), list(pairwise(ORDER)))
def test_of_two_faulty_keys_the_earlier_is_reported(earlier: str, later: str) -> None:
    wrong = {key: "a string" if key in STRUCTURED else {"an": "object"} for key in (later, earlier)}
    assert fault(**wrong)[0] == earlier
    assert fault(**{later: wrong[later]})[0] == later


@pytest.mark.parametrize(("changes", "param"), FIRST)
def test_of_two_faults_the_first_is_reported(changes: dict[str, object], param: str | None) -> None:
    assert fault(**changes)[0] == param


@pytest.mark.parametrize("key", INSTEAD_OF_CONTENT)
def test_content_may_be_replaced_in_assistant_messages_alone(key: str) -> None:
    accept(**messages(USER, {"role": "assistant", key: STAND_INS[key]}))
    accept(**messages(USER, {"role": "assistant", "content": None, key: STAND_INS[key]}))
    for role in ("user", "system"):
        assert fault(**messages({"role": role, key: STAND_INS[key]}))[0] == "messages.[0].content"
    assert fault(**messages({"role": "assistant", key: None}))[0] == "messages.[0].content"
