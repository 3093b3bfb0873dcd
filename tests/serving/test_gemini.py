"""Gemini over HTTP: both ways of asking for text, whichever door, and what makes no turn."""

from pathlib import Path
from typing import Any

import orjson
import pytest

from llmsim.clock import Pace
from llmsim.replay.clients import Exchange
from llmsim.simulation.embedding import similarity
from tests.pods import PodUnderTest, pod

pytestmark = pytest.mark.usefixtures("each_way")
KEY = {"x-goog-api-key": "any"}
MODEL = "/v1beta/models/gemini-2.5-flash"
CONTENTS = [{"role": "user", "parts": [{"text": "Hello, my name is Ada."}]}]


async def ask(
    under: PodUnderTest,
    path: str,
    headers: dict[str, str] = KEY,
    **body: Any,  # noqa: ANN401  (any field)
) -> Exchange:
    return await under.client.exchange("POST", path, headers, orjson.dumps({"contents": CONTENTS, **body}))


async def get(under: PodUnderTest, path: str, headers: dict[str, str] = KEY) -> tuple[int, Any]:
    exchange = await under.client.exchange("GET", path, headers)
    return exchange.status, orjson.loads(exchange.body)


def text(answer: dict[str, Any]) -> str:
    said: str = answer["candidates"][0]["content"]["parts"][0]["text"]
    return said


async def test_text_is_the_same_whole_as_events_and_as_an_array(tmp_path: Path) -> None:
    async with pod(tmp_path, pace=Pace(None)) as under:
        whole = await ask(under, f"{MODEL}:generateContent")
        events = await ask(under, f"{MODEL}:streamGenerateContent?alt=sse")
        array = await ask(under, f"{MODEL}:streamGenerateContent")
        said = text(orjson.loads(whole.body))
        assert "Ada" in said
        streamed = [orjson.loads(event[len(b"data: ") :]) for event in events.body.split(b"\r\n\r\n") if event]
        assert "".join(map(text, streamed)) == said
        assert "".join(map(text, orjson.loads(array.body))) == said
        assert events.headers["content-type"] == "text/event-stream"
        assert array.headers["content-type"] == "application/json; charset=UTF-8"
        assert "x-request-id" not in whole.headers
        [session] = (await under.get("/llmsim/v1/sessions"))["data"]
        assert [turn["id"].rsplit("-", 1)[1] for turn in await under.turns(session["id"])] == ["0", "1", "2"]


async def test_a_conversation_goes_on_in_its_session(tmp_path: Path) -> None:
    async with pod(tmp_path, pace=Pace(None)) as under:
        first = orjson.loads((await ask(under, f"{MODEL}:generateContent")).body)
        contents = [*CONTENTS, first["candidates"][0]["content"], {"parts": [{"text": "What is my name?"}]}]
        second = await ask(under, f"{MODEL}:generateContent", contents=contents)
        assert second.headers["x-llmsim-turn"] == "2"
        assert "Ada" in text(orjson.loads(second.body))


async def test_either_version_and_an_escaped_path_are_served(tmp_path: Path) -> None:
    async with pod(tmp_path, pace=Pace(None)) as under:
        for path in (
            "/v1/models/gemini-2.5-flash:generateContent",
            "/v1beta/models/gemini%2D2.5-flash:generateContent",
        ):
            assert orjson.loads((await ask(under, path)).body)["modelVersion"] == "gemini-2.5-flash"


async def test_an_unknown_model_is_refused_where_models_are_strict(tmp_path: Path) -> None:
    async with pod(tmp_path, pace=Pace(None), strict_models=True) as under:
        refused = await ask(under, "/v1/models/nope:generateContent")
        error = orjson.loads(refused.body)["error"]
        assert (refused.status, error["status"]) == (404, "NOT_FOUND")
        assert error["message"].startswith(
            "models/nope is not found for API version v1, or is not supported for generateContent."
        )
        counted = orjson.loads((await ask(under, "/v1beta/models/nope:countTokens")).body)["error"]
        assert counted["message"].startswith(
            "models/nope is not found for API version v1beta, or is not supported for countTokens."
        )


async def test_who_says_not_who_asks_is_not_permitted(tmp_path: Path) -> None:
    async with pod(tmp_path, pace=Pace(None)) as under:
        for method in ("generateContent", "streamGenerateContent", "countTokens"):
            refused = await ask(under, f"{MODEL}:{method}", headers={})
            assert (refused.status, b"PERMISSION_DENIED" in refused.body) == (403, True)
        assert (await get(under, "/v1beta/models", {}))[0] == 403
        assert (await ask(under, f"{MODEL}:generateContent?key=k", headers={})).status == 200


async def test_tokens_are_counted_as_the_turn_counts_them(tmp_path: Path) -> None:
    async with pod(tmp_path, pace=Pace(None)) as under:
        asked: dict[str, Any] = {
            "systemInstruction": {"parts": [{"text": "Be brief."}]},
            "tools": [{"functionDeclarations": [{"name": "f"}]}],
        }
        turn = orjson.loads((await ask(under, f"{MODEL}:generateContent", **asked)).body)["usageMetadata"]
        whole = {"contents": CONTENTS, **asked}
        body = orjson.dumps({"generateContentRequest": whole})
        counted = orjson.loads((await under.client.exchange("POST", f"{MODEL}:countTokens", KEY, body)).body)
        assert counted == {"totalTokens": turn["promptTokenCount"], "promptTokensDetails": turn["promptTokensDetails"]}


async def test_models_are_those_of_google_under_both_versions(tmp_path: Path) -> None:
    async with pod(tmp_path, pace=Pace(None)) as under:
        status, listed = await get(under, "/v1beta/models")
        names = [model["name"] for model in listed["models"]]
        assert (status, names) == (200, sorted(names))
        assert "models/gemini-2.5-flash" in names
        assert await get(under, "/v1/models") == (200, listed)
        assert await get(under, "/v1/models?key=k", {}) == (200, listed)
        assert await get(under, f"/v1beta/{names[0]}") == (200, listed["models"][0])
        assert await get(under, f"/v1/{names[0]}") == (200, listed["models"][0])
        assert (await get(under, "/v1/models", {}))[1]["object"] == "list"
        assert "x-request-id" not in (await under.client.exchange("GET", "/v1/models", KEY)).headers


async def test_a_model_that_nobody_names_is_not_found_in_googles_words(tmp_path: Path) -> None:
    async with pod(tmp_path, pace=Pace(None)) as under:
        for version in ("v1beta", "v1"):
            status, body = await get(under, f"/{version}/models/nope")
            assert status == 404
            assert body["error"]["message"] == f"Model is not found: models/nope for api version {version}"


async def test_where_no_service_answers_googles_front_end_does(tmp_path: Path) -> None:
    async with pod(tmp_path, pace=Pace(None)) as under:
        for path in ("/v1beta/nowhere", f"{MODEL}:doesNotExist"):
            refused = await ask(under, path)
            assert (refused.status, refused.headers["content-type"]) == (404, "text/html; charset=UTF-8")
            assert b"That's all we know." in refused.body


async def test_contents_are_embedded_alone_and_in_batches_alike(tmp_path: Path) -> None:
    async with pod(tmp_path, pace=Pace(None)) as under:
        path = "/v1beta/models/gemini-embedding-001"
        texts = ("the cat sat", "a cat was sitting", "interest rates rise")
        contents = [{"parts": [{"text": text}]} for text in texts]
        alone = []
        for content in contents:
            body = orjson.dumps({"content": content})
            exchange = await under.client.exchange("POST", f"{path}:embedContent", KEY, body)
            alone.append(orjson.loads(exchange.body)["embedding"])
        requests = [{"model": "models/gemini-embedding-001", "content": content} for content in contents]
        body = orjson.dumps({"requests": requests})
        several = await under.client.exchange("POST", f"{path}:batchEmbedContents", KEY, body)
        assert orjson.loads(several.body) == {"embeddings": alone}
        cat, sitting, rates = [one["values"] for one in alone]
        assert similarity(cat, sitting) > similarity(cat, rates)


async def test_models_embed_or_generate(tmp_path: Path) -> None:
    async with pod(tmp_path, pace=Pace(None)) as under:
        refused = await ask(under, "/v1beta/models/gemini-embedding-001:generateContent")
        assert (refused.status, b"not supported for generateContent" in refused.body) == (404, True)
        body = orjson.dumps({"content": CONTENTS[0]})
        refused = await under.client.exchange("POST", f"{MODEL}:embedContent", KEY, body)
        assert (refused.status, b"not supported for embedContent" in refused.body) == (404, True)
        status, shown = await get(under, "/v1beta/models/gemini-embedding-001")
        assert (status, shown["inputTokenLimit"]) == (200, 2048)


async def test_a_call_that_comes_back_with_its_answer_goes_on_from_its_turn(tmp_path: Path) -> None:
    schema: dict[str, Any] = {"type": "OBJECT", "properties": {"city": {"type": "STRING"}, "share": {"type": "NUMBER"}}}
    schema["required"] = ["city", "share"]
    declared = {"name": "get_weather", "description": "The weather in a city.", "parameters": schema}
    asked = [{"role": "user", "parts": [{"text": "What is the weather in Paris, with a share of 3.0?"}]}]
    offered: dict[str, Any] = {"tools": [{"functionDeclarations": [declared]}]}
    async with pod(tmp_path, pace=Pace(None)) as under:
        first = orjson.loads((await ask(under, f"{MODEL}:generateContent", contents=asked, **offered)).body)
        called = first["candidates"][0]["content"]
        [call] = [part["functionCall"] for part in called["parts"] if "functionCall" in part]
        assert call["args"] == {"city": "Paris", "share": 3}
        assert b"3.0" not in orjson.dumps(call)
        told = {"functionResponse": {"name": "get_weather", "response": {"sky": "rain"}}}
        contents = [*asked, called, {"role": "user", "parts": [told]}]
        second = await ask(under, f"{MODEL}:generateContent", contents=contents, **offered)
        assert "rain" in orjson.loads(second.body)["candidates"][0]["content"]["parts"][-1]["text"]
        one, other = await under.turns(second.headers["x-llmsim-session"])
        assert other["parent"] == one["id"]
