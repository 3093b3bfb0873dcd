"""The report of a soak, and its command line: `python -m tests.bench.soak_report`, or `nox -s soak`.

Exit code 1 where anything was lost, doubled or damaged; a figure never makes it fail.
"""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import attrs
import click
import orjson
from rich.console import Console
from rich.table import Table

from llmsim.clock import Clock
from tests.bench import machine
from tests.bench.figures import median
from tests.bench.processes import ROOT
from tests.bench.report import figure
from tests.bench.soak import soaked
from tests.bench.soak_plot import draw
from tests.bench.soak_records import FLOOD, IDLE, LOADED, SNAPSHOT, Rate, Seen, Shape, Soaked, Window
from tests.bench.soak_summary import verdicts

OUT = ROOT / ".bench"
PHASES = (IDLE, LOADED, SNAPSHOT, FLOOD)
METHOD = """\
One server on one core, durable; clients, snapshots and watching on the other. The maximum is the greatest load of this
very mix that the server kept up with (every p99 of its clients below 250 ms); the soak is half of it. Four plain turns
a second for each stream that is open; sessions of one to six turns with their history in the request; streams of 100
tokens at 20 a second after 200 ms.

Of all clients 3 % leave before the first byte, of the streams 6 % leave in the middle, half of them with a reset, and
3 % read 600 bytes every 100 ms from a socket with the least receive buffer. Once between two snapshots a client asks
for about 3 MB at once and reads it slowly; the server's metric counts those frames as late, so such windows stand
apart.

Lateness as the server sees it comes from the buckets of llm_simulator_emit_lateness_seconds, window by window, and the
figure of a phase is the median of its windows; as the clients see it, it is against the request, by the kernel's
stamps, without slow readers. Slopes are of least squares, from minute two on. What was acknowledged (x-llmsim-turn-id
arrived) is looked for in an export of the store; no session may hold more turns than it had requests.
"""


def show(console: Console, found: Soaked) -> None:
    """Everything that people read of a soak."""
    table = Table(title="Lateness, ms: the middle of the windows [worst]", title_justify="left")
    for name in (
        "phase",
        "windows",
        "server p50",
        "server p99",
        "streams p50",
        "streams p99",
        "plain p99",
        "server core",
        "others",
    ):
        table.add_column(name, justify="left" if name == "phase" else "right")
    for phase in PHASES:
        windows = [one for one in found.windows if found.phase_of(one) == phase and one.frames]
        seen = [one for one in found.seen if found.phase_of(one) == phase]
        late = [one.late_ms for one in seen if one.late_ms]
        if windows:
            table.add_row(
                phase,
                str(len(windows)),
                worst(one.late_p50_ms for one in windows),
                worst(one.late_p99_ms for one in windows),
                worst(one.p50 for one in late),
                worst(one.p99 for one in late),
                worst(one.plain_ms.p99 for one in seen if one.plain_ms),
                f"{median(one.server_share for one in windows):.0%}",
                f"{median(one.others_share for one in windows):.0%}",
            )
    console.print(table)
    table = Table(title="What it was to show", title_justify="left")
    for name in ("", "measured", "wanted", "met"):
        table.add_column(name)
    for one in verdicts(found):
        table.add_row(one.what, one.measured, one.wanted, "yes" if one.met else "[bold]no[/bold]")
    console.print(table)
    for fault in found.faults:
        console.print(f"FAULT: {fault}", markup=False, highlight=False)


def worst(values: Iterable[float]) -> str:
    """The median, and the greatest."""
    found = list(values)
    return f"{figure(median(found))} [{figure(max(found))}]" if found else ""


def document(found: Soaked) -> dict[str, Any]:
    """The same, for programs."""

    def labelled(rows: Iterable[Window | Seen]) -> list[dict[str, Any]]:
        return [{**attrs.asdict(one), "phase": found.phase_of(one)} for one in rows]

    return {
        "date": Clock().now(),
        "method": METHOD,
        "machine": machine.described(),
        "versions": machine.versions(),
        "verdicts": [attrs.asdict(one) for one in verdicts(found)],
        "faults": found.faults,
        "found": attrs.asdict(found) | {"windows": labelled(found.windows), "seen": labelled(found.seen)},
    }


@click.command()
@click.option("--minutes", default=10.0, show_default=True, help="Length of the load.")
@click.option("--rate", type=float, help="Plain turns a second; default: half of the measured maximum.")
@click.option("--quick", is_flag=True, help="One minute: to see that it works, not to quote.")
@click.option(
    "--out", default=OUT, show_default=True, type=click.Path(path_type=Path), help="Folder for report and plot."
)
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="The report's file; default: in the folder.")
def main(*, minutes: float, rate: float | None, quick: bool, out: Path, json_file: Path | None) -> None:
    """Load a server for a while with clients that leave or read slowly, and prove that nothing was lost."""
    console = Console(width=None if sys.stdout.isatty() else 160)
    shape = Shape(10, 60, 5, 20, 3) if quick else Shape(60, minutes * 60, 10, 60, 4)
    out.mkdir(parents=True, exist_ok=True)
    asked = None if rate is None else Rate(rate, rate / 4)
    found = soaked(shape, asked, machine.cores(), out, lambda line: console.print(line, markup=False, highlight=False))
    show(console, found)
    picture, target = out / "soak.png", json_file or out / "soak.json"
    draw(found, picture)
    target.write_bytes(orjson.dumps(document(found), option=orjson.OPT_INDENT_2))
    console.print(f"report: {target}; plot: {picture}")
    sys.exit(1 if found.faults else 0)


if __name__ == "__main__":
    main()
