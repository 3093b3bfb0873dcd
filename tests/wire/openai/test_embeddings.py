"""Embeddings: any bytes are understood or refused; both forms of a vector say the same."""

import base64
import math
import struct
from contextlib import suppress

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmsim.errors import ClientError, UnknownModel
from llmsim.simulation.embedding import MODELS, embed
from llmsim.wire.openai.embeddings import BAD_INPUT, Embeddings, check_tokens, datum, parse, whole
from tests.schemas import answer_faults
from tests.wire.plans import JSON_VALUES

SMALL = MODELS["text-embedding-3-small"]


def asked(**changes: object) -> Embeddings:
    body = {"model": "text-embedding-3-small", "input": "hello", **changes}
    return parse(orjson.dumps({key: value for key, value in body.items() if value is not ...}))


def test_request_is_understood() -> None:
    assert asked() == Embeddings(SMALL, ("hello",))
    assert asked(input=["a", "b"], encoding_format="base64", user="u").inputs == ("a", "b")
    assert asked(input=[1, 2]).inputs == ([1, 2],)
    assert asked(input=[[1], [2, 3]], dimensions=7) == Embeddings(SMALL, ([1], [2, 3]), 7)
    assert parse(b'{"model":"text-embedding-3-small","input":"a","zzz":1}', lenient=True).inputs == ("a",)


@pytest.mark.parametrize("wrong", [
    "", [], [""], ["a", ""], ["a", 1], [1, "a"], [[]], [[1], "a"], [-1], [1.5], [True], {}, 5, None, ..., ["a"] * 2049,
    [[1]] * 2049, [2**31],
])  # fmt: skip
def test_input_that_is_none_is_refused_in_one_sentence(wrong: object) -> None:
    with pytest.raises(ClientError) as refused:
        asked(input=wrong)
    assert refused.value.message == BAD_INPUT


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model": ...}, "you must provide a model parameter"),
        ({"model": 5}, "Invalid type for 'model': expected a string, but got an integer instead."),
        ({"model": "x"}, "The model `x` does not exist or you do not have access to it."),
        ({"dimension": 5}, "Unknown parameter: 'dimension'. Did you mean 'dimensions'?"),
        ({"dimensions": 1537}, "Invalid value for 'dimensions' = 1537. Must be less than or equal to 1536."),
        (
            {"dimensions": 0},
            "Invalid 'dimensions': integer below minimum value. Expected a value >= 1, but got 0 instead.",
        ),
        (
            {"dimensions": 5, "model": "text-embedding-ada-002"},
            "This model does not support specifying dimensions.",
        ),
        ({"encoding_format": "hex"}, "Invalid value: 'hex'. Supported values are: 'float' and 'base64'."),
    ],
)
def test_fault_is_told_as_the_live_api_does(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ClientError) as refused:
        asked(**changes)
    assert refused.value.message == message


def test_unknown_model_is_told_as_one() -> None:
    with pytest.raises(UnknownModel) as refused:
        asked(model="nobody")
    assert (refused.value.status, refused.value.code) == (404, "model_not_found")


def test_too_many_tokens_are_refused() -> None:
    check_tokens(asked(), [8192])
    with pytest.raises(ClientError, match=r"maximum context length is 8192 tokens, however you requested 8193 tokens"):
        check_tokens(asked(), [1, 8193])
    check_tokens(asked(), [3000] * 100)
    with pytest.raises(ClientError) as refused:
        check_tokens(asked(), [3000] * 100 + [1])
    assert refused.value.message == "Requested 300001 tokens, max 300000 tokens per request"
    assert refused.value.kind == refused.value.code == "max_tokens_per_request"


def test_body_is_in_recorded_form_and_both_forms_say_the_same() -> None:
    vector = embed(SMALL, "hello")
    numbers = orjson.loads(whole(asked(), [datum(0, vector, as_base64=False)], 1))
    assert answer_faults("POST", "/embeddings", numbers) == []
    assert list(numbers) == ["object", "data", "model", "usage"]
    assert numbers["usage"] == {"prompt_tokens": 1, "total_tokens": 1}
    packed = orjson.loads(whole(asked(), [datum(0, vector, as_base64=True), datum(1, vector, as_base64=True)], 2))
    assert [one["index"] for one in packed["data"]] == [0, 1]
    floats = struct.unpack("<1536f", base64.b64decode(packed["data"][0]["embedding"]))
    assert floats == pytest.approx(numbers["data"][0]["embedding"], abs=2e-8)
    assert math.hypot(*floats) == pytest.approx(1, abs=1e-6)
    assert orjson.loads(whole(asked(model="text-embedding-ada-002"), [], 0))["model"] == "text-embedding-ada-002-v2"


@given(st.binary())
def test_any_bytes_are_refused(body: bytes) -> None:
    with pytest.raises(ClientError):
        parse(body)


@given(
    st.fixed_dictionaries(
        {"model": st.just("text-embedding-3-small") | JSON_VALUES},
        optional={
            "input": JSON_VALUES | st.lists(st.lists(st.integers(0, 9))),
            "dimensions": JSON_VALUES,
            "encoding_format": JSON_VALUES,
        },
    )
)
def test_any_object_is_refused_or_understood(body: dict[str, object]) -> None:
    with suppress(ClientError):
        assert parse(orjson.dumps(body)).inputs
