"""Connections that are not for the door, given to Hypercorn with what was read of them.

All of Hypercorn's undocumented parts that llmsim uses are here. It documents `serve`, which opens listeners of its own;
what handles one connection there is `TCPServer`, neither private nor documented. `missing` says whether that is still
what this module was written for; where it is not, the server goes without the door.
"""

import inspect
from collections.abc import Callable
from typing import Any

import hypercorn
import trio
from hypercorn.config import Config
from hypercorn.trio import tcp_server, worker_context
from hypercorn.typing import ConnectionState
from hypercorn.utils import wrap_app

TCP_SERVER = ("app", "config", "context", "state", "stream")
"""What `TCPServer` takes, in Hypercorn 0.18."""


def missing() -> str | None:
    """What of Hypercorn is not as this module needs it; None where all is."""
    version = getattr(hypercorn, "__version__", "?")
    found = tuple(inspect.signature(tcp_server.TCPServer).parameters)
    if found != TCP_SERVER:
        return f"hypercorn {version}: TCPServer takes {', '.join(found)}"
    if not hasattr(worker_context.WorkerContext(None), "terminated"):
        return f"hypercorn {version}: WorkerContext has no event `terminated`"
    return None


class Resumed(trio.abc.HalfCloseableStream):
    """A stream from which something was read already: that comes first. Hypercorn asks `socket` for addresses."""

    def __init__(self, stream: trio.SocketStream, read: bytes) -> None:
        self._stream = stream
        self._read = read
        self.socket = stream.socket

    async def receive_some(self, max_bytes: int | None = None) -> bytes | bytearray:
        """What was read, then what comes."""
        if self._read:
            await trio.lowlevel.checkpoint()
            first, self._read = self._read[:max_bytes], self._read[max_bytes or len(self._read) :]
            return first
        return await self._stream.receive_some(max_bytes)

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        """Send."""
        await self._stream.send_all(data)

    async def wait_send_all_might_not_block(self) -> None:
        """Wait until `send_all` may go through at once."""
        await self._stream.wait_send_all_might_not_block()

    async def send_eof(self) -> None:
        """Say no more; done even where cancelled, see `aclose`."""
        with trio.CancelScope(shield=True):
            await self._stream.send_eof()

    async def aclose(self) -> None:
        """Close; done even where cancelled, it waits for nobody.

        Hypercorn 0.18 closes a connection from within the application's task, which Quart-Trio 0.12 has cancelled by
        then: a client that asked for `Connection: close` would wait until it gave up.
        """
        with trio.CancelScope(shield=True):
            await self._stream.aclose()


class Hypercorn:
    """Hypercorn without its listeners: an application for single connections."""

    def __init__(self, app: Any, config: Config) -> None:  # noqa: ANN401  (an ASGI application)
        self._app = wrap_app(app, config.wsgi_max_body_size, "asgi")
        self._config = config
        self._context = worker_context.WorkerContext(None)
        self._connect: Callable[..., Any] = tcp_server.TCPServer

    async def serve(self, stream: trio.SocketStream, read: bytes) -> None:
        """Serve a connection to its end. Cancellation: its requests are cancelled, and it is closed."""
        resumed = Resumed(stream, read)
        await self._connect(self._app, self._config, self._context, ConnectionState({}), resumed)

    async def drain(self) -> None:
        """Close connections that are idle, and others after their answers."""
        await self._context.terminated.set()
