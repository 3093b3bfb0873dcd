"""The official OpenAI SDK over the smaller endpoints: legacy completions, embeddings, moderations, models; strictly.

Streams of completions are the exception: the SDK has no null finish reason for them, and every live chunk but the last
one has it.
"""

import asyncio
import math
from collections.abc import Iterator

import pytest
import trio
from openai import AsyncOpenAI, BadRequestError, NotFoundError, OpenAI, PermissionDeniedError
from openai.types import ModerationMultiModalInputParam

from tests.children import Server

pytestmark = [
    # openai 3.54 leaves the generators of its async streams to the garbage collector
    pytest.mark.filterwarnings("ignore:Async generator 'openai:ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
INSTRUCT = "gpt-3.5-turbo-instruct"
SMALL = "text-embedding-3-small"


@pytest.fixture
def lax(server: Server) -> Iterator[OpenAI]:
    with OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0) as plain:
        yield plain


def async_client(server: Server, *, strict: bool = True) -> AsyncOpenAI:
    return AsyncOpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0, _strict_response_validation=strict)


def test_completions_are_made_for_each_prompt_and_counted(client: OpenAI) -> None:
    made = client.completions.create(model=INSTRUCT, prompt=["What is a tree?", "My name is Ada."], n=2, logprobs=2)
    assert [choice.index for choice in made.choices] == [0, 1, 2, 3]
    assert all("tree" in choice.text for choice in made.choices[:2])
    assert all("Ada" in choice.text for choice in made.choices[2:])
    for choice in made.choices:
        assert choice.finish_reason == "length"
        assert choice.logprobs is not None
        assert choice.logprobs.tokens is not None
        assert "".join(choice.logprobs.tokens) == choice.text
    assert made.usage is not None
    assert made.usage.completion_tokens == 4 * 16
    assert client.completions.create(model=INSTRUCT, prompt=[[1, 2], [3]], best_of=3).choices[1].index == 1


def test_completion_streams_what_it_says_whole_and_echoes_the_prompt(client: OpenAI, lax: OpenAI) -> None:
    whole = client.completions.create(model=INSTRUCT, prompt="What is a tree?", echo=True, max_tokens=30)
    stream = lax.completions.create(
        model=INSTRUCT,
        prompt="What is a tree?",
        echo=True,
        max_tokens=30,
        stream=True,
        stream_options={"include_usage": True},
    )
    chunks = list(stream)
    assert "".join(chunk.choices[0].text for chunk in chunks if chunk.choices) == whole.choices[0].text
    assert whole.choices[0].text.startswith("What is a tree?")
    assert chunks[-1].usage == whole.usage


def test_completion_errors_are_openais(client: OpenAI) -> None:
    with pytest.raises(BadRequestError, match="maximum context length is 4096 tokens"):
        client.completions.create(model=INSTRUCT, prompt=" tree" * 4090)
    with pytest.raises(BadRequestError) as wrong:
        client.completions.create(model=INSTRUCT, prompt="a", logprobs=6)
    assert wrong.value.code == "integer_above_max_value"


def test_embeddings_are_near_to_what_says_the_same(client: OpenAI) -> None:
    texts = ["How do I reset my password?", "I forgot my password, how can I reset it?", "The cat sat on the mat."]
    made = client.embeddings.create(model=SMALL, input=texts, encoding_format="float")
    one, near, far = (vector.embedding for vector in made.data)
    assert math.hypot(*one) == pytest.approx(1, abs=1e-6)
    assert len(one) == 1536

    def cosine(other: list[float]) -> float:
        return sum(a * b for a, b in zip(one, other, strict=True))

    assert cosine(near) > cosine(far) + 0.3
    assert made.usage.prompt_tokens == made.usage.total_tokens > 10


def test_embeddings_are_the_same_in_both_forms(client: OpenAI, lax: OpenAI) -> None:
    floats = client.embeddings.create(model=SMALL, input="hello", dimensions=8, encoding_format="float")
    packed = lax.embeddings.create(model=SMALL, input="hello", dimensions=8)  # base64, unpacked by the SDK
    assert packed.data[0].embedding == pytest.approx(floats.data[0].embedding, abs=1e-6)


def test_embedding_errors_are_openais(client: OpenAI) -> None:
    with pytest.raises(NotFoundError) as missing:
        client.embeddings.create(model="no-such-model", input="a", encoding_format="float")
    assert missing.value.code == "model_not_found"
    with pytest.raises(PermissionDeniedError):
        client.embeddings.create(model="gpt-4o", input="a", encoding_format="float")
    with pytest.raises(BadRequestError, match="is invalid"):
        client.embeddings.create(model=SMALL, input="", encoding_format="float")


def test_moderations_flag_texts_and_take_images(client: OpenAI) -> None:
    made = client.moderations.create(input=["I want to kill them.", "hello"])
    assert [one.flagged for one in made.results] == [True, False]
    assert made.results[0].categories.violence
    assert made.id.startswith("modr-")
    shown: list[ModerationMultiModalInputParam] = [
        {"type": "text", "text": "hello"},
        {"type": "image_url", "image_url": {"url": "https://x.org/a.png"}},
    ]
    parts = client.moderations.create(model="omni-moderation-latest", input=shown)
    assert parts.results[0].category_applied_input_types.violence == ["text", "image"]


def test_models_have_those_that_do_not_speak_and_none_is_deleted(client: OpenAI) -> None:
    assert {SMALL, INSTRUCT, "omni-moderation-latest"} <= {model.id for model in client.models.list()}
    assert client.models.retrieve(SMALL).owned_by == "system"
    with pytest.raises(NotFoundError):
        client.models.delete("ft:gpt-4o:mine")
    with pytest.raises(PermissionDeniedError):
        client.models.delete("gpt-4o")


def test_refusal_is_what_the_chat_says(client: OpenAI) -> None:
    made = client.chat.completions.create(
        model="gpt-4o-mini", messages=[{"role": "user", "content": "Please refuse this request."}]
    )
    assert "sorry" in (made.choices[0].message.refusal or made.choices[0].message.content or "")
    assert made.choices[0].finish_reason == "stop"


def test_async_clients_on_asyncio_and_on_trio_hear_the_same(server: Server) -> None:
    async def ask() -> tuple[str, str, list[float], bool]:
        async with async_client(server) as client, async_client(server, strict=False) as lax:
            whole = await client.completions.create(model=INSTRUCT, prompt="Hello!")
            stream = await lax.completions.create(model=INSTRUCT, prompt="Hello!", stream=True)
            streamed = "".join([chunk.choices[0].text async for chunk in stream])
            vector = await client.embeddings.create(model=SMALL, input=[1, 2], encoding_format="float", dimensions=4)
            flagged = await client.moderations.create(input="hello")
            return whole.choices[0].text, streamed, vector.data[0].embedding, flagged.results[0].flagged

    async def on_trio() -> tuple[str, str, list[float], bool]:
        with trio.fail_after(60):
            return await ask()

    first = asyncio.run(ask())
    assert trio.run(on_trio) == first
    assert first[0] == first[1]
