"""What a server says of itself on stderr: one event a line, readable on a terminal, JSON everywhere else.

Rooms below log with `logging` and name what belongs to an event in `extra={"fields": {...}}`; libraries' lines come
out in the same form. Every line has timestamp (UTC, ISO 8601), level, logger and event. Knows no event and no request.
Only the standard library, on purpose: it is there at once, and a server's start is measured in milliseconds.
"""

import logging
import os
import sys
from datetime import UTC, datetime
from typing import Any, TextIO

import orjson

from llmsim.settings import LogLevel

COLORS = {"debug": "2", "info": "32", "warning": "33", "error": "31", "critical": "1;31"}
"""SGR codes by level (ECMA-48)."""
EVENT_COLUMN = 24
"""Where the fields begin on a terminal."""


def configure(level: LogLevel, stream: TextIO | None = None) -> None:
    """Send everything of this level and above to the stream (stderr), for the whole process."""
    stream = sys.stderr if stream is None else stream
    handler = logging.StreamHandler(stream)
    terminal = stream.isatty()
    handler.setFormatter(Columns(colors=not os.environ.get("NO_COLOR")) if terminal else JsonLine())
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)


class JsonLine(logging.Formatter):
    """A record as one line of JSON; what JSON does not know stands in it as text."""

    def format(self, record: logging.LogRecord) -> str:
        event = {
            "timestamp": stamp(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
            **fields(record),
        }
        if record.exc_info:
            event["exception"] = self.formatException(record.exc_info)
        return orjson.dumps(event, default=str).decode()


class Columns(logging.Formatter):
    """A record for people: time, level, event, logger, then its fields; a traceback on lines of its own."""

    def __init__(self, *, colors: bool) -> None:
        super().__init__()
        self._colors = colors

    def format(self, record: logging.LogRecord) -> str:
        level = record.levelname.lower()
        shown = " ".join(f"{name}={value}" for name, value in fields(record).items())
        line = f"{stamp(record)} {self._paint(level)} {record.getMessage():<{EVENT_COLUMN}} [{record.name}] {shown}"
        traceback = "\n" + self.formatException(record.exc_info) if record.exc_info else ""
        return line.rstrip() + traceback

    def _paint(self, level: str) -> str:
        padded = f"[{level:<8}]"
        return f"\x1b[{COLORS[level]}m{padded}\x1b[0m" if self._colors else padded


def fields(record: logging.LogRecord) -> dict[str, Any]:
    """What belongs to the event of a record."""
    found: dict[str, Any] = getattr(record, "fields", {})
    return found


def stamp(record: logging.LogRecord) -> str:
    """When it was, in UTC, to the millisecond."""
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
