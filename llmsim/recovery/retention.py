"""Retention: which snapshots to keep, and when the next one is due. Pure.

As backup tools do it (restic's forget, borg's prune): the newest of each of the last N hours, days and weeks that have
one, and the last N of all. Hours, days and weeks are those of UTC. Invariant: what one rule keeps, no other takes away.
"""

from collections.abc import Iterable
from datetime import UTC, datetime

import attrs

GOLDEN = 0.6180339887498949
"""Multiples of it fill the unit interval evenly, however many pods there are (Weyl's sequence)."""
PERIODS = {"hourly": "%Y-%m-%d %H", "daily": "%Y-%m-%d", "weekly": "%G-%V"}


@attrs.frozen
class Keep:
    """How many to keep of each kind."""

    last: int = 0
    hourly: int = 0
    daily: int = 0
    weekly: int = 0

    @property
    def nothing(self) -> bool:
        """Whether no rule keeps any."""
        return not any(attrs.astuple(self))


def kept(created: Iterable[tuple[str, float]], keep: Keep) -> dict[str, list[str]]:
    """The names to keep, newest first, and the rules that keep each; `created` are names and unix seconds."""
    newest_first = sorted(created, key=lambda one: (one[1], one[0]), reverse=True)
    reasons: dict[str, list[str]] = {}
    for name, _ in newest_first[: keep.last]:
        reasons.setdefault(name, []).append("last")
    for rule, period in PERIODS.items():
        seen: set[str] = set()
        for name, created_s in newest_first:
            of = datetime.fromtimestamp(created_s, UTC).strftime(period)
            if of not in seen and len(seen) < getattr(keep, rule):
                seen.add(of)
                reasons.setdefault(name, []).append(rule)
    return {name: reasons[name] for name, _ in newest_first if name in reasons}


def next_s(now_s: float, every_s: float, ordinal: int) -> float:
    """When a pod's next snapshot is due after this moment; unix seconds.

    Follows from the time of day and the ordinal alone: pods that are started together do not all copy at once.
    """
    offset_s = (ordinal * GOLDEN) % 1 * every_s
    return now_s + every_s - (now_s - offset_s) % every_s
