"""What is asked is alike in every run, different in every request, and of the size that is claimed."""

import orjson

from tests.bench import bodies
from tests.bench.contestants import NO_STORE, NOT_STORED, SINGLE_CHARS
from tests.bench.processes import Request


def test_texts_are_the_same_again_and_differ_by_number() -> None:
    assert bodies.text(3, 200) == bodies.text(3, 200)
    assert len({bodies.text(number, 200) for number in range(500)}) == 500
    assert len(bodies.text(3, 200)) == 200


def test_a_request_has_one_place_for_its_number_and_the_size_of_a_short_question() -> None:
    body = bodies.single(bodies.ECHO, 1, SINGLE_CHARS)
    assert body.decode().count(bodies.MARK) == 1
    assert 300 <= len(body) <= 700
    assert len(orjson.loads(body)["messages"][-1]["content"]) == SINGLE_CHARS


def test_a_conversation_grows_by_what_an_echo_answers() -> None:
    first, second, third = (orjson.loads(one)["messages"] for one in bodies.conversation(bodies.ECHO, 5, 100, 3))
    said = first[-1]["content"]
    assert second[: len(first) + 1] == [*first, {"role": "assistant", "content": said}]
    assert [message["role"] for message in third[1:]] == ["user", "assistant", "user", "assistant", "user"]


def test_streams_differ_and_have_about_the_tokens_asked_for() -> None:
    body = orjson.loads(bodies.streamed(7, 100))
    assert body["stream"] is True
    assert len(body["messages"][0]["content"]) == 100 * bodies.TOKEN_CHARS
    assert bodies.streamed(7, 100) != bodies.streamed(8, 100)


def test_a_raw_request_says_its_length_and_its_headers() -> None:
    head, _, body = Request(NOT_STORED, b'{"a":1}').raw(80).partition("\r\n\r\n")
    assert body == '{"a":1}'
    assert "content-length: 7" in head.split("\r\n")
    assert "x-llmsim-store: no" in head.split("\r\n"), NO_STORE
