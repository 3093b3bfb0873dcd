"""Every field that a wire knows has a sample, and what becomes of fields is found out rightly."""

from collections.abc import Callable

import orjson
import pytest

from llmsim.errors import ClientError
from llmsim.wire.dialects import CHAT
from tests.fields import Endpoint, Fate, Sample, fate, fates, placed, unsampled
from tests.samples.endpoints import ENDPOINTS

endpoints = pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: endpoint.path)
CERTAIN = {
    "`POST /v1/chat/completions`": {"`max_tokens`": Fate.SUPPORTED, "`temperature`": Fate.IGNORED},
    "`POST /v1/messages`, 2023-06-01": {"`temperature`": Fate.IGNORED, "`thread`": Fate.SUPPORTED},
    "`POST /v1/messages`, 2026-10-21": {"`temperature`": Fate.REFUSED, "`system`": Fate.SUPPORTED},
    "`POST /v1/responses`": {"`conversation`": Fate.SUPPORTED, "`user`": Fate.TOLD, "`prompt`": Fate.REFUSED},
    "`POST /v1beta/models/{model}:generateContent`, `:streamGenerateContent`": {
        "`safetySettings`": Fate.SUPPORTED,
        "`generationConfig.topK`": Fate.IGNORED,
        "`cachedContent`": Fate.REFUSED,
        "any other field": Fate.REFUSED,
    },
}
"""What is known of some fields without finding out."""


@endpoints
def test_every_field_that_is_known_has_a_sample(endpoint: Endpoint) -> None:
    assert unsampled(endpoint) == set()


@endpoints
def test_a_request_without_and_with_what_a_sample_needs_is_good(endpoint: Endpoint) -> None:
    for sample in endpoint.samples:
        body = dict(endpoint.base)
        for field, value in sample.needs.items():
            body = placed(body, field, value)
        endpoint.read(orjson.dumps(body))


@pytest.mark.parametrize("path", CERTAIN)
def test_fates_are_as_known(path: str) -> None:
    [endpoint] = [one for one in ENDPOINTS if one.path == path]
    found = dict(fates(endpoint))
    assert {field: found[field] for field in CERTAIN[path]} == CERTAIN[path]


def endpoint(read: Callable[[bytes], object]) -> Endpoint:
    return Endpoint("x", read, {"a": 1}, (), ())


def test_what_is_read_otherwise_is_supported_what_is_read_alike_ignored_what_is_refused_refused() -> None:
    def refuse(body: bytes) -> object:
        if b"b" in body:
            raise ClientError("no")
        return body

    sample = Sample("b.c", 2)
    assert fate(endpoint(orjson.loads), sample) is Fate.SUPPORTED
    assert fate(endpoint(lambda _body: 0), sample) is Fate.IGNORED
    assert fate(endpoint(refuse), sample) is Fate.REFUSED


def test_what_replaces_another_field_is_asked_without_it() -> None:
    seen: list[bytes] = []
    fate(endpoint(seen.append), Sample("b", 2, {"c": 3}, instead_of="a"))
    assert [orjson.loads(body) for body in seen] == [{"c": 3, "b": 2}, {"a": 1, "c": 3}]


def test_a_field_that_changes_ids_alone_is_ignored() -> None:
    chat = Endpoint("x", lambda body: CHAT.parse(body, {}), ENDPOINTS[0].base, (), (), CHAT)
    assert fate(chat, Sample("user", "u")) is Fate.IGNORED
    assert fate(chat, Sample("max_tokens", 2)) is Fate.SUPPORTED
