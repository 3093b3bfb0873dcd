"""A replay on paper: canonical JSON Lines, ordered by planned time, session and sequence, never by who woke first.

The same conversations give the same bytes over sockets and in virtual time. Also: reading one, its digest, and the
first differences between two, for people. Knows no client and no clock.
"""

import hashlib
from collections.abc import Iterable, Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Any

import attrs
import orjson

from llmsim.errors import OperatorError
from llmsim.replay.player import Played

VERSION = 2
HEADERS = (
    "content-type",
    "openai-processing-ms",
    "request-id",
    "server-timing",
    "x-envoy-upstream-service-time",
    "x-llmsim-session",
    "x-llmsim-turn",
    "x-llmsim-turn-id",
    "x-request-id",
)
"""The response headers that matter: those that follow from the conversation."""
SHOWN = 3
"""Differences that are shown; the rest is counted."""
EXCERPT, LEAD = 110, 40
"""Characters of a value that are shown where it differs, and how many of them stand before the difference."""


@attrs.frozen
class Difference:
    """One line that two transcripts do not share; None where one of them has ended."""

    line: int
    expected: dict[str, Any] | None
    got: dict[str, Any] | None

    def __str__(self) -> str:
        at = self.got or self.expected or {}
        owner = f"session {at['session']}, turn {at.get('turn')}, " if "session" in at else ""
        place = f"line {self.line}: {owner}{at.get('kind')}"
        if self.expected is None or self.got is None:
            return f"{place}: {'one line too many' if self.expected is None else 'missing'}"
        lines = [place]
        for key in sorted(self.expected.keys() | self.got.keys()):
            if self.expected.get(key) != self.got.get(key):
                before, after = excerpts(repr(self.expected.get(key)), repr(self.got.get(key)))
                lines += [f"    {key}: expected {before}", f"    {' ' * len(key)}  got      {after}"]
        if len(lines) == 1:
            lines.append("    the same, written in another form")
        return "\n".join(lines)


def transcript(played: Iterable[Played]) -> bytes:
    """The transcript of what was played; the turns of one session are in their order."""
    entries: list[tuple[tuple[int, str, int], dict[str, Any]]] = []
    sequence: dict[str, int] = {}
    for turn in played:
        for at_us, entry in lines_of(turn):
            number = sequence.get(turn.session, 0)
            sequence[turn.session] = number + 1
            entries.append(((at_us, turn.session, number), {**entry, "at_us": at_us, "seq": number}))
    entries.sort(key=lambda entry: entry[0])
    head = {"kind": "transcript", "version": VERSION}
    return b"".join(_line(entry) for entry in (head, *(entry for _, entry in entries)))


def lines_of(turn: Played) -> Iterator[tuple[int, dict[str, Any]]]:
    """The lines of one turn, each with its planned time in microseconds since the start of the replay."""
    same = {"session": turn.session, "turn": turn.turn}
    yield turn.at_us, {**same, "kind": "request", "path": turn.path, "body": turn.request}
    headers = {name: turn.headers[name] for name in HEADERS if name in turn.headers}
    first = turn.offsets_us[0] if turn.offsets_us else 0
    yield turn.at_us + first, {**same, "kind": "response", "status": turn.status, "headers": headers}
    for event, offset in zip_longest(turn.events, turn.offsets_us, fillvalue=None):
        due = turn.at_us + (turn.total_us if offset is None else offset)
        yield due, {**same, "kind": "event", "data": event, "offset_us": offset}
    yield turn.at_us + turn.total_us, {**same, "kind": "end"}


def digest(text: bytes) -> str:
    """The sha256 of a transcript, as hex."""
    return hashlib.sha256(text).hexdigest()


def read(path: Path) -> bytes:
    """A transcript from a file; raises OperatorError for what is none."""
    try:
        text = path.read_bytes()
    except OSError as error:
        raise OperatorError(f"{path}: {(error.strerror or str(error)).lower()}") from None
    try:
        head = orjson.loads(text.split(b"\n", 1)[0])
    except orjson.JSONDecodeError:
        head = None
    if not isinstance(head, dict) or head.get("kind") != "transcript":
        raise OperatorError(f"{path}: not a transcript: its first line does not say so")
    if head.get("version") != VERSION:
        raise OperatorError(f"{path}: a transcript of version {head.get('version')}; this release reads {VERSION}")
    return text


def differences(expected: bytes, got: bytes) -> list[Difference]:
    """Every line that differs, in order; empty exactly when the bytes are equal.

    Lines of one session and sequence number are compared, wherever they stand: a session that is missing, or an event
    that comes at another time, does not make all others differ.
    """
    if expected == got:
        return []
    before, after = _by_place(expected), _by_place(got)
    found = []
    for place in before.keys() | after.keys():
        _, wanted = before.get(place, (0, None))
        _, came = after.get(place, (0, None))
        if wanted != came:
            line, _ = after.get(place) or before[place]
            found.append(Difference(line, _parsed(wanted), _parsed(came)))
    return sorted(found, key=lambda one: (one.line, one.got is None)) or [_first_difference(expected, got)]


def _first_difference(expected: bytes, got: bytes) -> Difference:
    """Where texts part that have the same lines: in another order, or ended in another way."""
    pairs = enumerate(zip_longest(expected.split(b"\n"), got.split(b"\n")), 1)
    line, (wanted, came) = next((number, pair) for number, pair in pairs if pair[0] != pair[1])
    return Difference(line, _parsed(wanted), _parsed(came))


def excerpts(one: str, other: str) -> tuple[str, str]:
    """Two texts that differ, each as a stretch around the first character that does."""
    parting = (at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b)
    same = next(parting, min(len(one), len(other)))
    start = max(same - LEAD, 0)
    shown = [text[start : start + EXCERPT] for text in (one, other)]
    before = "..." if start else ""
    first, second = (
        f"{before}{part}{'...' if len(text) > start + EXCERPT else ''}"
        for part, text in zip(shown, (one, other), strict=True)
    )
    return first, second


def _by_place(text: bytes) -> dict[tuple[str, str], tuple[int, bytes]]:
    """Each line with its number, by session and sequence; by its number where it has none, or another had them."""
    found: dict[tuple[str, str], tuple[int, bytes]] = {}
    for number, line in enumerate(text.splitlines(), 1):
        entry = _parsed(line) or {}
        place = (str(entry.get("session")), str(entry.get("seq")))
        if "seq" not in entry or place in found:
            place = ("", str(number))
        found[place] = (number, line)
    return found


def _parsed(line: bytes | None) -> dict[str, Any] | None:
    if line is None:
        return None
    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError:
        value = None
    return value if isinstance(value, dict) else {"kind": "unreadable", "text": line.decode(errors="replace")}


def _line(entry: dict[str, Any]) -> bytes:
    return orjson.dumps(entry, option=orjson.OPT_SORT_KEYS) + b"\n"
