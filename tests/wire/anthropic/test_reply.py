"""The whole message in recorded form, by the official types; why it ended; what only some are told."""

from typing import Any

import attrs
import orjson
import pytest
from anthropic.types import Message
from anthropic.types.beta import BetaMessage
from hypothesis import given

from llmsim.simulation.plan import Call, Choice
from llmsim.turn import FinishReason
from llmsim.wire.anthropic.reply import REFUSED, stop
from llmsim.wire.dialects import MESSAGES
from tests.wire.anthropic.plans import CHOICES, planned
from tests.wire.anthropic.requests import NEW, asked
from tests.wire.anthropic.streams import read

GOLDEN = (
    b'{"model":"claude-sonnet-4-6","id":"msg_01SP1mqSi8dqvJxz2SiF9vY7","type":"message","role":"assistant","content":'
    b'[{"type":"text","text":"Caf\xc3\xa9\\n"}],"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":'
    b'2000,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"cache_creation":{"ephemeral_5m_input_tokens":0,'
    b'"ephemeral_1h_input_tokens":0},"output_tokens":2,"service_tier":"standard","inference_geo":"not_available"}}'
)
SAID = Choice(("Café", "\n"), FinishReason.STOP)


def whole(choice: Choice, **changes: object) -> dict[str, Any]:
    told: dict[str, Any] = orjson.loads(MESSAGES.whole(planned(choice), asked(**changes)))
    return told


def test_whole_message_stays_what_it_was() -> None:
    assert MESSAGES.whole(planned(SAID), asked()) == GOLDEN


@given(CHOICES)
def test_whole_message_of_any_reply_is_one_by_the_official_types(choice: Choice) -> None:
    message = Message.model_validate_json(MESSAGES.whole(planned(choice), asked()), strict=True)
    assert "".join(block.text for block in message.content if block.type == "text") == choice.text
    assert [block.id for block in message.content if block.type == "tool_use"] == [call.id for call in choice.calls]
    assert message.usage.output_tokens == choice.tokens


@pytest.mark.parametrize(
    ("changes", "reason", "sequence"),
    [
        ({}, "end_turn", None),
        ({"stopped_by": "END"}, "stop_sequence", "END"),
        ({"finish_reason": FinishReason.LENGTH, "pieces": ("a",) * 7}, "max_tokens", None),
        ({"finish_reason": FinishReason.LENGTH, "pieces": ("a",) * 6}, "model_context_window_exceeded", None),
        ({"finish_reason": FinishReason.TOOL_CALLS}, "tool_use", None),
        ({"refused": True}, "refusal", None),
    ],
)
def test_message_says_why_it_ended(changes: dict[str, Any], reason: str, sequence: str | None) -> None:
    assert stop(attrs.evolve(SAID, **changes), {"max_tokens": 7}) == (reason, sequence)


def test_refusal_has_details_and_nothing_else_has() -> None:
    details = {"type": "refusal", "category": None, "explanation": REFUSED}
    assert whole(attrs.evolve(SAID, refused=True))["stop_details"] == details
    assert "stop_details" not in whole(SAID)


def test_blocks_come_in_the_order_in_which_they_were_made() -> None:
    calls = (Call("toolu_01a", "weather", ('{"city":"Paris"}',)), Call("toolu_01b", "weather", ('{"ci',)))
    choice = Choice(("a",), FinishReason.TOOL_CALLS, ("so",), calls)
    thinking, text, *used = whole(choice, thinking={"type": "adaptive"})["content"]
    assert (thinking["thinking"], text) == ("so", {"type": "text", "text": "a"})
    assert used == [
        {"type": "tool_use", "id": "toolu_01a", "name": "weather", "input": {"city": "Paris"}},
        {"type": "tool_use", "id": "toolu_01b", "name": "weather", "input": {}},
    ]
    assert [block["type"] for block in whole(Choice((), FinishReason.STOP))["content"]] == []


def test_context_is_managed_for_who_asks_and_nothing_is_taken_out() -> None:
    beta = ["context-management-2025-06-27"]
    parsed = asked(NEW, beta, context_management={"edits": [{"type": "clear_tool_uses_20250919"}]}, stream=True)
    managed = MESSAGES.whole(planned(SAID), parsed)
    found = BetaMessage.model_validate_json(managed, strict=True).context_management
    assert found is not None
    assert found.applied_edits == []
    assert read(frame.data for frame in MESSAGES.frames(planned(SAID), parsed)) == orjson.loads(managed)
    assert "context_management" not in whole(SAID)


@pytest.mark.parametrize(
    ("previous", "reason"),
    [
        (None, None),
        ("msg_01BPm4vLGUsfZKAvHsG61uRC", {"type": "unavailable"}),
        ("msg_x", {"type": "previous_message_not_found"}),
    ],
)
def test_diagnostics_are_told_to_who_asks(previous: str | None, reason: object) -> None:
    told = whole(SAID, diagnostics={"previous_message_id": previous})
    assert told["diagnostics"] == {"cache_miss_reason": reason}
    assert "diagnostics" not in whole(SAID)
