"""What the clients of a soak keep in mind: the visit that they are sent on, their sessions, their requests, and when
the next one is due. Records, and how the head of an answer is read; the sockets are in `soak_client`.
"""

import re
import socket
from collections.abc import Callable

import attrs

from tests.bench.contestants import PACED
from tests.bench.events import NS_PER_MS, Received
from tests.bench.soak_plan import Manner

TURN_ID = re.compile(rb"\r\nx-llmsim-turn-id: (\S+)\r\n", re.IGNORECASE)
LENGTH = re.compile(rb"\r\ncontent-length: (\d+)\r\n", re.IGNORECASE)
ACKNOWLEDGED, REFUSED, INCOMPLETE = "acknowledged", "refused", "incomplete"


@attrs.frozen
class Visit:
    """How many plain turns a second and how many streams at once, for how long; windows and the file of what was said.

    `first` is the number of the first session. Every `flood_s` seconds one client asks for megabytes and reads slowly.
    """

    port: int
    plain_per_s: float
    streams: float
    seconds: float
    window_s: float
    flood_s: float
    said: str
    first: int


@attrs.define(eq=False)
class Session:
    """One conversation, and its connection while it has one."""

    name: str
    turns: int
    questions: list[str] = attrs.field(factory=list)
    connection: socket.socket | None = None


@attrs.define(eq=False)
class Exchange:
    """One request and its answer. `left_bytes` are those of a plain body that are to come, None before its head."""

    session: Session
    manner: Manner
    streamed: bool
    sent_ns: int
    leave_after: int
    fresh: bool
    received: Received = attrs.field(factory=Received)
    head: bytes = b""
    turn_id: str | None = None
    left_bytes: int | None = None

    @property
    def connection(self) -> socket.socket:
        """Its session's, which has one as long as there is an exchange."""
        if self.session.connection is None:
            raise RuntimeError("an exchange without a connection")
        return self.session.connection

    def read_head(self, data: bytes) -> str:
        """Take what came of the head and of what follows it: an answer is acknowledged with its whole head."""
        self.head += data
        head, found, rest = self.head.partition(b"\r\n\r\n")
        if not found:
            return INCOMPLETE
        turn, length = TURN_ID.search(head + b"\r\n"), LENGTH.search(head + b"\r\n")
        if self.received.status != 200 or turn is None:
            return REFUSED
        self.turn_id = turn[1].decode()
        self.head = b""
        if length is not None:
            self.left_bytes = int(length[1]) - len(rest)
        return ACKNOWLEDGED

    def late_ms(self, before: int, stamp_ns: int) -> list[float]:
        """How late the new events of a stream are; its last ones are not counted, they come with its last token."""
        since_ms = (stamp_ns - self.sent_ns) / NS_PER_MS
        count = self.received.events - (PACED.after if self.received.done else 0)
        return [since_ms - PACED.due_ms(index, count + PACED.after) for index in range(before, count)]


@attrs.define
class Arriving:
    """Something that happens at even distances, however late the loop is."""

    due_ns: float
    step_ns: float
    act: Callable[[], None]

    def catch_up(self, now_ns: float) -> None:
        """Let all happen that is due."""
        while self.due_ns <= now_ns:
            self.act()
            self.due_ns += self.step_ns
