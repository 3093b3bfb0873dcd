"""Responses over a WebSocket, in virtual time: the application is called as Hypercorn would call it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import attrs
import orjson
import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from llmsim.serving.pod import running_pod
from llmsim.serving.service import Phase, Service
from llmsim.serving.sockets import LIMIT_S, MAX_LANES, socket_class
from llmsim.store import sessions
from llmsim.store.schema import Ending
from llmsim.wire.openai.responses.stream import TERMINAL
from tests.pods import options, pod

MODEL = "gpt-4o-mini"


@attrs.define
class Line:
    """One end of a connection: what the server said, and how to say something to it."""

    said: trio.MemoryReceiveChannel[dict[str, Any]]
    asks: trio.MemorySendChannel[dict[str, Any]]

    async def create(self, text: str, **more: object) -> None:
        body = {"type": "response.create", "model": MODEL, "input": text, "max_output_tokens": 20, **more}
        await self.say(orjson.dumps(body).decode())

    async def say(self, text: str) -> None:
        await self.asks.send({"type": "websocket.receive", "text": text})

    async def hear(self) -> dict[str, Any]:
        with trio.fail_after(7200):
            message = await self.said.receive()
        assert message["type"] == "websocket.send", message
        event: dict[str, Any] = orjson.loads(message["text"])
        return event

    async def events(self) -> list[dict[str, Any]]:
        """Everything up to the end of one response."""
        heard = [await self.hear()]
        while heard[-1]["type"] not in TERMINAL:
            heard.append(await self.hear())
        return heard


@asynccontextmanager
async def line(service: Service, path: str = "/v1/responses", **headers: str) -> AsyncIterator[Line]:
    """A connection while the block runs; then its client leaves."""
    ask, asked = trio.open_memory_channel[dict[str, Any]](100)
    tell, told = trio.open_memory_channel[dict[str, Any]](10_000)
    scope = {"path": path, "headers": [(name.encode(), value.encode()) for name, value in headers.items()]}
    async with trio.open_nursery() as nursery:
        await ask.send({"type": "websocket.connect"})
        nursery.start_soon(socket_class(service)(None, scope), asked.receive, tell.send)
        assert await told.receive() == {"type": "websocket.accept"}
        yield Line(told, ask)
        await ask.send({"type": "websocket.disconnect"})


def text_of(events: list[dict[str, Any]]) -> str:
    return "".join(event["delta"] for event in events if event["type"] == "response.output_text.delta")


async def test_messages_are_the_events_of_the_stream_one_by_one(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with pod(tmp_path) as under, line(under.service) as client:
        await client.create("Hello, my name is Ada.")
        events = await client.events()
        assert [event["sequence_number"] for event in events] == list(range(len(events)))
        assert (events[0]["type"], events[-1]["type"]) == ("response.created", "response.incomplete")
        assert "Ada" in text_of(events)
        streamed = await under.client.exchange(
            "POST",
            "/v1/responses",
            {},
            orjson.dumps({"model": MODEL, "input": "Hello, my name is Ada.", "max_output_tokens": 20, "stream": True}),
        )
        kinds = [
            part.split(b"\n")[0].removeprefix(b"event: ").decode() for part in streamed.body.split(b"\n\n") if part
        ]
        assert kinds == [event["type"] for event in events]


async def test_next_response_goes_on_from_one_that_is_not_stored(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with pod(tmp_path) as under, line(under.service) as client:
        await client.create("Hello, my name is Ada.", store=False, instructions="Be brief.")
        first = (await client.events())[-1]["response"]
        await client.create("What is my name?", store=False, previous_response_id=first["id"])
        assert "Ada" in text_of(await client.events())
        await client.create("What is my name?", previous_response_id="resp_unknown")
        refused = await client.hear()
        assert (refused["type"], refused["status"]) == ("error", 400)
        assert refused["error"]["code"] == "previous_response_not_found"
    async with running_pod(options(tmp_path)) as service, line(service) as client:
        await client.create("What is my name?", previous_response_id=first["id"])
        assert (await client.hear())["error"]["code"] == "previous_response_not_found"


async def test_lanes_have_a_response_each_and_name_it(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with pod(tmp_path) as under, line(under.service) as client:
        await client.create("One.", stream_id="a")
        await client.create("Two.", stream_id="b")
        await client.create("Three.", stream_id="a")
        refused = await client.hear()
        while refused["type"] != "error":
            refused = await client.hear()
        assert refused["error"]["code"] == "response_in_progress"
        ended: list[str] = []
        while len(ended) < 2:
            event = await client.hear()
            assert event["stream_id"] in {"a", "b"}
            ended += [event["stream_id"]] if event["type"] in TERMINAL else []
        assert sorted(ended) == ["a", "b"]
        await client.create("Three.", stream_id="a")
        assert (await client.events())[-1]["stream_id"] == "a"


async def test_lanes_are_bounded(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with pod(tmp_path) as under, line(under.service) as client:
        for lane in range(MAX_LANES + 1):
            await client.create("Hello.", stream_id=str(lane), max_output_tokens=16)
        errors = []
        for _ in range(MAX_LANES * 12):
            event = await client.hear()
            if event["type"] == "error":
                errors.append(event["error"]["code"])
                break
        assert errors == ["response_in_progress"]


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("{", "invalid_json"),
        ("[]", "invalid_json"),
        ("{}", "missing_required_parameter"),
        ('{"type":"response.delete"}', "invalid_value"),
        ('{"type":"response.create","model":"gpt-4o-mini","input":"x","background":true}', "unsupported_parameter"),
        ('{"type":"response.create","model":"gpt-4o-mini","input":"x","stream_id":3}', "invalid_type"),
        ('{"type":"response.create","model":"gpt-4o-mini","input":"x","zzz":3}', "unknown_parameter"),
    ],
)
async def test_message_that_is_no_request_is_told_what_is_wrong_and_the_next_one_is_answered(
    tmp_path: Path, autojump_clock: MockClock, said: str, code: str
) -> None:
    async with pod(tmp_path) as under, line(under.service) as client:
        await client.say(said)
        refused = await client.hear()
        assert (refused["type"], refused["status"], refused["error"]["code"]) == ("error", 400, code)
        await client.create("Hello.")
        assert (await client.events())[-1]["type"] == "response.incomplete"


async def test_steering_is_refused_and_its_input_given_back(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with pod(tmp_path) as under, line(under.service) as client:
        await client.say('{"type":"response.steer","input":"Faster.","previous_response_id":"resp_1"}')
        failed = await client.hear()
        assert (failed["type"], failed["error"]["code"]) == ("response.steer.failed", "steering_not_supported")
        assert failed["steer"] == {"input": "Faster.", "previous_response_id": "resp_1"}


async def test_client_that_leaves_in_the_middle_settles_every_lane(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with running_pod(options(tmp_path)) as service:
        async with line(service, **{"x-llmsim-session": "here"}) as client:
            await client.create("Hello.", stream_id="a")
            await client.create("Goodbye.", stream_id="b")
            for _ in range(6):
                await client.hear()
        await service.in_flight.none()
        await service.simulator.writer.drain()
        with service.simulator.environment.read() as view:
            turns = list(sessions.turns(view, "here"))
            endings = [sessions.outcome(view, "here", turn.key) for turn in turns]
        assert [outcome.ending for outcome in endings if outcome] == [Ending.CLIENT_LEFT] * 2


async def test_server_that_stops_ends_the_connection_and_says_so_in_the_outcome(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with running_pod(options(tmp_path)) as service:
        with trio.CancelScope() as serving:
            async with line(service, **{"x-llmsim-session": "here"}) as client:
                await client.create("Hello.")
                await client.hear()
                service.phase = Phase.DRAINING
                serving.cancel()
        await service.simulator.writer.drain()
        with service.simulator.environment.read() as view:
            [turn] = sessions.turns(view, "here")
            outcome = sessions.outcome(view, "here", turn.key)
        assert outcome is not None
        assert outcome.ending is Ending.SERVER_STOPPED


async def test_connection_ends_after_an_hour(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with pod(tmp_path) as under, line(under.service) as client:
        await trio.sleep(LIMIT_S + 1)
        await wait_all_tasks_blocked()
        assert (await client.hear())["error"]["code"] == "websocket_connection_limit_reached"
        assert (await client.said.receive())["type"] == "websocket.close"


async def test_any_other_path_is_refused_before_it_is_accepted(tmp_path: Path, autojump_clock: MockClock) -> None:
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        await trio.lowlevel.checkpoint()
        return {"type": "websocket.connect"}

    async def send(message: dict[str, Any]) -> None:
        await trio.lowlevel.checkpoint()
        sent.append(message)

    async with pod(tmp_path) as under:
        await socket_class(under.service)(None, {"path": "/v1/realtime", "headers": []})(receive, send)
    assert sent == [{"type": "websocket.close", "code": 1000}]
