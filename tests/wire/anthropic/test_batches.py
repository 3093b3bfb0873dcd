"""Batches as they are asked for and told, by the official types; any bytes are understood or refused."""

from contextlib import suppress

import orjson
import pytest
from anthropic.types.messages import MessageBatch, MessageBatchIndividualResponse
from hypothesis import given
from hypothesis import strategies as st

from llmsim.errors import ClientError
from llmsim.wire.anthropic.batches import Told, batch, parse, result, understood
from llmsim.wire.anthropic.errors import body_of as error_body
from llmsim.wire.base import Parsed
from llmsim.wire.dialects import MESSAGES
from tests.wire.anthropic.requests import NEW, THREADS, headers, user
from tests.wire.plans import JSON_VALUES

GOOD = {"model": "m", "max_tokens": 5, "messages": [user()]}


def body(*requests: object) -> bytes:
    return orjson.dumps({"requests": list(requests)})


def asking(name: str = "a", **changes: object) -> dict[str, object]:
    return {"custom_id": name, "params": {**GOOD, **changes}}


@given(st.binary() | st.builds(body, JSON_VALUES) | JSON_VALUES.map(orjson.dumps))
def test_any_bytes_are_refused(said: bytes) -> None:
    with pytest.raises(ClientError):
        parse(said, headers())


@given(st.lists(st.fixed_dictionaries({"custom_id": st.sampled_from("abc"), "params": st.dictionaries(
    st.sampled_from([*GOOD, "x"]), JSON_VALUES)})))  # fmt: skip
def test_any_requests_are_refused_or_understood_each_by_itself(requests: list[object]) -> None:
    with suppress(ClientError):
        for _, params in parse(body(*requests), headers()):
            understood(MESSAGES, params, headers())


def test_each_request_is_understood_or_refused_by_itself() -> None:
    requests = (
        asking("a"),
        asking("b", max_tokens=-1),
        asking("c", stream=True),
        asking("d", thread={"type": "create"}),
        asking("e", temperature=1),
    )
    sent = headers(NEW, THREADS)
    found = {name: understood(MESSAGES, params, sent) for name, params in parse(body(*requests), sent)}
    good = found["a"]
    assert isinstance(good, Parsed)
    assert good.params["service_tier"] == "batch"
    said = {name: error.message for name, error in found.items() if isinstance(error, ClientError)}
    assert said == {
        "b": "max_tokens: Input should be greater than or equal to 0",
        "c": "stream: Streaming is not supported in message batches",
        "d": "thread: Extra inputs are not permitted",
        "e": "temperature: Extra inputs are not permitted",
    }


@pytest.mark.parametrize(
    ("said", "message"),
    [
        (b"{}", "requests: Field required"),
        (body(), "requests: List should have at least 1 item after validation, not 0"),
        (body({"params": {}}), "requests.0.custom_id: Field required"),
        (body({"custom_id": "a b", "params": {}}),
         "requests.0.custom_id: String should match pattern '^[a-zA-Z0-9_-]{1,64}$'"),
        (body({"custom_id": "a"}), "requests.0.params: Field required"),
        (body(asking(), asking("b"), asking()),
         "requests: custom_id must be unique within a batch. Found more than once: a"),
    ],
)  # fmt: skip
def test_batch_that_is_none_is_refused(said: bytes, message: str) -> None:
    with pytest.raises(ClientError) as refused:
        parse(said, headers())
    assert refused.value.message == message


@pytest.mark.parametrize(
    "told",
    [
        Told("msgbatch_1", 1_767_225_600, "in_progress", {"processing": 2}, None, None),
        Told("msgbatch_1", 1_767_225_600, "canceling", {"processing": 2}, None, 1_767_225_601.5),
        Told("msgbatch_1", 1_767_225_600, "ended", {"succeeded": 1, "canceled": 1}, 1_767_225_602.0, 1_767_225_601.5),
    ],
)
def test_batch_is_one_by_the_official_type(told: Told) -> None:
    found = MessageBatch.model_validate(batch(told, "http://h/"))
    assert found.processing_status == told.status
    assert sum(found.request_counts.to_dict().values()) == 2  # type: ignore[arg-type]
    assert (found.results_url is None) is (found.ended_at is None)
    assert (found.expires_at - found.created_at).days == 1


def test_results_are_lines_by_the_official_type() -> None:
    error = error_body(ClientError("no"), None)
    for line, kind in ((result("a", "canceled"), "canceled"), (result("a", "errored", error=error), "errored")):
        assert line.endswith(b"\n")
        assert MessageBatchIndividualResponse.model_validate_json(line).result.type == kind
