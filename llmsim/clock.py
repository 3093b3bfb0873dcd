"""Wall time, and the one place where it may be read.

Everything else counts with `trio.current_time()` (virtual in a replay) and asks a `Clock` for the time of day.
With a fixed epoch the stamp of a turn follows from its place alone (`stamp_of`), so that a run has the same bytes at
any speed, whatever the concurrency.
"""

import hashlib
import time

import attrs

from llmsim.turn import Place

TURN_SPACING_S = 60
"""With a fixed epoch, turn k of a conversation is stamped this many seconds after turn k - 1."""
SESSION_SPREAD_S = 3600
"""With a fixed epoch, sessions begin within this many seconds after it; which one follows from the session id."""


def wall() -> float:
    """The time of day, unix seconds."""
    return time.time()


@attrs.frozen
class Pace:
    """How fast simulated time passes: `speed` 10 divides every delay by ten, None removes them all."""

    speed: float | None = 1.0

    def seconds(self, simulated_us: int) -> float:
        """Real seconds for this many simulated microseconds."""
        return 0.0 if self.speed is None else simulated_us / 1e6 / self.speed


@attrs.frozen
class Clock:
    """Stamps for responses: real time, or derived from the turn's place when `epoch_s` (unix seconds) is given."""

    epoch_s: int | None = None

    def stamp(self, place: Place) -> int:
        """Unix seconds for `created`: now, or epoch + the session's offset + 60 s for each earlier turn."""
        if self.epoch_s is None:
            return int(wall())
        return self.epoch_s + session_offset_s(place.session) + TURN_SPACING_S * (place.number - 1)

    def start_s(self) -> float:
        """Unix seconds with which a process begins: now, or the epoch. What passes then, the event loop counts."""
        return wall() if self.epoch_s is None else float(self.epoch_s)

    def now(self) -> int:
        """Unix seconds for what has no place in a conversation."""
        return int(wall()) if self.epoch_s is None else self.epoch_s


def session_offset_s(session: str) -> int:
    """How many seconds after the epoch this session begins: 0 to 3,599, from blake2b of its id."""
    return int.from_bytes(hashlib.blake2b(session.encode(), digest_size=8).digest()) % SESSION_SPREAD_S
