"""The official SDK's Azure clients against a real server: chat, streams, tools, completions, embeddings, errors."""

import asyncio
from collections.abc import Iterator

import pytest
from openai import AsyncAzureOpenAI, AzureOpenAI, NotFoundError, OpenAI, pydantic_function_tool
from openai.types.chat import ChatCompletionMessageParam
from pydantic import BaseModel

from tests.children import Server

pytestmark = [
    # openai 3.54 leaves the generators of its async streams to the garbage collector
    pytest.mark.filterwarnings("ignore:Async generator 'openai:ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
VERSION = "2024-10-21"
SAID: list[ChatCompletionMessageParam] = [{"role": "user", "content": "What is the weather in Oslo?"}]


class Weather(BaseModel):
    """Look up the weather of a city."""

    city: str


@pytest.fixture
def client(server: Server) -> Iterator[AzureOpenAI]:
    with AzureOpenAI(azure_endpoint=server.url, api_key="any", api_version=VERSION, max_retries=0) as azure:
        yield azure


def test_deployment_speaks_whole_and_streamed_and_tells_its_filter_first(client: AzureOpenAI) -> None:
    made = client.chat.completions.create(model="gpt-4o", messages=SAID, max_tokens=10)
    assert made.model.startswith("gpt-4o-")
    assert (made.model_extra or {})["prompt_filter_results"][0]["prompt_index"] == 0
    first, *chunks = client.chat.completions.create(model="gpt-4o", messages=SAID, max_tokens=10, stream=True)
    assert (first.choices, "prompt_filter_results" in (first.model_extra or {})) == ([], True)
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    assert text == made.choices[0].message.content


def test_deployment_with_a_name_of_its_own_calls_tools_completes_and_embeds(client: AzureOpenAI) -> None:
    tool = pydantic_function_tool(Weather)
    [choice] = client.chat.completions.parse(model="my-prod", messages=SAID, tools=[tool]).choices
    assert [call.function.parsed_arguments for call in choice.message.tool_calls or []] == [Weather(city="Oslo")]
    assert client.completions.create(model="my-older", prompt="Say this", max_tokens=4).choices[0].text
    vectors = client.embeddings.create(model="my-vectors", input=["a", "b"])
    assert [len(one.embedding) for one in vectors.data] == [1536, 1536]
    assert vectors.model == "text-embedding-3-small"


def test_what_is_not_served_is_not_found_in_azures_words(client: AzureOpenAI) -> None:
    with pytest.raises(NotFoundError, match="Resource not found") as refused:
        client.images.generate(model="dall-e-3", prompt="a tree")
    assert refused.value.code == "404"


def test_new_path_is_openais_api_with_responses_and_conversations(server: Server) -> None:
    with OpenAI(base_url=f"{server.url}/openai/v1/", api_key="any", _strict_response_validation=True) as client:
        conversation = client.conversations.create()
        client.responses.create(model="gpt-4o", input="My name is Ada.", conversation=conversation.id)
        asked = client.responses.create(model="gpt-4o", input="What is my name?", conversation=conversation.id)
        assert "Ada" in asked.output_text


def test_async_client_hears_the_same(server: Server, client: AzureOpenAI) -> None:
    async def heard() -> str | None:
        async with AsyncAzureOpenAI(azure_endpoint=server.url, api_key="any", api_version=VERSION) as other:
            made = await other.chat.completions.create(model="gpt-4o", messages=SAID, max_tokens=10)
            return made.choices[0].message.content

    made = client.chat.completions.create(model="gpt-4o", messages=SAID, max_tokens=10)
    assert asyncio.run(heard()) == made.choices[0].message.content
