"""The client that holds many event streams: one process, raw sockets, one epoll; `python -m tests.bench.streams`.

Reads a `Load` as JSON from stdin and writes `Arrivals` as JSON to stdout. It must not be the bottleneck, and says how
near it was: its own CPU time, how late it sent, and how long what had arrived waited until it was read. No arrival is
stamped by it: the kernel does that (SO_TIMESTAMPNS) when the segment comes in, so that a client that reads late does
not make a server look late. Where several segments waited for one read, all get the stamp of the last.
"""

import gc
import select
import socket
import struct
import sys
import time
from typing import Any

import attrs
import cattrs
import orjson

from tests.bench.events import Received
from tests.bench.figures import Tail, tail

SO_TIMESTAMPNS = 35
"""Linux: the time of arrival of what is read, as a struct timespec of CLOCK_REALTIME."""
TIMESPEC = struct.Struct("qq")
NS = 1_000_000_000
READ_BYTES = 65536
ANCILLARY_BYTES = 64
EVENTS = 1024


@attrs.frozen
class Load:
    """What to send, and when: `requests` are whole HTTP requests, evenly spread over `spread_s`.

    The client gives up `limit_s` after the last was due. `keep`: return all bytes that were read, too.
    """

    port: int
    requests: list[str]
    spread_s: float
    limit_s: float
    keep: bool = False


@attrs.frozen
class Arrival:
    """One stream: when it was sent, what came when (ns, events so far), and how it ended."""

    sent_ns: int
    status: int
    arrivals: list[tuple[int, int]]
    size_bytes: int
    ended: bool
    whole: bool
    reads: list[tuple[int, str]] = attrs.field(factory=list)


@attrs.frozen
class Arrivals:
    """All streams, and what the client says of itself; `unstamped`: reads for which the kernel had no time."""

    streams: list[Arrival]
    cpu_share: float
    sent_late_ms: Tail
    read_late_ms: Tail
    unstamped: int


def clock_ns() -> int:
    """The clock of the kernel's stamps."""
    return time.clock_gettime_ns(time.CLOCK_REALTIME)


@attrs.define
class Client:
    """All connections of one load."""

    load: Load
    poll: select.epoll = attrs.field(factory=select.epoll, init=False)
    sockets: dict[int, tuple[int, socket.socket]] = attrs.field(factory=dict, init=False)
    received: list[Received] = attrs.field(init=False)
    sent_ns: list[int] = attrs.field(init=False)
    reads: list[list[tuple[int, str]]] = attrs.field(init=False)
    read_late_ns: list[int] = attrs.field(factory=list, init=False)
    unstamped: int = attrs.field(default=0, init=False)

    def __attrs_post_init__(self) -> None:
        count = len(self.load.requests)
        self.received = [Received() for _ in range(count)]
        self.reads = [[] for _ in range(count)]
        self.sent_ns = [0] * count

    def run(self) -> Arrivals:
        """Send all, and read until every stream has ended or the limit is over."""
        count = len(self.load.requests)
        step_ns = round(self.load.spread_s * NS / count)
        requests = [request.encode() for request in self.load.requests]
        begun_ns, begun_cpu = clock_ns(), time.process_time()
        limit_ns = begun_ns + count * step_ns + round(self.load.limit_s * NS)
        following = 0
        while following < count or self.sockets:
            now = clock_ns()
            while following < count and begun_ns + following * step_ns <= now:
                self.open(following)
                following += 1
                now = clock_ns()
            if now > limit_ns:
                break
            until = min(begun_ns + following * step_ns if following < count else limit_ns, limit_ns)
            for fd, event in self.poll.poll(max(until - now, 0) / NS, EVENTS):
                if event & select.EPOLLOUT:
                    self.send(fd, requests)
                else:
                    self.read(fd)
        share = (time.process_time() - begun_cpu) * NS / (clock_ns() - begun_ns)
        late = [(sent - begun_ns) / 1e6 - index * step_ns / 1e6 for index, sent in enumerate(self.sent_ns) if sent]
        read_late = tail(late_ns / 1e6 for late_ns in self.read_late_ns)
        return Arrivals(self.arrivals(), share, tail(late), read_late, self.unstamped)

    def open(self, index: int) -> None:
        """Begin to connect; the request follows once that is done."""
        stream = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        stream.settimeout(0)
        stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        stream.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        stream.connect_ex(("127.0.0.1", self.load.port))
        self.sockets[stream.fileno()] = index, stream
        self.poll.register(stream.fileno(), select.EPOLLIN | select.EPOLLOUT)

    def send(self, fd: int, requests: list[bytes]) -> None:
        """The connection is there, or was refused."""
        index, stream = self.sockets[fd]
        self.poll.modify(fd, select.EPOLLIN)
        self.sent_ns[index] = clock_ns()
        try:
            stream.send(requests[index])
        except OSError:
            self.close(fd)

    def read(self, fd: int) -> None:
        """Take what is there."""
        index, stream = self.sockets[fd]
        try:
            data, ancillary, _, _ = stream.recvmsg(READ_BYTES, ANCILLARY_BYTES)
        except OSError:
            self.close(fd)
            return
        now = clock_ns()
        if ancillary:
            seconds, rest = TIMESPEC.unpack(ancillary[0][2])
            stamp = seconds * NS + rest
        else:
            stamp = now
            self.unstamped += bool(data)
        self.read_late_ns.append(now - stamp)
        received = self.received[index]
        received.feed(data, stamp)
        if self.load.keep:
            self.reads[index].append((stamp, data.decode()))
        if received.ended:
            self.close(fd)

    def close(self, fd: int) -> None:
        """This stream is over."""
        self.sockets.pop(fd)[1].close()

    def arrivals(self) -> list[Arrival]:
        """What came of every stream."""
        return [
            Arrival(sent, one.status, one.arrivals, one.size_bytes, one.ended, one.whole, reads)
            for sent, one, reads in zip(self.sent_ns, self.received, self.reads, strict=True)
        ]


def main() -> None:
    """One load."""
    load: Load = cattrs.structure(orjson.loads(sys.stdin.buffer.read()), Load)
    client = Client(load)
    gc.disable()
    arrived: dict[str, Any] = attrs.asdict(client.run())
    sys.stdout.buffer.write(orjson.dumps(arrived))


if __name__ == "__main__":
    main()
