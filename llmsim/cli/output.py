"""How results are printed: tables for people, tab-separated lines for pipes, JSON for programs, progress on terminals.

Results go to stdout and nothing else does; progress and remarks go to stderr. Knows no command.
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import click
import orjson

from llmsim.errors import OperatorError

Advance = Callable[[int], None]
"""Says that so many more steps are done."""


def print_json(value: object) -> None:
    """One JSON value: indented, keys sorted, a newline at its end; UTF-8, whatever the terminal speaks (RFC 8259)."""
    click.echo(orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS))


def print_table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Rows under their columns: aligned on a terminal, elsewhere tab-separated with a header and never cut."""
    texts = [["" if cell is None else str(cell) for cell in row] for row in rows]
    if not sys.stdout.isatty():
        for line in (list(columns), *texts):
            click.echo("\t".join(cell.replace("\t", " ").replace("\n", " ") for cell in line))
        return
    from rich.console import Console  # noqa: PLC0415  (rich takes as long to import as a small command to run)
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for line in texts:
        table.add_row(*(Text(cell) for cell in line))
    Console().print(table)


def print_pairs(pairs: Sequence[tuple[str, object]]) -> None:
    """Names and values, one pair a line, the values in one column."""
    width = max(len(name) for name, _ in pairs)
    for name, value in pairs:
        click.echo(f"{name:<{width}}  {value}")


def quantity(number: int, what: str) -> str:
    """A number of things, in words: "1 session", "2 sessions"."""
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


@contextmanager
def progress(what: str, total: int | None) -> Iterator[Advance]:
    """A progress bar on stderr while the block runs, on a terminal only; call what it gives with each step done.

    `total` None is for work of unknown size.
    """
    if not sys.stderr.isatty():
        yield lambda _steps: None
        return
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import Progress  # noqa: PLC0415

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=total)
        yield lambda steps: bar.advance(task, steps)


def write_file(path: Path, content: bytes, mode: Literal["wb", "ab"] = "wb") -> None:
    """Write a file; or nothing behind it ("ab"), to see before long work that it can be. Raises OperatorError."""
    try:
        with path.open(mode) as file:
            file.write(content)
    except OSError as error:
        raise OperatorError(f"{path}: {(error.strerror or str(error)).lower()}") from None
