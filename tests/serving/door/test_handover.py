"""What is asked of Hypercorn beyond its documentation: that it is there, and what happens where it is not."""

import logging
import os
import signal
import socket
from pathlib import Path
from typing import Any

import orjson
import pytest
import trio
from hypercorn.trio import tcp_server, worker_context
from trio.testing import MockClock

from llmsim.clock import Pace
from llmsim.replay.clients import OverHTTP, connect
from llmsim.serving import server
from llmsim.serving.door import handover
from tests.doors import stream_of
from tests.http.asks import body_of
from tests.pods import CHAT, options

LIMIT_S = 60


def test_hypercorn_is_as_the_door_needs_it() -> None:
    """Where this fails, Hypercorn has changed: read its `TCPServer` again, adapt `handover`, and run tests/http."""
    assert handover.missing() is None


def test_hypercorn_that_takes_something_else_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    class Other:
        def __init__(self, app: object, stream: object, loop: object) -> None: ...

    monkeypatch.setattr(tcp_server, "TCPServer", Other)
    fault = handover.missing()
    assert fault is not None
    assert fault.startswith("hypercorn ")
    assert fault.endswith(": TCPServer takes app, stream, loop")


def test_hypercorn_without_an_end_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    class Other:
        def __init__(self, max_requests: int | None) -> None: ...

    monkeypatch.setattr(worker_context, "WorkerContext", Other)
    fault = handover.missing()
    assert fault is not None
    assert "WorkerContext" in fault


async def test_without_the_door_everything_is_served_and_one_line_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(handover, "missing", lambda: "another Hypercorn")
    monkeypatch.setattr(server, "settle_memory", lambda: None)
    listening = list[server.Listening]()
    told = trio.Event()

    def announce(said: server.Listening) -> None:
        listening.append(said)
        told.set()

    async with trio.open_nursery() as nursery:
        with trio.fail_after(LIMIT_S):
            pod = options(tmp_path, pace=Pace(None))
            nursery.start_soon(server.serve, pod, "127.0.0.1", 0, 10, announce)
            await told.wait()
            async with connect(listening[0].url) as http:
                client = OverHTTP(http)
                whole = await client.exchange("POST", CHAT, {}, body_of())
                stream = await client.exchange("POST", CHAT, {}, body_of(stream=True))
                listed = await client.exchange("GET", "/llmsim/v1/sessions", {})
            os.kill(os.getpid(), signal.SIGTERM)
    assert [whole.status, stream.status, len(orjson.loads(listed.body)["data"])] == [200, 200, 1]
    assert stream.body.endswith(b"data: [DONE]\n\n")
    [line] = [record for record in caplog.records if record.levelno >= logging.WARNING]
    fields: Any = vars(line)["fields"]
    assert (line.levelname, fields) == ("WARNING", {"reason": "another Hypercorn"})


@pytest.mark.parametrize("sizes", [(1,), (3, 1000), (1000,), (None,)])
async def test_stream_gives_what_was_read_and_then_what_comes(
    autojump_clock: MockClock, sizes: tuple[int | None, ...]
) -> None:
    ours, theirs = socket.socketpair()
    async with stream_of(ours) as stream, stream_of(theirs) as client:
        resumed = handover.Resumed(stream, b"was read, ")
        assert resumed.socket is stream.socket
        await client.send_all(b"came")
        await client.send_eof()
        parts = list[bytes]()
        while not parts or parts[-1]:
            parts.append(bytes(await resumed.receive_some(sizes[len(parts) % len(sizes)])))
        assert b"".join(parts) == b"was read, came"
        await resumed.wait_send_all_might_not_block()
        await resumed.send_all(b"back")
        await resumed.send_eof()
        assert bytes(await client.receive_some()) == b"back"


async def test_stream_is_closed_even_where_its_owner_was_cancelled(autojump_clock: MockClock) -> None:
    ours, theirs = socket.socketpair()
    async with stream_of(ours) as stream, stream_of(theirs) as client:
        resumed = handover.Resumed(stream, b"")
        with trio.CancelScope() as scope:
            scope.cancel()
            await resumed.send_eof()
            await resumed.aclose()
        assert not scope.cancelled_caught
        assert await client.receive_some() == b""
