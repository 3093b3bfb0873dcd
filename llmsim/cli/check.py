"""`llmsim check`: every invariant of a store or of a snapshot.

Only reads arguments and prints; what a sound store is stands in `llmsim.store.check`, a whole snapshot in `verify`.
"""

import click

from llmsim.cli.options import examples, json_option, with_settings
from llmsim.cli.output import print_json
from llmsim.cli.progress import reporting
from llmsim.recovery.restore import held
from llmsim.recovery.verify import is_snapshot, snapshot_at, verify
from llmsim.settings import Settings
from llmsim.store.examine import examine

FINDINGS = 1


@click.command(
    epilog=examples(
        "llmsim check --data-dir llmsim-data",
        "llmsim check --data-dir backup/llmsim-0-20261123T052700.123Z --json",
        "llmsim check --data-dir /var/lib/llmsim --allow-empty    before a pod starts, perhaps for the first time",
    )
)
@with_settings("data_dir")
@click.option("--allow-empty", is_flag=True, help="A data directory that is empty, or not there yet, is sound.")
@json_option
def check(settings: Settings, *, allow_empty: bool, as_json: bool) -> None:
    """Test every invariant of a store or snapshot, and print what is wrong.

    May run beside a server. Exit code 1 if anything is found; 3 if the store cannot be opened at all.
    """
    path = settings.data_dir
    if allow_empty and not held(path):
        found, state = [], "is empty"
    else:
        with reporting(as_json=as_json) as report:
            is_one = is_snapshot(path)
            found = verify(snapshot_at(str(path)), report=report) if is_one else examine(path, report)
        state = "is sound"
    if as_json:
        print_json({"object": "llmsim.check", "path": str(path), "sound": not found, "findings": found})
    else:
        click.echo("\n".join(found) if found else f"{path} {state}")
    if found:
        raise click.exceptions.Exit(FINDINGS)
