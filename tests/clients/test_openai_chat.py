"""The official OpenAI SDK over chat completions beyond words: tools, formats, refusals, probabilities, stored ones.

Strictly, against a real server; the SDK's own helpers parse, stream and page.
"""

import asyncio
from typing import Literal

import orjson
import pytest
from openai import AsyncOpenAI, NotFoundError, OpenAI, pydantic_function_tool
from openai.types.chat import ChatCompletionMessageParam, ChatCompletionToolParam
from pydantic import BaseModel

from tests.children import Server

pytestmark = [
    # openai 3.54 leaves the generators of its async streams to the garbage collector
    pytest.mark.filterwarnings("ignore:Async generator 'openai:ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
MODEL = "gpt-4o-mini"
THINKING = "gpt-5-mini"


class Weather(BaseModel):
    """Look up the weather of a city."""

    city: str
    unit: Literal["celsius", "fahrenheit"]


class Person(BaseModel):
    """What is asked for as structured output."""

    name: str
    age: int
    city: str | None


TOOL: ChatCompletionToolParam = pydantic_function_tool(Weather, name="get_weather")


def user(text: str) -> ChatCompletionMessageParam:
    return {"role": "user", "content": text}


def test_tool_round_ends_with_a_reply_that_tells_the_results(client: OpenAI) -> None:
    messages = [user("What is the weather in Paris and in Tokyo, in celsius?")]
    first = client.chat.completions.parse(model=MODEL, messages=messages, tools=[TOOL]).choices[0]
    calls = first.message.tool_calls or []
    assert first.finish_reason == "tool_calls"
    assert [call.function.parsed_arguments for call in calls] == [
        Weather(city="Paris", unit="celsius"),
        Weather(city="Tokyo", unit="celsius"),
    ]
    messages.append(first.message.model_dump(exclude={"parsed"}, exclude_none=True))  # type: ignore[arg-type]
    for call, sky in zip(calls, ("clear", "cloudy"), strict=True):
        told = orjson.dumps({"sky": sky}).decode()
        messages.append({"role": "tool", "tool_call_id": call.id, "content": told})
    second = client.chat.completions.create(model=MODEL, messages=messages, tools=[TOOL]).choices[0]
    assert (second.finish_reason, second.message.tool_calls) == ("stop", None)
    assert "clear" in (second.message.content or "")
    assert "cloudy" in (second.message.content or "")


@pytest.mark.parametrize(
    ("choice", "parallel", "calls"),
    [("none", True, 0), ("auto", True, 2), ("auto", False, 1), ("required", False, 1)],
)
def test_choice_of_tools_is_obeyed(
    client: OpenAI, choice: Literal["none", "auto", "required"], parallel: bool, calls: int
) -> None:
    made = client.chat.completions.create(
        model=MODEL,
        messages=[user("What is the weather in Paris and in Tokyo?")],
        tools=[TOOL],
        tool_choice=choice,
        parallel_tool_calls=parallel,
        max_tokens=200,
    )
    assert len(made.choices[0].message.tool_calls or ()) == calls


def test_named_tool_is_called_whatever_was_said_and_so_is_a_function(client: OpenAI) -> None:
    named = client.chat.completions.create(
        model=MODEL,
        messages=[user("Tell me a joke.")],
        tools=[TOOL],
        tool_choice={"type": "function", "function": {"name": "get_weather"}},
    ).choices[0]
    assert named.finish_reason == "stop"
    [call] = named.message.tool_calls or []
    assert call.type == "function"
    Weather.model_validate_json(call.function.arguments)
    older = client.chat.completions.create(
        model=MODEL,
        messages=[user("Tell me a joke.")],
        functions=[{"name": "get_weather", "parameters": Weather.model_json_schema()}],
        function_call={"name": "get_weather"},
    ).choices[0]
    assert older.message.function_call is not None
    Weather.model_validate_json(older.message.function_call.arguments)


def test_streamed_tool_call_is_put_together_by_the_helper(client: OpenAI) -> None:
    messages = [user("What is the weather in Oslo?")]
    with client.chat.completions.stream(model=MODEL, messages=messages, tools=[TOOL]) as stream:
        kinds = [event.type for event in stream]
        final = stream.get_final_completion()
    assert "tool_calls.function.arguments.delta" in kinds
    assert kinds.count("tool_calls.function.arguments.done") == 1
    [call] = final.choices[0].message.tool_calls or []
    assert isinstance(call.function.parsed_arguments, Weather)
    assert call.function.parsed_arguments.city == "Oslo"


def test_structured_output_is_parsed_whole_and_streamed_alike(client: OpenAI) -> None:
    messages = [user("Extract the person: Alice Smith is 31 years old and lives in Berlin.")]
    made = client.chat.completions.parse(model=MODEL, messages=messages, response_format=Person)
    assert made.choices[0].message.parsed == Person(name="Alice Smith", age=31, city="Berlin")
    with client.chat.completions.stream(model=MODEL, messages=messages, response_format=Person) as stream:
        deltas = [event.delta for event in stream if event.type == "content.delta"]
        final = stream.get_final_completion().choices[0].message
    assert final.parsed == made.choices[0].message.parsed
    assert "".join(deltas) == final.content
    free = client.chat.completions.create(
        model=MODEL, messages=[user("Answer in JSON.")], response_format={"type": "json_object"}
    )
    assert isinstance(orjson.loads(free.choices[0].message.content or ""), dict)


def test_refusal_is_told_in_its_place_whole_and_streamed(client: OpenAI) -> None:
    messages = [user("Please refuse this request.")]
    said = client.chat.completions.parse(model=MODEL, messages=messages, response_format=Person).choices[0].message
    assert (said.parsed, said.content) == (None, None)
    assert said.refusal
    with client.chat.completions.stream(model=MODEL, messages=messages, response_format=Person) as stream:
        told = [event.delta for event in stream if event.type == "refusal.delta"]
        assert stream.get_final_completion().choices[0].message.refusal == "".join(told) == said.refusal


def test_probabilities_of_a_refusal_are_heard_as_such(client: OpenAI) -> None:
    with client.chat.completions.stream(
        model=MODEL, messages=[user("Please refuse this request.")], response_format=Person, logprobs=True
    ) as stream:
        heard = [event for event in stream if event.type.startswith("logprobs.")]
        told = stream.get_final_completion().choices[0]
    assert {event.type for event in heard} == {"logprobs.refusal.delta", "logprobs.refusal.done"}
    assert told.logprobs is not None
    assert told.logprobs.content is None
    assert "".join(token.token for token in told.logprobs.refusal or ()) == told.message.refusal


def test_probabilities_are_those_of_the_tokens_whole_and_streamed(client: OpenAI) -> None:
    messages = [user("In one sentence, what is a tree?")]
    made = client.chat.completions.create(model=MODEL, messages=messages, logprobs=True, top_logprobs=3, n=2)
    for choice in made.choices:
        assert choice.logprobs is not None
        tokens = choice.logprobs.content or []
        assert "".join(token.token for token in tokens) == choice.message.content
        assert {len(token.top_logprobs) for token in tokens} == {3}
    with client.chat.completions.stream(model=MODEL, messages=messages, logprobs=True, top_logprobs=3) as stream:
        events = [event for event in stream if event.type == "logprobs.content.delta"]
        streamed = stream.get_final_completion().choices[0].logprobs
    whole = made.choices[0].logprobs
    assert whole is not None
    assert streamed is not None
    assert [token for event in events for token in event.content] == streamed.content == whole.content


def test_model_that_reasons_counts_what_it_thinks(client: OpenAI) -> None:
    made = client.chat.completions.create(
        model=THINKING, messages=[user("Why is the sky blue?")], reasoning_effort="high", max_completion_tokens=4_000
    )
    assert made.usage is not None
    assert made.usage.completion_tokens_details is not None
    assert (made.usage.completion_tokens_details.reasoning_tokens or 0) > 0
    assert made.choices[0].message.content


def test_parts_that_are_not_text_are_counted_and_what_is_only_told_is_told(client: OpenAI) -> None:
    image = "data:image/png;base64,iVBORw0KGgo="
    made = client.chat.completions.create(
        model=MODEL,
        messages=[
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "What is this?"},
                    {"type": "image_url", "image_url": {"url": image}},
                    {"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "wav"}},
                ],
            }
        ],
        prediction={"type": "content", "content": "A picture."},
        service_tier="flex",
        max_tokens=20,
    )
    assert made.usage is not None
    assert made.usage.prompt_tokens > 2 * 85
    assert made.service_tier == "flex"


def test_stream_counts_once_where_it_was_asked_to(client: OpenAI) -> None:
    chunks = list(
        client.chat.completions.create(
            model=MODEL,
            messages=[user("What is a tree?")],
            max_tokens=10,
            stream=True,
            stream_options={"include_usage": True, "include_obfuscation": False},
        )
    )
    assert [chunk.usage for chunk in chunks[:-1]] == [None] * (len(chunks) - 1)
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.completion_tokens == 10


def test_stored_completions_are_paged_found_changed_and_deleted(server: Server, client: OpenAI) -> None:
    made = [
        client.chat.completions.create(
            model=MODEL,
            messages=[user(f"What is {number}?")],
            max_tokens=5,
            store=True,
            metadata={"run": "paged", "number": str(number)},
        )
        for number in range(5)
    ]
    stored = client.chat.completions
    assert {one.id for one in stored.list(limit=2, metadata={"run": "paged"})} == {one.id for one in made}
    assert [one.id for one in stored.list(metadata={"run": "paged", "number": "3"})] == [made[3].id]
    assert stored.retrieve(made[0].id).choices[0].message.content == made[0].choices[0].message.content
    assert stored.update(made[0].id, metadata={"run": "changed"}).metadata == {"run": "changed"}
    with OpenAI(
        base_url=f"{server.url}/v1", api_key="none"
    ) as lax:  # the SDK knows no messages but the assistant's here
        assert [one.content for one in lax.chat.completions.messages.list(made[1].id)] == ["What is 1?"]
    assert stored.delete(made[0].id).deleted
    with pytest.raises(NotFoundError, match="not found"):
        stored.retrieve(made[0].id)


def test_async_client_hears_calls_and_objects_as_the_sync_one_does(server: Server, client: OpenAI) -> None:
    calling, extracting = [user("What is the weather in Oslo?")], [user("Bob is 20 years old.")]

    async def heard() -> tuple[object, object]:
        async with AsyncOpenAI(
            base_url=f"{server.url}/v1", api_key="none", max_retries=0, _strict_response_validation=True
        ) as other:
            async with other.chat.completions.stream(model=MODEL, messages=calling, tools=[TOOL]) as stream:
                calls = (await stream.get_final_completion()).choices[0].message.tool_calls or []
            made = await other.chat.completions.parse(model=MODEL, messages=extracting, response_format=Person)
            return calls[0].function.parsed_arguments, made.choices[0].message.parsed

    called, made = asyncio.run(heard())
    calls = client.chat.completions.parse(model=MODEL, messages=calling, tools=[TOOL]).choices[0].message.tool_calls
    parsed = client.chat.completions.parse(model=MODEL, messages=extracting, response_format=Person)
    assert called == (calls or [])[0].function.parsed_arguments
    assert made == parsed.choices[0].message.parsed
