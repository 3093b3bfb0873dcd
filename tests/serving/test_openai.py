"""What OpenAI's stored things are answered with, and what a query of theirs may include."""

from pathlib import Path

import pytest
from trio.testing import MockClock

from tests.pods import pod
from tests.responses_api import CONVERSATIONS, Api

pytestmark = pytest.mark.usefixtures("each_way")


async def test_answers_have_the_headers_of_the_live_api(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with pod(tmp_path) as under:
        answer = await Api(under).ask("POST", CONVERSATIONS, {})
        assert answer.headers["content-type"] == "application/json"
        assert answer.headers["content-length"] == str(len(answer.body))
        assert answer.headers["openai-version"] == "2020-10-01"
        assert answer.headers["x-request-id"].startswith("req_")


@pytest.mark.parametrize("key", ["include[]", "include"])
async def test_what_nobody_knows_is_not_included(tmp_path: Path, autojump_clock: MockClock, key: str) -> None:
    async with pod(tmp_path) as under:
        api = Api(under)
        path = f"{CONVERSATIONS}/{await api.converse('Hi.')}/items"
        known = "message.output_text.logprobs"
        assert len((await api.call("GET", f"{path}?{key}={known}&{key}={known}"))["data"]) == 1
        refused = await api.refused("GET", f"{path}?{key}={known}&{key}=x")
        assert (refused[0], refused[2]) == (400, "include[1]")
