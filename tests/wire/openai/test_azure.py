"""Azure's deployments: a version is asked for, the filter is told, and what is not there is Azure's to say."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmsim.errors import ClientError, UnknownModel, UnknownPath, WrongMethod
from llmsim.turn import FinishReason
from llmsim.wire import sse
from llmsim.wire.dialects import CHAT, COMPLETIONS, refusing, templated
from llmsim.wire.openai.azure import PROMPT_SAFE, SAFE, AzureChat, AzureCompletions, NoVersion, refuse
from tests.wire import chat_streams, completion_streams
from tests.wire.plans import PIECES, body_of, plan_of

ENDS = [FinishReason.STOP, FinishReason.LENGTH]
QUERY = "api-version=2024-10-21"
WIRE = AzureChat(deployment="mine", query=QUERY)
OLDER = AzureCompletions(deployment="mine", query=QUERY)


def test_deployment_is_the_model_where_none_is_named() -> None:
    assert WIRE.parse(body_of(model=...), {}).request.model == "mine"
    assert WIRE.parse(body_of(), {}).request.model == "gpt-4o-mini"
    assert OLDER.parse(b'{"prompt": "x"}', {}).request.model == "mine"


@pytest.mark.parametrize("query", ["", "api-version=", "version=1", "api-version"])
def test_request_without_a_version_is_for_nothing_that_is_there(query: str) -> None:
    for wire in (AzureChat(query=query), AzureCompletions(query=query)):
        with pytest.raises(NoVersion) as refused:
            wire.parse(body_of(), {})
        refusal = wire.refuse(refused.value, bytes(16))
        assert (refusal.status, orjson.loads(refusal.body)) == (
            404,
            {"error": {"code": "404", "message": "Resource not found"}},
        )


def test_whole_response_says_what_the_filter_made_of_prompt_and_choices() -> None:
    plan = plan_of(["a"], ["b"])
    asked = WIRE.parse(body_of(n=2), {})
    said = orjson.loads(WIRE.whole(plan, asked))
    assert [choice.pop("content_filter_results") for choice in said["choices"]] == [SAFE, SAFE]
    assert said.pop("prompt_filter_results") == [{"prompt_index": 0, "content_filter_results": PROMPT_SAFE}]
    assert said == orjson.loads(CHAT.whole(plan, asked))


def test_stream_begins_with_the_filter_and_has_no_choices_there() -> None:
    plan = plan_of(["a", "b"])
    asked = WIRE.parse(body_of(stream=True), {})
    frames = list(WIRE.frames(plan, asked))
    first, *chunks, done = [frame.data.removeprefix(b"data: ") for frame in frames]
    told = orjson.loads(first)
    assert (told["choices"], told["id"], told["object"]) == ([], "", "")
    assert told["prompt_filter_results"] == [{"prompt_index": 0, "content_filter_results": PROMPT_SAFE}]
    results = [orjson.loads(chunk)["choices"][0]["content_filter_results"] for chunk in chunks]
    assert results == [{}, SAFE, SAFE, {}]
    assert (done, b"obfuscation" in b"".join(chunks)) == (b"[DONE]\n\n", False)
    plain = list(CHAT.frames(plan, asked))
    assert [(frame.token, frame.sealed) for frame in frames[1:]] == [(frame.token, frame.sealed) for frame in plain]


def test_each_prompt_of_completions_is_filtered() -> None:
    asked = OLDER.parse(b'{"prompt": ["x", "y"]}', {})
    plan = plan_of(["a"], ["b"])
    said = orjson.loads(OLDER.whole(plan, asked))
    assert [one["prompt_index"] for one in said["prompt_filter_results"]] == [0, 1]
    assert [choice["content_filter_results"] for choice in said["choices"]] == [SAFE, SAFE]
    frames = list(OLDER.frames(plan, asked))
    assert len(frames) == len(list(COMPLETIONS.frames(plan, asked))) + 1
    assert frames[-1].data == sse.DONE


def test_what_is_not_there_is_told_in_azures_words_and_the_rest_in_openais() -> None:
    told = orjson.loads(refuse(UnknownModel("mine"), bytes(16)).body)["error"]
    assert (told["code"], told.keys()) == ("DeploymentNotFound", {"code", "message"})
    assert orjson.loads(OLDER.refuse(UnknownModel("mine"), bytes(16)).body)["error"] == told
    path = "/openai/deployments/mine/images/generations"
    wire = refusing(path)
    assert orjson.loads(wire.refuse(UnknownPath("POST", path), bytes(16)).body)["error"]["code"] == "404"
    for error in (ClientError("No."), WrongMethod("GET", path)):
        assert wire.refuse(error, bytes(16)) == CHAT.refuse(error, bytes(16))


def test_deployments_are_routes_whatever_their_name() -> None:
    found = templated("/openai/deployments/my model/chat/completions", QUERY)
    assert found is not None
    assert found[1] == AzureChat(deployment="my model", query=QUERY)


@given(
    st.lists(PIECES, min_size=1, max_size=4), st.sampled_from([FinishReason.STOP, FinishReason.LENGTH]), st.booleans()
)
def test_stream_at_a_deployment_is_openais_behind_what_the_filter_says(
    choices: list[list[str]], finish: FinishReason, usage: bool
) -> None:
    plan = plan_of(*choices, finish=finish)
    options = {"include_usage": usage}
    texts = [choice.text for choice in plan.choices]
    prompts = orjson.dumps({"prompt": ["x"] * len(choices), "stream": True, "stream_options": options})
    older = [frame.data for frame in OLDER.frames(plan, OLDER.parse(prompts, {}))]
    assert completion_streams.read(unfiltered(older, len(choices)), choices=len(choices), usage=usage) == texts
    asked = WIRE.parse(body_of(n=len(choices), stream=True, stream_options=options), {})
    chat = [frame.data for frame in WIRE.frames(plan, asked)]
    assert chat_streams.read(unfiltered(chat, 1), choices=len(choices), usage=usage) == texts


def unfiltered(sent: list[bytes], prompts: int) -> list[bytes]:
    """A stream without what the filter says, which must be in its places: first, and in each choice."""
    first, *chunks, done = sent
    said = orjson.loads(first.removeprefix(b"data: "))
    assert (said["choices"], len(said["prompt_filter_results"])) == ([], prompts)
    return [*map(without, chunks), done]


def without(chunk: bytes) -> bytes:
    said: dict[str, Any] = orjson.loads(chunk.removeprefix(b"data: "))
    assert all(choice.pop("content_filter_results") in ({}, SAFE) for choice in said["choices"])
    return b"data: " + orjson.dumps(said) + b"\n\n"
