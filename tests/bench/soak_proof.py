"""What the clients of a soak were told against what the store holds: nothing lost, nothing twice. Pure.

A client asks each turn once, and a session goes on only after an answer that came whole. So a session holds every turn
that was acknowledged, and at most one for each request.
"""

import re
from collections import defaultdict
from collections.abc import Iterable

import attrs
import orjson

EXAMPLES = 20
UNHEARD = "-"


@attrs.frozen
class Stored:
    """A turn of the store: its session, its id, and how its response ended, None where nobody wrote that down."""

    session: str
    turn: str
    ending: str | None


@attrs.frozen
class Proof:
    """Counts, and what should not be, each as `session turn` (some examples where there are many)."""

    requests: int
    acknowledged: int
    stored: int
    endings: dict[str, int]
    lost: list[str]
    duplicated: list[str]
    misjudged: list[str]
    faults: int


@attrs.define
class _Session:
    acknowledged: list[str] = attrs.field(factory=list)
    whole: set[str] = attrs.field(factory=set)
    requests: int = 0
    stored: dict[str, str | None] = attrs.field(factory=dict)
    twice: list[str] = attrs.field(factory=list)


def stored_in(lines: Iterable[bytes], prefix: str) -> Iterable[Stored]:
    """The turns of an export whose sessions begin so."""
    for line in lines:
        record = orjson.loads(line)
        if record["type"] == "turn" and record["turn"]["session"].startswith(prefix):
            outcome = record["outcome"]
            yield Stored(record["turn"]["session"], record["turn"]["key"], outcome["ending"] if outcome else None)


def compared(said: Iterable[str], stored: Iterable[Stored]) -> Proof:
    """`said` has a line for each request: session, turn id or `-`, how it ended for the client."""
    sessions: defaultdict[str, _Session] = defaultdict(_Session)
    for line in said:
        name, turn, how = re.split(" ", line.strip(), maxsplit=2)
        session = sessions[name]
        session.requests += 1
        if turn != UNHEARD:
            session.acknowledged.append(turn)
            if how == "whole":
                session.whole.add(turn)
    for one in stored:
        session = sessions[one.session]
        if one.turn in session.stored:
            session.twice.append(one.turn)
        session.stored[one.turn] = one.ending
    return judged(sessions)


def judged(sessions: dict[str, _Session]) -> Proof:
    """What the sessions come to."""
    endings: defaultdict[str, int] = defaultdict(int)
    lost, duplicated, misjudged = [], [], []
    for name, session in sessions.items():
        for ending in session.stored.values():
            endings[ending or "none"] += 1
        lost += [f"{name} {turn}" for turn in session.acknowledged if turn not in session.stored]
        duplicated += [f"{name} {turn}" for turn in [*session.twice, *repeated(session.acknowledged)]]
        numbers = [turn.partition("-")[0] for turn in session.stored]
        duplicated += [f"{name} number {number}" for number in repeated(numbers)]
        if len(session.stored) > session.requests:
            duplicated.append(f"{name}: {len(session.stored)} turns of {session.requests} requests")
        misjudged += [
            f"{name} {turn} {session.stored[turn]}"
            for turn in session.whole
            if session.stored.get(turn, "completed") != "completed"
        ]
    return Proof(
        requests=sum(session.requests for session in sessions.values()),
        acknowledged=sum(len(session.acknowledged) for session in sessions.values()),
        stored=sum(len(session.stored) for session in sessions.values()),
        endings=dict(endings),
        lost=lost[:EXAMPLES],
        duplicated=duplicated[:EXAMPLES],
        misjudged=misjudged[:EXAMPLES],
        faults=len(lost) + len(duplicated) + len(misjudged),
    )


def repeated(values: Iterable[str]) -> list[str]:
    """Those that have been there before."""
    seen: set[str] = set()
    return [value for value in values if value in seen or seen.add(value)]  # type: ignore[func-returns-value]
