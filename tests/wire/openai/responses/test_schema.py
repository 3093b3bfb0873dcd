"""What the endpoint refuses, in the live API's sentences and in its order."""

import itertools
from typing import Any

import pytest

from llmsim.errors import ClientError
from llmsim.wire.openai.responses.schema import KEYS
from llmsim.wire.openai.responses.wire import OpenAIResponses
from llmsim.wire.openai.validation import opened
from tests.wire.openai.refusals import REFUSED, item
from tests.wire.openai.requests import WIRE, asked, body_of

ORDER = (
    "input", "moderation", "include", "tools", "metadata", "text", "temperature", "top_p", "presence_penalty",
    "frequency_penalty", "parallel_tool_calls", "stream", "stream_options", "background", "max_output_tokens",
    "max_tool_calls", "reasoning", "user", "safety_identifier", "prompt_cache_options", "prompt_cache_key",
    "prompt_cache_retention", "truncation", "instructions", "store", "service_tier", "top_logprobs",
    "context_management",
)  # fmt: skip
"""Of two keys that are wrong the earlier one is told."""


@pytest.mark.parametrize(("changes", "told"), REFUSED)
def test_request_is_refused_as_by_the_live_api(
    changes: dict[str, Any], told: tuple[str | None, str | None, str]
) -> None:
    with pytest.raises(ClientError) as refused:
        asked(**changes)
    error = refused.value
    assert (error.param, error.code, error.message) == told
    assert error.status == (404 if "Prompt with" in error.message else 400)


@pytest.mark.parametrize(("first", "second"), list(itertools.pairwise(ORDER)))
def test_first_of_two_wrong_keys_is_told(first: str, second: str) -> None:
    with pytest.raises(ClientError) as refused:
        asked(**{second: _Wrong.of(second), first: _Wrong.of(first)})
    assert refused.value.param == first


class _Wrong:
    """A value that is wrong for every key: an object where none is expected, else a number."""

    @staticmethod
    def of(key: str) -> object:
        objects = ("moderation", "metadata", "text", "stream_options", "reasoning", "prompt_cache_options")
        return 7 if key in objects else {"a": 1}


@pytest.mark.parametrize(
    ("changes", "param"),
    [
        (item(bogus=1) | {"zzz": 1}, "zzz"),
        ({"input": 7, "truncation": "bogus"}, "input"),
        ({"prompt": {"id": "p"}, "truncation": "bogus"}, "truncation"),
        ({"conversation": "c", "previous_response_id": "r", "truncation": "bogus"}, "truncation"),
    ],
)
def test_phases_come_in_their_order(changes: dict[str, Any], param: str) -> None:
    with pytest.raises(ClientError) as refused:
        asked(**changes)
    assert refused.value.param == param


def test_nulls_count_as_absent() -> None:
    assert asked(**dict.fromkeys(set(KEYS) - {"input"})).params == asked().params


def test_unknown_keys_are_accepted_by_the_lenient() -> None:
    lenient = OpenAIResponses(lenient=True)
    unknown: list[dict[str, Any]] = [{"zzz": 1}, item(bogus=1), {"text": {"zzz": 1}}, {"seed": 1}, {"messages": []}]
    for changes in unknown:
        lenient.parse(body_of(**changes), {})
        with pytest.raises(ClientError):
            WIRE.parse(body_of(**changes), {})
    with pytest.raises(ClientError):
        lenient.parse(body_of(truncation="bogus"), {})
    assert opened(KEYS).keys() == KEYS.keys()


def test_integer_beyond_64_bits_is_named_as_one() -> None:
    with pytest.raises(ClientError) as refused:
        WIRE.parse(b'{"max_output_tokens":%d,' % (10**30 + 1) + body_of()[1:], {})
    assert refused.value.message.endswith(f"but got {10**30 + 1} instead.")
