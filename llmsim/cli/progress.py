"""Progress of long work on files: a bar with bytes, rate and time left on a terminal; elsewhere JSON, or silence.

A bar for each step of the work, or a line now and then, on stderr; the work itself knows only that it reports
(`llmsim.store.files.Report`).
A signal to end while it runs becomes an exception, so that the work can take back what it began.
"""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from types import FrameType

import orjson

from llmsim.cli.output import quantity
from llmsim.store.files import Report, silent

ENDING = (signal.SIGTERM, signal.SIGHUP)
LINE_S = 1.0
COUNTED = {"check": "turn", "segments": "commit", "merge": "session", "remove": "object"}
"""Steps whose progress is not in bytes, and what it is in."""


@contextmanager
def reporting(*, as_json: bool = False) -> Iterator[Report]:
    """A report that draws on stderr while the block runs, if that is a terminal; else `as_json` writes lines there.

    SIGTERM and SIGHUP raise SystemExit (128 + their number) in the block, as SIGINT raises KeyboardInterrupt.
    """
    with _unwinding():
        if sys.stderr.isatty():
            with _bars() as report:
                yield report
        else:
            yield _Lines() if as_json else silent


class _Lines:
    """A line of JSON at most every LINE_S seconds: `step`, `done`, `total` (0 where nobody knows) and `unit`."""

    def __init__(self) -> None:
        self._last_s = monotonic()

    def __call__(self, step: str, done: int, total: int) -> None:
        if monotonic() - self._last_s < LINE_S:
            return
        self._last_s = monotonic()
        entry = {"step": step, "done": done, "total": total, "unit": COUNTED.get(step, "byte")}
        sys.stderr.write(orjson.dumps(entry, option=orjson.OPT_APPEND_NEWLINE).decode())


@contextmanager
def _bars() -> Iterator[Report]:
    from rich.console import Console  # noqa: PLC0415  (rich takes as long to import as a small command to run)
    from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn  # noqa: PLC0415

    columns = (
        TextColumn("{task.description:<10}"),
        BarColumn(),
        TextColumn("{task.fields[amount]}"),
        TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        tasks: dict[str, TaskID] = {}

        def report(step: str, done: int, total: int) -> None:
            if step not in tasks:
                for earlier in tasks.values():
                    bars.stop_task(earlier)
                tasks[step] = bars.add_task(step, total=total or None, amount="", rate="")
            task = tasks[step]
            speed = next(one.speed for one in bars.tasks if one.id == task) or 0
            rate = f"{measured(step, int(speed))}/s" if speed else ""
            bars.update(task, completed=done, amount=measured(step, done) if done else "", rate=rate)

        yield report


def measured(step: str, number: int) -> str:
    """A number in the unit of its step: `12.3 MiB`, or `1,200 turns`."""
    return quantity(number, COUNTED[step]) if step in COUNTED else f"{number / (1 << 20):,.1f} MiB"


@contextmanager
def _unwinding() -> Iterator[None]:
    def unwind(number: int, _frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    before = [signal.signal(one, unwind) for one in ENDING]
    try:
        yield
    finally:
        for one, handler in zip(ENDING, before, strict=True):
            signal.signal(one, handler)
