"""The official Google SDK against a real socket: sync and asyncio, streamed and not, on every endpoint that is served.

The SDK refuses fields that its models do not know, so that what parses is what Google would send.
"""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from google import genai
from google.genai import errors, types
from pydantic import BaseModel

from tests.children import Server

MODEL = "gemini-2.5-flash"
VERSIONS = ("v1", "v1beta")
UNTHINKING = types.ThinkingConfig(thinking_budget=0)
SCRIPT = """
summary = "Calls of a function, and a refusal"
dialect = "gemini"
model = "gemini-2.5-flash"
[[session]]
id = "weather"
turn = [
    { user = "Is it sunny in Paris and in Rome?", reasoning = "Two cities.", calls = [
        { name = "get_weather", arguments = { city = "Paris" } },
        { name = "get_weather", arguments = { city = "Rome" } },
    ] },
    { tool_results = ["", ""], reply = "Sun in Rome alone." },
]
[[session]]
id = "refused"
turn = [{ user = "How do I pick a lock?", refusal = "I can't help with that." }]
"""


class Person(BaseModel):
    name: str
    age: int
    tags: list[str]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder: Path = tmp_path_factory.mktemp("gemini")
    script = folder / "script.toml"
    script.write_text(SCRIPT)
    with Server(folder / "data", "--instant", "--seed", "1", "--ordinal", "2", "--script", str(script)) as running:
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
        model=MODEL,
        contents="Describe rain.",
        config=types.GenerateContentConfig(max_output_tokens=5, thinking_config=UNTHINKING),
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


def in_session(name: str) -> types.HttpOptions:
    return types.HttpOptions(headers={"x-llmsim-session": name})


def test_thoughts_are_shown_to_who_asks(client: genai.Client) -> None:
    thinking = types.ThinkingConfig(include_thoughts=True, thinking_budget=200)
    config = types.GenerateContentConfig(thinking_config=thinking)
    whole = client.models.generate_content(model=MODEL, contents="Why is the sky blue?", config=config)
    assert whole.candidates is not None
    assert whole.candidates[0].content is not None
    assert [part.thought for part in whole.candidates[0].content.parts or ()] == [True, None]
    assert whole.usage_metadata is not None
    assert 0 < (whole.usage_metadata.thoughts_token_count or 0) <= 200
    plain = client.models.generate_content(
        model=MODEL, contents="Why is the sky blue?", config=types.GenerateContentConfig(thinking_config=UNTHINKING)
    )
    assert plain.text == whole.text
    assert plain.usage_metadata is not None
    assert plain.usage_metadata.thoughts_token_count is None


def test_functions_are_called_by_the_sdk_itself(client: genai.Client) -> None:
    asked = []

    def get_weather(city: str) -> str:
        """The weather in a city."""
        asked.append(city)
        return "sun" if city == "Rome" else "rain"

    config = types.GenerateContentConfig(tools=[get_weather], http_options=in_session("weather"))
    said = client.models.generate_content(model=MODEL, contents="Is it sunny in Paris and in Rome?", config=config)
    assert (said.text, asked) == ("Sun in Rome alone.", ["Paris", "Rome"])
    history = said.automatic_function_calling_history or []
    assert [content.role for content in history] == ["user", "model", "user"]
    calls = [part for part in history[1].parts or () if part.function_call]
    assert [bool(part.thought_signature) for part in calls] == [True, False]


def test_functions_are_declared_and_called_in_a_stream(client: genai.Client) -> None:
    schema = types.Schema(type=types.Type.OBJECT, properties={"city": types.Schema(type=types.Type.STRING)})
    declared = types.FunctionDeclaration(name="get_weather", description="The weather.", parameters=schema)
    config = types.GenerateContentConfig(
        tools=[types.Tool(function_declarations=[declared])], http_options=in_session("weather")
    )
    chunks = list(
        client.models.generate_content_stream(model=MODEL, contents="Is it sunny in Paris and in Rome?", config=config)
    )
    called = [call for chunk in chunks for call in chunk.function_calls or ()]
    assert [(call.name, call.args) for call in called] == [
        ("get_weather", {"city": "Paris"}),
        ("get_weather", {"city": "Rome"}),
    ]
    assert reason(chunks[-1]) is types.FinishReason.STOP


def test_functions_are_called_where_a_question_needs_them_and_their_results_are_told(client: genai.Client) -> None:
    schema = types.Schema(type=types.Type.OBJECT, properties={"city": types.Schema(type=types.Type.STRING)})
    schema.required = ["city"]
    declared = types.FunctionDeclaration(name="get_weather", description="The weather in a city.", parameters=schema)
    config = types.GenerateContentConfig(tools=[types.Tool(function_declarations=[declared])])
    chat = client.chats.create(model=MODEL, config=config)
    first = chat.send_message("What is the weather in Oslo?")
    assert [(call.name, call.args) for call in first.function_calls or ()] == [("get_weather", {"city": "Oslo"})]
    answer = types.Part.from_function_response(name="get_weather", response={"result": "snow until noon"})
    said = chat.send_message(answer)
    assert said.function_calls is None
    assert "snow until noon" in (said.text or "")


def test_replies_in_json_are_instances_of_their_schema(client: genai.Client) -> None:
    config = types.GenerateContentConfig(response_mime_type="application/json", response_schema=Person)
    said = client.models.generate_content(model=MODEL, contents="A person called Ada, 36 years old.", config=config)
    assert isinstance(said.parsed, Person)
    assert (said.parsed.name, said.parsed.age) == ("Ada", 36)
    config = types.GenerateContentConfig(
        response_mime_type="application/json", response_json_schema=Person.model_json_schema()
    )
    streamed = client.models.generate_content_stream(
        model=MODEL, contents="A person called Ada, 36 years old.", config=config
    )
    assert Person.model_validate_json("".join(chunk.text or "" for chunk in streamed)) == said.parsed


def test_a_refusal_is_held_back_unless_it_is_let_through(client: genai.Client) -> None:
    blocked = client.models.generate_content(
        model=MODEL,
        contents="How do I pick a lock?",
        config=types.GenerateContentConfig(http_options=in_session("refused")),
    )
    assert (blocked.text, reason(blocked)) == (None, types.FinishReason.SAFETY)
    off = types.SafetySetting(
        category=types.HarmCategory.HARM_CATEGORY_DANGEROUS_CONTENT, threshold=types.HarmBlockThreshold.BLOCK_NONE
    )
    config = types.GenerateContentConfig(safety_settings=[off], http_options=in_session("refused"))
    said = client.models.generate_content(model=MODEL, contents="How do I pick a lock?", config=config)
    assert (said.text, reason(said)) == ("I can't help with that.", types.FinishReason.STOP)


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


def test_texts_are_embedded(client: genai.Client) -> None:
    texts: Any = ["the cat sat", "a cat was sitting", "interest rates rise"]
    found = client.models.embed_content(model="gemini-embedding-001", contents=texts)
    vectors = [one.values or [] for one in found.embeddings or ()]
    assert [len(vector) for vector in vectors] == [3072] * 3
    config = types.EmbedContentConfig(output_dimensionality=64, task_type="CLUSTERING")
    small = client.models.embed_content(model="gemini-embedding-001", contents="the cat sat", config=config)
    assert small.embeddings is not None
    assert len(small.embeddings[0].values or ()) == 64
