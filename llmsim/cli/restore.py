"""`llmsim restore`: make a store from a snapshot.

Only reads arguments and prints; what is refused, and in which order things happen, `llmsim.recovery.restore` decides.
"""

import socket
from pathlib import Path

import click

from llmsim.cli.options import examples, json_option, with_settings
from llmsim.cli.output import print_json, quantity
from llmsim.cli.progress import reporting
from llmsim.identity import identify
from llmsim.recovery.restore import restore as restore_store
from llmsim.settings import Settings


@click.command(
    epilog=examples(
        "llmsim restore backup/llmsim-0-20261123T052700.123Z --data-dir llmsim-data",
        "llmsim restore backup/llmsim-0-20261123T052700.123Z --data-dir llmsim-data --replace",
        "llmsim restore backup/llmsim-2-20261123T052700.123Z --data-dir llmsim-data --ordinal 0 --adopt",
    )
)
@click.argument("path", metavar="SNAPSHOT", type=click.Path(path_type=Path))
@with_settings("data_dir", "ordinal")
@click.option("--replace", is_flag=True, help="Take the place of a store; the old one is kept aside.")
@click.option("--adopt", is_flag=True, help="Make a snapshot of another pod this pod's.")
@json_option
def restore(settings: Settings, *, path: Path, replace: bool, adopt: bool, as_json: bool) -> None:
    """Make a store from a snapshot, proven before it takes its place.

    Refused: a damaged snapshot, a data directory in use or not empty, another format, another pod's ordinal. A crash
    at any moment leaves the old store or the new one, whole.
    """
    ordinal = identify(settings.ordinal, socket.gethostname()).ordinal
    with reporting() as report:
        done = restore_store(path, settings.data_dir, ordinal, replace=replace, adopt=adopt, report=report)
    if as_json:
        print_json(
            {
                "object": "llmsim.restore",
                "data_dir": str(settings.data_dir),
                "snapshot": str(path),
                "ordinal": done.ordinal,
                "tables": done.manifest.tables,
                "kept": str(done.kept) if done.kept else None,
            }
        )
        return
    counts = (
        f"{quantity(done.manifest.tables['sessions'], 'session')}, {quantity(done.manifest.tables['turns'], 'turn')}"
    )
    click.echo(f"restored {path} to {settings.data_dir}: {counts}, pod {done.ordinal}")
    if done.kept:
        click.echo(f"the store that was there is kept in {done.kept}")
