"""What a server says of itself on stderr: one event a line, readable on a terminal, JSON everywhere else.

Rooms below log with `structlog.get_logger(name)` and never configure; libraries log with `logging` and come out in the
same form. Every line has timestamp (UTC, ISO 8601), level, logger and event. Knows no event and no request.
"""

import logging
import os
import sys
from datetime import UTC, datetime
from typing import TextIO

import orjson
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from llmsim.clock import wall
from llmsim.settings import LogLevel

FIRST = ("timestamp", "level", "logger", "event")
"""The keys that every line begins with, so that columns line up and the eye finds them."""


class NamedLogger(structlog.WriteLogger):
    """A logger that writes lines to a stream and knows its name."""

    def __init__(self, stream: TextIO, name: str) -> None:
        super().__init__(stream)
        self.name = name


def configure(level: LogLevel, stream: TextIO = sys.stderr) -> None:
    """Send everything of this level and above to the stream, for the whole process."""
    number = logging.getLevelNamesMapping()[level.upper()]
    shared: list[Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        stamp,
        structlog.processors.format_exc_info,
    ]
    render = renderer(terminal=stream.isatty())
    structlog.configure(
        processors=[*shared, *render],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=lambda *names: NamedLogger(stream, names[0] if names else "llmsim"),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(stream)
    own = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=[own, *render]))
    logging.basicConfig(handlers=[handler], level=number, force=True)


def renderer(*, terminal: bool) -> list[Processor]:
    """The last steps of a line: columns and colours, or JSON."""
    if terminal:
        colors = not os.environ.get("NO_COLOR")
        return [structlog.dev.ConsoleRenderer(colors=colors, exception_formatter=structlog.dev.plain_traceback)]
    return [ordered, structlog.processors.JSONRenderer(serializer=to_json)]


def to_json(event: EventDict, **_options: object) -> str:
    """One line of JSON; what JSON does not know stands in it as text."""
    return orjson.dumps(event, default=str).decode()


def stamp(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Add the time of day."""
    event["timestamp"] = datetime.fromtimestamp(wall(), UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return event


def ordered(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Put the keys that every line has in front."""
    front = {key: event.pop(key) for key in FIRST if key in event}
    return {**front, **event}
