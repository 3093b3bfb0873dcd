"""`llmsim snapshot`: copies of a store, made while it serves; listed and verified.

Only reads arguments and prints; what a snapshot is and when it is whole is decided in `llmsim.store`.
"""

from pathlib import Path
from typing import Any

import attrs
import click

from llmsim.cli.options import examples, json_option, with_settings
from llmsim.cli.output import print_json, print_table
from llmsim.cli.progress import reporting
from llmsim.recovery import snapshot as snapshots
from llmsim.recovery.snapshot import Snapshot
from llmsim.recovery.verify import verify as find_faults
from llmsim.settings import Settings

DIFFERENCE = 1


@click.group(
    epilog=examples(
        "llmsim snapshot create --data-dir llmsim-data --to backup      also while a server writes",
        "llmsim snapshot list backup",
        "llmsim snapshot verify backup/llmsim-0-20261123T052700.123Z    exit code 1 if it is damaged",
        "llmsim restore backup/llmsim-0-20261123T052700.123Z --data-dir fresh",
    )
)
def snapshot() -> None:
    """Copy a store while it serves; list and verify copies.

    A snapshot is a directory with the data and a manifest, and can be moved and renamed as a whole.
    """


@snapshot.command(epilog=examples("llmsim snapshot create --data-dir llmsim-data --to backup --json"))
@with_settings("data_dir")
@click.option(
    "--to", required=True, metavar="DIR", type=click.Path(path_type=Path), help="Directory that gets the snapshot."
)
@json_option
def create(settings: Settings, *, to: Path, as_json: bool) -> None:
    """Copy the store to a new snapshot in a directory; a server may go on writing.

    Nothing that is not whole is ever seen under a snapshot's name.
    """
    with reporting() as report:
        made = snapshots.create(settings.data_dir, to, report)
    if as_json:
        print_json(described(made))
    else:
        click.echo(made.path)


@snapshot.command("list", epilog=examples("llmsim snapshot list backup", "llmsim snapshot list backup --json"))
@click.argument("directory", metavar="DIR", type=click.Path(path_type=Path))
@json_option
def list_(directory: Path, *, as_json: bool) -> None:
    """List the snapshots in a directory, oldest first, by their manifests.

    Whether the data still fits its manifest is what verify tells.
    """
    found = snapshots.listed(directory)
    if as_json:
        print_json({"object": "list", "data": [described(one) for one in found]})
        return
    print_table(
        ("snapshot", "created", "ordinal", "sessions", "turns", "bytes", "problem"), [row(one) for one in found]
    )


@snapshot.command(epilog=examples("llmsim snapshot verify backup/llmsim-0-20261123T052700.123Z"))
@click.argument("path", metavar="SNAPSHOT", type=click.Path(path_type=Path))
@json_option
def verify(path: Path, *, as_json: bool) -> None:
    """Prove that a snapshot is whole: its files, its sha256, every page and every invariant.

    Exit code 1 if anything is wrong with it.
    """
    with reporting() as report:
        faults = find_faults(path, report)
    if as_json:
        print_json({"object": "llmsim.verification", "path": str(path), "whole": not faults, "problems": faults})
    else:
        click.echo("\n".join(faults) if faults else f"{path} is whole")
    if faults:
        raise click.exceptions.Exit(DIFFERENCE)


def described(one: Snapshot) -> dict[str, Any]:
    """A snapshot as JSON."""
    manifest = attrs.asdict(one.manifest) if one.manifest else {}
    return {
        "object": "llmsim.snapshot",
        "name": one.path.name,
        "path": str(one.path),
        "problem": one.problem,
    } | manifest


def row(one: Snapshot) -> tuple[object, ...]:
    """A snapshot as a row of the list."""
    manifest = one.manifest
    if manifest is None:
        return (one.path.name, None, None, None, None, None, one.problem)
    counts = (manifest.tables.get("sessions"), manifest.tables.get("turns"))
    return (one.path.name, manifest.created, manifest.ordinal, *counts, manifest.size_bytes, None)
