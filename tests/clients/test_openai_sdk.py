"""The official OpenAI SDK against a real socket: sync, asyncio and trio, streamed and not, validated strictly.

A conversation is three sessions of ten turns; the name told in the first turn is asked for in the last.
"""

import asyncio

import pytest
import trio
from openai import AsyncOpenAI, BadRequestError, NotFoundError, OpenAI
from openai.types.chat import ChatCompletionMessageParam

from tests.children import Server

pytestmark = [
    # openai 3.54 leaves the generators of its async streams to the garbage collector
    pytest.mark.filterwarnings("ignore:Async generator 'openai:ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
SESSIONS = ("ada", "grace", "alan")
TURNS = 10


def asked(name: str, turn: int) -> str:
    if turn == 1:
        return f"Hello, my name is {name.title()}."
    return "What is my name?" if turn == TURNS else f"Tell me about the {turn} times table."


def user(content: str) -> ChatCompletionMessageParam:
    return {"role": "user", "content": content}


def assistant(content: str) -> ChatCompletionMessageParam:
    return {"role": "assistant", "content": content}


def whole(client: OpenAI, name: str) -> list[str]:
    messages: list[ChatCompletionMessageParam] = []
    replies = []
    for turn in range(1, TURNS + 1):
        messages.append(user(asked(name, turn)))
        raw = client.chat.completions.with_raw_response.create(model="gpt-4o-mini", messages=messages)
        assert raw.headers["x-llmsim-turn"] == str(turn)
        completion = raw.parse()
        content = completion.choices[0].message.content
        assert content
        assert completion.usage is not None
        assert completion.usage.completion_tokens > 0
        assert completion.choices[0].finish_reason == "stop"
        messages.append(assistant(content))
        replies.append(content)
    return replies


def streamed(client: OpenAI, name: str) -> list[str]:
    messages: list[ChatCompletionMessageParam] = []
    replies = []
    for turn in range(1, TURNS + 1):
        messages.append(user(asked(name, turn)))
        with client.chat.completions.stream(
            model="gpt-4o-mini", messages=messages, stream_options={"include_usage": True}
        ) as stream:
            completion = stream.get_final_completion()
        content = completion.choices[0].message.content
        assert content
        assert completion.usage is not None
        messages.append(assistant(content))
        replies.append(content)
    return replies


async def spoken(client: AsyncOpenAI, name: str) -> list[str]:
    messages: list[ChatCompletionMessageParam] = []
    replies = []
    for turn in range(1, TURNS + 1):
        messages.append(user(asked(name, turn)))
        stream = await client.chat.completions.create(model="gpt-4o-mini", messages=messages, stream=True)
        content = "".join([chunk.choices[0].delta.content or "" async for chunk in stream if chunk.choices])
        messages.append(assistant(content))
        replies.append(content)
    return replies


def sync_client(server: Server) -> OpenAI:
    return OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0, _strict_response_validation=True)


def async_client(server: Server) -> AsyncOpenAI:
    return AsyncOpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0, _strict_response_validation=True)


@pytest.mark.parametrize("name", SESSIONS)
def test_sync_client_streamed_and_not_hears_the_same_and_is_remembered(server: Server, name: str) -> None:
    with sync_client(server) as client:
        replies = whole(client, name)
        assert streamed(client, name) == replies
    assert name.title() in replies[-1]


def test_async_client_on_asyncio_and_on_trio_hears_the_same(server: Server) -> None:
    async def on_asyncio() -> list[list[str]]:
        async with async_client(server) as client:
            return await asyncio.gather(*(spoken(client, name) for name in SESSIONS))

    async def on_trio() -> dict[str, list[str]]:
        replies: dict[str, list[str]] = {}

        async def speak(name: str) -> None:
            replies[name] = await spoken(client, name)

        with trio.fail_after(120):
            async with async_client(server) as client, trio.open_nursery() as nursery:
                for name in SESSIONS:
                    nursery.start_soon(speak, name)
        return replies

    first = asyncio.run(on_asyncio())
    assert trio.run(on_trio) == dict(zip(SESSIONS, first, strict=True))
    for name, replies in zip(SESSIONS, first, strict=True):
        assert name.title() in replies[-1]


def test_client_sees_models_and_openai_errors(server: Server) -> None:
    with sync_client(server) as client:
        models = [model.id for model in client.models.list()]
        assert "gpt-4o-mini" in models
        assert client.models.retrieve("gpt-4o-mini").object == "model"
        with pytest.raises(NotFoundError) as missing:
            client.models.retrieve("no-such-model")
        assert missing.value.code == "model_not_found"
        with pytest.raises(BadRequestError) as wrong:
            client.chat.completions.create(model="gpt-4o-mini", messages=[user("hi")], max_tokens=-1)
        assert wrong.value.param == "max_tokens"
        assert wrong.value.request_id


def test_client_n_stop_and_max_tokens_are_obeyed(server: Server) -> None:
    with sync_client(server) as client:
        three = client.chat.completions.create(model="gpt-4o-mini", messages=[user("Describe rain.")], n=3)
        assert len({choice.message.content for choice in three.choices}) == 3
        cut = client.chat.completions.create(model="gpt-4o-mini", messages=[user("Describe rain.")], max_tokens=5)
        assert cut.choices[0].finish_reason == "length"
        assert cut.usage is not None
        assert cut.usage.completion_tokens == 5
        full = three.choices[0].message.content or ""
        assert full.startswith(cut.choices[0].message.content or "?")
        word = full.split()[4]
        stopped = client.chat.completions.create(model="gpt-4o-mini", messages=[user("Describe rain.")], stop=word)
        assert stopped.choices[0].message.content == full[: full.index(word)]
