"""Server-sent events as they arrive in reads of any size, and how far their arrival is from the plan. Pure.

An event has arrived when its empty line has. What is counted is `\\n\\n`: JSON holds no newline, and neither an HTTP
head nor the framing of chunks holds two in a row, so nothing has to be decoded while the clock runs.
"""

from collections.abc import Sequence

import attrs

END_OF_EVENT = b"\n\n"
LAST_CHUNK = b"\r\n0\r\n\r\n"
LAST_EVENT = b"data: [DONE]\n\n"
KEPT = len(LAST_EVENT) + len(LAST_CHUNK)
STATUS_BYTES = len("HTTP/1.1 200")
NS_PER_MS = 1e6
OVERHEAD_EVENTS = 3
"""Events of a chat stream that are no tokens: the role, the finish reason, `[DONE]`."""


@attrs.define
class Received:
    """One response as it arrives; `arrivals` is (stamp in ns, events so far) of each read that completed an event."""

    status: int = 0
    events: int = 0
    size_bytes: int = 0
    ended: bool = False
    arrivals: list[tuple[int, int]] = attrs.field(factory=list)
    _kept: bytes = b""

    def feed(self, data: bytes, stamp_ns: int) -> None:
        """Count a read; an empty one is the end of the connection."""
        if self.size_bytes < STATUS_BYTES:
            self.status = status_of(self._kept + data)
        new = data.count(END_OF_EVENT) + (self._kept[-1:] == b"\n" and data[:1] == b"\n")
        self.size_bytes += len(data)
        if new:
            self.events += new
            self.arrivals.append((stamp_ns, self.events))
        self._kept = (self._kept + data)[-KEPT:] if len(data) < KEPT else data[-KEPT:]
        self.ended = not data or self._kept.endswith(LAST_CHUNK)

    @property
    def done(self) -> bool:
        """Whether the last event of a chat stream was the last that came."""
        return LAST_EVENT in self._kept

    @property
    def whole(self) -> bool:
        """Whether it was a success that ended as a chat stream ends."""
        return self.status == 200 and self.ended and self.done


def status_of(head: bytes) -> int:
    """The status in the first bytes of a response; 0 where there is none."""
    found = head[9:12]
    return int(found) if head.startswith(b"HTTP/1.") and found.isdigit() else 0


def stamps(arrivals: Sequence[tuple[int, int]]) -> list[int]:
    """When each event arrived, ns."""
    found: list[int] = []
    for stamp_ns, count in arrivals:
        found += [stamp_ns] * (count - len(found))
    return found


@attrs.frozen
class Schedule:
    """When a server means its events to leave, after the request: `before` of them with the first token, then one at
    each step, `after` of them together with the one before."""

    first_ms: float
    step_ms: float
    before: int = 1
    after: int = 2

    def due_ms(self, index: int, count: int) -> float:
        """When event `index` (from 0) of `count` is due."""
        steps = min(max(index - self.before, 0), max(count - 1 - self.before - self.after, 0))
        return self.first_ms + steps * self.step_ms

    @property
    def tokens_per_s(self) -> float:
        """The pace of one stream."""
        return 1000 / self.step_ms


@attrs.frozen
class Errors:
    """How late each event of a stream was, ms: against the request, against its first token, and the first itself."""

    absolute_ms: list[float]
    relative_ms: list[float]
    ttft_ms: float


def errors(schedule: Schedule, sent_ns: int, arrived_ns: Sequence[int], *, whole: bool) -> Errors | None:
    """The errors of a stream; None where its first token never came. What never came has no error: it is counted."""
    if len(arrived_ns) <= schedule.before:
        return None
    count = len(arrived_ns) if whole else len(arrived_ns) + schedule.after
    absolute = [(stamp - sent_ns) / NS_PER_MS - schedule.due_ms(index, count) for index, stamp in enumerate(arrived_ns)]
    ttft = absolute[schedule.before]
    return Errors(absolute, [error - ttft for error in absolute[schedule.before + 1 :]], ttft)
