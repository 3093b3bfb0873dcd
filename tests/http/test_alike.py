"""Two doors, one house: whatever is asked, and in whatever order, the door and Hypercorn answer and store alike.

Asked are two fresh pods with one seed and one epoch, each on one connection that is kept: one comes to the door, the
other straight to Hypercorn and Quart. Alike are status, end-to-end headers in their order, the bytes of the body, when
it came, and every record of the store.
"""

import math
from typing import Any

import attrs
import h11
import orjson
import pytest
import trio
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from trio.testing import MockClock

from llmsim.clock import Pace
from llmsim.replay.clients import Exchange
from llmsim.store.schema import Table
from tests.http.asks import MODEL, SHORT
from tests.pods import CHAT, DoorUnderTest, pod_with_door

HOP_BY_HOP = {"date", "connection", "keep-alive", "transfer-encoding"}
FIXTURES = settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


@attrs.frozen
class Asked:
    """A request as it is sent; Host and Content-Length are added."""

    method: str
    path: str
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes

    def told(self) -> bytes:
        lines = [f"{self.method} {self.path} HTTP/1.1".encode(), b"Host: x"]
        lines += [name + b": " + value for name, value in self.headers]
        return b"\r\n".join([*lines, b"Content-Length: %d" % len(self.body), b"", self.body])


@attrs.frozen
class Answered:
    """What a client can tell of an answer: `took_s` is virtual time."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    took_s: float


def cased(name: str) -> st.SearchStrategy[bytes]:
    """A header's name in one case or another."""
    return st.sampled_from([name, name.lower(), name.upper(), name.swapcase()]).map(str.encode)


def header(name: str, *values: str) -> st.SearchStrategy[tuple[bytes, bytes]]:
    """A header of ours, with a value that is good or not."""
    odd = st.sampled_from(["", " ", "é", "No", "YES", "x" * 300, "a b", "\t1\t", "%41"])
    return st.tuples(cased(name), (st.sampled_from(values) | odd).map(lambda value: value.encode("latin-1")))


TEXT = st.text(st.characters(codec="latin-1", categories=("L", "N", "P", "S", "Zs")), max_size=20)
HEADERS = st.lists(
    st.one_of(
        header("X-LLMSim-Session", "a", "b", "c.d:e_f-g"),
        header("X-LLMSim-Session", "a"),
        header("X-LLMSim-History", "server", "client"),
        header("X-LLMSim-Store", "yes", "no"),
        header("Idempotency-Key", "k", "l"),
        header("Content-Type", "application/json", "text/plain", "multipart/form-data; boundary=x"),
        header("Accept", "text/event-stream", "*/*"),
        header("Accept-Encoding", "gzip"),
        header("Authorization", "Bearer sk-x"),
        header("Connection", "keep-alive", "Keep-Alive, x"),
        header("Expect", "100-continue"),
        header("X-Stainless-Retry-Count", "1"),
        header("X-HTTP-Method-Override", "GET"),
        header("Content-Encoding", "gzip"),
        header("Cookie", "a=b"),
        st.tuples(st.sampled_from([b"X-Odd", b"!#$%&'*+-.^_`|~"]), TEXT.map(lambda text: text.encode("latin-1"))),
    ),
    max_size=5,
).map(tuple)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats(-2, 2) | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=2),
    max_leaves=4,
)
SAID = st.sampled_from(["Hi", "What is rain?", "What is my name?", "Hello, my name is Ada.", "", "é€😀", "\x00"])
MESSAGES = st.lists(
    st.fixed_dictionaries({"role": st.sampled_from(["user", "assistant", "system", "tool"]), "content": SAID}),
    max_size=3,
)
GOOD = st.fixed_dictionaries(
    {},
    optional={
        "stream": st.booleans(),
        "n": st.integers(1, 3),
        "stop": st.sampled_from([".", ["a", "e"], []]),
        "model": st.sampled_from(["gpt-4o", "my-own-model", "é"]),
        "messages": MESSAGES,
        "max_tokens": st.integers(1, 12),
        "seed": st.integers(0, 2),
        "stream_options": st.sampled_from([{"include_usage": True}, {"include_obfuscation": False}]),
        "metadata": st.just({"a": "b"}),
        "user": st.text(max_size=5),
    },
)
KEYS = st.sampled_from(
    ["model", "messages", "stream", "n", "stop", "max_tokens", "tools", "temperature", "response_format"]
)
BODIES = st.one_of(
    GOOD.map(lambda params: orjson.dumps({**SHORT, **params})),
    GOOD.map(lambda params: orjson.dumps({**SHORT, **params, "stream": True})),
    st.dictionaries(KEYS, JSON, max_size=3).map(lambda params: orjson.dumps({**SHORT, **params})),
    st.sampled_from([b"", b"{", b"null", b"[]", b'"\xff"', b'{"model": "\\ud800"}', b"[" * 500, b"a=b&c=d"]),
    st.binary(max_size=20),
)
PATHS = st.sampled_from(
    [
        *([CHAT] * 12 + [CHAT + "?a=b", CHAT + "?", CHAT + "/", "/v1//chat/completions", "/V1/chat/completions"]),
        *(
            "/v1/chat%2Fcompletions",
            CHAT + "%20",
            MODEL,
            "/v1/models",
            "/none",
            "/healthz",
            "/readyz",
            "http://x" + CHAT,
        ),
        *(
            "/llmsim/v1/sessions",
            "/llmsim/v1/sessions/a",
            "/llmsim/v1/sessions/a/turns",
            "/llmsim/v1/sessions/a/turns/1",
        ),
        *("/llmsim/v1/sessions/a/export", "/llmsim/v1/sessions/a/fork", "/llmsim/v1/sessions/import", "/v1/chat"),
    ]
)
METHODS = st.sampled_from(["POST"] * 12 + ["GET"] * 3 + ["PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"])
ASKED = st.builds(Asked, METHODS, PATHS, HEADERS, BODIES)


async def answers(under: DoorUnderTest, requests: list[Asked]) -> list[Answered | None]:
    """What comes of the requests, one after the other on one connection; None where it is closed before an answer."""
    found = list[Answered | None]()
    async with under.connect() as peer:
        for asked in requests:
            begun = trio.current_time()
            try:
                await peer.stream.send_all(asked.told())
                answer = await peer.response(asked.method)
            except (h11.RemoteProtocolError, trio.BrokenResourceError):
                found.append(None)
                break
            found.append(seen(answer, begun))
    return found


def seen(answer: Exchange, begun: float) -> Answered:
    headers = tuple((name, value) for name, value in answer.headers.items() if name not in HOP_BY_HOP)
    took_s = answer.arrivals[-1][0] - begun if answer.arrivals else 0.0
    return Answered(answer.status, headers, answer.body, round(took_s, 5))


async def stored(under: DoorUnderTest) -> dict[str, dict[bytes, bytes]]:
    """Every record of the store, once all is written."""
    await under.outcomes("a")
    with under.service.simulator.environment.read() as view:
        return {table.value: dict(view.scan(table)) for table in Table}


def ask(body: dict[str, Any], path: str = CHAT, **headers: str) -> Asked:
    named = tuple((name.replace("_", "-").encode(), value.encode("latin-1")) for name, value in headers.items())
    return Asked("POST", path, named, orjson.dumps({**SHORT, **body}))


A = {"X_LLMSim_Session": "a"}


@FIXTURES
@given(requests=st.lists(ASKED, min_size=1, max_size=5), pace=st.sampled_from([Pace(None), Pace()]))
@example(requests=[ask({}, **A), ask({"stream": True}, **A), ask({}, **A, X_LLMSim_History="server")], pace=Pace())
@example(requests=[ask({}, **A, Idempotency_Key="k")] * 3 + [ask({"n": 2}, **A, Idempotency_Key="k")], pace=Pace(None))
@example(requests=[ask({}, **A, x_llmsim_session="b")], pace=Pace(None))
@example(requests=[ask({}, X_Odd="é"), ask({}, X_LLMSim_Session="é"), ask({}, Idempotency_Key="é")], pace=Pace(None))
@example(requests=[ask({}, **A, X_LLMSim_Store="no"), ask({}, **A), ask({}, **A, X_LLMSim_Store="no")], pace=Pace())
@example(requests=[ask({}, path=CHAT + "?a=b"), ask({}, path="/none"), ask({}, **A)], pace=Pace(None))
async def test_whatever_is_asked_is_answered_and_stored_alike(
    tmp_path_factory: pytest.TempPathFactory, autojump_clock: MockClock, requests: list[Asked], pace: Pace
) -> None:
    found = []
    for straight in (False, True):
        data_dir = tmp_path_factory.mktemp("pod")
        async with pod_with_door(data_dir, straight=straight, pace=pace) as under:
            found.append((await answers(under, requests), await stored(under)))
    (by_door, kept), (by_hypercorn, kept_too) = found
    assert len(by_door) == len(by_hypercorn)
    for one, other in zip(by_door, by_hypercorn, strict=True):
        assert one is not None
        assert other is not None
        assert attrs.evolve(one, took_s=0) == attrs.evolve(other, took_s=0)
        assert math.isclose(one.took_s, other.took_s, abs_tol=1e-4)
    assert kept == kept_too
