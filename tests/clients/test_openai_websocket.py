"""The official OpenAI SDK's WebSocket connection to Responses, sync and asyncio, against a real server."""

import asyncio
from pathlib import Path

import pytest
from openai import AsyncOpenAI, OpenAI

from tests.children import Server

MODEL = "gpt-4o-mini"
# openai 3.54 opens a connection in a way that websockets 17.1 deprecates
pytestmark = pytest.mark.filterwarnings("ignore:connect\\(\\) must be used:DeprecationWarning")


def test_sync_connection_holds_a_conversation_that_is_not_stored(server: Server) -> None:
    client = OpenAI(api_key="any", base_url=f"{server.url}/v1")
    with client.responses.connect() as connection:
        connection.response.create(model=MODEL, input="Hello, my name is Ada.", store=False)
        first = next(event.response for event in connection if event.type == "response.completed")
        connection.response.create(model=MODEL, input="What is my name?", store=False, previous_response_id=first.id)
        text = ""
        for event in connection:
            if event.type == "response.output_text.delta":
                text += event.delta
            if event.type == "response.completed":
                assert event.response.output_text == text
                break
        assert "Ada" in text


def test_async_connection_has_lanes_and_is_told_of_faults(server: Server) -> None:
    async def run() -> None:
        client = AsyncOpenAI(api_key="any", base_url=f"{server.url}/v1")
        async with client.responses.connect() as connection:
            for lane in ("a", "b"):
                await connection.response.create(model=MODEL, input=f"Tell me about {lane}.", stream_id=lane)
            ended = set()
            async for event in connection:
                if event.type == "response.completed":
                    ended.add(event.stream_id)
                    if len(ended) == 2:
                        break
            assert ended == {"a", "b"}
            await connection.response.create(model=MODEL, input="", max_output_tokens=1)
            fault = await connection.recv()
            assert fault.type == "error"
            assert fault.status == 400

    asyncio.run(run())


def test_server_stops_promptly_with_an_idle_connection(tmp_path: Path) -> None:
    with Server(tmp_path, "--instant", "--seed", "1", "--grace-s", "20") as running:
        client = OpenAI(api_key="any", base_url=f"{running.url}/v1")
        with client.responses.connect() as connection:
            connection.response.create(model=MODEL, input="Hello.")
            for event in connection:
                if event.type == "response.completed":
                    break
            assert running.stop() == 0
        assert not [line for line in running.log if "Traceback" in line or '"bug"' in line]
