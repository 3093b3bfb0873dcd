"""The door: listeners of plain HTTP/1.1, each connection with a task that owns it, from accepting to the last byte.

Order at the end: listeners close, idle connections close, answers end or are cut when the grace period is over. The
tasks that all connections share, reactor and pacer, end last.
"""

from collections.abc import Mapping
from contextlib import closing, suppress
from functools import partial
from urllib.parse import unquote

import attrs
import trio

from llmsim.serving.door.connection import Connection, Hall, Limits
from llmsim.serving.door.handover import Hypercorn
from llmsim.serving.door.pacer import Pacer
from llmsim.serving.door.reactor import Reactor
from llmsim.serving.door.reading import Find, Route
from llmsim.serving.door.writing import Dates
from llmsim.serving.service import Service
from llmsim.wire.base import Wire
from llmsim.wire.dialects import templated

LINGER_S = 2
"""How long a client that was refused may go on sending before its connection is closed on it."""
LINGER_BYTES = 64 * 1024


@attrs.define
class Door:
    """Answers on sockets until it is told to stop."""

    service: Service
    hypercorn: Hypercorn
    hall: Hall
    _open: set[Connection] = attrs.field(factory=set, init=False)

    @classmethod
    def of(cls, service: Service, hypercorn: Hypercorn, generating: Mapping[str, Wire], limits: Limits) -> "Door":
        """A door to the generating routes, and to those with parts; everything else is Hypercorn's."""
        return cls(service, hypercorn, Hall(service, finder(generating), limits, Reactor(), Pacer(), Dates()))

    async def serve(
        self,
        listeners: list[trio.SocketListener],
        stop: trio.Event,
        grace_s: float,
        task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
    ) -> None:
        """Serve until `stop`, and then for as long as something is being answered, at most `grace_s` seconds.

        Cancellation: cuts what is in flight.
        """
        with closing(self.hall.reactor):
            async with trio.open_nursery() as shared:
                shared.start_soon(self.hall.reactor.run)
                shared.start_soon(self.hall.pacer.run)
                async with trio.open_nursery() as connections:
                    accept = partial(trio.serve_listeners, self.handle, listeners, handler_nursery=connections)
                    async with trio.open_nursery() as accepting:
                        await accepting.start(accept)
                        task_status.started()
                        await stop.wait()
                        accepting.cancel_scope.cancel()
                    await self._drain(grace_s)
                    connections.cancel_scope.cancel()
                shared.cancel_scope.cancel()

    async def handle(self, stream: trio.SocketStream) -> None:
        """Own a connection. Cancellation: what it is answering is settled and cut."""
        async with stream:
            read, refused = await self._answer(stream)
            if read is not None:
                await self.hypercorn.serve(stream, read)
            elif refused:
                await linger(stream)

    async def _answer(self, stream: trio.SocketStream) -> tuple[bytes | None, bool]:
        """Answer what is ours; what was read of the rest, and whether the client was refused."""
        connection = Connection(stream.socket.fileno(), self.hall)
        self._open.add(connection)
        try:
            return await connection.serve(), connection.refused
        finally:
            self._open.discard(connection)

    async def _drain(self, grace_s: float) -> None:
        for connection in tuple(self._open):
            connection.drain()
        await self.hypercorn.drain()
        with trio.move_on_after(grace_s):
            await self.service.in_flight.none()


def finder(generating: Mapping[str, Wire]) -> Find:
    """What finds a request's route: one of these by its whole path, or one with parts."""
    exact = {path.encode(): Route(path, wire) for path, wire in generating.items()}

    def find(path: bytes, query: bytes) -> Route | None:
        route = exact.get(path)
        if route is not None:
            return route
        found = templated(unquote(path.decode("latin-1")), query.decode("latin-1"))
        return Route(*found) if found is not None else None

    return find


async def linger(stream: trio.SocketStream) -> None:
    """Let a client that was refused read why: closing on what it still sends would reset what was sent to it.

    Source: RFC 9112, 9.6.
    """
    with trio.move_on_after(LINGER_S), suppress(trio.BrokenResourceError):
        await stream.send_eof()
        while await stream.receive_some(LINGER_BYTES):
            pass
