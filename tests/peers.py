"""Clients without a network: the other end of a socket pair, as raw bytes or as HTTP/1.1 that h11 understands.

Bytes are there as soon as they are written, so that a virtual clock may drive both sides.
"""

import os
import string
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Self
from urllib.parse import quote

import attrs
import h11
import trio
from trio.testing import wait_all_tasks_blocked

from llmsim.replay.clients import Exchange

READ_BYTES = 64 * 1024
LIMIT_S = 24 * 3600
"""How long a client waits for a response, in virtual time: longer than any test makes it wait."""


class Peer:
    """One end of a connection; a context manager that closes it."""

    def __init__(self, stream: trio.SocketStream) -> None:
        self.stream = stream
        self.closed = False
        self.informed: list[int] = []
        self._ahead = b""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await trio.aclose_forcefully(self.stream)

    async def send(self, data: bytes) -> None:
        """Send, and let the other side do all that it does at once."""
        await self.stream.send_all(data)
        await wait_all_tasks_blocked()

    async def heard(self) -> bytes:
        """What comes until nothing moves but the clock; `closed` says whether that was the last."""
        parts = [self._ahead]
        self._ahead = b""
        while True:
            await wait_all_tasks_blocked()
            try:
                data = os.read(self.stream.socket.fileno(), READ_BYTES)
            except BlockingIOError:
                return b"".join(parts)
            except ConnectionResetError:
                data = b""
            if not data:
                self.closed = True
                return b"".join(parts)
            parts.append(data)

    async def rest(self) -> bytes:
        """What comes until the other side closes, whenever that is."""
        parts = [self._ahead]
        self._ahead = b""
        with trio.fail_after(LIMIT_S):
            try:
                while data := await self.stream.receive_some(READ_BYTES):
                    parts.append(bytes(data))
            except trio.BrokenResourceError:
                pass
        self.closed = True
        return b"".join(parts)

    async def response(self, method: str = "POST", read_bytes: int = READ_BYTES, pause_s: float = 0.0) -> Exchange:
        """The next response, to a request of this method; read in pieces of a size, with pauses between them.

        Raises:
            h11.RemoteProtocolError: it is none, or ends too early.
        """
        reading = _Reading(method)
        if self._ahead:
            reading.feed(self._ahead)
        with trio.fail_after(LIMIT_S):
            while not reading.whole:
                reading.feed(bytes(await self.stream.receive_some(read_bytes)))
                if pause_s:
                    await trio.sleep(pause_s)
        self.informed += reading.informed
        self._ahead = reading.ahead
        return reading.exchange()

    async def exchange(self, method: str, path: str, headers: Mapping[str, str], body: bytes = b"") -> Exchange:
        """Send a request and read its response, which may come before all has been sent."""
        async with self.sending(request(method, path, headers.items(), body)):
            return await self.response(method)

    @asynccontextmanager
    async def sending(self, data: bytes) -> AsyncIterator[None]:
        """Send while the block runs, as much as is taken."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._send_what_is_taken, data)
            yield
            nursery.cancel_scope.cancel()

    async def _send_what_is_taken(self, data: bytes) -> None:
        try:
            await self.stream.send_all(data)
        except trio.BrokenResourceError:
            return


class _Reading:
    """One response, read by h11."""

    def __init__(self, method: str) -> None:
        self._parser = h11.Connection(h11.CLIENT)
        self._parser.send(h11.Request(method=method, target="/", headers=[("host", "x")]))
        self._parser.send(h11.EndOfMessage())
        self._head: h11.Response | None = None
        self._arrivals: list[tuple[float, bytes]] = []
        self.informed: list[int] = []
        self.whole = False

    @property
    def ahead(self) -> bytes:
        return self._parser.trailing_data[0]

    def feed(self, data: bytes) -> None:
        self._parser.receive_data(data)
        while not self.whole:
            event = self._parser.next_event()
            if event is h11.NEED_DATA:
                return
            if isinstance(event, h11.InformationalResponse):
                self.informed.append(event.status_code)
            elif isinstance(event, h11.Response):
                self._head = event
            elif isinstance(event, h11.Data):
                self._arrivals.append((trio.current_time(), bytes(event.data)))
            else:
                assert isinstance(event, h11.EndOfMessage), event
                self.whole = True

    def exchange(self) -> Exchange:
        assert self._head is not None
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in self._head.headers}
        return Exchange(self._head.status_code, headers, tuple(self._arrivals))


@attrs.frozen
class OverPeers:
    """A client that makes a connection for each exchange; cancellation closes it."""

    connect: Callable[[], Peer]

    async def exchange(self, method: str, path: str, headers: Mapping[str, str], body: bytes = b"") -> Exchange:
        """Send a request and read its response to the end."""
        async with self.connect() as peer:
            return await peer.exchange(method, path, headers, body)


def request(method: str, path: str, headers: Iterable[tuple[str, str]] = (), body: bytes = b"") -> bytes:
    """An HTTP/1.1 request with Host and, where it may have a body, Content-Length; paths are quoted as clients do."""
    target = quote(path, safe=string.punctuation)
    lines = [f"{method} {target} HTTP/1.1".encode(), b"Host: door"]
    lines += [f"{name}: {value}".encode() for name, value in headers]
    if body or method in {"POST", "PUT", "PATCH"}:
        lines.append(b"Content-Length: %d" % len(body))
    return b"\r\n".join([*lines, b"", body])
