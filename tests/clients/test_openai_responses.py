"""The official OpenAI SDK over Responses and Conversations against a real server: strictly, sync and async.

The server is started anew between two steps where that must not be noticed.
"""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest
from openai import AsyncOpenAI, BadRequestError, NotFoundError, OpenAI
from openai.types.responses import Response
from pydantic import BaseModel

from tests.children import Server

pytestmark = [
    # openai 3.54 leaves the generators of its async streams to the garbage collector
    pytest.mark.filterwarnings("ignore:Async generator 'openai:ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
MODEL = "gpt-4o-mini"
LIMIT_S = 60.0
TERMINAL = ("completed", "incomplete", "failed", "cancelled")


class City(BaseModel):
    """What is asked for as structured output."""

    name: str
    inhabitants: int


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    data: Path = tmp_path_factory.mktemp("data")
    with Server(data, "--speed", "50", "--seed", "1", "--ordinal", "2") as running:
        yield running


@pytest.fixture
def client(server: Server) -> Iterator[OpenAI]:
    with client_of(server) as strict:
        yield strict


def client_of(server: Server) -> OpenAI:
    return OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0, _strict_response_validation=True)


def async_client_of(server: Server) -> AsyncOpenAI:
    return AsyncOpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0, _strict_response_validation=True)


def ended(client: OpenAI, response: str) -> Response:
    """A background response once it is over."""
    until = time.monotonic() + LIMIT_S
    while time.monotonic() < until:
        found = client.responses.retrieve(response)
        if found.status in TERMINAL:
            return found
    message = f"{response} does not end"
    raise AssertionError(message)


def test_responses_are_chained_shown_listed_and_deleted(client: OpenAI) -> None:
    first = client.responses.create(model=MODEL, input="My name is Ada.", instructions="Be brief.")
    second = client.responses.create(model=MODEL, input="What is my name?", previous_response_id=first.id)
    assert "Ada" in second.output_text
    assert client.responses.retrieve(second.id) == second
    [item] = client.responses.input_items.list(second.id)
    assert item.type == "message"
    assert client.responses.input_tokens.count(model=MODEL, input="What is rain?").input_tokens > 0
    raw = client.responses.with_raw_response.compact(model=MODEL, previous_response_id=second.id)
    folded = orjson.loads(raw.content)["output"]  # the SDK's type has no messages of users; the live API has
    assert [item["type"] for item in folded] == ["message", "message", "compaction"]
    after = client.responses.create(model=MODEL, input=[*folded, {"role": "user", "content": "What is my name?"}])
    assert "Ada" in after.output_text
    client.responses.delete(first.id)
    with pytest.raises(NotFoundError):
        client.responses.retrieve(first.id)
    with pytest.raises(BadRequestError) as refused:
        client.responses.create(model=MODEL, input="And?", previous_response_id=first.id)
    assert refused.value.code == "previous_response_not_found"


def test_stream_helper_and_parse_take_every_event(client: OpenAI) -> None:
    with client.responses.stream(model=MODEL, input="Describe rain.") as stream:
        kinds = [event.type for event in stream]
        whole = stream.get_final_response()
    assert kinds[0] == "response.created"
    assert kinds[-1] == "response.completed"
    assert client.responses.retrieve(whole.id).output_text == whole.output_text
    parsed = client.responses.parse(model=MODEL, input="Which city is the largest?", text_format=City)
    assert isinstance(parsed.output_parsed, City)


def test_conversation_is_made_filled_gone_on_in_paged_and_deleted(client: OpenAI) -> None:
    conversation = client.conversations.create(
        metadata={"topic": "names"}, items=[{"type": "message", "role": "user", "content": "My name is Ada."}]
    )
    assert client.conversations.retrieve(conversation.id) == conversation
    assert client.conversations.update(conversation.id, metadata={"topic": "rain"}).metadata == {"topic": "rain"}
    client.conversations.items.create(
        conversation.id, items=[{"type": "message", "role": "user", "content": f"Part {at}."} for at in range(5)]
    )
    made = client.responses.create(model=MODEL, input="What is my name?", conversation=conversation.id)
    assert "Ada" in made.output_text
    with client.responses.stream(model=MODEL, input="Describe rain.", conversation=conversation.id) as stream:
        stream.until_done()
    newest = list(client.conversations.items.list(conversation.id, limit=2))
    oldest = list(client.conversations.items.list(conversation.id, limit=3, order="asc"))
    assert len(newest) == 10
    assert oldest == newest[::-1]
    one = oldest[3].id
    assert one is not None
    assert client.conversations.items.retrieve(one, conversation_id=conversation.id) == oldest[3]
    assert client.conversations.items.delete(one, conversation_id=conversation.id).id == conversation.id
    assert client.conversations.delete(conversation.id).deleted
    with pytest.raises(NotFoundError):
        client.conversations.retrieve(conversation.id)


def test_background_response_is_polled_and_its_stream_is_taken_up_again(client: OpenAI) -> None:
    queued = client.responses.create(model=MODEL, input="Describe rain.", background=True)
    assert queued.status == "queued"
    assert ended(client, queued.id).output_text
    with client.responses.create(model=MODEL, input="Describe snow.", background=True, stream=True) as stream:
        told = [event for event, _ in zip(stream, range(5), strict=False)]
    assert told[0].type == "response.created"
    name, last = told[0].response.id, told[-1].sequence_number
    rest = list(client.responses.retrieve(name, stream=True, starting_after=last))
    again = list(client.responses.retrieve(name, stream=True))
    assert again == [*told, *rest]
    assert [event.sequence_number for event in again] == list(range(len(again)))
    with client.responses.stream(response_id=name, starting_after=last) as helper:
        assert helper.get_final_response().output_text == ended(client, name).output_text
    assert client.responses.cancel(name).status in TERMINAL


def test_cancelled_response_has_ended(client: OpenAI) -> None:
    made = client.responses.create(model=MODEL, input="Describe rain.", background=True, max_output_tokens=4000)
    assert client.responses.cancel(made.id).status in ("cancelled", "completed")
    synchronous = client.responses.create(model=MODEL, input="Hi.")
    with pytest.raises(BadRequestError, match="Cannot cancel a synchronous response"):
        client.responses.cancel(synchronous.id)


def test_async_client_does_the_same(server: Server) -> None:
    async def talk() -> None:
        async with async_client_of(server) as client:
            conversation = await client.conversations.create()
            async with client.responses.stream(
                model=MODEL, input="My name is Ada.", conversation=conversation.id
            ) as stream:
                first = await stream.get_final_response()
            second = await client.responses.create(
                model=MODEL, input="What is my name?", previous_response_id=first.id, stream=True
            )
            text = "".join([event.delta async for event in second if event.type == "response.output_text.delta"])
            assert "Ada" in text
            assert len([item async for item in client.conversations.items.list(conversation.id)]) == 2

    asyncio.run(asyncio.wait_for(talk(), LIMIT_S))


def test_nothing_is_noticed_of_a_server_that_is_killed_between_two_steps(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with Server(data, "--speed", "50") as server, client_of(server) as client:
        conversation = client.conversations.create().id
        first = client.responses.create(model=MODEL, input="My name is Ada.", conversation=conversation)
        behind = client.responses.create(model=MODEL, input="Describe rain.", background=True, max_output_tokens=2000)
        server.kill()
    with Server(data, "--speed", "50") as server, client_of(server) as client:
        assert client.responses.retrieve(first.id) == first
        made = client.responses.create(model=MODEL, input="What is my name?", conversation=conversation)
        assert "Ada" in made.output_text
        assert len(list(client.conversations.items.list(conversation))) == 4
        assert ended(client, behind.id).output_text
