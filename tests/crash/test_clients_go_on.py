"""Each way to use the official SDK, with a SIGKILL in the middle of ten turns in three sessions.

The client keeps its history; after the restart it asks its interrupted question again and goes on to its last turn,
which asks for the name that was told in the first. Run by `nox -s crash`.
"""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import openai
import pytest
import trio
from openai import AsyncOpenAI, OpenAI
from openai.types.chat import ChatCompletionMessageParam

from tests.children import Server, llmsim

pytestmark = [
    # openai 3.54 leaves the generators of its async streams to the garbage collector
    pytest.mark.filterwarnings("ignore:Async generator 'openai:ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
NAMES = ("Ada", "Grace", "Alan")
TURNS = 10
KILL_AFTER_TURNS = 14
"""Turns of all three sessions together after which the server is killed, once."""

Talks = dict[str, list[ChatCompletionMessageParam]]
Step = Callable[[], None]


def question(name: str, messages: list[ChatCompletionMessageParam]) -> ChatCompletionMessageParam:
    turn = len(messages) // 2 + 1
    text = f"Hello, my name is {name}." if turn == 1 else f"Tell me about lesson {turn}."
    return {"role": "user", "content": "What is my name?" if turn == TURNS else text}


def unfinished(messages: list[ChatCompletionMessageParam]) -> bool:
    return len(messages) < 2 * TURNS


def with_sync_client(url: str, talks: Talks, step: Step, *, stream: bool) -> None:
    with OpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0) as client:
        while any(map(unfinished, talks.values())):
            for name, messages in [(name, said) for name, said in talks.items() if unfinished(said)]:
                asked = question(name, messages)
                kwargs = {"model": "gpt-4o-mini", "messages": [*messages, asked]}
                if stream:
                    with client.chat.completions.stream(**kwargs) as events:  # type: ignore[arg-type]
                        content = events.get_final_completion().choices[0].message.content
                else:
                    content = client.chat.completions.create(**kwargs).choices[0].message.content  # type: ignore[call-overload]
                messages += [asked, {"role": "assistant", "content": content}]
                step()


async def speak(client: AsyncOpenAI, name: str, messages: list[ChatCompletionMessageParam], step: Step) -> None:
    while unfinished(messages):
        asked = question(name, messages)
        stream = await client.chat.completions.create(
            model="gpt-4o-mini", messages=[*messages, asked], max_tokens=30, stream=True
        )
        content = "".join([chunk.choices[0].delta.content or "" async for chunk in stream if chunk.choices])
        messages += [asked, {"role": "assistant", "content": content}]
        step()


def with_asyncio_client(url: str, talks: Talks, step: Step) -> None:
    async def talk() -> None:
        async with AsyncOpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0) as client:
            all_of_them: list[Awaitable[None]] = [speak(client, name, said, step) for name, said in talks.items()]
            results = await asyncio.gather(*all_of_them, return_exceptions=True)
            for error in filter(None, results):
                raise error

    asyncio.run(talk())


def with_trio_client(url: str, talks: Talks, step: Step) -> None:
    async def guarded(client: AsyncOpenAI, name: str, errors: list[openai.APIError]) -> None:
        try:
            await speak(client, name, talks[name], step)
        except openai.APIError as error:
            errors.append(error)

    async def talk() -> None:
        errors: list[openai.APIError] = []
        with trio.fail_after(120):
            async with (
                AsyncOpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0) as client,
                trio.open_nursery() as nursery,
            ):
                for name in talks:
                    nursery.start_soon(guarded, client, name, errors)
        if errors:
            raise errors[0]

    trio.run(talk)


WAYS: dict[str, Callable[[str, Talks, Step], None]] = {
    "sync": lambda url, talks, step: with_sync_client(url, talks, step, stream=False),
    "sync streamed": lambda url, talks, step: with_sync_client(url, talks, step, stream=True),
    "asyncio streamed": with_asyncio_client,
    "trio streamed": with_trio_client,
}


@pytest.mark.parametrize("way", WAYS)
def test_client_goes_on_after_a_kill_and_is_remembered(tmp_path: Path, way: str) -> None:
    talks: Talks = {name: [] for name in NAMES}
    data = tmp_path / "data"
    with Server(data, "--speed", "100", "--seed", "3") as server:
        turns = 0

        def step() -> None:
            nonlocal turns
            turns += 1
            if turns == KILL_AFTER_TURNS:
                server.process.kill()

        with pytest.raises(openai.APIError):
            WAYS[way](server.url, talks, step)
    assert any(map(unfinished, talks.values()))
    assert llmsim("check", "--data-dir", data).returncode == 0
    with Server(data, "--speed", "100") as server:
        WAYS[way](server.url, talks, lambda: None)
    for name, messages in talks.items():
        assert not unfinished(messages)
        assert name in str(messages[-1]["content"])
    proven = llmsim("replay", "--store", data)
    assert proven.returncode == 0, proven.stdout + proven.stderr
