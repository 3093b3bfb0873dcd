"""`llmsim snapshot prune`: keep as many snapshots as are wanted, and what they need.

Only reads arguments and prints; what may go is decided in `llmsim.recovery.pruning`.
"""

from typing import Any

import attrs
import click

from llmsim import clock
from llmsim.cli.options import examples, json_option
from llmsim.cli.output import print_json, print_table, quantity
from llmsim.cli.progress import reporting
from llmsim.recovery.places import Place, place_of
from llmsim.recovery.pruning import Pruning, carry_out, plan
from llmsim.recovery.retention import Keep
from llmsim.store.files import Report


def keep_options(command: Any) -> Any:  # noqa: ANN401  (as click's decorators)
    """`--keep-last`, `--keep-hourly`, `--keep-daily` and `--keep-weekly`."""
    words = {
        "weekly": "newest of each of the last N weeks",
        "daily": "newest of each of the last N days",
        "hourly": "newest of each of the last N hours",
        "last": "last N",
    }
    for rule, kept in words.items():
        said = f"Keep the {kept} of each pod."
        option = click.option(
            f"--keep-{rule}", f"keep_{rule}", type=click.IntRange(0), default=0, metavar="N", help=said
        )
        command = option(command)
    return command


@click.command(
    epilog=examples(
        "llmsim snapshot prune backup --keep-last 3 --keep-hourly 24 --keep-daily 7 --keep-weekly 4",
        "llmsim snapshot prune s3://bucket/llmsim --keep-daily 7 --dry-run     says what would go",
    )
)
@click.argument("place")
@keep_options
@click.option("--dry-run", is_flag=True, help="Say what would be removed, and remove nothing.")
@json_option
def prune(
    *, place: str, keep_last: int, keep_hourly: int, keep_daily: int, keep_weekly: int, dry_run: bool, as_json: bool
) -> None:
    """Remove the snapshots that no rule keeps, and the segments of the archive that no kept one needs.

    A snapshot that is known to be whole always stays, for each pod. What cannot be read is left alone, and what is
    younger than a day and has no manifest may be in the making.
    """
    keep = Keep(keep_last, keep_hourly, keep_daily, keep_weekly)
    if keep.nothing:
        raise click.UsageError("Say what to keep: --keep-last, --keep-hourly, --keep-daily or --keep-weekly.")
    with reporting(as_json=as_json) as report:
        done = pruned(place_of(place), keep, report, dry_run=dry_run)
    if as_json:
        print_json(told(done, place, dry_run=dry_run))
        return
    rows = [(name, "keep", ", ".join(reasons)) for name, reasons in done.kept.items()]
    rows += [(name, "would go" if dry_run else "removed", "no rule keeps it") for name in done.removed]
    print_table(("snapshot", "", "why"), rows)
    verb = "to be removed" if dry_run else "removed"
    counts = f"{quantity(len(done.removed), 'snapshot')}, {quantity(done.segments, 'segment')}"
    click.echo(f"{verb}: {counts}, {done.size_bytes:,} bytes")


def pruned(place: Place, keep: Keep, report: Report, *, dry_run: bool = False) -> Pruning:
    """Plan, and carry out unless it is a dry run."""
    done = plan(place, keep, clock.wall(), report)
    if not dry_run:
        carry_out(place, done, report)
    return done


def told(done: Pruning, place: str, *, dry_run: bool) -> dict[str, Any]:
    """A pruning as JSON."""
    return {"object": "llmsim.pruning", "place": place, "dry_run": dry_run, **attrs.asdict(done)}
