"""Legacy completions through both doors: kept in sessions, gone on from, and drawn again from the store alone."""

from pathlib import Path
from typing import Any

import orjson
import pytest

from llmsim.replay.regenerate import regenerate
from llmsim.tokenizers import counter_named
from tests.pods import PodUnderTest, pod

pytestmark = pytest.mark.usefixtures("each_way")


async def complete(under: PodUnderTest, prompt: object, headers: dict[str, str] | None = None, **more: object) -> Any:  # noqa: ANN401
    body = orjson.dumps({"model": "gpt-3.5-turbo-instruct", "prompt": prompt, "max_tokens": 40, **more})
    exchange = await under.client.exchange("POST", "/v1/completions", headers or {}, body)
    assert exchange.status == 200, exchange.body
    return orjson.loads(exchange.body)


async def test_several_prompts_are_one_turn_that_can_be_drawn_again(tmp_path: Path) -> None:
    async with pod(tmp_path) as under:
        session = {"x-llmsim-session": "s"}
        made = await complete(
            under, ["What is a tree?", "What is a bush?"], session, n=2, best_of=3, logprobs=1, echo=True
        )
        assert len(made["choices"]) == 4
        [turn] = await under.turns("s")
        assert len(turn["replies"]) == 6
        again = await complete(
            under, ["What is a tree?", "What is a bush?"], session, n=2, best_of=3, logprobs=1, echo=True
        )
        assert again["choices"] == made["choices"]
        assert again["id"] != made["id"]
        result = regenerate(under.service.simulator.environment, counter_named)
        assert (result.turns, result.proven) == (2, True)


async def test_completion_goes_on_from_what_the_server_remembers(tmp_path: Path) -> None:
    async with pod(tmp_path) as under:
        headers = {"x-llmsim-session": "s", "x-llmsim-history": "server"}
        await complete(under, "Hello, my name is Ada.", headers)
        asked = await complete(under, ["What is my name?", "Who am I?"], headers, echo=True)
        for choice, prompt in zip(asked["choices"], ("What is my name?", "Who am I?"), strict=True):
            assert choice["text"].startswith(f"{prompt}Your name is Ada.")
        assert regenerate(under.service.simulator.environment, counter_named).proven


async def test_key_brings_the_same_completion_back(tmp_path: Path) -> None:
    async with pod(tmp_path) as under:
        key = {"idempotency-key": "k"}
        first = await complete(under, ["a", "b"], key, max_tokens=0)
        assert await complete(under, ["a", "b"], key, max_tokens=0) == first
        assert [choice["text"] for choice in first["choices"]] == ["", ""]


@pytest.mark.parametrize(
    ("model", "named"),
    [("a\r\nset-cookie: b", "a%0D%0Aset-cookie:%20b"), ("\u0100\u00fc", "%C4%80%C3%BC"), ("m" * 9_000, "m" * 256)],
)
async def test_model_that_no_header_can_name_is_named_encoded(tmp_path: Path, model: str, named: str) -> None:
    async with pod(tmp_path) as under:
        body = orjson.dumps({"model": model, "prompt": "Hello", "max_tokens": 1})
        told = await under.client.exchange("POST", "/v1/completions", {}, body)
        assert (told.status, told.headers["openai-model"]) == (200, named)
        assert orjson.loads(told.body)["model"] == model
        assert "set-cookie" not in told.headers
