"""Whole requests in a closed loop: some connections, each of which asks again as soon as it has its answer.

One process, raw sockets, one selector; what it needs of a machine is Python alone. It counts nothing and stamps
nothing: whoever calls it reads the CPU time of the server before and after.
"""

import re
import selectors
import socket
from collections.abc import Iterator, Sequence
from contextlib import ExitStack

import attrs

LENGTH = re.compile(rb"\r\ncontent-length: (\d+)\r\n", re.IGNORECASE)
OK = b"HTTP/1.1 200"
READ_BYTES = 1 << 18
PATIENCE_S = 30


@attrs.define(eq=False)
class Connection:
    """A connection, and what has come of the answer that it waits for."""

    socket: socket.socket
    data: bytes = b""

    def ask(self, request: bytes) -> None:
        """Send a request; it is smaller than the buffer of a socket."""
        self.data = b""
        self.socket.sendall(request)

    def take(self) -> bytes | None:
        """Read what is there; the body once the answer is whole. Raises RuntimeError for anything but a 200."""
        read = self.socket.recv(READ_BYTES)
        self.data += read
        head, found, body = self.data.partition(b"\r\n\r\n")
        if not read or (found and not head.startswith(OK)):
            raise RuntimeError(f"it answered {self.data[:300]!r}")
        length = LENGTH.search(head + b"\r\n") if found else None
        return body if length and len(body) >= int(length[1]) else None


def answers(port: int, requests: Sequence[str], connections: int) -> list[bytes]:
    """The bodies of all answers, in the order in which they came; each request is sent once.

    Raises:
        RuntimeError: an answer is no 200, or none came for PATIENCE_S.
    """
    waiting: Iterator[bytes] = iter([request.encode() for request in requests])
    found: list[bytes] = []
    with ExitStack() as stack:
        selector = stack.enter_context(selectors.DefaultSelector())
        for _ in range(min(connections, len(requests))):
            made = Connection(stack.enter_context(socket.create_connection(("127.0.0.1", port))))
            made.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            selector.register(made.socket, selectors.EVENT_READ, made)
            made.ask(next(waiting))
        while len(found) < len(requests):
            ready = selector.select(PATIENCE_S)
            if not ready:
                raise RuntimeError(f"no answer for {PATIENCE_S} s")
            for key, _ in ready:
                body = key.data.take()
                if body is None:
                    continue
                found.append(body)
                following = next(waiting, None)
                if following is None:
                    selector.unregister(key.fileobj)
                else:
                    key.data.ask(following)
    return found
