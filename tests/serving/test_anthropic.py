"""Anthropic over HTTP: messages whichever door, token counts, models by whose client asks, errors in its words."""

from pathlib import Path
from typing import Any

import orjson
import pytest

from llmsim.clock import Pace
from llmsim.simulation.tokens import PRIMING
from tests.anthropic_client import NEW, OLD, PATH, body_of, post, text_of, told
from tests.pods import PodUnderTest, pod
from tests.wire.anthropic.streams import read

pytestmark = pytest.mark.usefixtures("each_way")
SAID = "Hello, my name is Ada."


async def get(under: PodUnderTest, path: str, headers: dict[str, str] = NEW) -> dict[str, Any]:
    return await told(under, None, path, headers, "GET")


def events_of(body: bytes) -> list[bytes]:
    return [event + b"\n\n" for event in body.split(b"\n\n") if event]


async def test_message_is_the_same_whole_and_streamed_under_either_version(tmp_path: Path) -> None:
    async with pod(tmp_path, pace=Pace(None)) as under:
        texts = set()
        for headers in (OLD, NEW):
            whole = await told(under, body_of(SAID), headers=headers)
            streamed = await post(under, body_of(SAID, stream=True), headers=headers)
            assert streamed.headers["content-type"] == "text/event-stream; charset=utf-8"
            told_in_events = read(events_of(streamed.body))
            assert told_in_events["content"] == whole["content"]
            assert told_in_events["usage"] == whole["usage"]
            texts.add(text_of(whole))
        assert len(texts) == 1
        [session] = (await under.get("/llmsim/v1/sessions"))["data"]
        assert [turn["id"].rsplit("-", 1)[1] for turn in await under.turns(session["id"])] == ["0", "1", "2", "3"]


async def test_conversation_goes_on_in_its_session_with_the_blocks_that_came(tmp_path: Path) -> None:
    async with pod(tmp_path, pace=Pace(None)) as under:
        thinking = {"type": "enabled", "budget_tokens": 1024}
        first = await told(under, body_of(SAID, thinking=thinking, max_tokens=2000))
        assert [block["type"] for block in first["content"]] == ["thinking", "text"]
        asked = body_of(SAID, thinking=thinking, max_tokens=2000)
        asked["messages"] += [
            {"role": "assistant", "content": first["content"]},
            {"role": "user", "content": [{"type": "text", "text": "What is my name?"}]},
        ]
        second = await post(under, asked)
        assert second.headers["x-llmsim-turn"] == "2"
        assert "Ada" in text_of(orjson.loads(second.body))
        [session] = (await under.get("/llmsim/v1/sessions"))["data"]
        first_turn, second_turn = await under.turns(session["id"])
        assert second_turn["parent"] == first_turn["id"]


@pytest.mark.parametrize(
    ("headers", "status", "kind", "said"),
    [
        ({}, 401, "authentication_error", "x-api-key header is required"),
        ({"x-api-key": "k"}, 400, "invalid_request_error", "anthropic-version: header is required"),
        (
            OLD | {"anthropic-version": "x"},
            400,
            "invalid_request_error",
            'anthropic-version: "x" is not a valid version',
        ),
    ],
)
async def test_request_without_what_every_request_has_is_refused(
    headers: dict[str, str], status: int, kind: str, said: str, tmp_path: Path
) -> None:
    async with pod(tmp_path, pace=Pace(None)) as under:
        for path in (PATH, f"{PATH}/count_tokens", f"{PATH}/batches"):
            answer = await post(under, body_of(SAID), path, headers)
            error = orjson.loads(answer.body)
            assert (answer.status, error["error"]) == (status, {"type": kind, "message": said})
            assert answer.headers["request-id"] == error["request_id"]
            assert "x-request-id" not in answer.headers


async def test_model_that_nobody_serves_is_refused_in_its_words(tmp_path: Path) -> None:
    async with pod(tmp_path, pace=Pace(None), strict_models=True) as under:
        for path, body in ((PATH, body_of("hi", model="nobodys")), (f"{PATH}/count_tokens", counting("hi", "nobodys"))):
            answer = await told(under, body, path)
            assert (answer["status"], answer["error"]) == (
                404,
                {"type": "not_found_error", "message": "model: nobodys"},
            )


async def test_prompt_that_is_too_long_is_refused_in_its_words(tmp_path: Path) -> None:
    async with pod(tmp_path, pace=Pace(None)) as under:
        answer = await told(under, body_of("word " * 200_001, model="claude-haiku-4-5"))
        assert answer["status"] == 400
        assert answer["error"]["message"].startswith("prompt is too long: 200")
        assert answer["error"]["message"].endswith(" tokens > 200000 maximum")


async def test_more_than_a_model_can_say_is_refused_in_its_words(tmp_path: Path) -> None:
    async with pod(tmp_path) as under:
        asked = {**body_of(SAID), "model": "claude-haiku-4-5"}
        answer = await told(under, {**asked, "max_tokens": 64_001})
        limit = "max_tokens: 64001 > 64000, which is the maximum allowed number of output tokens for claude-haiku-4-5"
        assert (answer["type"], answer["error"]["message"]) == ("error", limit)
        assert (await told(under, {**asked, "max_tokens": 64_000}))["type"] == "message"
        assert (await told(under, {**asked, "model": "nobody's", "max_tokens": 10**9}))["type"] == "message"


def counting(said: str, model: str = "claude-sonnet-4-6", **params: object) -> dict[str, Any]:
    return {"model": model, "messages": [{"role": "user", "content": said}], **params}


async def test_count_is_what_a_message_takes_in(tmp_path: Path) -> None:
    tools = [{"name": "a", "input_schema": {"type": "object", "properties": {"x": {"type": "string"}}}}]
    async with pod(tmp_path, pace=Pace(None)) as under:
        for extra in ({}, {"system": "Be brief."}, {"tools": tools}):
            count = await told(under, counting(SAID, **extra), f"{PATH}/count_tokens")
            message = await told(under, body_of(SAID, **extra))
            assert count == {"status": 200, "input_tokens": message["usage"]["input_tokens"]}
            assert count["input_tokens"] > PRIMING
        assert len((await under.get("/llmsim/v1/sessions"))["data"]) == 2


async def test_models_are_anthropics_for_who_names_a_version_and_openais_otherwise(tmp_path: Path) -> None:
    async with pod(tmp_path, pace=Pace(None)) as under:
        listed = await get(under, "/v1/models?limit=2")
        assert [model["type"] for model in listed["data"]] == ["model", "model"]
        assert (listed["has_more"], listed["last_id"]) == (True, listed["data"][1]["id"])
        stamps = [model["created_at"] for model in (await get(under, "/v1/models"))["data"]]
        assert stamps == sorted(stamps, reverse=True)
        rest = await get(under, f"/v1/models?after_id={listed['last_id']}")
        assert not {model["id"] for model in listed["data"]} & {model["id"] for model in rest["data"]}
        one = await get(under, "/v1/models/claude-sonnet-4-6")
        assert (one["display_name"], one["lifecycle"]) == ("Claude Sonnet 4.6", "active")
        openais = await get(under, "/v1/models", {})
        assert openais["object"] == "list"
        assert (await get(under, "/v1/models/claude-sonnet-4-6", {}))["object"] == "model"


@pytest.mark.parametrize(
    ("path", "method", "status", "said"),
    [
        ("/v1/models/nobodys", "GET", 404, "model: nobodys"),
        ("/v1/models?limit=0", "GET", 400, "limit: Input should be greater than or equal to 1"),
        ("/v1/nowhere", "POST", 404, "Not Found"),
        ("/v1/messages/nowhere", "POST", 404, "Not Found"),
        ("/v1/messages", "GET", 405, "Method Not Allowed"),
    ],
)
async def test_error_on_any_path_is_told_in_its_words(
    path: str, method: str, status: int, said: str, tmp_path: Path
) -> None:
    async with pod(tmp_path, pace=Pace(None)) as under:
        answer = await told(under, None, path, NEW, method)
        assert (answer["status"], answer["error"]["message"]) == (status, said)
        assert answer["request_id"].startswith("req_011C")


async def test_unknown_path_without_a_version_is_openais_but_below_messages(tmp_path: Path) -> None:
    async with pod(tmp_path, pace=Pace(None)) as under:
        assert (await told(under, None, "/v1/nowhere", {}))["error"]["message"] == "Invalid URL (POST /v1/nowhere)"
        assert (await told(under, None, "/v1/messages/nowhere", {}))["error"]["message"] == "Not Found"


async def test_stop_sequence_and_empty_prompt_cache_warming_are_told(tmp_path: Path) -> None:
    async with pod(tmp_path, pace=Pace(None)) as under:
        stopped = await told(under, body_of(SAID, stop_sequences=["zzz", "Ada"]))
        assert (stopped["stop_reason"], stopped["stop_sequence"]) == ("stop_sequence", "Ada")
        warmed = await told(under, body_of("word " * 2000, max_tokens=0, cache_control={"type": "ephemeral"}))
        assert (warmed["content"], warmed["stop_reason"]) == ([], "max_tokens")
        assert warmed["usage"]["output_tokens"] == 0
        assert warmed["usage"]["cache_creation_input_tokens"] > 1900
