"""Embeddings over HTTP: the same vectors for everybody, errors in OpenAI's words, and turns for others in between."""

import threading
from pathlib import Path
from typing import Any

import orjson
import pytest
import trio

from llmsim.serving.embeddings import LONG, Turns, made
from llmsim.simulation.embedding import MODELS
from llmsim.wire.openai.embeddings import Embeddings
from tests.pods import PodUnderTest, pod

SMALL = "text-embedding-3-small"


async def ask(under: PodUnderTest, **changes: Any) -> tuple[int, Any, Any]:  # noqa: ANN401  (any field)
    body = orjson.dumps({"model": SMALL, "input": "hello", **changes})
    exchange = await under.client.exchange("POST", "/v1/embeddings", {}, body)
    return exchange.status, orjson.loads(exchange.body), exchange.headers


@pytest.mark.usefixtures("each_way")
async def test_vectors_are_answered_and_counted(tmp_path: Path) -> None:
    async with pod(tmp_path) as under:
        status, body, headers = await ask(under, input=["hello world", "hello"], dimensions=8)
        assert status == 200
        assert [len(one["embedding"]) for one in body["data"]] == [8, 8]
        assert body["usage"] == {"prompt_tokens": 3, "total_tokens": 3}
        assert headers["openai-model"] == SMALL
        assert headers["x-request-id"].startswith("req_")
        assert (await ask(under, input=["hello world", "hello"], dimensions=8))[1] == body
        assert (await ask(under, input=[1, 2, 3]))[1]["usage"]["prompt_tokens"] == 3


@pytest.mark.usefixtures("each_way")
async def test_errors_are_openais(tmp_path: Path) -> None:
    async with pod(tmp_path) as under:
        assert (await ask(under, model="nobody"))[1]["error"]["code"] == "model_not_found"
        assert (await ask(under, model="nobody"))[0] == 404
        status, body, _ = await ask(under, model="gpt-4o")
        assert (status, body["error"]["message"]) == (403, "You are not allowed to generate embeddings from this model")
        assert (await ask(under, input=""))[0] == 400
        status, body, _ = await ask(under, input=" a" * 8193)
        assert (status, "however you requested 8193 tokens" in body["error"]["message"]) == (400, True)


async def test_others_have_their_turn_while_many_vectors_are_made(tmp_path: Path) -> None:
    """Between two turns of another task no more than a few inputs are read; long ones are read in a thread."""
    counted = 0

    async def count() -> None:
        nonlocal counted
        while True:
            await trio.lowlevel.checkpoint()
            counted += 1

    async with pod(tmp_path) as under, trio.open_nursery() as nursery:
        nursery.start_soon(count)
        texts = tuple(f"{number} " * 200 for number in range(300))
        with trio.fail_after(60):
            data, _ = await made(under.service, Embeddings(MODELS[SMALL], (*texts, [1] * 8000)))
        nursery.cancel_scope.cancel()
    assert len(data) == 301
    assert counted >= 5


async def test_long_input_is_read_in_a_thread() -> None:
    turns = Turns()
    here = threading.get_ident()
    assert await turns.do("x" * (LONG + 1), threading.get_ident) != here
    assert await turns.do("x", threading.get_ident) == here
