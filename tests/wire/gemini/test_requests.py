"""The tables of requests: every field is known by both its names, and what changes nothing is a field."""

import orjson
import pytest

from llmsim.wire.gemini import requests
from llmsim.wire.gemini.protos import Many, Proto, Reading
from tests.wire.gemini.asks import parsed

PROTOS = [value for value in vars(requests).values() if isinstance(value, Proto)]


@pytest.mark.parametrize("proto", PROTOS, ids=lambda proto: proto.name)
def test_what_is_ignored_and_what_excludes_another_are_fields(proto: Proto) -> None:
    assert proto.ignored <= proto.rows.keys()
    assert proto.one_of <= proto.rows.keys()


def test_the_messages_of_a_request_are_all_there() -> None:
    assert set(requests.REQUESTS) >= {"generateContent", "countTokens", "embedContent", "batchEmbedContents"}
    config = requests.GENERATE.rows["generationConfig"]
    assert isinstance(config, Proto)
    assert isinstance(requests.GENERATE.rows["contents"], Many)


def test_what_is_ignored_changes_the_digest_alone() -> None:
    plain = parsed()
    other = parsed(generationConfig={"temperature": 0.5, "topP": 1, "topK": 3}, labels={"a": "b"}, store=True)
    assert plain.request.digest != other.request.digest
    assert plain.params == other.params


def test_a_schema_may_be_deep() -> None:
    schema: dict[str, object] = {"type": "STRING"}
    for _ in range(40):
        schema = {"type": "ARRAY", "items": schema}
    reading = Reading()
    requests.SCHEMA.read(orjson.loads(orjson.dumps(schema)), "", reading, 0)
    assert reading.violations == []
