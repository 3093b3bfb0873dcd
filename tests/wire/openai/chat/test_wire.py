"""Any bytes are understood or refused; what is understood can be stored, restored and answered in recorded form."""

from contextlib import suppress

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types.chat import ChatCompletion

from llmsim.errors import ClientError
from llmsim.turn import FinishReason, Message, Role
from llmsim.wire.base import Parsed
from llmsim.wire.dialects import CHAT
from llmsim.wire.openai.chat.schema import KEYS
from tests.wire.plans import JSON_VALUES, PIECES, asked, body_of, plan_of

GOLDEN = b"""\
{"id":"chatcmpl-L5aDgcjwwDcMImkg7UHacy8q82Gh6","object":"chat.completion","created":1767225600,\
"model":"gpt-4o-mini-2024-07-18","choices":[{"index":0,"message":{"role":"assistant","content":"Caf\xc3\xa9\\n",\
"refusal":null,"annotations":[]},"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":2000,\
"completion_tokens":2,"total_tokens":2002,"prompt_tokens_details":{"cached_tokens":1920,"audio_tokens":0},\
"completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0,"accepted_prediction_tokens":0,\
"rejected_prediction_tokens":0}},"service_tier":"default","system_fingerprint":"fp_0123456789"}"""
MESSAGES = st.lists(
    st.fixed_dictionaries(
        {"role": st.sampled_from(["user", "assistant", "developer", "tool", "bogus"]) | JSON_VALUES},
        optional={
            "content": JSON_VALUES
            | st.lists(st.fixed_dictionaries({"type": st.sampled_from(["text", "file", "x"])}, optional={
                "text": JSON_VALUES, "file": JSON_VALUES})),
            "tool_calls": JSON_VALUES,
            "function_call": JSON_VALUES,
            "name": JSON_VALUES,
            "tool_call_id": JSON_VALUES,
        },
    )
)  # fmt: skip
REQUESTS = st.fixed_dictionaries(
    {"model": st.just("m") | JSON_VALUES, "messages": MESSAGES | JSON_VALUES},
    optional={key: JSON_VALUES | st.integers(1, 5) | st.booleans() for key in KEYS if key != "messages"},
)


@given(st.binary())
def test_any_bytes_are_refused_or_understood(body: bytes) -> None:
    with pytest.raises(ClientError):
        CHAT.parse(body, {})


@given(REQUESTS)
def test_any_object_is_refused_or_understood_and_can_be_stored(body: dict[str, object]) -> None:
    with suppress(ClientError):
        parsed = CHAT.parse(orjson.dumps(body), {})
        assert stored(parsed) == parsed


@given(st.binary(), st.data())
def test_any_cut_or_bent_request_is_refused_or_understood(noise: bytes, data: st.DataObject) -> None:
    body = body_of(stream=True, stop=["a"], metadata={"k": "v"})
    at = data.draw(st.integers(0, len(body)))
    with suppress(ClientError):
        CHAT.parse(body[:at] + noise + body[at + len(noise) :], {})


@pytest.mark.parametrize(
    ("key", "number", "message"),
    [
        ("seed", 2**63, "integer above maximum value. Expected a value <= 9223372036854775807, but got "),
        ("seed", 10**30 + 1, "integer above maximum value. Expected a value <= 9223372036854775807, but got "),
        ("max_tokens", 10**30 + 1, "integer above maximum value. Expected a value <= 9223372036854775807, but got "),
        ("n", -(10**30) - 1, "integer below minimum value. Expected a value >= 1, but got "),
    ],
)
def test_integer_beyond_64_bits_is_named_as_one(key: str, number: int, message: str) -> None:
    with pytest.raises(ClientError) as refused:
        CHAT.parse(b'{"%b":%d,' % (key.encode(), number) + body_of()[1:], {})
    assert refused.value.message == f"Invalid '{key}': {message}{number} instead."
    with pytest.raises(ClientError, match=r"expected a string, but got an integer instead\.$"):
        CHAT.parse(b'{"user":%d,' % 10**30 + body_of()[1:], {})
    with pytest.raises(ClientError, match=r"expected an integer, but got a decimal number instead\.$"):
        CHAT.parse(b'{"seed":12345678901234567890.5,' + body_of()[1:], {})


def test_request_that_is_too_deep_is_refused_not_failed() -> None:
    head = b'{"model":"m","messages":[{"role":"user","content":"a"}],"web_search_options":{"a":'
    deep = head + b"[" * 500 + b"]" * 500 + b"}}"
    with pytest.raises(ClientError, match="nested too deeply"):
        CHAT.parse(deep, {})


def stored(parsed: Parsed) -> Parsed:
    """A request after a stay in the store."""
    params = orjson.loads(orjson.dumps(parsed.params, option=orjson.OPT_SORT_KEYS))
    return CHAT.restore(params, parsed.request.messages, parsed.request.digest)


def test_request_is_understood_with_its_defaults() -> None:
    request = asked().request
    assert request.messages == (Message(Role.USER, "hi"),)
    assert (request.model, request.n, request.stop, request.max_tokens, request.seed) == (
        "gpt-4o-mini", 1, (), None, None,
    )  # fmt: skip
    assert (request.stream, request.include_usage) == (False, False)


def test_request_is_understood_with_all_it_says() -> None:
    parsed = asked(
        n=3, stop=["a", "b"], max_completion_tokens=7, seed=-5, stream=True, stream_options={"include_usage": True},
        metadata={"k": "v"}, service_tier="fast", user="ada",
    )  # fmt: skip
    request = parsed.request
    assert (request.n, request.stop, request.max_tokens, request.seed) == (3, ("a", "b"), 7, -5)
    assert (request.stream, request.include_usage) == (True, True)
    assert parsed.params["metadata"] == {"k": "v"}
    assert stored(parsed) == parsed
    assert asked(stop="end").request.stop == ("end",)
    assert asked(max_tokens=9).request.max_tokens == 9


def test_digest_stands_for_what_changes_the_answer_alone() -> None:
    def digest(**changes: object) -> bytes:
        return asked(**changes).request.digest

    same = digest()
    assert len(same) == 16
    assert digest(stream=True, stream_options={"include_usage": True}) == same
    assert digest(messages=[{"role": "user", "content": "another"}]) == same
    assert digest(seed=None, n=None) == same
    assert len({same, digest(seed=1), digest(n=2), digest(model="m"), digest(user="ada"), digest(verbosity="low")}) == 6
    assert CHAT.parse(b'{"n":2,"seed":1,' + body_of()[1:], {}).request.digest == digest(seed=1, n=2)


def test_whole_response_stays_what_it_was() -> None:
    assert CHAT.whole(plan_of(["Café", "\n"]), asked()) == GOLDEN


@given(st.lists(PIECES, min_size=1, max_size=4), st.sampled_from(FinishReason))
def test_whole_response_to_any_plan_is_a_completion_by_the_official_types(
    choices: list[list[str]], finish: FinishReason
) -> None:
    plan = plan_of(*choices, finish=finish)
    completion = ChatCompletion.model_validate_json(CHAT.whole(plan, asked()), strict=True)
    assert [choice.message.content for choice in completion.choices] == [choice.text for choice in plan.choices]
    assert [choice.index for choice in completion.choices] == list(range(len(choices)))
    assert {choice.finish_reason for choice in completion.choices} == {finish.value}
    assert completion.usage is not None
    assert completion.usage.total_tokens == plan.usage.total_tokens


@pytest.mark.parametrize(
    ("sent", "answered"),
    [(None, "default"), ("auto", "default"), ("default", "default"), ("flex", "flex"), ("scale", "scale"),
     ("priority", "priority"), ("fast", "priority")],
)  # fmt: skip
def test_service_tier_of_the_response_follows_from_the_request(sent: str | None, answered: str) -> None:
    parsed = asked(service_tier=sent)
    assert orjson.loads(CHAT.whole(plan_of(["a"]), parsed))["service_tier"] == answered
    first = next(CHAT.frames(plan_of(["a"]), parsed)).data
    assert b'"service_tier":"%s"' % answered.encode() in first


def test_headers_name_the_planned_time_and_the_request() -> None:
    plan = plan_of(["a", "b", "c"])
    assert CHAT.headers(plan, asked()) == (
        ("content-type", "application/json"),
        ("openai-organization", "org-llmsim"),
        ("openai-project", "proj_llmsim"),
        ("openai-version", "2020-10-01"),
        ("openai-processing-ms", "390"),
        ("x-request-id", "req_101112131415161718191a1b1c1d1e1f"),
    )
    streamed = dict(CHAT.headers(plan, asked(stream=True)))
    assert streamed["content-type"] == "text/event-stream; charset=utf-8"
    assert streamed["openai-processing-ms"] == "350"


def test_error_is_told_in_the_envelope() -> None:
    refusal = CHAT.refuse(ClientError("No.", status=418, param="p", code="c"), bytes(16))
    error = {"message": "No.", "type": "invalid_request_error", "param": "p", "code": "c"}
    assert orjson.loads(refusal.body) == {"error": error}
    assert refusal.status == 418
