"""Bad requests through the whole application: each gets its provider's words, none gets a 5xx.

Nor is a store that was damaged under a running server called a bug of the server.
"""

import logging
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from trio.testing import MockClock

from llmsim.clock import Pace
from llmsim.serving.connection import MAX_BODY_BYTES
from llmsim.store.schema import Table
from tests.pods import CHAT, pod

pytestmark = pytest.mark.usefixtures("each_way")
HINT = "(HINT: Perhaps you meant to use a different HTTP method?)"
GOOD: dict[str, Any] = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hi"}]}

BAD_BODIES = {
    "empty": (b"", 400, None, None),
    "not JSON": (b"{", 400, None, None),
    "not an object": (b"[]", 400, None, None),
    "not UTF-8": (b'{"model": "\xff"}', 400, None, None),
    "lone surrogate": (b'{"model": "\\ud800"}', 400, None, None),
    "deep": (b"[" * 100_000, 400, None, None),
    "no model": (orjson.dumps({"messages": GOOD["messages"]}), 400, None, None),
    "no messages": (b'{"model": "m"}', 400, "messages", "missing_required_parameter"),
    "no message": (b'{"model": "m", "messages": []}', 400, "messages", "empty_array"),
    "messages of a type": (b'{"model": "m", "messages": "hi"}', 400, "messages", "invalid_type"),
    "unknown role": (
        b'{"model": "m", "messages": [{"role": "bogus", "content": "x"}]}',
        400,
        "messages[0].role",
        "invalid_value",
    ),
    "negative max_tokens": (orjson.dumps({**GOOD, "max_tokens": -1}), 400, "max_tokens", "integer_below_min_value"),
    "text for a number": (orjson.dumps({**GOOD, "temperature": "hot"}), 400, "temperature", "invalid_type"),
    "too large": (b'"' + b"x" * 10_000_000 + b'"', 413, None, "request_too_large"),
    "context overflow": (
        orjson.dumps({**GOOD, "messages": [{"role": "user", "content": "word " * 200_000}]}),
        400,
        "messages",
        "context_length_exceeded",
    ),
}


@pytest.mark.parametrize("case", BAD_BODIES)
async def test_bad_body_gets_the_error_envelope_and_stores_nothing(
    tmp_path: Path, autojump_clock: MockClock, case: str
) -> None:
    body, status, param, code = BAD_BODIES[case]
    async with pod(tmp_path) as under:
        answer = await under.client.exchange("POST", CHAT, {}, body)
        error = orjson.loads(answer.body)["error"]
        assert answer.status == status, error
        assert list(error) == ["message", "type", "param", "code"]
        assert (error["param"], error["code"]) == (param, code)
        assert answer.headers["x-request-id"].startswith("req_")
        assert (await under.get("/llmsim/v1/sessions"))["data"] == []


@pytest.mark.parametrize(
    ("headers", "word"),
    [
        ({"X-LLMSim-Session": "a b"}, "X-LLMSim-Session"),
        ({"X-LLMSim-Session": ""}, "X-LLMSim-Session"),
        ({"X-LLMSim-Session": "x" * 129}, "X-LLMSim-Session"),
        ({"X-LLMSim-History": "mine"}, "X-LLMSim-History"),
        ({"X-LLMSim-History": "server"}, "X-LLMSim-Session"),
        ({"Idempotency-Key": ""}, "Idempotency-Key"),
        ({"Idempotency-Key": "k" * 256}, "Idempotency-Key"),
    ],
)
async def test_bad_header_is_named(
    tmp_path: Path, autojump_clock: MockClock, headers: dict[str, str], word: str
) -> None:
    async with pod(tmp_path) as under:
        answer = await under.client.exchange("POST", CHAT, headers, orjson.dumps(GOOD))
        assert answer.status == 400
        assert word in orjson.loads(answer.body)["error"]["message"]


@pytest.mark.parametrize(
    ("method", "path", "status", "message"),
    [
        ("POST", "/v1/foo", 404, "Invalid URL (POST /v1/foo)"),
        ("POST", "/v1//responses", 404, "Invalid URL (POST /v1//responses)"),
        ("GET", "/v1//models", 404, "Invalid URL (GET /v1//models)"),
        ("GET", "/", 404, "Invalid URL (GET /)"),
        ("GET", "/v1/completions", 405, f"Not allowed to GET on /v1/completions. {HINT}"),
        ("DELETE", "/v1/models", 405, f"Not allowed to DELETE on /v1/models. {HINT}"),
        ("GET", "/v1/models/none/such", 404, "The model 'none/such' does not exist"),
        ("GET", "/llmsim/v1/sessions/none", 404, "Session 'none' not found."),
        ("GET", "/llmsim/v1/sessions/%2e%2e%2f", 404, None),
        ("GET", "/v1/" + "x" * 5000, 404, None),
    ],
)
async def test_unknown_place_gets_the_error_envelope(
    tmp_path: Path, autojump_clock: MockClock, method: str, path: str, status: int, message: str | None
) -> None:
    async with pod(tmp_path) as under:
        answer = await under.client.exchange(method, path, {})
        error = orjson.loads(answer.body)["error"]
        assert answer.status == status
        assert message is None or error["message"] == message


async def test_unknown_model_is_served_by_default_and_refused_when_strict(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with pod(tmp_path / "lax") as under:
        assert (await under.say("Hi", model="my-own-model")).status == 200
    async with pod(tmp_path / "strict", strict_models=True) as under:
        refused = await under.say("Hi", model="my-own-model")
        assert refused.status == 404
        assert orjson.loads(refused.body)["error"]["code"] == "model_not_found"


async def test_largest_body_is_still_read(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with pod(tmp_path) as under:
        padding = MAX_BODY_BYTES - len(orjson.dumps({**GOOD, "user": ""}))
        full = orjson.dumps({**GOOD, "user": "x" * padding})
        assert len(full) == MAX_BODY_BYTES
        assert (await under.client.exchange("POST", CHAT, {}, full)).status == 200
        assert (await under.client.exchange("POST", CHAT, {}, full + b" ")).status == 413


SESSION = "/llmsim/v1/sessions/s"


@pytest.mark.parametrize(
    ("table", "asked"),
    [
        (
            Table.SESSIONS,
            [("GET", "/llmsim/v1/sessions"), ("GET", SESSION), ("POST", f"{SESSION}/fork")],
        ),
        (Table.TURNS, [("GET", f"{SESSION}/turns"), ("GET", f"{SESSION}/export"), ("POST", CHAT)]),
        (Table.OUTCOMES, [("GET", f"{SESSION}/turns/1"), ("GET", f"{SESSION}/export")]),
        (Table.PROFILES, [("GET", f"{SESSION}/turns/1"), ("POST", CHAT)]),
        (Table.IDEMPOTENCY, [("GET", f"{SESSION}/export"), ("POST", CHAT)]),
    ],
    ids=lambda value: value if isinstance(value, Table) else "",
)
async def test_damaged_record_is_told_as_such_to_the_client_and_in_the_log(
    tmp_path: Path,
    autojump_clock: MockClock,
    caplog: pytest.LogCaptureFixture,
    table: Table,
    asked: list[tuple[str, str]],
) -> None:
    headers = {"X-LLMSim-Session": "s", "Idempotency-Key": "k"}
    async with pod(tmp_path) as under:
        await under.client.exchange("POST", CHAT, headers, orjson.dumps(GOOD))
        await under.service.simulator.writer.drain()
        environment = under.service.simulator.environment
        with environment.write() as view:
            [(key, record)] = view.scan(table)
            view.put(table, key, b"[]")
        for method, path in asked:
            caplog.clear()
            with caplog.at_level(logging.ERROR):
                body = orjson.dumps(GOOD) if path == CHAT else b""
                answer = await under.client.exchange(method, path, headers, body)
            error = orjson.loads(answer.body)["error"]
            assert (answer.status, error["type"], error["code"]) == (500, "server_error", "store_error"), path
            assert "`llmsim check`" in error["message"]
            [said] = caplog.records
            assert (said.message, said.exc_info) == ("store error", None)
            assert said.fields["path"] == path  # type: ignore[attr-defined]  # an extra
            assert said.fields["error"] in error["message"]  # type: ignore[attr-defined]  # an extra
        with environment.write() as view:
            view.put(table, key, record)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
KEYS = st.sampled_from(
    ["model", "messages", "stream", "stream_options", "n", "stop", "max_tokens", "seed", "metadata", "tools"]
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=st.dictionaries(KEYS, JSON, max_size=3))
async def test_any_change_of_a_good_request_is_answered_or_refused(
    tmp_path_factory: pytest.TempPathFactory, changes: dict[str, Any]
) -> None:
    body = orjson.dumps({**GOOD, **changes})
    async with pod(tmp_path_factory.mktemp("pod"), pace=Pace(None)) as under:
        answer = await under.client.exchange("POST", CHAT, {}, body)
        assert answer.status in {200, 400, 404}, answer.body
