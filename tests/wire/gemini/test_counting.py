"""Tokens are counted of contents, or of a whole request."""

import orjson
import pytest

from llmsim.errors import ClientError
from llmsim.wire.gemini.counting import BOTH, answer, parse
from tests.wire.gemini.asks import MODEL, user


def test_contents_and_a_whole_request_are_the_same_request() -> None:
    contents = [user("a", {"inlineData": {"mimeType": "image/png", "data": ""}})]
    alone, media = parse(orjson.dumps({"contents": contents}), MODEL)
    within, _ = parse(orjson.dumps({"generateContentRequest": {"contents": contents}}), MODEL)
    assert alone == within
    assert media == {"IMAGE": 1}


def test_what_stands_around_contents_is_counted_too() -> None:
    asked = {
        "contents": [user("a")],
        "systemInstruction": user("b"),
        "tools": [{"functionDeclarations": [{"name": "f"}]}],
    }
    request, _ = parse(orjson.dumps({"generate_content_request": asked}), MODEL)
    assert [message.content for message in request.messages] == ["b", "a"]
    assert [tool.name for tool in request.tools] == ["f"]


def test_not_both_and_not_neither() -> None:
    both = {"contents": [user("a")], "generateContentRequest": {}}
    with pytest.raises(ClientError, match="only one of"):
        parse(orjson.dumps(both), MODEL)
    assert "only one of" in BOTH
    with pytest.raises(ClientError, match="contents is not specified"):
        parse(b"{}", MODEL)


def test_the_answer_has_the_sum_and_its_parts() -> None:
    assert orjson.loads(answer(100, {"IMAGE": 1})) == {
        "totalTokens": 100,
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 15}, {"modality": "IMAGE", "tokenCount": 85}],
    }
