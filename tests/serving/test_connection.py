"""However a response ends, its turn is settled once, with the frames that were handed over; in virtual time.

Clients that leave speak ASGI here, so those tests have one way; the door's are in tests/http/test_leaving.py.
"""

from pathlib import Path
from typing import Any

import orjson
import pytest
import trio
from trio.testing import MockClock

from llmsim.clock import Pace
from llmsim.serving.app import create_app
from llmsim.serving.service import Phase
from tests.pods import CHAT, PodUnderTest, pod

BODY = {
    "model": "gpt-4o-mini",
    "messages": [{"role": "user", "content": "What is rain?"}],
    "max_tokens": 6,
    "stream": True,
}
FRAMES = 9
"""Role, six pieces, end, [DONE]."""


class Leaving:
    """An ASGI client that leaves in the write that brings its event of this number; `taken` are those before it."""

    def __init__(self, events: int) -> None:
        self.left = events
        self.gone = trio.Event()
        self.asked = False
        self.taken = 0

    async def receive(self) -> dict[str, Any]:
        if not self.asked:
            self.asked = True
            return {"type": "http.request", "body": orjson.dumps(BODY), "more_body": False}
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: dict[str, Any]) -> None:
        await trio.lowlevel.checkpoint()
        events = message.get("body", b"").count(b"\n\n")
        if self.taken + events >= self.left:
            self.gone.set()
            await trio.sleep_forever()
        self.taken += events


async def leave_after(under: PodUnderTest, events: int) -> Leaving:
    leaving = Leaving(events)
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": CHAT,
        "query_string": b"",
        "root_path": "",
        "headers": [(b"x-llmsim-session", b"s1")],
    }
    app: Any = create_app(under.service)
    await app(scope, leaving.receive, leaving.send)
    return leaving


@pytest.mark.parametrize("events", range(FRAMES + 1))
async def test_client_that_leaves_is_recorded_with_the_frames_it_was_given(
    tmp_path: Path, autojump_clock: MockClock, events: int
) -> None:
    async with pod(tmp_path) as under:
        leaving = await leave_after(under, events)
        await under.service.simulator.writer.drain()
        [turn] = await under.turns("s1")
        assert turn["outcome"] == {"ending": "client_left", "delivered": leaving.taken}
        assert events == 0 or leaving.taken < events
        assert b"llm_simulator_responses_in_flight 0.0" in under.service.metrics.exposition()


@pytest.mark.usefixtures("each_way")
async def test_whole_stream_is_recorded_as_completed(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with pod(tmp_path) as under:
        await under.client.exchange("POST", CHAT, {"x-llmsim-session": "s1"}, orjson.dumps(BODY))
        await under.service.simulator.writer.drain()
        [turn] = await under.turns("s1")
        assert turn["outcome"] == {"ending": "completed", "delivered": FRAMES}


async def test_stream_cut_by_a_stopping_server_says_so(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with pod(tmp_path, pace=Pace(0.01)) as under:
        with trio.CancelScope() as scope:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(leave_after, under, 100)
                with trio.move_on_after(58):
                    await trio.sleep_forever()
                under.service.phase = Phase.DRAINING
                scope.cancel()
        await under.service.simulator.writer.drain()
        [turn] = await under.turns("s1")
        assert turn["outcome"]["ending"] == "server_stopped"
        assert 0 < turn["outcome"]["delivered"] < FRAMES


@pytest.mark.usefixtures("each_way")
async def test_stream_of_more_than_two_minutes_is_not_cut(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with pod(tmp_path, pace=Pace(0.004)) as under:
        begun = trio.current_time()
        answer = await under.client.exchange("POST", CHAT, {}, orjson.dumps(BODY))
        assert trio.current_time() - begun > 120
        assert answer.body.endswith(b"data: [DONE]\n\n")


async def test_azure_prefix_and_deployments_are_openais_api(tmp_path: Path, autojump_clock: MockClock) -> None:
    said = {"messages": [{"role": "user", "content": "hi"}], "max_tokens": 5}
    async with pod(tmp_path) as under:

        async def made(path: str, body: dict[str, Any]) -> dict[str, Any]:
            exchange = await under.client.exchange("POST", path, {"api-key": "any"}, orjson.dumps(body))
            assert exchange.status == 200, exchange.body
            found: dict[str, Any] = orjson.loads(exchange.body)
            return found

        deployment = "/openai/deployments/gpt-4o/"
        assert (await made(f"{deployment}chat/completions?api-version=2026-01-01", said))["model"].startswith("gpt-4o-")
        version = "?api-version=2026-01-01"
        assert (await made(f"{deployment}chat/completions{version}", {**said, "model": "gpt-4.1"}))["model"].startswith(
            "gpt-4.1"
        )
        assert (await made(f"{deployment}completions{version}", {"prompt": "hi"}))["object"] == "text_completion"
        assert (await made("/openai/v1/chat/completions", {**said, "model": "gpt-4o"}))["object"] == "chat.completion"
        assert (await made("/openai/v1/conversations", {}))["object"] == "conversation"
        vectors = {"model": "text-embedding-3-small", "input": "x"}
        assert (await made(f"/openai/deployments/mine/embeddings{version}", vectors))["object"] == "list"
        assert (await made("/openai/v1/embeddings", vectors))["object"] == "list"
        assert (await under.get("/openai/v1/models"))["object"] == "list"
