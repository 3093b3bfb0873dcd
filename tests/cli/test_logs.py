"""Log lines: JSON in pipes, columns on terminals, ours and libraries' in one form."""

import io
import logging
import re
from collections.abc import Iterator

import orjson
import pytest

from llmsim.cli.logs import configure
from llmsim.settings import LogLevel


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def unconfigured() -> Iterator[None]:
    handlers, level = logging.root.handlers[:], logging.root.level
    yield
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)


def test_line_in_a_pipe_is_json_that_begins_with_what_every_line_has() -> None:
    stream = io.StringIO()
    configure(LogLevel.INFO, stream)
    logging.getLogger("llmsim.http").info("request", extra={"fields": {"status": 200, "where": {1}}})
    event = orjson.loads(stream.getvalue())
    assert list(event) == ["timestamp", "level", "logger", "event", "status", "where"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", event.pop("timestamp"))
    assert event == {"level": "info", "logger": "llmsim.http", "event": "request", "status": 200, "where": "{1}"}


def test_line_of_a_library_has_the_same_form() -> None:
    stream = io.StringIO()
    configure(LogLevel.INFO, stream)
    logging.getLogger("quart.app").warning("careful, %s", "there")
    event = orjson.loads(stream.getvalue())
    assert (event["level"], event["logger"], event["event"]) == ("warning", "quart.app", "careful, there")


def test_exception_is_one_line_with_its_traceback() -> None:
    stream = io.StringIO()
    configure(LogLevel.INFO, stream)
    try:
        int("x")
    except ValueError:
        logging.getLogger("llmsim.http").exception("failed")
        logging.getLogger("quart.app").exception("failed")
    ours, theirs = map(orjson.loads, stream.getvalue().splitlines())
    assert "ValueError: invalid literal" in ours["exception"]
    assert "ValueError: invalid literal" in theirs["exception"]


@pytest.mark.parametrize("level", LogLevel)
def test_level_lets_only_what_is_as_grave_through(level: LogLevel) -> None:
    stream = io.StringIO()
    configure(level, stream)
    for name in LogLevel:
        getattr(logging.getLogger("llmsim.http"), name)("ours")
        getattr(logging.getLogger("theirs"), name)("theirs")
    levels = [orjson.loads(line)["level"] for line in stream.getvalue().splitlines()]
    passed = list(LogLevel)[list(LogLevel).index(level) :]
    assert levels == [name for name in passed for _ in range(2)]


def test_line_on_a_terminal_is_for_people(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    stream = Terminal()
    configure(LogLevel.INFO, stream)
    logging.getLogger("llmsim.http").info("request", extra={"fields": {"status": 200}})
    logging.getLogger("quart.app").warning("careful")
    ours, theirs = stream.getvalue().splitlines()
    assert re.search(r"\[info\s*\] request\s+\[llmsim\.http\] status=200", ours)
    assert re.search(r"\[warning\s*\] careful\s+\[quart\.app\]", theirs)


def test_line_on_a_terminal_has_colours_unless_they_are_unwanted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    stream = Terminal()
    configure(LogLevel.INFO, stream)
    logging.getLogger("llmsim.http").info("request")
    assert "\x1b[" in stream.getvalue()
