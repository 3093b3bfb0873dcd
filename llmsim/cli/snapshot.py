"""`llmsim snapshot`: copies of a store, made while it serves, in a directory or a bucket; listed, verified and pruned.

Only reads arguments and prints; what a snapshot is and when it is whole is decided in `llmsim.recovery`.
"""

from typing import Any

import attrs
import click

from llmsim.cli.options import examples, json_option, with_settings
from llmsim.cli.output import print_json, print_table
from llmsim.cli.progress import reporting
from llmsim.recovery import snapshot as snapshots
from llmsim.recovery.places import place_of
from llmsim.recovery.sealing import Sealing
from llmsim.recovery.snapshot import Snapshot
from llmsim.recovery.verify import snapshot_at
from llmsim.recovery.verify import verify as find_faults
from llmsim.settings import Settings

DIFFERENCE = 1
to_option = click.option(
    "--to", required=True, metavar="PLACE", help="Place that gets the snapshot: a directory, s3://, gs:// or az://."
)


@click.group(
    epilog=examples(
        "llmsim snapshot create --data-dir llmsim-data --to backup      also while a server writes",
        "llmsim snapshot create --to s3://bucket/llmsim                 credentials as the AWS CLI reads them",
        "llmsim snapshot list backup",
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
    with reporting() as report:
        made = snapshots.create(settings.data_dir, place_of(to), report, Sealing.by(settings.key_file))
    if as_json:
        print_json(described(made))
    else:
        click.echo(made.url)


@snapshot.command("list", epilog=examples("llmsim snapshot list backup", "llmsim snapshot list backup --json"))
@click.argument("place")
@json_option
def list_(place: str, *, as_json: bool) -> None:
    """List the snapshots in a place, oldest first, by their manifests.

    Whether the data still fits its manifest is what verify tells.
    """
    found = snapshots.listed(place_of(place))
    if as_json:
        print_json({"object": "list", "data": [described(one) for one in found]})
        return
    print_table(
        ("snapshot", "created", "ordinal", "sessions", "turns", "bytes", "problem"), [row(one) for one in found]
    )


@snapshot.command(epilog=examples("llmsim snapshot verify backup/llmsim-0-20261123T052700.123Z"))
@click.argument("path", metavar="SNAPSHOT")
@with_settings("key_file")
@json_option
def verify(settings: Settings, *, path: str, as_json: bool) -> None:
    """Prove that a snapshot is whole: its parts, their sha256, every record and every invariant.

    The store that it holds is made in the temporary directory (TMPDIR) and tested there. Exit code 1 if anything is
    wrong with it.
    """
    with reporting() as report:
        faults = find_faults(snapshot_at(path), Sealing.by(settings.key_file), report)
    if as_json:
        print_json({"object": "llmsim.verification", "path": path, "whole": not faults, "problems": faults})
    else:
        click.echo("\n".join(faults) if faults else f"{path} is whole")
    if faults:
        raise click.exceptions.Exit(DIFFERENCE)


def described(one: Snapshot) -> dict[str, Any]:
    """A snapshot as JSON."""
    manifest = attrs.asdict(one.manifest) | {"size_bytes": one.manifest.size_bytes} if one.manifest else {}
    manifest.pop("parts", None)
    return {"object": "llmsim.snapshot", "name": one.name, "path": one.url, "problem": one.problem} | manifest


def row(one: Snapshot) -> tuple[object, ...]:
    """A snapshot as a row of the list."""
    manifest = one.manifest
    if manifest is None:
        return (one.name, None, None, None, None, None, one.problem)
    counts = (manifest.tables.get("sessions"), manifest.tables.get("turns"))
    return (one.name, manifest.created, manifest.ordinal, *counts, manifest.size_bytes, None)
