"""OpenAI's description is whole, the exceptions from it are exceptions, and what is wrong with a body is found."""

import orjson
import pytest

from tests.openapi import document
from tests.schemas import RELAXED, answer_faults, description, event_faults, events, faults

USAGE = {
    "input_tokens": 1,
    "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
    "output_tokens": 1,
    "output_tokens_details": {"reasoning_tokens": 0},
    "total_tokens": 2,
}


def test_description_leads_nowhere_else() -> None:
    text = orjson.dumps(document()).decode()
    known = description()["components"]["schemas"]
    named = {part.split('"')[0] for part in text.split('"$ref":"#/components/schemas/')[1:]}
    assert named - set(known) == set()
    assert len(events()) == 58


def test_faults_are_found_with_their_place() -> None:
    assert faults("ResponseUsage", USAGE) == []
    assert faults("ResponseUsage", {**USAGE, "total_tokens": "2"}) == ["$.total_tokens: '2' is not of type 'integer'"]
    assert event_faults({"type": "response.steered"}) == ["no event is of the type 'response.steered'"]
    assert event_faults({"type": "response.refusal.done"})[0] == "$: 'item_id' is a required property"
    made = {"id": "conv_1", "object": "conversation", "created_at": 1, "metadata": {}}
    assert answer_faults("POST", "/conversations", made) == []
    assert answer_faults("POST", "/conversations", {**made, "object": "talk"}) != []
    with pytest.raises(LookupError):
        answer_faults("POST", "/conversations", made, kind="text/event-stream")


@pytest.mark.parametrize("relaxed", RELAXED, ids=lambda one: f"{one.schema}.{one.name}")
def test_each_exception_is_needed(relaxed: object) -> None:
    told = document()
    for one in RELAXED:
        if one is not relaxed:
            continue
        parts = [told["components"]["schemas"][one.schema]]
        parts += parts[0].get("allOf", [])
        declared = [part for part in parts if one.name in part.get("properties", {})]
        assert len(declared) == 1
        assert one.null != one.absent
        if one.absent:
            assert one.name in declared[0]["required"]
        else:
            assert {"type": "null"} not in declared[0]["properties"][one.name].get("anyOf", [])


def test_test_is_skipped_where_there_is_no_description(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_OPENAPI", "/nowhere/openai-openapi.json")
    with pytest.raises(pytest.skip.Exception, match="OPENAI_OPENAPI says where it is"):
        document()
