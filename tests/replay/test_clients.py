"""The two clients: an application called in this process, and a server over a socket."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import httpx2
import pytest
import trio
from trio.testing import MockClock

from llmsim.errors import OperatorError
from llmsim.replay.clients import InProcess, OverHTTP, base_url, connect

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
HEAD = b"HTTP/1.1 200 OK\r\nX-One: 1\r\nContent-Length: 6\r\n\r\n"


async def test_application_is_asked_as_a_server_asks_it() -> None:
    seen: list[Any] = []

    async def app(scope: dict[str, Any], receive: Receive, send: Send) -> None:
        seen.extend((scope, await receive()))
        await send({"type": "http.response.start", "status": 201, "headers": [(b"X-One", b"1")]})
        await send({"type": "http.response.body", "body": b"done"})

    answer = await InProcess(app).exchange("POST", "/v1/things?limit=2", {"X-Two": "2"}, b"body")
    scope, message = seen
    assert (scope["type"], scope["method"], scope["path"]) == ("http", "POST", "/v1/things")
    assert (scope["raw_path"], scope["query_string"]) == (b"/v1/things", b"limit=2")
    assert scope["headers"] == [(b"x-two", b"2")]
    assert message == {"type": "http.request", "body": b"body", "more_body": False}
    assert (answer.status, answer.headers, answer.body) == (201, {"x-one": "1"}, b"done")


async def test_application_s_parts_arrive_at_their_virtual_times(autojump_clock: MockClock) -> None:
    async def app(_scope: dict[str, Any], _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for part in (b"a", b"", b"b"):
            await trio.sleep(1.5)
            await send({"type": "http.response.body", "body": part, "more_body": True})

    begin = trio.current_time()
    answer = await InProcess(app).exchange("GET", "/", {})
    assert [(round(at - begin, 6), data) for at, data in answer.arrivals] == [(1.5, b"a"), (4.5, b"b")]


async def test_client_that_leaves_cancels_the_application(autojump_clock: MockClock) -> None:
    ended = []

    async def app(_scope: dict[str, Any], receive: Receive, _send: Send) -> None:
        await receive()
        try:
            await receive()
        except trio.Cancelled:
            ended.append(trio.current_time())
            raise

    begin = trio.current_time()
    with trio.move_on_after(3) as scope:
        await InProcess(app).exchange("GET", "/", {})
    assert scope.cancelled_caught
    assert [at - begin for at in ended] == [pytest.approx(3)]


@asynccontextmanager
async def answering(*parts: bytes) -> AsyncIterator[tuple[str, bytearray]]:
    """A server that reads one request, answers with these parts and hangs up; its URL, and what it was sent."""
    got = bytearray()

    async def serve(stream: trio.SocketStream) -> None:
        while b"\r\n\r\n" not in got:
            got.extend(await stream.receive_some())
        for part in parts:
            await stream.send_all(part)
        await stream.aclose()

    async with trio.open_nursery() as nursery:
        start = partial(trio.serve_tcp, serve, 0, host="127.0.0.1")
        [listener] = await nursery.start(start)
        yield f"http://127.0.0.1:{listener.socket.getsockname()[1]}", got
        nursery.cancel_scope.cancel()


async def test_server_s_answer_is_read_to_its_end_and_taken_as_it_is() -> None:
    with trio.fail_after(30):
        async with answering(HEAD, b"abc", b"def") as (url, got), connect(url + "/v1") as client:
            answer = await OverHTTP(client).exchange("POST", "/v1/things", {"X-Two": "2"}, b"")
    assert (answer.status, answer.headers["x-one"], answer.body) == (200, "1", b"abcdef")
    assert bytes(got).startswith(b"POST /v1/things HTTP/1.1\r\n")
    assert b"accept-encoding: identity\r\n" in bytes(got).lower()
    assert b"x-two: 2\r\n" in bytes(got).lower()


@pytest.mark.parametrize("parts", [(HEAD, b"abc"), (b"SSH-2.0\r\n",), ()], ids=["cut", "no HTTP", "hung up"])
async def test_answer_that_breaks_off_is_the_operator_s_in_one_line(parts: tuple[bytes, ...]) -> None:
    with trio.fail_after(30):
        async with answering(*parts) as (url, _), connect(url) as client:
            with pytest.raises(OperatorError, match=f"^{url}/?: no answer: .") as caught:
                await OverHTTP(client).exchange("GET", "/", {})
    assert len(str(caught.value).splitlines()) == 1


async def test_server_that_cannot_be_reached_is_named() -> None:
    with trio.fail_after(30):
        async with answering() as (url, _):
            pass
        async with connect(url) as client:
            with pytest.raises(OperatorError, match=f"{url}/?: no answer: "):
                await OverHTTP(client).exchange("GET", "/", {})


@pytest.mark.parametrize(
    ("url", "base"),
    [
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://127.0.0.1:8080/v1/", "http://127.0.0.1:8080"),
        ("https://llm.test/sim/v1", "https://llm.test/sim"),
    ],
)
def test_base_url_is_without_its_version(url: str, base: str) -> None:
    assert base_url(url) == base


@pytest.mark.parametrize("url", ["127.0.0.1:8080", "ftp://host", "http://", "", "http://[::1", "http://host:port"])
def test_base_url_of_what_is_none_is_refused(url: str) -> None:
    with pytest.raises(OperatorError, match="expected http://HOST:PORT"):
        base_url(url)


async def test_client_follows_no_proxy_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    with trio.fail_after(30):
        async with answering(HEAD, b"abcdef") as (url, _), connect(url) as client:
            assert isinstance(client, httpx2.AsyncClient)
            assert (await OverHTTP(client).exchange("GET", "/", {})).body == b"abcdef"
