"""Legacy completions: any bytes are understood or refused; what is understood is answered in recorded form."""

from contextlib import suppress
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmsim.errors import ClientError, ContextOverflow
from llmsim.simulation.plan import Plan
from llmsim.turn import Message, Role
from llmsim.wire.base import Parsed
from llmsim.wire.dialects import COMPLETIONS
from llmsim.wire.ids import owner_of
from tests.schemas import answer_faults
from tests.wire.plans import JSON_VALUES, plan_of


def body_of(**changes: object) -> bytes:
    body = {"model": "gpt-3.5-turbo-instruct", "prompt": "What is a tree?", **changes}
    return orjson.dumps({key: value for key, value in body.items() if value is not ...})


def asked(**changes: object) -> Parsed:
    return COMPLETIONS.parse(body_of(**changes), {})


def whole(plan: Plan, **changes: object) -> dict[str, Any]:
    body: dict[str, Any] = orjson.loads(COMPLETIONS.whole(plan, asked(**changes)))
    if not changes.get("echo"):
        assert answer_faults("POST", "/completions", body) == []
    return body


def chunks(plan: Plan, **changes: object) -> list[dict[str, Any]]:
    frames = list(COMPLETIONS.frames(plan, asked(stream=True, **changes)))
    assert [frame.token for frame in frames] == sorted(frame.token for frame in frames)
    assert frames[-1].data == b"data: [DONE]\n\n"
    assert frames[-1].sealed
    return [orjson.loads(frame.data.removeprefix(b"data: ")) for frame in frames[:-1]]


@given(st.binary())
def test_any_bytes_are_refused(body: bytes) -> None:
    with pytest.raises(ClientError):
        COMPLETIONS.parse(body, {})


EMPTY = "Expected an array with minimum length 1, but got an empty array instead."
REQUESTS = st.fixed_dictionaries(
    {"model": st.just("m") | JSON_VALUES},
    optional={
        "prompt": JSON_VALUES | st.lists(st.text()) | st.lists(st.lists(st.integers(0, 9))),
        **{
            key: JSON_VALUES | st.integers(0, 5) | st.booleans()
            for key in ("n", "best_of", "logprobs", "echo", "stop", "max_tokens", "stream", "stream_options", "x")
        },
    },
)


@given(REQUESTS)
def test_any_object_is_refused_or_understood_and_can_be_stored(body: dict[str, object]) -> None:
    with suppress(ClientError):
        parsed = COMPLETIONS.parse(orjson.dumps(body), {})
        params = orjson.loads(orjson.dumps(parsed.params))
        assert COMPLETIONS.restore(params, parsed.request.messages, parsed.request.digest) == parsed
        assert len(parsed.request.messages) == parsed.request.prompts


def test_request_is_understood_with_its_defaults() -> None:
    request = asked().request
    assert request.messages == (Message(Role.USER, "What is a tree?"),)
    assert (request.prompts, request.n, request.max_tokens, request.stop) == (1, 1, 16, ())
    assert asked(prompt=...).request.messages == (Message(Role.USER, ""),)
    assert asked(max_tokens=0).request.max_tokens == 0


def test_prompts_are_messages_and_ids_are_words() -> None:
    assert asked(prompt=["a", "b"]).request.messages == (Message(Role.USER, "a"), Message(Role.USER, "b"))
    assert asked(prompt=[5, 6]).request.messages == asked(prompt=[[5, 6]]).request.messages
    ids = asked(prompt=[[1, 2, 3], [4]]).request
    assert ids.prompts == 2
    assert [len(message.content.split()) for message in ids.messages] == [3, 1]


def test_digest_tells_requests_apart_by_more_than_the_prompt() -> None:
    same = asked().request.digest
    assert asked(prompt="another").request.digest == same
    assert asked(stream=True).request.digest == same
    assert len({same, asked(n=2).request.digest, asked(echo=True).request.digest, asked(seed=1).request.digest}) == 4


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model": ...}, "you must provide a model parameter"),
        ({"model": 5}, "Invalid type for 'model': expected a string, but got an integer instead."),
        ({"maxtokens": 5}, "Unknown parameter: 'maxtokens'. Did you mean 'max_tokens'?"),
        ({"logprobs": 6}, "Invalid 'logprobs': integer above maximum value. Expected a value <= 5, but got 6 instead."),
        ({"max_tokens": -1}, ("Invalid 'max_tokens': integer below minimum value. Expected a value >= 0, but got "
            "-1 instead.")),
        ({"prompt": []}, f"Invalid 'prompt': empty array. {EMPTY}"),
        ({"prompt": [[]]}, f"Invalid 'prompt[0]': empty array. {EMPTY}"),
        ({"prompt": ["a", 1]}, "Invalid type for 'prompt[1]': expected a string, but got an integer instead."),
        ({"prompt": [[1], ["a"]]}, "Invalid type for 'prompt[1][0]': expected an integer, but got a string instead."),
        ({"prompt": [None]}, "Invalid type for 'prompt[0]': expected a string, but got null instead."),
        ({"prompt": {}}, ("Invalid type for 'prompt': expected one of a string or array of strings, integers, or "
            "integer arrays, but got an object instead.")),
        ({"stream_options": {"include_usage": True}},
            "The 'stream_options' parameter is only allowed when 'stream' is enabled."),
        ({"n": 3, "best_of": 2}, ("You requested that the server return more choices than it will generate (HINT: You "
            "must set 'n' (currently 3) to be at most 'best_of' (currently 2), or omit either parameter if you don't "
            "specifically want to use them.)")),
        ({"best_of": 2, "stream": True}, "The 'best_of' parameter cannot be above 'n' when 'stream' is enabled."),
        ({"prompt": ["a"] * 65, "n": 2}, ("Invalid 'prompt': 130 completions were requested (prompts times 'n' or "
            "'best_of'), but at most 128 are made.")),
        ({"stop": ["a"] * 5}, ("Invalid 'stop': array too long. Expected an array with maximum length 4, but got an "
            "array with length 5 instead.")),
    ],
)  # fmt: skip
def test_fault_is_told_as_the_live_api_does(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ClientError) as refused:
        asked(**changes)
    assert refused.value.message == message


def test_body_is_in_recorded_form() -> None:
    plan = plan_of(["Caf", "é"], model="gpt-3.5-turbo-instruct")
    body = whole(plan)
    assert orjson.dumps(body) == (
        b'{"id":"%b","object":"text_completion","created":1767225600,"model":"gpt-3.5-turbo-instruct",'
        b'"choices":[{"text":"Caf\xc3\xa9","index":0,"logprobs":null,"finish_reason":"stop"}],'
        b'"usage":{"prompt_tokens":2000,"completion_tokens":2,"total_tokens":2002}}' % body["id"].encode()
    )
    assert body["id"].startswith("cmpl-")
    assert owner_of(body["id"]) == plan.pod.ordinal


def test_stream_says_what_the_body_says() -> None:
    plan = plan_of(["A", " b"], [" c"], [])
    prompts = ["p", "q", "r"]
    said = [chunk["choices"][0] for chunk in chunks(plan, prompt=prompts, echo=True, logprobs=2)]
    for choice in whole(plan, prompt=prompts, echo=True, logprobs=2)["choices"]:
        own = [one for one in said if one["index"] == choice["index"]]
        assert "".join(one["text"] for one in own) == choice["text"]
        assert [one["finish_reason"] for one in own if one["finish_reason"]] == ["stop"]
        for key in ("tokens", "token_logprobs", "top_logprobs", "text_offset"):
            assert sum([one["logprobs"][key] for one in own if one["logprobs"]], []) == choice["logprobs"][key]  # noqa: RUF017


def test_stream_counts_where_that_was_asked_for() -> None:
    plan = plan_of(["a"])
    assert all("usage" not in chunk for chunk in chunks(plan))
    *before, last = chunks(plan, stream_options={"include_usage": True})
    assert [chunk["usage"] for chunk in before] == [None, None]
    assert (last["choices"], last["usage"]["total_tokens"]) == ([], 2001)


def test_logprobs_stand_at_their_tokens() -> None:
    plan = plan_of(["The", " sea", "."])
    told = whole(plan, logprobs=3)["choices"][0]["logprobs"]
    assert told["tokens"] == ["The", " sea", "."]
    assert told["text_offset"] == [0, 3, 7]
    for token, logprob, top in zip(told["tokens"], told["token_logprobs"], told["top_logprobs"], strict=True):
        assert top[token] == logprob
        assert 3 <= len(top) <= 4
    assert whole(plan, logprobs=0)["choices"][0]["logprobs"]["top_logprobs"][0] == {"The": told["token_logprobs"][0]}
    echoed = whole(plan, logprobs=3, echo=True)["choices"][0]["logprobs"]
    assert echoed["tokens"][-3:] == told["tokens"]
    assert echoed["token_logprobs"][-3:] == told["token_logprobs"]
    assert (echoed["token_logprobs"][0], echoed["top_logprobs"][0]) == (None, None)
    assert echoed["text_offset"][-3:] == [15, 18, 22]


def test_best_of_gives_the_likeliest_of_those_that_were_made() -> None:
    plan = plan_of(*([f"choice {number}"] for number in range(6)))
    body = whole(plan, prompt=["p", "q"], n=1, best_of=3)
    assert [choice["index"] for choice in body["choices"]] == [0, 1]
    assert body["usage"]["completion_tokens"] == 6
    everything = whole(plan, prompt=["p", "q"], n=3, logprobs=0)["choices"]
    for choice, first in zip(body["choices"], (0, 3), strict=True):
        likeliest = max(everything[first : first + 3], key=lambda one: one["logprobs"]["token_logprobs"][0])
        assert choice["text"] == likeliest["text"]


def test_overflow_is_told_as_the_live_api_does() -> None:
    refusal = COMPLETIONS.refuse(ContextOverflow(4090, 4096, 16), bytes(16))
    assert refusal.status == 400
    assert orjson.loads(refusal.body)["error"] == {
        "message": "This model's maximum context length is 4096 tokens, however you requested 4106 tokens (4090 in "
        "your prompt; 16 for the completion). Please reduce your prompt; or completion length.",
        "type": "invalid_request_error",
        "param": None,
        "code": None,
    }


def test_headers_name_the_model() -> None:
    assert ("openai-model", "m") in COMPLETIONS.headers(plan_of(["a"], model="m"), asked())
