"""What OpenAI's stored things are answered with, and what a query of theirs may include."""

from pathlib import Path
from urllib.parse import unquote

import orjson
import pytest
from trio.testing import MockClock

from llmsim.replay.clients import Exchange
from tests.peers import OverPeers
from tests.pods import PodUnderTest, pod
from tests.responses_api import CONVERSATIONS, RESPONSES, Api

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


NASTY = (
    "%00",
    "%FF%FE",
    "%ED%A0%80",
    "%F0%9F%99%82",
    "x" * 5000,
    "resp_" + "0" * 50,
    "conv_" + "f" * 48,
    "msg_" + "%00" * 50,
    "a%20b",
    "%2e%2e",
    "%25",
    "tour",
    "-",
)
PATHS = (
    ("GET", f"{RESPONSES}/%s"),
    ("GET", f"{RESPONSES}/%s?stream=true&starting_after=99999999999999999999999"),
    ("DELETE", f"{RESPONSES}/%s"),
    ("POST", f"{RESPONSES}/%s/cancel"),
    ("GET", f"{RESPONSES}/%s/input_items?after=%s"),
    ("GET", f"{CONVERSATIONS}/%s"),
    ("POST", f"{CONVERSATIONS}/%s"),
    ("DELETE", f"{CONVERSATIONS}/%s"),
    ("GET", f"{CONVERSATIONS}/%s/items?after=%s&limit=7&order=asc"),
    ("POST", f"{CONVERSATIONS}/%s/items"),
    ("GET", f"{CONVERSATIONS}/%s/items/%s"),
    ("DELETE", f"{CONVERSATIONS}/%s/items/%s"),
)


@pytest.mark.parametrize("name", NASTY)
async def test_whatever_an_id_is_it_is_not_found(tmp_path: Path, autojump_clock: MockClock, name: str) -> None:
    async with pod(tmp_path) as under:
        api = Api(under)
        conversation = await api.converse("Hi.", headers={"X-LLMSim-Session": "tour"})
        response = (await api.respond("Hi."))["id"]
        for method, path in PATHS:
            for known in (name, conversation, response):
                asked_for = path.replace("%s", known, 1).replace("%s", name)
                if known is name or asked_for != path.replace("%s", known):
                    answer = await over(under, method, asked_for)
                    assert 400 <= answer.status < 422, (asked_for, answer.body)
                    assert orjson.loads(answer.body)["error"]["type"] == "invalid_request_error"
        assert len(await api.items(conversation)) == 1
        assert (await api.shown(response))["id"] == response


async def over(under: PodUnderTest, method: str, path: str) -> Exchange:
    """An exchange over a path whose escapes are as they stand."""
    body = b"{}" if method == "POST" else b""
    if not isinstance(under.client, OverPeers):
        name, _, query = path.partition("?")
        return await under.client.exchange(method, f"{unquote(name)}?{query}", {}, body)
    head = f"{method} {path} HTTP/1.1\r\nHost: door\r\nContent-Length: {len(body)}\r\n\r\n"
    async with under.client.connect() as peer:
        await peer.send(head.encode() + body)
        return await peer.response(method)
