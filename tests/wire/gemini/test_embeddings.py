"""Contents are embedded one by one or several at once; what a model does not take is refused, or left out."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmsim.errors import ClientError, UnknownModel
from llmsim.simulation.embedding import embed
from llmsim.wire.gemini.embeddings import (
    CHARS_OF_A_TOKEN,
    MODELS,
    Embedding,
    answer_batch,
    answer_one,
    model_of,
    parse_batch,
    parse_one,
    shown,
)
from tests.wire.plans import JSON_VALUES

MODEL = MODELS["gemini-embedding-001"]
NAME = f"models/{MODEL.id}"


def content(*texts: str) -> dict[str, Any]:
    return {"content": {"parts": [{"text": text} for text in texts]}}


def one(**body: object) -> Embedding:
    return parse_one(orjson.dumps(body), MODEL)


def batch(*requests: dict[str, Any]) -> list[Embedding]:
    return parse_batch(orjson.dumps({"requests": list(requests)}), MODEL)


def test_a_content_is_its_texts() -> None:
    assert one(**content("a", "b")) == Embedding("a\nb", None)
    assert one(**content("a"), output_dimensionality=5, taskType="CLUSTERING", title="t") == Embedding("a", 5)


def test_what_is_beyond_a_model_is_left_out() -> None:
    assert len(one(**content("a" * 100_000)).text) == MODEL.longest * CHARS_OF_A_TOKEN


def test_a_batch_is_several() -> None:
    requests = [{"model": NAME, **content(text)} for text in "ab"]
    assert batch(*requests) == [Embedding("a", None), Embedding("b", None)]


@pytest.mark.parametrize(
    ("requests", "told"),
    [
        ([], "* BatchEmbedContentsRequest.requests: requests is not specified\n"),
        ([{}] * 101, "* BatchEmbedContentsRequest.requests: at most 100 requests can be in one batch\n"),
        ([content("a")], "* BatchEmbedContentsRequest.requests[0].model: unexpected model name format\n"),
        ([{"model": NAME}], "* BatchEmbedContentsRequest.requests[0].content: content is not specified\n"),
    ],
)
def test_a_batch_that_is_none_is_refused(requests: list[dict[str, Any]], told: str) -> None:
    with pytest.raises(ClientError) as caught:
        batch(*requests)
    assert caught.value.message == told


def test_dimensions_beyond_the_model_s_are_refused() -> None:
    with pytest.raises(ClientError, match=r"must be in the range \[1, 3072\]"):
        one(**content("a"), outputDimensionality=3073)
    with pytest.raises(ClientError, match="content is not specified"):
        one()


def test_a_model_that_embeds_nothing_is_not_found() -> None:
    with pytest.raises(UnknownModel):
        model_of("gemini-2.5-flash")
    assert model_of(MODEL.id) is MODEL


def test_answers_have_the_values() -> None:
    vector = embed(MODEL, "a", 4)
    told = orjson.loads(answer_one(vector))
    assert told["embedding"]["values"] == pytest.approx(vector, abs=1e-8)
    assert orjson.loads(answer_batch([vector, vector])) == {"embeddings": [told["embedding"]] * 2}


def test_a_model_is_shown_with_what_it_does() -> None:
    assert shown(MODEL)["supportedGenerationMethods"] == ["embedContent", "batchEmbedContents"]


@given(JSON_VALUES | st.fixed_dictionaries({"content": JSON_VALUES, "outputDimensionality": JSON_VALUES}))
def test_any_values_are_a_request_or_the_callers_fault(value: object) -> None:
    for parse in (parse_one, parse_batch):
        try:
            found = parse(orjson.dumps(value), MODEL)
        except ClientError:
            continue
        assert found
