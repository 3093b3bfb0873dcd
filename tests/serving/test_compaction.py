"""Inputs counted and conversations folded: as a response would go on from them, and nothing stored."""

from pathlib import Path

import pytest
from trio.testing import MockClock

from tests.pods import PROFILES, pod
from tests.responses_api import MODEL, RESPONSES, Api, text
from tests.schemas import answer_faults

pytestmark = pytest.mark.usefixtures("each_way")
COUNT = f"{RESPONSES}/input_tokens"
COMPACT = f"{RESPONSES}/compact"


async def test_input_tokens_are_those_of_the_response_that_would_be_made(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    tool = {"type": "function", "name": "f", "parameters": {"type": "object"}, "strict": False}
    async with pod(tmp_path) as under:
        api = Api(under)
        first = await api.respond("My name is Ada.")
        conversation = await api.converse("My name is Ada.")
        for wanted in (
            {"instructions": "Be brief."},
            {"previous_response_id": first["id"]},
            {"conversation": conversation},
            {"tools": [tool], "tool_choice": "none"},
        ):
            counted = await api.call("POST", COUNT, {"model": MODEL, "input": "What is my name?", **wanted})
            assert answer_faults("POST", "/responses/input_tokens", counted) == []
            made = await api.respond("What is my name?", None, **wanted)
            assert counted["input_tokens"] == made["usage"]["input_tokens"]


async def test_compacted_chain_stands_for_what_was_said(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with pod(tmp_path) as under:
        api = Api(under)
        first = await api.respond("My name is Ada.", instructions="Be brief.")
        turns = (await under.get("/llmsim/v1/sessions"))["data"]
        body = {"model": MODEL, "input": "I live in Paris.", "previous_response_id": first["id"]}
        folded = await api.call("POST", COMPACT, body)
        assert folded == await api.call("POST", COMPACT, body)
        assert folded["object"] == "response.compaction"
        assert [item["type"] for item in folded["output"]] == ["message", "message", "compaction"]
        assert folded["id"][5:21] == first["id"][5:21]
        assert (await under.get("/llmsim/v1/sessions"))["data"] == turns
        for asked, answer in (("What is my name?", "Ada"), ("Where do I live?", "Paris")):
            items = [folded["output"][-1], {"role": "user", "content": asked}]
            assert answer in text(await api.respond(items, max_output_tokens=60))


@pytest.mark.parametrize("path", [COUNT, COMPACT])
async def test_what_cannot_be_gone_on_from_is_refused(tmp_path: Path, autojump_clock: MockClock, path: str) -> None:
    async with pod(tmp_path) as under:
        api = Api(under)
        unknown = {"model": MODEL, "input": "Hi.", "previous_response_id": "resp_x"}
        assert (await api.refused("POST", path, unknown))[3] == "previous_response_not_found"
        assert (await api.refused("POST", path, {"model": MODEL, "input": 3}))[0] == 400
        assert (await under.client.exchange("POST", path, {}, b"{")).status == 400


@pytest.mark.parametrize("path", [COUNT, COMPACT])
async def test_model_that_nobody_serves_is_refused_where_models_are_strict(
    tmp_path: Path, autojump_clock: MockClock, path: str
) -> None:
    async with pod(tmp_path, strict_models=True, profiles=PROFILES) as under:
        refused = await Api(under).refused("POST", path, {"model": "nobody", "input": "Hi."})
        assert refused == (400, "The requested model 'nobody' does not exist.", "model", "model_not_found")
