"""The clients of the soak: sessions of several turns, streamed or not, some of which leave or read slowly.

One process, raw sockets, one epoll: `python -m tests.bench.soak_client`, a `Visit` as JSON on stdin. A line of JSON for
each window on stdout, and a line for each request in the file of what was said: session, turn id (`-` where no answer
came), and how it ended for the client. Turns arrive at even distances whatever the server does. What each client does
follows from its number.
"""

import gc
import heapq
import select
import socket
import struct
import sys
import time
from collections import Counter, deque
from functools import partial
from io import TextIOWrapper
from pathlib import Path

import attrs
import cattrs
import orjson

from tests.bench import bodies
from tests.bench.contestants import PACED
from tests.bench.events import NS_PER_MS
from tests.bench.figures import tail
from tests.bench.processes import Request
from tests.bench.soak_plan import FLOOD_READ, READ_EVERY_S, SLOW_READ, Dice, Manner, manner_of
from tests.bench.soak_session import ACKNOWLEDGED, REFUSED, Arriving, Exchange, Session, Visit
from tests.bench.streams import ANCILLARY_BYTES, EVENTS, NS, READ_BYTES, SO_TIMESTAMPNS, TIMESPEC, clock_ns

THINK_NS = NS // 4
DRAIN_NS = 20 * NS
TINY_BUFFER = 2048
RESET = struct.pack("ii", 1, 0)
TEXTS = 4096
MOST_TURNS = 6
MOST_OPEN = 4000
"""So many open answers mean that the server does not keep up."""
SHORT, LONG, FLOOD_TEXTS = 120, 600, 100


@attrs.define
class Crowd:
    """All clients."""

    visit: Visit
    said: TextIOWrapper
    poll: select.epoll = attrs.field(factory=select.epoll, init=False)
    exchanges: dict[int, Exchange] = attrs.field(factory=dict, init=False)
    resting: dict[int, Session] = attrs.field(factory=dict, init=False)
    ready: deque[tuple[int, Session]] = attrs.field(factory=deque, init=False)
    ticks: list[tuple[int, int, Exchange]] = attrs.field(factory=list, init=False)
    late_ms: list[float] = attrs.field(factory=list, init=False)
    plain_ms: list[float] = attrs.field(factory=list, init=False)
    counts: Counter[str] = attrs.field(factory=Counter, init=False)
    following: int = attrs.field(init=False)
    texts: list[str] = attrs.field(init=False)
    dice: Dice = attrs.field(init=False)
    floods: list[tuple[int, int]] = attrs.field(factory=list, init=False)
    opened_ns: int = attrs.field(factory=clock_ns, init=False)
    spent_s: float = attrs.field(factory=time.process_time, init=False)

    def __attrs_post_init__(self) -> None:
        self.following = self.visit.first
        self.texts = [bodies.text(number, LONG) for number in range(TEXTS)]
        self.dice = Dice(self.visit.first + 1)

    def run(self) -> None:
        """Let turns arrive for the time of the visit, then wait for those that are open."""
        visit = self.visit
        stream_s = (PACED.first_ms + LONG / bodies.TOKEN_CHARS * PACED.step_ms) / 1000
        begun = clock_ns()
        end = begun + round(visit.seconds * NS)
        arriving = [
            Arriving(begun, NS / visit.plain_per_s, partial(self.speak, streamed=False)),
            Arriving(begun, NS * stream_s / visit.streams, partial(self.speak, streamed=True)),
            Arriving(
                begun + visit.flood_s * NS / 2, visit.flood_s * NS, partial(self.speak, streamed=True, flood=True)
            ),
        ]
        reporting = Arriving(begun + visit.window_s * NS, visit.window_s * NS, self.report)
        while (now := clock_ns()) < end or (self.exchanges and now < end + DRAIN_NS):
            for one in arriving if now < end else []:
                one.catch_up(min(now, end))
            reporting.catch_up(now)
            until = min(one.due_ns for one in [*arriving, reporting]) if now < end else now + NS // 20
            if self.ticks:
                until = min(until, self.ticks[0][0])
            for fd, _ in self.poll.poll(max(until - clock_ns(), 0) / NS, EVENTS):
                self.arrived(fd)
            self.tick()
        for exchange in list(self.exchanges.values()):
            self.over(exchange, "unfinished")
        self.report()

    def speak(self, *, streamed: bool, flood: bool = False) -> None:
        """The next turn of a session that has thought long enough, or of a new one; skipped where too many are open."""
        if len(self.exchanges) >= MOST_OPEN:
            self.counts["skipped"] += 1
            return
        session = self.ready.popleft()[1] if self.ready and self.ready[0][0] <= clock_ns() else self.session()
        manner = Manner.FLOOD if flood else manner_of(self.dice, streamed=streamed)
        text = self.texts[self.dice.roll(TEXTS)]
        text = " ".join([text] * FLOOD_TEXTS) if flood else text[: LONG if streamed else SHORT]
        session.questions.append(f"{len(session.questions)} {text}")
        model = bodies.PACED if streamed and not flood else bodies.ECHO
        body = bodies.body(model, session.questions, stream=streamed)
        request = Request({"x-llmsim-session": session.name}, body).raw(self.visit.port).encode()
        if manner.reads_slowly and session.connection is not None:
            self.close(session)
        fresh = session.connection is None
        try:
            connection = session.connection or self.connect(session, manner)
        except OSError:
            self.said.write(f"{session.name} - refused\n")
            self.counts["refused"] += 1
            return
        self.resting.pop(connection.fileno(), None)
        exchange = Exchange(session, manner, streamed, clock_ns(), 1 + self.dice.roll(60), fresh)
        self.exchanges[connection.fileno()] = exchange
        self.counts["sent"] += 1
        try:
            connection.sendall(request)
        except OSError:
            self.over(exchange, "refused" if fresh else "stale")
            return
        if manner is Manner.UNHEARD:
            after_ns = self.dice.roll(150) * NS // 1000 if streamed else 0
            heapq.heappush(self.ticks, (clock_ns() + after_ns, connection.fileno(), exchange))
        if manner.reads_slowly:
            self.poll.unregister(connection.fileno())
            heapq.heappush(self.ticks, (clock_ns(), connection.fileno(), exchange))

    def session(self) -> Session:
        """A new one."""
        self.following += 1
        return Session(f"soak-{self.following:08}", 1 + self.dice.roll(MOST_TURNS))

    def connect(self, session: Session, manner: Manner) -> socket.socket:
        """A connection; on loopback it is there at once."""
        connection = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        if manner is Manner.SLOW:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, TINY_BUFFER)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        connection.connect(("127.0.0.1", self.visit.port))
        self.poll.register(connection.fileno(), select.EPOLLIN)
        session.connection = connection
        return connection

    def arrived(self, fd: int) -> None:
        """There is something to read."""
        exchange = self.exchanges.get(fd)
        if exchange is not None:
            self.read(exchange, READ_BYTES)
        elif fd in self.resting:
            self.close(self.resting[fd])

    def read(self, exchange: Exchange, size: int) -> None:
        """Take what is there, up to so much."""
        try:
            data, ancillary, _, _ = exchange.connection.recvmsg(size, ANCILLARY_BYTES, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return
        except OSError:
            self.over(exchange, "stale" if not exchange.fresh and not exchange.received.size_bytes else "reset")
            return
        seconds, rest = TIMESPEC.unpack(ancillary[0][2]) if ancillary else divmod(clock_ns(), NS)
        self.take(exchange, data, seconds * NS + rest)

    def take(self, exchange: Exchange, data: bytes, stamp_ns: int) -> None:
        """What a read means for its exchange."""
        received = exchange.received
        if not data:
            self.over(exchange, "cut" if exchange.fresh or received.size_bytes else "stale")
            return
        before = received.events
        received.feed(data, stamp_ns)
        if exchange.turn_id is None:
            heard = exchange.read_head(data)
            self.counts[ACKNOWLEDGED] += heard == ACKNOWLEDGED
            if heard == REFUSED:
                self.over(exchange, f"status {received.status}")
                return
        elif exchange.left_bytes is not None:
            exchange.left_bytes -= len(data)
        if exchange.streamed:
            if not exchange.manner.reads_slowly:
                self.late_ms += exchange.late_ms(before, stamp_ns)
            if exchange.manner is Manner.MIDWAY and received.events >= exchange.leave_after:
                self.leave(exchange)
            elif received.ended:
                self.over(exchange, "whole" if received.whole else "cut")
        elif exchange.left_bytes is not None and exchange.left_bytes <= 0:
            self.plain_ms.append((stamp_ns - exchange.sent_ns) / NS_PER_MS)
            self.over(exchange, "whole")

    def tick(self) -> None:
        """Who reads slowly reads a little; who was to leave leaves."""
        now = clock_ns()
        while self.ticks and self.ticks[0][0] <= now:
            _, fd, exchange = heapq.heappop(self.ticks)
            if self.exchanges.get(fd) is not exchange:
                continue
            if exchange.manner is Manner.UNHEARD:
                self.leave(exchange)
                continue
            self.read(exchange, FLOOD_READ if exchange.manner is Manner.FLOOD else SLOW_READ)
            if self.exchanges.get(fd) is exchange:
                heapq.heappush(self.ticks, (now + round(READ_EVERY_S * NS), fd, exchange))

    def leave(self, exchange: Exchange) -> None:
        """Close in the middle, half of the time with a reset."""
        if exchange.leave_after % 2:
            exchange.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        self.over(exchange, "left")

    def over(self, exchange: Exchange, how: str) -> None:
        """Write down what came of a request; only a session that heard its answer goes on."""
        session, connection = exchange.session, exchange.connection
        del self.exchanges[connection.fileno()]
        self.said.write(f"{session.name} {exchange.turn_id or '-'} {how}\n")
        self.counts[how] += 1
        if exchange.manner.reads_slowly:
            self.counts[exchange.manner.value] += 1
        if exchange.manner is Manner.FLOOD:
            self.floods.append((exchange.sent_ns, clock_ns()))
        going_on = how == "whole" and not exchange.manner.reads_slowly and len(session.questions) < session.turns
        if going_on:
            self.resting[connection.fileno()] = session
            self.ready.append((clock_ns() + THINK_NS, session))
        else:
            self.close(session)

    def close(self, session: Session) -> None:
        """Close its connection; it may open another."""
        if session.connection is not None:
            self.resting.pop(session.connection.fileno(), None)
            session.connection.close()
            session.connection = None

    def report(self) -> None:
        """One window is over."""
        now, spent_s = clock_ns(), time.process_time()
        window = {
            "begin_ns": self.opened_ns,
            "end_ns": now,
            "late_ms": attrs.asdict(tail(self.late_ms)) if self.late_ms else None,
            "plain_ms": attrs.asdict(tail(self.plain_ms)) if self.plain_ms else None,
            "open": len(self.exchanges),
            "client_share": (spent_s - self.spent_s) * NS / (now - self.opened_ns),
            "floods": self.floods,
            "counts": dict(self.counts),
        }
        sys.stdout.buffer.write(orjson.dumps(window) + b"\n")
        sys.stdout.buffer.flush()
        self.opened_ns, self.spent_s = now, spent_s
        self.late_ms.clear()
        self.plain_ms.clear()
        self.floods.clear()


def main() -> None:
    """One visit."""
    visit: Visit = cattrs.structure(orjson.loads(sys.stdin.buffer.read()), Visit)
    with Path(visit.said).open("a") as said:
        crowd = Crowd(visit, said)
        gc.freeze()
        crowd.run()


if __name__ == "__main__":
    main()
