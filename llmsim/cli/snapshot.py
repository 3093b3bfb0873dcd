"""`llmsim snapshot`: copies of a store, made while it serves, in a directory or a bucket; listed, verified and pruned.

Only reads arguments and prints; what a snapshot is and when it is whole is decided in `llmsim.recovery`.
"""

import threading
from typing import Any

import attrs
import click

from llmsim import clock
from llmsim.cli.options import examples, json_option, reading, with_settings
from llmsim.cli.output import print_json, print_table
from llmsim.cli.progress import reporting
from llmsim.cli.retention import keep_options, prune, pruned
from llmsim.errors import LlmsimError
from llmsim.recovery import snapshot as snapshots
from llmsim.recovery.archives import Archive, archives
from llmsim.recovery.manifest import iso
from llmsim.recovery.places import place_of
from llmsim.recovery.retention import Keep, next_s
from llmsim.recovery.sealing import Sealing
from llmsim.recovery.snapshot import Snapshot
from llmsim.recovery.verify import snapshot_at
from llmsim.recovery.verify import verify as find_faults
from llmsim.settings import Settings
from llmsim.values import duration

DIFFERENCE = 1
ARCHIVE_HEADER = ("archive", "ordinal", "entries", "segments", "bytes", "shipped", "problem")
to_option = click.option(
    "--to", required=True, metavar="PLACE", help="Place that gets the snapshot: a directory, s3://, gs:// or az://."
)


@click.group(
    epilog=examples(
        "llmsim snapshot create --data-dir llmsim-data --to backup      also while a server writes",
        "llmsim snapshot create --to s3://bucket/llmsim                 credentials as the AWS CLI reads them",
        "llmsim snapshot list backup",
        "llmsim snapshot prune backup --keep-last 3 --keep-daily 7     and what of an archive is needed no more",
        "llmsim snapshot verify backup/llmsim-0-20261123T052700.123Z    exit code 1 if it is damaged",
        "llmsim restore backup/llmsim-0-20261123T052700.123Z --data-dir fresh",
    )
)
def snapshot() -> None:
    """Copy a store while it serves; list, verify and prune copies.

    A snapshot is a name in a place (a directory, or a path in a bucket), with compressed parts and a manifest.
    """


@snapshot.command(epilog=examples("llmsim snapshot create --data-dir llmsim-data --to backup --json"))
@with_settings("data_dir", "key_file")
@to_option
@json_option
def create(settings: Settings, *, to: str, as_json: bool) -> None:
    """Copy the store to a new snapshot; a server may go on writing.

    Nothing that is not whole is ever listed as a snapshot.
    """
    with reporting(as_json=as_json) as report:
        made = snapshots.create(settings.data_dir, place_of(to), report, Sealing.by(settings.key_file))
    if as_json:
        print_json(described(made))
    else:
        click.echo(made.url)


@snapshot.command("list", epilog=examples("llmsim snapshot list backup", "llmsim snapshot list backup --json"))
@click.argument("place")
@json_option
def list_(place: str, *, as_json: bool) -> None:
    """List the snapshots in a place, oldest first, by their manifests, and the archives behind them.

    Whether the data still fits its manifest is what verify tells.
    """
    found = snapshots.listed(place_of(place))
    lines = archives(place_of(place))
    if as_json:
        kept = [attrs.asdict(one) for one in lines]
        print_json({"object": "list", "data": [described(one) for one in found], "archives": kept})
        return
    print_table(
        ("snapshot", "created", "ordinal", "sessions", "turns", "bytes", "problem"), [row(one) for one in found]
    )
    if lines:
        click.echo()
        print_table(ARCHIVE_HEADER, [line(one) for one in lines])


@snapshot.command(epilog=examples("llmsim snapshot verify backup/llmsim-0-20261123T052700.123Z"))
@click.argument("path", metavar="SNAPSHOT")
@with_settings("key_file")
@json_option
def verify(settings: Settings, *, path: str, as_json: bool) -> None:
    """Prove that a snapshot is whole: its parts, their sha256, every record and every invariant.

    The store that it holds is made in the temporary directory (TMPDIR) and tested there. Exit code 1 if anything is
    wrong with it.
    """
    with reporting(as_json=as_json) as report:
        faults = find_faults(snapshot_at(path), Sealing.by(settings.key_file), report)
    if as_json:
        print_json({"object": "llmsim.verification", "path": path, "whole": not faults, "problems": faults})
    else:
        click.echo("\n".join(faults) if faults else f"{path} is whole")
    if faults:
        raise click.exceptions.Exit(DIFFERENCE)


snapshot.add_command(prune)


@snapshot.command(
    epilog=examples("llmsim snapshot schedule --data-dir llmsim-data --to backup --every 1h --keep-hourly 24")
)
@with_settings("data_dir", "key_file")
@to_option
@click.option("--every", callback=reading(duration(1)), required=True, metavar="DURATION", help="How often: 15m, 1h.")
@keep_options
@json_option
def schedule(
    settings: Settings,
    *,
    to: str,
    every: float,
    keep_last: int,
    keep_hourly: int,
    keep_daily: int,
    keep_weekly: int,
    as_json: bool,
) -> None:
    """Take a snapshot now and then on time, beside a server, until SIGTERM or SIGINT; prune after each if told to.

    A snapshot that fails is said on stderr, and the next one is taken when it is due. A server does the same by itself
    with --snapshot-every; this is for one that was started without.
    """
    keep = Keep(keep_last, keep_hourly, keep_daily, keep_weekly)
    place, sealing = place_of(to), Sealing.by(settings.key_file)
    with reporting(as_json=as_json) as report:
        while True:
            ordinal = 0
            try:
                made = snapshots.create(settings.data_dir, place, report, sealing)
                ordinal = made.manifest.ordinal if made.manifest else 0
                if as_json:
                    print_json(described(made))
                else:
                    click.echo(made.url)
                if not keep.nothing:
                    pruned(place, keep, report)
            except LlmsimError as error:
                click.echo(f"llmsim: {error}", err=True)
            now_s = clock.wall()
            threading.Event().wait(next_s(now_s, every, ordinal) - now_s)


def described(one: Snapshot) -> dict[str, Any]:
    """A snapshot as JSON."""
    manifest = attrs.asdict(one.manifest) | {"size_bytes": one.manifest.size_bytes} if one.manifest else {}
    manifest.pop("parts", None)
    return {"object": "llmsim.snapshot", "name": one.name, "path": one.url, "problem": one.problem} | manifest


def line(one: Archive) -> tuple[object, ...]:
    """An archive as a row."""
    problem = "" if one.whole else "entries are missing"
    entries = f"{one.first} to {one.last}"
    return (one.generation, one.ordinal, entries, one.segments, one.bytes, iso(one.changed_s), problem)


def row(one: Snapshot) -> tuple[object, ...]:
    """A snapshot as a row of the list."""
    manifest = one.manifest
    if manifest is None:
        return (one.name, None, None, None, None, None, one.problem)
    counts = (manifest.tables.get("sessions"), manifest.tables.get("turns"))
    return (one.name, manifest.created, manifest.ordinal, *counts, manifest.size_bytes, None)
