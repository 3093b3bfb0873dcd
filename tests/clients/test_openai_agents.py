"""The OpenAI Agents SDK against a real server: its conversation session, chains of responses, tools, streaming."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from agents import (
    Agent,
    ModelSettings,
    OpenAIConversationsSession,
    OpenAIResponsesModel,
    Runner,
    function_tool,
    set_tracing_disabled,
)
from openai import AsyncOpenAI

from tests.children import Server

pytestmark = [
    # openai 3.54 leaves the generators of its async streams to the garbage collector
    pytest.mark.filterwarnings("ignore:Async generator 'openai:ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
LIMIT_S = 60.0
Talk = Callable[[AsyncOpenAI], Awaitable[None]]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    data: Path = tmp_path_factory.mktemp("data")
    set_tracing_disabled(disabled=True)
    with Server(data, "--instant", "--seed", "1") as running:
        yield running


def with_client(server: Server, talk: Talk) -> None:
    async def connected() -> None:
        async with AsyncOpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0) as client:
            await talk(client)

    asyncio.run(asyncio.wait_for(connected(), LIMIT_S))


def agent_of(client: AsyncOpenAI) -> Agent:
    """An agent without tools."""
    return Agent("Guide", model=OpenAIResponsesModel("gpt-4o-mini", client))


@function_tool
def get_weather(city: str) -> str:
    """The weather in a city."""
    return f"It is 21 degrees in {city}."


def test_agent_remembers_in_a_conversation_session_that_it_can_take_from(server: Server) -> None:
    async def talk(client: AsyncOpenAI) -> None:
        agent, session = agent_of(client), OpenAIConversationsSession(openai_client=client)
        await Runner.run(agent, "My name is Ada.", session=session)
        asked = await Runner.run(agent, "What is my name?", session=session)
        assert "Ada" in asked.final_output
        items = await session.get_items()
        assert len(items) == 4
        assert await session.get_items(limit=2) == items[-2:]
        popped = await session.pop_item()
        assert popped == items[-1]
        await session.add_items([{"role": "user", "content": f"Part {at}."} for at in range(45)])
        assert len(await session.get_items()) == 48
        again = OpenAIConversationsSession(conversation_id=session.session_id, openai_client=client)
        assert "Ada" in (await Runner.run(agent, "What is my name?", session=again)).final_output
        await session.clear_session()
        assert await session.get_items() == []

    with_client(server, talk)


def test_agent_goes_on_from_previous_responses_and_in_conversations_of_the_server(server: Server) -> None:
    async def talk(client: AsyncOpenAI) -> None:
        agent = agent_of(client)
        first = await Runner.run(agent, "My name is Ada.")
        second = await Runner.run(agent, "What is my name?", previous_response_id=first.last_response_id)
        assert "Ada" in second.final_output
        conversation = (await client.conversations.create()).id
        await Runner.run(agent, "My name is Grace.", conversation_id=conversation)
        third = await Runner.run(agent, "What is my name?", conversation_id=conversation)
        assert "Grace" in third.final_output
        assert len([item async for item in client.conversations.items.list(conversation)]) == 4

    with_client(server, talk)


@pytest.mark.parametrize("kept", ["session", "conversation", "chain", "nowhere"])
@pytest.mark.parametrize("streamed", [False, True])
def test_agent_calls_a_tool_and_uses_what_it_says(server: Server, kept: str, streamed: bool) -> None:
    async def talk(client: AsyncOpenAI) -> None:
        agent = Agent(
            "Guide",
            model=OpenAIResponsesModel("gpt-4o-mini", client),
            tools=[get_weather],
            model_settings=ModelSettings(tool_choice="required"),
        )
        asked = "What is the weather in Paris?"
        session = OpenAIConversationsSession(openai_client=client) if kept == "session" else None
        conversation = (await client.conversations.create()).id if kept == "conversation" else None
        chained = kept == "chain"
        if streamed:
            running = Runner.run_streamed(
                agent, asked, session=session, conversation_id=conversation, auto_previous_response_id=chained
            )
            kinds = [event.type async for event in running.stream_events()]
            assert "raw_response_event" in kinds
            ran = running.to_input_list(), running.final_output
        else:
            whole = await Runner.run(
                agent, asked, session=session, conversation_id=conversation, auto_previous_response_id=chained
            )
            ran = whole.to_input_list(), whole.final_output
        said = [item.get("type") for item in ran[0]]
        assert said.count("function_call") == said.count("function_call_output") == 1
        assert "21" in ran[1]
        if session is not None:
            kept_kinds = [item.get("type") for item in await session.get_items()]
            assert kept_kinds == ["message", "function_call", "function_call_output", "message"]

    with_client(server, talk)
