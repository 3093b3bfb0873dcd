"""What a client says over a WebSocket is a request's body, and what it is told are a stream's events."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmsim.errors import ClientError
from llmsim.wire.dialects import RESPONSES
from llmsim.wire.openai.responses.socket import Create, Steer, busy, frames, in_lane, not_steered, over, read, refusal
from llmsim.wire.openai.responses.stream import events
from tests.wire.plans import plan_of

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def message(**keys: Any) -> bytes:  # noqa: ANN401
    return orjson.dumps({"type": "response.create", "model": "m", "input": "Hello", **keys})


def test_message_is_a_streamed_request_without_what_is_the_sockets() -> None:
    found = read(message(stream_id="a", background=False, stream=False, store=False))
    assert isinstance(found, Create)
    assert found.lane == "a"
    assert orjson.loads(found.body) == {"model": "m", "input": "Hello", "store": False, "stream": True}


def test_steering_is_read() -> None:
    data = b'{"type":"response.steer","input":[{"a":1}],"previous_response_id":"resp_1"}'
    assert read(data) == Steer([{"a": 1}], "resp_1")


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"\xff", "invalid_json"),
        (b"3", "invalid_json"),
        (b"{}", "missing_required_parameter"),
        (b'{"type":null}', "invalid_type"),
        (b'{"type":"nothing"}', "invalid_value"),
        (message(background=True), "unsupported_parameter"),
        (message(stream_id={}), "invalid_type"),
        (b'{"type":"response.steer","previous_response_id":1}', "invalid_type"),
        (b'{"type":"response.create","input":' + b"[" * 300 + b"]" * 300 + b"}", "invalid_json"),
    ],
)
def test_message_that_is_none_is_told_what_is_wrong(data: bytes, code: str) -> None:
    with pytest.raises(ClientError) as said:
        read(data)
    assert said.value.code == code


@given(st.dictionaries(st.sampled_from(["type", "stream_id", "input", "background", "x"]), JSON))
def test_any_message_is_read_or_a_client_error(keys: dict[str, Any]) -> None:
    for keys_of in (keys, {**keys, "type": "response.create"}, {**keys, "type": "response.steer"}):
        try:
            data = orjson.dumps(keys_of)
        except orjson.JSONEncodeError:
            continue
        try:
            assert isinstance(read(data), Create | Steer)
        except ClientError:
            continue


@pytest.mark.parametrize("lane", [None, "a", 'quo"te'])
def test_frames_are_the_events_of_the_stream_each_in_its_lane(lane: str | None) -> None:
    plan = plan_of(["One", " two"])
    asked = RESPONSES.parse(b'{"model":"m","input":"Hello","stream":true}', {})
    made, known = list(frames(plan, asked, lane)), list(events(plan, asked))
    assert [frame.token for frame in made] == [event.token for event in known]
    assert [frame.sealed for frame in made] == [False] * (len(made) - 1) + [True]
    named = {} if lane is None else {"stream_id": lane}
    for frame, event in zip(made, known, strict=True):
        assert frame.data.count(b"\n") == 1
        assert orjson.loads(frame.data) == orjson.loads(event.data) | named


def test_refusals_have_the_form_of_the_sockets() -> None:
    told = orjson.loads(refusal(ClientError("No.", status=404, param="p", code="c"), "a"))
    error = {"type": "invalid_request_error", "code": "c", "message": "No.", "param": "p"}
    assert told == {"type": "error", "status": 404, "error": error, "stream_id": "a"}
    assert busy().code == "response_in_progress"
    assert "(60 minutes)" in over(3600).message
    failed = orjson.loads(not_steered(Steer("x", "resp_1"), 3))
    assert (failed["sequence_number"], failed["steer"]["input"]) == (3, "x")
    assert in_lane(b'{"a":1}', None) == b'{"a":1}'
