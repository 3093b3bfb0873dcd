"""A response says all its keys at each of its states, as recorded and as described."""

from typing import Any

import orjson
import pytest
from openai.types.responses import Response

from llmsim.errors import ClientError
from llmsim.turn import FinishReason
from llmsim.wire.openai.responses.resource import (
    CANCELLED,
    COMPLETED,
    FAILED,
    IN_PROGRESS,
    INCOMPLETE,
    QUEUED,
    body,
    final_status,
    resource,
)
from tests.schemas import faults
from tests.wire.openai.requests import WEATHER, asked, planned

PLAN = planned(["a", "b"], reasoning=["Hm", "."])
KEYS = [
    "id", "object", "created_at", "status", "background", "billing", "completed_at", "error", "frequency_penalty",
    "incomplete_details", "instructions", "max_output_tokens", "max_tool_calls", "model", "moderation", "output",
    "parallel_tool_calls", "presence_penalty", "previous_response_id", "prompt_cache_key", "prompt_cache_retention",
    "reasoning", "safety_identifier", "service_tier", "store", "temperature", "text", "tool_choice", "tool_usage",
    "tools", "top_logprobs", "top_p", "truncation", "usage", "user", "metadata",
]  # fmt: skip
"""In the order of recorded responses (gpt-5.6-terra, August 2026)."""
STATES = (QUEUED, IN_PROGRESS, COMPLETED, INCOMPLETE, FAILED, CANCELLED)


@pytest.mark.parametrize("status", STATES)
def test_resource_has_every_key_at_every_state(status: str) -> None:
    said = resource(PLAN, asked(), status)
    assert list(said) == KEYS
    assert faults("Response", said) == []
    Response.model_validate(said)
    ended = status in (COMPLETED, INCOMPLETE)
    assert (said["output"] != [], said["usage"] is not None) == (ended, ended)
    assert (said["completed_at"] is not None) == (status == COMPLETED)
    assert (said["error"] is not None) == (status == FAILED)
    assert (said["incomplete_details"] is not None) == (status == INCOMPLETE)
    assert said["service_tier"] == ("auto" if status in (QUEUED, IN_PROGRESS) else "default")


def test_what_was_asked_is_said_again() -> None:
    """As recorded: the summary's style is told as `detailed`, a fast tier as `priority`."""
    sent: dict[str, Any] = {
        "max_output_tokens": 16, "background": True, "max_tool_calls": 3, "parallel_tool_calls": False, "store": False,
        "truncation": "auto", "instructions": "be terse", "user": "u", "safety_identifier": "s",
        "prompt_cache_key": "k", "prompt_cache_options": {"ttl": "30m"}, "metadata": {"a": "b"}, "temperature": 1,
        "top_logprobs": 2, "top_p": 0.5, "text": {"verbosity": "low"}, "previous_response_id": "resp_1",
        "prompt_cache_retention": "24h", "tools": [WEATHER], "tool_choice": "none",
    }  # fmt: skip
    more = {"service_tier": "fast", "reasoning": {"effort": "low", "summary": "auto"}, "presence_penalty": 1}
    hidden = {"include": ["reasoning.encrypted_content"], "context_management": [{"type": "compaction"}]}
    said = resource(PLAN, asked(**sent, **more, **hidden), COMPLETED)
    other = {"prompt_cache_options", "text", "tools"}
    assert {key: said[key] for key in sent.keys() - other} == {key: sent[key] for key in sent.keys() - other}
    assert said["prompt_cache_options"] == {"mode": "implicit", "ttl": "30m"}
    assert said["text"] == {"format": {"type": "text"}, "verbosity": "low"}
    assert (said["service_tier"], said["presence_penalty"]) == ("priority", 1.0)
    assert said["reasoning"] == {
        "context": "all_turns", "effort": "low", "mode": "standard", "summary": "detailed",
    }  # fmt: skip
    assert hidden.keys().isdisjoint(said)
    assert faults("Response", said) == []


def test_conversation_is_named_where_there_is_one() -> None:
    assert "conversation" not in resource(PLAN, asked(), COMPLETED)
    said = resource(PLAN, asked(conversation={"id": "conv_1"}), COMPLETED)
    assert (said["conversation"], said["previous_response_id"]) == ({"id": "conv_1"}, None)
    assert faults("Response", said) == []


def test_schema_of_the_reply_is_said_again() -> None:
    schema = {"type": "object"}
    wanted = {"format": {"type": "json_schema", "name": "n", "schema": schema}}
    said = resource(PLAN, asked(text=wanted), COMPLETED)["text"]["format"]
    assert said == {"type": "json_schema", "description": None, "name": "n", "schema": schema, "strict": False}


def test_reasoning_of_a_model_that_does_not_is_what_was_asked() -> None:
    plain = planned(["a"], model="gpt-4o-mini-2024-07-18")
    assert resource(plain, asked(), COMPLETED)["reasoning"] == {"effort": None, "summary": None}
    assert resource(PLAN, asked(), COMPLETED)["reasoning"]["effort"] == "medium"
    older = planned(["a"], model="gpt-5-2025-08-07")
    assert resource(older, asked(), COMPLETED)["reasoning"] == {"effort": "none", "summary": None}


def test_defaults_of_the_newest_models_are_their_own() -> None:
    said = resource(PLAN, asked(), COMPLETED)
    assert (said["top_p"], said["prompt_cache_retention"]) == (0.98, "24h")
    said = resource(planned(["a"], model="gpt-4o"), asked(), COMPLETED)
    assert (said["top_p"], said["prompt_cache_retention"]) == (1.0, "in_memory")
    said = resource(PLAN, asked(top_p=1, prompt_cache_retention="in_memory"), COMPLETED)
    assert (said["top_p"], said["prompt_cache_retention"]) == (1.0, "in_memory")


def test_failure_is_told_with_its_code() -> None:
    error = ClientError("No.", code="rate_limit_exceeded")
    assert resource(PLAN, asked(), FAILED, error=error)["error"] == {"code": "rate_limit_exceeded", "message": "No."}
    assert resource(PLAN, asked(), FAILED)["error"]["code"] == "server_error"


def test_end_of_a_response_follows_from_its_plan() -> None:
    assert final_status(PLAN) == COMPLETED
    assert final_status(planned(["a"], finish=FinishReason.LENGTH)) == INCOMPLETE
    assert final_status(planned([], calls={"f": ["{}"]})) == COMPLETED


def test_body_is_in_lines() -> None:
    said = resource(PLAN, asked(), COMPLETED)
    assert body(said).startswith(b'{\n  "id": "resp_')
    assert orjson.loads(body(said)) == said
