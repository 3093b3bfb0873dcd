"""What the value of a setting may be, and how it is read from text (a flag, a variable) or from TOML.

A `Kind` turns either into the one Python value that the program works with, or says what it expected. Nothing is
guessed: `port = "80"` in TOML is a text and no number, while a variable is always text and is read as what it should
be. Knows no setting by name and no source of values.
"""

import math
import os
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Generic, TypeVar

import attrs

T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)

LAST_EPOCH_S = 253_370_764_800
"""Year 9999 begins: what ISO 8601 can write, with a year of room for the turns after it."""
_UNITS_S = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86_400}
_SWITCH = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}


@attrs.frozen
class Kind(Generic[T]):
    """One kind of value: `expected` in words, `typed` from what TOML has (None: unfit), `parsed` from text to TOML."""

    expected: str
    typed: Callable[[object], T | None]
    parsed: Callable[[str], object] = str

    def take(self, value: object) -> T:
        """The value as TOML gave it; raises ValueError with what was expected."""
        return self._fit(value, value)

    def read(self, text: str) -> T:
        """The value from text; raises ValueError with what was expected."""
        return self._fit(self.parsed(text), text)

    def _fit(self, value: object, said: object) -> T:
        result = self.typed(value)
        if result is None:
            raise ValueError(f"expected {self.expected}, not {said!r}")
        return result


def whole(low: int, high: int, note: str = "") -> Kind[int]:
    """A whole number in a range, both ends included; `note` says more about what is expected."""

    def typed(value: object) -> int | None:
        return value if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high else None

    def parsed(text: str) -> object:
        return int(text) if re.fullmatch(r"[+-]?[0-9]{1,20}", text) else text

    return Kind(f"a whole number from {low} to {high}{note}", typed, parsed)


def number(low: float, *, exclusive: bool = False) -> Kind[float]:
    """A finite number from `low` on, or above it."""

    def typed(value: object) -> float | None:
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            return None
        return float(value) if value > low or (value == low and not exclusive) else None

    def parsed(text: str) -> object:
        return float(text) if re.fullmatch(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?", text) else text

    return Kind(f"a number above {low:g}" if exclusive else f"a number from {low:g} on", typed, parsed)


def switch() -> Kind[bool]:
    """True or false."""
    return Kind(
        "true or false",
        lambda value: value if isinstance(value, bool) else None,
        lambda text: _SWITCH.get(text.lower(), text),
    )


def words() -> Kind[str]:
    """A text that is not empty."""
    return Kind("a text", lambda value: value if isinstance(value, str) and value else None)


def choice(kind: type[E]) -> Kind[E]:
    """One of the words of an enumeration."""
    known = [member.value for member in kind]
    return Kind(f"one of {', '.join(known)}", lambda value: kind(value) if value in known else None)


def path() -> Kind[Path]:
    """A path; a relative one starts at the working directory."""
    return Kind("a path", _path)


def paths() -> Kind[tuple[Path, ...]]:
    """Several paths: a list in TOML, separated as in PATH in text."""

    def typed(value: object) -> tuple[Path, ...] | None:
        if not isinstance(value, list):
            return None
        found = tuple(place for place in map(_path, value) if place is not None)
        return found if len(found) == len(value) else None

    return Kind("a list of paths, none empty", typed, lambda text: text.split(os.pathsep))


def moment() -> Kind[int]:
    """A moment as unix seconds, from those or from ISO 8601 (UTC where it names no offset)."""

    def typed(value: object) -> int | None:
        if isinstance(value, str):
            try:
                value = datetime.fromisoformat(value)
            except ValueError:
                return None
        if isinstance(value, date) and not isinstance(value, datetime):
            value = datetime(value.year, value.month, value.day, tzinfo=UTC)
        if isinstance(value, datetime):
            value = int((value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp())
        usable = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= LAST_EPOCH_S
        return value if usable and isinstance(value, int) else None

    def parsed(text: str) -> object:
        return int(text) if re.fullmatch(r"[0-9]{9,12}|0", text) else text

    return Kind("unix seconds or ISO 8601, such as 2026-01-01T00:00:00Z, years 1970 to 9998", typed, parsed)


def instant() -> Kind[int]:
    """A moment as unix milliseconds, from unix seconds or ISO 8601 (UTC where it names no offset)."""

    def typed(value: object) -> int | None:
        if isinstance(value, str):
            try:
                found = datetime.fromisoformat(value)
            except ValueError:
                return None
            value = (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
        usable = isinstance(value, int | float) and 0 <= value <= LAST_EPOCH_S
        return round(value * 1000) if usable and isinstance(value, int | float) else None

    def parsed(text: str) -> object:
        return float(text) if re.fullmatch(r"[0-9]{9,12}(\.[0-9]{1,6})?", text) else text

    return Kind("unix seconds or ISO 8601, such as 2026-11-22T10:15:00Z", typed, parsed)


def duration(low_s: float = 0.0) -> Kind[float]:
    """A length of time in seconds, from `low_s` on: a number of them, or a text with a unit, such as 90s or 1h30m."""

    def typed(value: object) -> float | None:
        if isinstance(value, str):
            value = _seconds(value)
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            return None
        return float(value) if value >= low_s else None

    least = f", {low_s:g} s at least" if low_s else ""
    return Kind(f"a length of time, such as 500ms, 90s or 1h30m{least}", typed)


def _seconds(text: str) -> float | None:
    if re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,6})?", text):
        return float(text)
    if not re.fullmatch(r"([0-9]{1,9}(\.[0-9]{1,6})?(ms|[dhms]))+", text):
        return None
    return sum(float(number) * _UNITS_S[unit] for number, unit in re.findall(r"([0-9.]+)(ms|[dhms])", text))


def _path(value: object) -> Path | None:
    return Path(value) if isinstance(value, str) and value and "\0" not in value else None
