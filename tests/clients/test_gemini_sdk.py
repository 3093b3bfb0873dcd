"""The official Google SDK against a real socket: sync and asyncio, streamed and not, on every endpoint that is served.

The SDK refuses fields that its models do not know, so that what parses is what Google would send.
"""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from google import genai
from google.genai import errors, types

from tests.children import Server

MODEL = "gemini-2.5-flash"
VERSIONS = ("v1", "v1beta")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    data: Path = tmp_path_factory.mktemp("data")
    with Server(data, "--instant", "--seed", "1", "--ordinal", "2") as running:
        yield running


@pytest.fixture(params=VERSIONS)
def client(server: Server, request: pytest.FixtureRequest) -> Iterator[genai.Client]:
    options = types.HttpOptions(base_url=server.url, api_version=request.param)
    with genai.Client(api_key="any", http_options=options) as made:
        yield made


def reason(response: types.GenerateContentResponse) -> types.FinishReason | None:
    assert response.candidates is not None
    return response.candidates[0].finish_reason


def test_text_whole_and_streamed_is_the_same_and_counted(client: genai.Client) -> None:
    whole = client.models.generate_content(model=MODEL, contents="Tell me about bees.")
    assert whole.text
    assert reason(whole) is types.FinishReason.STOP
    chunks = list(client.models.generate_content_stream(model=MODEL, contents="Tell me about bees."))
    assert "".join(chunk.text or "" for chunk in chunks) == whole.text
    assert [reason(chunk) for chunk in chunks] == [None] * (len(chunks) - 1) + [types.FinishReason.STOP]
    assert chunks[-1].usage_metadata == whole.usage_metadata
    assert len({chunk.response_id for chunk in chunks}) == 1
    assert whole.usage_metadata is not None
    counted = client.models.count_tokens(model=MODEL, contents="Tell me about bees.")
    assert counted.total_tokens == whole.usage_metadata.prompt_token_count


def test_a_chat_remembers_what_it_was_told(client: genai.Client) -> None:
    chat = client.chats.create(model=MODEL, config={"system_instruction": "You are a friend."})
    assert "Ada" in (chat.send_message("Hello, my name is Ada.").text or "")
    said = "".join(chunk.text or "" for chunk in chat.send_message_stream("What is my name?"))
    assert "Ada" in said
    assert "Ada" in (chat.send_message("And what was my name again?").text or "")


def test_asyncio_hears_the_same_as_sync(client: genai.Client) -> None:
    async def hear() -> tuple[str | None, str]:
        whole = await client.aio.models.generate_content(model=MODEL, contents="Tell me about rain.")
        stream = await client.aio.models.generate_content_stream(model=MODEL, contents="Tell me about rain.")
        chunks = [chunk.text or "" async for chunk in stream]
        await client.aio.aclose()
        return whole.text, "".join(chunks)

    expected = client.models.generate_content(model=MODEL, contents="Tell me about rain.").text
    assert asyncio.run(hear()) == (expected, expected)


def test_limits_stops_and_candidates_are_obeyed(client: genai.Client) -> None:
    full = client.models.generate_content(model=MODEL, contents="Describe rain.").text or ""
    cut = client.models.generate_content(
        model=MODEL, contents="Describe rain.", config=types.GenerateContentConfig(max_output_tokens=5)
    )
    assert reason(cut) is types.FinishReason.MAX_TOKENS
    assert full.startswith(cut.text or "?")
    word = full.split()[4]
    stopped = client.models.generate_content(
        model=MODEL, contents="Describe rain.", config=types.GenerateContentConfig(stop_sequences=[word])
    )
    assert stopped.text == full[: full.index(word)]
    three = client.models.generate_content(
        model=MODEL, contents="Describe rain.", config=types.GenerateContentConfig(candidate_count=3)
    )
    assert three.candidates is not None
    assert [candidate.index for candidate in three.candidates] == [0, 1, 2]


def test_pictures_and_files_are_taken(client: genai.Client) -> None:
    parts = [
        types.Part.from_bytes(data=b"\x89PNG", mime_type="image/png"),
        types.Part.from_uri(file_uri="https://example.com/a.pdf", mime_type="application/pdf"),
        types.Part.from_text(text="What is in these?"),
    ]
    response = client.models.generate_content(model=MODEL, contents=types.Content(role="user", parts=parts))
    assert response.text
    assert response.usage_metadata is not None
    details = {detail.modality: detail.token_count for detail in response.usage_metadata.prompt_tokens_details or ()}
    assert details[types.MediaModality.IMAGE] == details[types.MediaModality.DOCUMENT] == 85


def test_models_are_listed_by_pages_and_shown(client: genai.Client) -> None:
    names = [model.name for model in client.models.list(config={"page_size": 1})]
    assert f"models/{MODEL}" in names
    shown = client.models.get(model=MODEL)
    assert (shown.name, shown.input_token_limit) == (f"models/{MODEL}", 1_048_576)
    assert "generateContent" in (shown.supported_actions or ())


def test_errors_are_googles(client: genai.Client) -> None:
    with pytest.raises(errors.ClientError) as missing:
        client.models.get(model="no-such-model")
    assert (missing.value.code, missing.value.status) == (404, "NOT_FOUND")
    config = types.GenerateContentConfig(temperature=3)
    with pytest.raises(errors.ClientError) as wrong:
        client.models.generate_content(model=MODEL, contents="a", config=config)
    assert (wrong.value.code, wrong.value.status) == (400, "INVALID_ARGUMENT")
    with pytest.raises(errors.ClientError) as streamed:
        list(client.models.generate_content_stream(model=MODEL, contents="a", config=config))
    assert streamed.value.message == wrong.value.message
