"""Ways to a pod under test: its application called directly, or connections to its door, without a network.

Whoever has come to a door has left when the block ends; nothing of any connection may be left then: no task, no file,
no watched socket, no request in flight.
"""

import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing, suppress
from functools import partial
from pathlib import Path

import attrs
import trio

from llmsim.replay.clients import Client, InProcess
from llmsim.serving.app import create_app
from llmsim.serving.door.connection import Limits
from llmsim.serving.door.door import Door
from llmsim.serving.door.handover import Hypercorn
from llmsim.serving.server import LIMITS, hypercorn_config
from llmsim.serving.service import Service
from llmsim.wire.dialects import GENERATING
from tests.peers import OverPeers, Peer

Way = Callable[[Service], AbstractAsyncContextManager[Client]]
"""How a pod's client comes to it."""
ENDS_S = 60
"""How long a connection may stay when its client has left: longer than any that waits for nobody."""


@attrs.frozen
class Doorway:
    """A door that runs; `connect` is a client that comes to it."""

    door: Door
    handle: Callable[[trio.SocketStream], Awaitable[None]]
    handlers: trio.Nursery
    peers: list[Peer] = attrs.field(factory=list)

    def connect(self, buffer_bytes: int | None = None) -> Peer:
        """A new connection; with `buffer_bytes`, one whose buffers are as small as the kernel makes them."""
        ours, theirs = socket.socketpair()
        if buffer_bytes is not None:
            ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, buffer_bytes)
            theirs.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, buffer_bytes)
        peer = Peer(stream_of(theirs))
        self.peers.append(peer)
        self.handlers.start_soon(self.handle, stream_of(ours))
        return peer

    def watched(self) -> set[int]:
        """The files that the reactor watches."""
        return {key.fd for key in self.door.hall.reactor._selector.get_map().values()}


@asynccontextmanager
async def doorway(service: Service, limits: Limits = LIMITS, *, straight: bool = False) -> AsyncIterator[Doorway]:
    """A door to a pod; `straight` gives every connection to Hypercorn, untouched."""
    files = open_files()
    hypercorn = Hypercorn(create_app(service), hypercorn_config(grace_s=ENDS_S))
    door = Door.of(service, hypercorn, GENERATING, limits)
    handle = partial(hypercorn.serve, read=b"") if straight else door.handle
    with closing(door.hall.reactor):
        async with trio.open_nursery() as shared:
            shared.start_soon(door.hall.reactor.run)
            shared.start_soon(door.hall.pacer.run)
            async with trio.open_nursery() as handlers:
                under = Doorway(door, handle, handlers)
                yield under
                for peer in under.peers:
                    await peer.stream.aclose()
                handlers.cancel_scope.deadline = trio.current_time() + ENDS_S
            assert not handlers.cancel_scope.cancelled_caught, "a connection stays without its client"
            assert under.watched() == set()
            assert door._open == set()
            with trio.fail_after(ENDS_S):
                await service.in_flight.none()
            shared.cancel_scope.cancel()
    assert open_files() <= files


@asynccontextmanager
async def by_quart(service: Service) -> AsyncIterator[Client]:
    """The application, called directly."""
    yield InProcess(create_app(service))


@asynccontextmanager
async def by_door(service: Service) -> AsyncIterator[Client]:
    """A connection to the door for each request."""
    async with doorway(service) as under:
        yield OverPeers(under.connect)


WAYS: dict[str, Way] = {"quart": by_quart, "door": by_door}


def stream_of(end: socket.socket) -> trio.SocketStream:
    """Trio's stream on a socket."""
    return trio.SocketStream(trio.socket.from_stdlib_socket(end))


def open_files() -> set[tuple[str, str]]:
    """Which files this process has open, by number and what they are; none where it cannot be known.

    To be compared by what has come, not by how many there are: files of others may be closed at any time, such as those
    that the garbage collector comes upon.
    """
    listing = Path("/proc/self/fd")
    found: set[tuple[str, str]] = set()
    for number in listing.iterdir() if listing.is_dir() else ():
        with suppress(FileNotFoundError):  # the listing's own is among them
            found.add((number.name, str(number.readlink())))
    return found
