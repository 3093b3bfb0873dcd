"""Every stream of every plan is one that the state machine, OpenAI's description and OpenAI's own client accept."""

from collections.abc import Sequence
from typing import Any

import httpx2
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai import OpenAI

from llmsim.simulation.plan import Plan
from llmsim.turn import FinishReason
from llmsim.wire import sse
from llmsim.wire.base import Parsed
from llmsim.wire.openai.responses.stream import error_event, events
from llmsim.wire.openai.responses.wire import OpenAIResponses
from tests.schemas import event_faults
from tests.wire.openai.requests import SHELL, WEATHER, WIRE, asked, body_of, event, planned
from tests.wire.openai.response_streams import BrokenStreamError, Heard, read
from tests.wire.plans import PIECES

TOOLS = [WEATHER, SHELL]
CALLS = {"get_weather": ['{"city":', ' "Oslo"}'], "sh": ["ls", " -l"]}
ENCRYPTED = ["reasoning.encrypted_content"]
PLANS = {
    "stop": planned([" Hello", "", ", é"]),
    "nothing": planned([]),
    "length": planned([" Hel"], finish=FinishReason.LENGTH),
    "length in thought": planned([], reasoning=["Hm", "."], finish=FinishReason.LENGTH),
    "length in a call": planned(["a"], calls={"get_weather": ['{"ci']}, finish=FinishReason.LENGTH),
    "thought": planned(["Yes."], reasoning=["First", " this.", " Then", " that."]),
    "tool calls": planned([], calls=CALLS),
    "call without arguments": planned([], calls={"sh": []}),
    "text and tool calls": planned(["I will look."], reasoning=["Hm."], calls=CALLS),
    "refusal": planned(["I", " will", " not."], refused=True),
}
ASKS: dict[str, dict[str, Any]] = {
    "plain": {},
    "summary": {"reasoning": {"summary": "auto"}, "include": ENCRYPTED},
    "concise": {"reasoning": {"summary": "concise"}},
    "bare": {"stream_options": {"include_obfuscation": False}},
    "background": {"background": True},
    "conversation": {"conversation": "conv_1"},
    "logprobs": {"include": ["message.output_text.logprobs"], "top_logprobs": 2},
}


def told(plan: Plan, parsed: Parsed) -> list[dict[str, Any]]:
    return [event(frame.data) for frame in WIRE.frames(plan, parsed)]


def request(ask: str = "plain") -> Parsed:
    return asked(stream=True, tools=TOOLS, **ASKS[ask])


@pytest.mark.parametrize("ask", ASKS)
@pytest.mark.parametrize("name", PLANS)
def test_every_stream_is_accepted_by_the_state_machine_and_the_description(name: str, ask: str) -> None:
    plan, parsed = PLANS[name], request(ask)
    said = told(plan, parsed)
    heard = read(said)
    assert heard.numbers == list(range(len(said)))
    assert {kind: faults for one in said if (faults := event_faults(one)) for kind in [one["type"]]} == {}
    whole = orjson.loads(WIRE.whole(plan, asked(tools=TOOLS, **ASKS[ask] | {"background": False})))
    assert heard.response["output"] == whole["output"]
    assert heard.response["status"] == ("incomplete" if "length" in name else "completed")


@given(PIECES, PIECES, st.lists(PIECES, max_size=2), st.booleans(), st.sampled_from(list(ASKS)))
def test_stream_of_any_plan_is_accepted(
    text: list[str], thought: list[str], calls: list[list[str]], refused: bool, ask: str
) -> None:
    names = ["get_weather", "sh"][: len(calls)]
    plan = planned(text, reasoning=thought, calls=dict(zip(names, calls, strict=True)), refused=refused)
    heard = read(told(plan, request(ask)))
    assert "".join(text) in texts(heard)


def texts(heard: Heard) -> list[str]:
    parts = [part for item in heard.items if item["type"] == "message" for part in item["content"]]
    return [part.get("text", part.get("refusal")) for part in parts] or [""]


@pytest.mark.parametrize("name", PLANS)
def test_cut_or_failed_stream_is_accepted_wherever_it_ends(name: str) -> None:
    said = told(PLANS[name], request("summary"))
    for length in range(len(said)):
        assert read(said[:length], cut=True).state != "ended"
        with pytest.raises(BrokenStreamError, match="cut off"):
            read(said[:length])
        failure = orjson.loads(error_event(length, message="Sorry.", code="server_error").data)
        assert event_faults(failure) == []
        assert read([*said[:length], failure]).error == failure


@pytest.mark.parametrize("name", PLANS)
def test_state_machine_misses_every_event(name: str) -> None:
    said = told(PLANS[name], request("summary"))
    for at in range(len(said)):
        with pytest.raises(BrokenStreamError):
            read(said[:at] + said[at + 1 :])
        with pytest.raises(BrokenStreamError):
            read([*said[: at + 1], *said[at:]])


@pytest.mark.parametrize("ask", ["plain", "background"])
def test_stream_goes_on_after_any_event_with_the_same_bytes(ask: str) -> None:
    plan, parsed = PLANS["text and tool calls"], request(ask)
    frames = list(WIRE.frames(plan, parsed))
    for after in range(-1, len(frames)):
        assert list(WIRE.resumed(plan, parsed, after)) == frames[after + 1 :]


@pytest.mark.parametrize("ask", ASKS)
@pytest.mark.parametrize("name", PLANS)
def test_tokens_of_frames_never_decrease_and_the_last_alone_is_sealed(name: str, ask: str) -> None:
    plan = PLANS[name]
    frames = list(WIRE.frames(plan, request(ask)))
    tokens = [frame.token for frame in frames]
    assert tokens == sorted(tokens)
    assert tokens[-1] == max(plan.choices[0].tokens, 1)
    assert [frame.sealed for frame in frames] == [False] * (len(frames) - 1) + [True]


def test_piece_leaves_with_its_token() -> None:
    plan = PLANS["text and tool calls"]
    deltas = [(one.token, orjson.loads(one.data)["delta"]) for one in events(plan, request("summary"))
              if one.type.endswith(".delta")]  # fmt: skip
    pieces = ["Hm.", "I will look.", *CALLS["get_weather"], *CALLS["sh"]]
    assert deltas == list(enumerate(pieces, 1))


def test_item_begins_with_its_first_token() -> None:
    plan = PLANS["text and tool calls"]
    begun = [one.token for one in events(plan, request()) if one.type == "response.output_item.added"]
    assert begun == [1, 2, 3, 5]


def test_deltas_are_padded_to_a_multiple_of_16_characters_unless_it_is_not_wanted() -> None:
    plan = PLANS["text and tool calls"]
    deltas = [one for one in told(plan, request("summary")) if one["type"].endswith(".delta")]
    assert {(len(one["delta"]) + len(one["obfuscation"])) % 16 for one in deltas} == {0}
    assert len({one["obfuscation"] for one in deltas}) > 3
    for ask in ("bare", "background"):
        assert not any("obfuscation" in one for one in told(plan, request(ask)))


def test_probabilities_come_with_their_pieces() -> None:
    said = told(PLANS["stop"], request("logprobs"))
    deltas = [one for one in said if one["type"] == "response.output_text.delta"]
    assert [[token["token"] for token in one["logprobs"]] for one in deltas] == [[" Hello"], [", é"]]
    [whole] = [one["logprobs"] for one in said if one["type"] == "response.output_text.done"]
    assert [token["token"] for token in whole] == [" Hello", "", ", é"]


def test_background_stream_is_queued_first() -> None:
    said = told(PLANS["stop"], request("background"))
    assert [one["type"] for one in said[:3]] == ["response.created", "response.queued", "response.in_progress"]
    assert [one["response"]["status"] for one in said[:3]] == ["queued", "queued", "in_progress"]
    assert [one["response"]["service_tier"] for one in said[:3]] == ["auto"] * 3


def test_done_is_sent_where_it_is_wanted() -> None:
    wire = OpenAIResponses(done=True)
    *frames, last = wire.frames(PLANS["stop"], request())
    assert frames == list(WIRE.frames(PLANS["stop"], request()))
    assert (last.data, last.sealed, last.token) == (sse.DONE, True, frames[-1].token)


def sdk_events(frames: Sequence[bytes], **changes: Any) -> tuple[list[Any], Any]:  # noqa: ANN401
    """What OpenAI's own client makes of a stream: its events, and the response that it puts together."""
    body = b"".join(frames)
    transport = httpx2.MockTransport(
        lambda _request: httpx2.Response(200, headers={"content-type": sse.CONTENT_TYPE}, content=body)
    )
    client = OpenAI(api_key="k", base_url="http://x/v1", http_client=httpx2.Client(transport=transport),
                    _strict_response_validation=True)  # fmt: skip
    with client.responses.stream(**(orjson.loads(body_of()) | changes)) as stream:
        return list(stream), stream


@pytest.mark.parametrize("ask", ["plain", "summary"])
@pytest.mark.parametrize("name", PLANS)
def test_official_client_accepts_the_stream(name: str, ask: str) -> None:
    plan, parsed = PLANS[name], request(ask)
    frames = [frame.data for frame in WIRE.frames(plan, parsed)]
    heard, stream = sdk_events(frames)
    assert len(heard) == len(frames)
    if "length" not in name:
        final = stream.get_final_response()
        assert final.output_text == ("" if name == "refusal" else plan.choices[0].text)
        calls = [item for item in final.output if item.type in ("function_call", "custom_tool_call")]
        assert [call.call_id for call in calls] == [call.id for call in plan.choices[0].calls]
