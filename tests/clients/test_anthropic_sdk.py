"""The official Anthropic SDK against a real socket: sync, asyncio and trio, under both versions of the API, strictly.

What it validates with pydantic is every body and every event. Threads, tools and batches go through its own helpers.
"""

import asyncio
import time
from collections.abc import Iterator
from typing import Any

import anthropic
import pytest
import trio
from anthropic import Anthropic, AsyncAnthropic, beta_tool
from anthropic.types import MessageParam
from anthropic.types.beta import BetaMessage
from pydantic import BaseModel

from tests.children import Server

pytestmark = [
    pytest.mark.filterwarnings("ignore:Async generator:ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
MODEL = "claude-sonnet-4-6"
ADA = "Hello, my name is Ada."
WHO = "What is my name?"
OLD = {"anthropic-version": "2023-06-01"}
STYLES = ("2026-10-21", "2023-06-01")
"""How the majors of the SDK send a key: as Bearer since 2.0, as x-api-key before."""


def options(server: Server, style: str) -> dict[str, Any]:
    strict = {"base_url": server.url, "max_retries": 0, "_strict_response_validation": True}
    if style == STYLES[0]:
        return {**strict, "api_key": "any"}
    return {**strict, "api_key": None, "auth_token": "unused", "default_headers": {**OLD, "x-api-key": "any"}}


@pytest.fixture(params=STYLES)
def client(server: Server, request: pytest.FixtureRequest) -> Iterator[Anthropic]:
    with Anthropic(**options(server, request.param)) as made:
        yield made


def user(content: str) -> MessageParam:
    return {"role": "user", "content": content}


def text_of(message: Any) -> str:  # noqa: ANN401  (of either API)
    return "".join(block.text for block in message.content if block.type == "text")


def test_conversation_goes_on_with_the_blocks_that_came(client: Anthropic) -> None:
    messages = [user(ADA)]
    first = client.messages.create(model=MODEL, max_tokens=60, messages=messages)
    assert first.id.startswith("msg_01")
    assert first._request_id is not None
    assert first._request_id.startswith("req_011C")
    messages += [{"role": "assistant", "content": first.content}, user(WHO)]
    second = client.messages.create(model=MODEL, max_tokens=60, messages=messages)
    assert "Ada" in text_of(second)


def test_stream_is_the_message(client: Anthropic) -> None:
    whole = client.messages.create(model=MODEL, max_tokens=60, messages=[user(ADA)], system="Be brief.")
    with client.messages.stream(model=MODEL, max_tokens=60, messages=[user(ADA)], system="Be brief.") as stream:
        pieces = list(stream.text_stream)
        streamed = stream.get_final_message()
    assert "".join(pieces) == text_of(whole) == text_of(streamed)
    assert len(pieces) > 3
    assert streamed.usage == whole.usage
    events = [event.type for event in client.messages.create(
        model=MODEL, max_tokens=60, messages=[user(ADA)], stream=True)]  # fmt: skip
    assert (events[0], events[-2:]) == ("message_start", ["message_delta", "message_stop"])


@pytest.mark.parametrize("display", ["summarized", "omitted"])
def test_thought_comes_back_signed_and_only_as_it_was(client: Anthropic, display: Any) -> None:  # noqa: ANN401
    asked: dict[str, Any] = {"model": MODEL, "max_tokens": 4000, "thinking": {"type": "adaptive", "display": display}}
    with client.messages.stream(messages=[user(ADA)], **asked) as stream:
        message = stream.get_final_message()
    thought = message.content[0]
    assert thought.type == "thinking"
    assert bool(thought.thinking) is (display == "summarized")
    assert message.usage.output_tokens_details is not None
    assert message.usage.output_tokens_details.thinking_tokens > 0
    said: list[MessageParam] = [user(ADA), {"role": "assistant", "content": message.content}, user(WHO)]
    assert "Ada" in text_of(client.messages.create(messages=said, **asked))
    thought.thinking += " and more"
    with pytest.raises(anthropic.BadRequestError, match="Invalid `signature` in `thinking` block"):
        client.messages.create(messages=said, **asked)


class City(BaseModel):
    name: str
    population: int


def test_structured_output_is_parsed(client: Anthropic) -> None:
    parsed = client.messages.parse(
        model=MODEL, max_tokens=400, messages=[user("Tell me about Paris.")], output_format=City
    )
    assert isinstance(parsed.parsed_output, City)


def test_tool_runner_calls_a_tool_and_ends(client: Anthropic) -> None:
    asked: list[str] = []

    @beta_tool
    def get_weather(city: str) -> str:
        """The weather of a city."""
        asked.append(city)
        return f"It is sunny in {city}."

    runner = client.beta.messages.tool_runner(
        model=MODEL,
        max_tokens=400,
        tools=[get_weather],
        messages=[{"role": "user", "content": "What is the weather in Paris?"}],
        max_iterations=5,
    )
    replies: list[BetaMessage] = list(runner)
    assert asked == ["Paris"]
    assert [reply.stop_reason for reply in replies] == ["tool_use", "end_turn"]
    assert "sunny" in text_of(replies[-1])


def test_call_of_a_tool_is_streamed_in_fragments(client: Anthropic) -> None:
    schema: dict[str, object] = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
    with client.messages.stream(
        model=MODEL,
        max_tokens=400,
        tools=[{"name": "get_weather", "input_schema": schema}],
        tool_choice={"type": "any", "disable_parallel_tool_use": True},
        messages=[user("What is the weather in Paris?")],
    ) as stream:
        message = stream.get_final_message()
    [call] = [block for block in message.content if block.type == "tool_use"]
    assert call.id.startswith("toolu_01")
    assert call.input == {"city": "Paris"}
    assert message.stop_reason == "tool_use"


def test_thread_goes_on_by_its_helper(client: Anthropic) -> None:
    thread = client.beta.messages.thread(model=MODEL, max_tokens=60, system="Be brief.")
    first = thread.send({"role": "user", "content": ADA})
    assert thread.previous_message_id == first.id
    assert "Ada" in text_of(thread.send({"role": "user", "content": WHO}))
    with thread.stream({"role": "user", "content": WHO}) as stream:
        assert "Ada" in stream.get_final_text()
    assert len(thread.messages) == 6
    fork = thread.fork()
    assert "Ada" in text_of(fork.send({"role": "user", "content": WHO}))


def test_thread_fails_with_the_errors_of_the_sdk(client: Anthropic) -> None:
    def go_on(previous: str, **changes: Any) -> BetaMessage:  # noqa: ANN401
        asked: dict[str, Any] = {
            "model": MODEL,
            "max_tokens": 20,
            "messages": [{"role": "user", "content": WHO}],
            "thread": {"type": "continue", "previous_message_id": previous},
            "betas": ["message-threads-2026-08-12"],
        }
        answer: BetaMessage = client.beta.messages.create(**(asked | changes))
        return answer

    first = go_on("", thread={"type": "create"})
    with pytest.raises(anthropic.NotFoundError) as lost:
        go_on("msg_nobodys")
    assert getattr(lost.value, "error_code", None) == "thread_not_found"
    managed = ["message-threads-2026-08-12", "context-management-2025-06-27"]
    for code, changes in (
        ("thread_fingerprint_mismatch", {"model": "claude-opus-5-5"}),
        ("thread_unsupported_request", {"context_management": {"edits": []}, "betas": managed}),
    ):
        with pytest.raises(anthropic.BadRequestError) as refused:
            go_on(first.id, **changes)
        assert getattr(refused.value, "error_code", None) == code
    go_on(first.id)
    with pytest.raises(anthropic.BadRequestError) as again:
        go_on(first.id)
    assert getattr(again.value, "error_code", None) == "thread_already_continued"


def test_batch_is_made_polled_read_and_deleted(client: Anthropic) -> None:
    params: dict[str, Any] = {"model": MODEL, "max_tokens": 30, "messages": [user(ADA)]}
    requests: Any = [
        {"custom_id": "good", "params": params},
        {"custom_id": "bad", "params": {**params, "max_tokens": -1}},
    ]
    batch = client.messages.batches.create(requests=requests)
    for _ in range(100):
        if client.messages.batches.retrieve(batch.id).processing_status == "ended":
            break
        time.sleep(0.02)
    results = {entry.custom_id: entry.result for entry in client.messages.batches.results(batch.id)}
    assert results["good"].type == "succeeded"
    assert "Ada" in text_of(results["good"].message)
    assert results["bad"].type == "errored"
    assert results["bad"].error.error.type == "invalid_request_error"
    assert batch.id in [known.id for known in client.messages.batches.list(limit=1)]
    assert client.messages.batches.cancel(batch.id).processing_status == "ended"
    assert client.messages.batches.delete(batch.id).type == "message_batch_deleted"
    with pytest.raises(anthropic.NotFoundError):
        client.messages.batches.retrieve(batch.id)


def test_tokens_and_models_are_told(client: Anthropic) -> None:
    counted = client.messages.count_tokens(model=MODEL, messages=[user(ADA)], system="Be brief.")
    message = client.messages.create(model=MODEL, messages=[user(ADA)], system="Be brief.", max_tokens=5)
    assert counted.input_tokens == message.usage.input_tokens
    known = [model.id for model in client.models.list(limit=1)]
    assert MODEL in known
    assert client.models.retrieve(MODEL).max_input_tokens == 1_000_000
    with pytest.raises(anthropic.NotFoundError, match="model: nobodys"):
        client.models.retrieve("nobodys")


def test_prompt_cache_is_counted(client: Anthropic) -> None:
    system: Any = [{"type": "text", "text": "word " * 3000, "cache_control": {"type": "ephemeral"}}]
    first = client.messages.create(model=MODEL, max_tokens=20, system=system, messages=[user(ADA)])
    assert (first.usage.cache_creation_input_tokens or 0) > 2900
    assert first.usage.cache_read_input_tokens == 0
    said: list[MessageParam] = [user(ADA), {"role": "assistant", "content": first.content}, user(WHO)]
    second = client.messages.create(model=MODEL, max_tokens=20, system=system, messages=said)
    assert (second.usage.cache_read_input_tokens or 0) > 2900


def test_what_a_version_has_no_longer_is_refused(server: Server) -> None:
    for style in STYLES:
        with Anthropic(**options(server, style)) as client:
            asked: dict[str, Any] = {"model": MODEL, "max_tokens": 5, "messages": [user(ADA)]}
            asked["extra_body"] = {"temperature": 1.0}
            if style == STYLES[1]:
                client.messages.create(**asked)
                continue
            with pytest.raises(anthropic.BadRequestError, match="temperature: Extra inputs are not permitted"):
                client.messages.create(**asked)


def test_client_without_a_key_is_refused(server: Server) -> None:
    with (
        Anthropic(base_url=server.url, api_key="", max_retries=0) as client,
        pytest.raises((anthropic.AuthenticationError, anthropic.AnthropicError, TypeError)),
    ):
        client.messages.create(model=MODEL, max_tokens=5, messages=[user(ADA)])


def test_trio_client_is_answered(server: Server) -> None:
    async def talk() -> str:
        with trio.fail_after(30):
            async with AsyncAnthropic(**options(server, STYLES[0])) as client:
                async with client.messages.stream(model=MODEL, max_tokens=60, messages=[user(ADA)]) as stream:
                    pieces = [piece async for piece in stream.text_stream]
                whole = await client.messages.create(model=MODEL, max_tokens=60, messages=[user(ADA)])
        assert "".join(pieces) == text_of(whole)
        return text_of(whole)

    assert "Ada" in trio.run(talk)


@pytest.mark.parametrize("style", STYLES)
def test_many_asyncio_clients_are_answered_at_once(server: Server, style: str) -> None:
    async def talk(client: AsyncAnthropic, name: str) -> str:
        messages: list[MessageParam] = [user(f"Hello, my name is {name}.")]
        async with client.messages.stream(model=MODEL, max_tokens=60, messages=messages) as stream:
            first = await stream.get_final_message()
        messages += [{"role": "assistant", "content": first.content}, user(WHO)]
        return text_of(await client.messages.create(model=MODEL, max_tokens=60, messages=messages))

    async def everybody() -> list[str]:
        async with AsyncAnthropic(**options(server, style)) as client:
            return await asyncio.gather(*[talk(client, name) for name in names])

    names = ("Ada", "Grace", "Alan")
    assert all(name in said for name, said in zip(names, asyncio.run(everybody()), strict=True))
