"""Every stream is accepted by the state machine, is the message that the whole body is, and keeps to its tokens."""

from itertools import pairwise

import attrs
import orjson
import pytest
from anthropic.types import RawMessageStreamEvent
from hypothesis import given
from pydantic import TypeAdapter

from llmsim.simulation.plan import Call, Choice
from llmsim.turn import FinishReason
from llmsim.wire.anthropic.stream import FEWEST, MOST
from llmsim.wire.base import Frame
from llmsim.wire.dialects import MESSAGES
from tests.wire.anthropic.plans import CHOICES, planned
from tests.wire.anthropic.requests import asked
from tests.wire.anthropic.streams import BrokenStreamError, data_of, read

EVENT: TypeAdapter[RawMessageStreamEvent] = TypeAdapter(RawMessageStreamEvent)
WORDS = Choice(tuple(f" w{at}" for at in range(100)), FinishReason.STOP)
THINKING = {"thinking": {"type": "adaptive"}}


def frames(choice: Choice, **changes: object) -> list[Frame]:
    return list(MESSAGES.frames(planned(choice), asked(stream=True, **changes)))


@given(CHOICES)
def test_stream_of_any_reply_is_the_message_that_the_whole_body_is(choice: Choice) -> None:
    for changes in ({}, THINKING, {"thinking": {"type": "adaptive", "display": "omitted"}}):
        parsed = asked(**changes)
        told = read(frame.data for frame in MESSAGES.frames(planned(choice), parsed))
        for block in told["content"]:
            block.pop("begun", None)
        assert told == orjson.loads(MESSAGES.whole(planned(choice), parsed))


@given(CHOICES)
def test_events_of_any_reply_are_those_of_the_official_types(choice: Choice) -> None:
    for frame in frames(choice, **THINKING):
        said = data_of(frame.data)
        if said["type"] != "ping":
            EVENT.validate_json(frame.data.split(b"data: ")[1], strict=True)


@given(CHOICES)
def test_frames_of_any_reply_never_go_back_and_end_with_the_last_token(choice: Choice) -> None:
    made = frames(choice, **THINKING)
    tokens = [frame.token for frame in made]
    assert tokens == sorted(tokens)
    assert tokens[0] == 1
    assert tokens[-1] == max(choice.tokens, 1)
    assert [frame.sealed for frame in made] == [False] * (len(made) - 2) + [True, True]


def test_first_delta_comes_with_the_first_token_and_the_others_hold_several() -> None:
    deltas = [frame for frame in frames(WORDS) if b"text_delta" in frame.data]
    assert deltas[0].token == 1
    steps = [after.token - before.token for before, after in pairwise(deltas)]
    assert all(FEWEST <= step <= MOST for step in steps[:-1])
    assert len(set(steps)) > 2
    assert deltas[-1].token == 100


def test_ping_comes_after_the_first_block_has_begun() -> None:
    kinds = [data_of(frame.data)["type"] for frame in frames(WORDS)]
    assert kinds[:4] == ["message_start", "content_block_start", "ping", "content_block_delta"]
    assert kinds.count("ping") == 1
    silent = frames(Choice((), FinishReason.STOP))
    assert [data_of(frame.data)["type"] for frame in silent] == ["message_start", "message_delta", "message_stop"]


def test_thought_is_signed_last_and_not_shown_where_it_is_omitted() -> None:
    choice = Choice(("a",), FinishReason.STOP, ("so", " it", " is"))
    kinds = [data_of(frame.data).get("delta", {}).get("type") for frame in frames(choice, **THINKING)]
    assert [kind for kind in kinds if kind] == ["thinking_delta"] * 2 + ["signature_delta", "text_delta"]
    hidden = frames(choice, thinking={"type": "adaptive", "display": "omitted"})
    assert not any(b"thinking_delta" in frame.data for frame in hidden)
    assert [frame.token for frame in hidden if b"signature_delta" in frame.data] == [3]


def test_call_begins_empty_and_its_json_comes_in_fragments() -> None:
    pieces = ('{"', "city", '":"', "Paris", '"', ",", '"x":', "1", "}")
    made = frames(Choice(("a",), FinishReason.TOOL_CALLS, (), (Call("toolu_01a", "weather", pieces),)))
    fragments = [said["delta"]["partial_json"] for said in (data_of(frame.data) for frame in made) if "delta" in said
                 and said["delta"].get("type") == "input_json_delta"]  # fmt: skip
    assert fragments[0] == ""
    assert "".join(fragments) == "".join(pieces)
    assert len(fragments) > 2


def test_padding_follows_from_the_identity_of_the_turn() -> None:
    parsed = asked(stream=True)
    once, again = (list(MESSAGES.frames(planned(WORDS), parsed)) for _ in range(2))
    assert once == again
    other = list(MESSAGES.frames(planned(WORDS, unique=bytes(31) + b"x"), parsed))
    assert [len(frame.data) for frame in other] != [len(frame.data) for frame in once]
    blanks = {len(frame.data) - len(frame.data.replace(b" }\n\n", b"}\n\n")) for frame in once}
    assert blanks == {0, 1}


@pytest.mark.parametrize("at", [0, 1, -3, -2, -1])
def test_stream_that_lacks_an_event_is_none(at: int) -> None:
    made = [frame.data for frame in frames(attrs.evolve(WORDS, pieces=WORDS.pieces[:3]))]
    del made[at]
    with pytest.raises(BrokenStreamError):
        read(made)
