"""The bench: `python -m tests.bench.run`, or `nox -s bench`. It measures, and ends with 0 whatever it measured.

Exit code 2: something that it needs is not here.
"""

import shutil
import sys
import tempfile
import time
from pathlib import Path

import attrs
import click
import orjson
from rich.console import Console

from llmsim.clock import Clock
from tests.bench import machine, plots, report, wrk
from tests.bench.contestants import Contestant, everyone
from tests.bench.measure import Bench, Options
from tests.bench.processes import ROOT
from tests.bench.summary import FEW, MANY, MORE_STREAMS, STREAMS

OUT = ROOT / ".bench"
QUICK = Options(2, 1, (FEW, MANY), (STREAMS, MORE_STREAMS), tokens=40, spread_s=1)


@click.command()
@click.option("--seconds", default=3, show_default=True, help="Length of each load of requests.")
@click.option("--rounds", default=3, show_default=True, help="How often everyone is measured.")
@click.option("--only", multiple=True, metavar="NAME", help="This server alone; may be repeated.")
@click.option("--quick", is_flag=True, help="One short round: to see that it works, not to quote.")
@click.option(
    "--out", default=OUT, show_default=True, type=click.Path(path_type=Path), help="Folder for report and plots."
)
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="The report's file; default: in the folder.")
@click.option("--peers", default=OUT / "peers", type=click.Path(path_type=Path), help="Where peers are installed.")
def main(
    *, seconds: int, rounds: int, only: tuple[str, ...], quick: bool, out: Path, json_file: Path | None, peers: Path
) -> None:
    """Measure llmsim beside references and peers, in one interleaved run."""
    version = wrk.version()
    if version is None:
        click.echo(wrk.HOW_TO_GET_IT, err=True)
        sys.exit(2)
    console = Console(width=None if sys.stdout.isatty() else 160)
    begun = time.monotonic()
    candidates = everyone(peers)
    known = [one.name if isinstance(one, Contestant) else one[0] for one in candidates]
    if unknown := set(only) - set(known):
        raise click.UsageError(f"unknown: {', '.join(sorted(unknown))}; known are {', '.join(known)}")
    chosen = [one for one in candidates if isinstance(one, Contestant) and (not only or one.name in only)]
    options = QUICK if quick else Options(seconds, rounds, (FEW, MANY), (STREAMS, MORE_STREAMS), tokens=100, spread_s=2)
    cores = machine.cores()
    if cores.shared:
        console.print("one core alone: server and load share it, and no figure means much")
    out.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=out, prefix="run-"))
    try:
        bench = Bench(options, cores, folder, lambda line: console.print(line, markup=False, highlight=False))
        bench.found.absent = {one[0]: one[1].why for one in candidates if isinstance(one, tuple)}
        found = bench.run(chosen)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    report.show(console, found)
    pictures = plots.draw(found, out)
    context = {
        "date": Clock().now(),
        "took_s": time.monotonic() - begun,
        "options": attrs.asdict(options),
        "cores": attrs.asdict(cores),
        "machine": machine.described(),
        "versions": {**machine.versions(), "wrk": version},
    }
    target = json_file or out / "bench.json"
    written = report.document(found, chosen, context)
    target.write_bytes(orjson.dumps(written, option=orjson.OPT_INDENT_2))
    console.print(f"took {context['took_s']:.0f} s; report: {target}; plots: {', '.join(map(str, pictures))}")


if __name__ == "__main__":
    main()
