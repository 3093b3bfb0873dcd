"""Moderations: any bytes are understood or refused; results are in recorded form."""

from contextlib import suppress

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmsim.errors import ClientError
from llmsim.simulation.moderation import CATEGORIES
from llmsim.wire.openai.moderations import OF_IMAGES, Moderated, Moderations, parse, result, whole
from tests.schemas import answer_faults
from tests.wire.plans import JSON_VALUES

IMAGE = {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}


def asked(**changes: object) -> Moderations:
    body = {"input": "hello", **changes}
    return parse(orjson.dumps({key: value for key, value in body.items() if value is not ...}))


def test_request_is_understood() -> None:
    assert asked().model == "omni-moderation-latest"
    assert asked().inputs == (Moderated("hello"),)
    assert asked(input=["a", ""], model="text-moderation-stable").inputs == (Moderated("a"), Moderated(""))
    assert asked(input=[{"type": "text", "text": "a"}, IMAGE]).inputs == (Moderated("a", said=True, shown=True),)
    assert asked(input=[IMAGE]).inputs == (Moderated("", said=False, shown=True),)
    assert parse(b'{"input":"a","zzz":1}', lenient=True).inputs == (Moderated("a"),)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"input": ...}, "Missing required parameter: 'input'."),
        (
            {"input": None},
            "Invalid type for 'input': expected one of a string or array of strings, but got null instead.",
        ),
        ({"input": [1]}, "Invalid type for 'input[0]': expected a string, but got an integer instead."),
        ({"input": [{"type": "video"}]}, "Invalid value: 'video'. Supported values are: 'text' and 'image_url'."),
        ({"input": [IMAGE, "a"]}, "Invalid type for 'input[1]': expected an object, but got a string instead."),
        ({"inputs": "a"}, "Unknown parameter: 'inputs'."),
        ({"model": 5}, "Invalid type for 'model': expected a string, but got an integer instead."),
        ({"model": "x"}, "Invalid value for 'model' = x. Please check the OpenAPI documentation and try again."),
    ],
)
def test_fault_is_told_as_the_live_api_does(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ClientError) as refused:
        asked(**changes)
    assert refused.value.message == message


def test_answer_is_in_recorded_form() -> None:
    request = asked(input=["I want to kill them.", "hello"])
    body = orjson.loads(whole(request, [result(one) for one in request.inputs], bytes(range(16))))
    assert answer_faults("POST", "/moderations", body) == []
    assert body["id"] == "modr-000102030405060708090a0b0c0d0e0f"
    assert [one["flagged"] for one in body["results"]] == [True, False]
    first = body["results"][0]
    assert set(first["categories"]) == set(first["category_scores"]) == set(CATEGORIES)
    assert first["categories"]["violence"]
    assert all(kinds == ["text"] for kinds in first["category_applied_input_types"].values())


def test_image_is_named_where_it_would_count() -> None:
    kinds = result(Moderated("", said=False, shown=True))["category_applied_input_types"]
    assert {category for category, applied in kinds.items() if applied} == OF_IMAGES
    kinds = result(Moderated("a", said=True, shown=True))["category_applied_input_types"]
    assert kinds["violence"] == ["text", "image"]
    assert kinds["hate"] == ["text"]


@given(st.binary())
def test_any_bytes_are_refused(body: bytes) -> None:
    with pytest.raises(ClientError):
        parse(body)


@given(st.fixed_dictionaries({}, optional={"input": JSON_VALUES | st.lists(st.just(IMAGE)), "model": JSON_VALUES}))
def test_any_object_is_refused_or_understood(body: dict[str, object]) -> None:
    with suppress(ClientError):
        assert [result(one) for one in parse(orjson.dumps(body)).inputs]
