"""`llmsim restore`: make a store from a snapshot, from an archive as it was at a moment, or from a volume.

Only reads arguments and prints; what is refused, and in which order things happen, `llmsim.recovery` decides.
"""

import socket
from pathlib import Path
from typing import Any

import attrs
import click

from llmsim import values
from llmsim.cli.options import examples, json_option, reading, with_settings
from llmsim.cli.output import print_json, quantity
from llmsim.cli.progress import reporting
from llmsim.errors import NothingToRestore
from llmsim.identity import identify
from llmsim.recovery.applying import Until
from llmsim.recovery.merging import merge
from llmsim.recovery.restore import Restored, held
from llmsim.recovery.restore import restore as restore_store
from llmsim.recovery.sealing import Sealing
from llmsim.recovery.sources import Wanted
from llmsim.settings import Settings
from llmsim.store.environment import DATA_FILE
from llmsim.store.merging import OnConflict

DIFFERENCE = 1


@click.command(
    epilog=examples(
        "llmsim restore backup --data-dir llmsim-data                       the newest that is whole, and the archive",
        "llmsim restore s3://bucket/llmsim --data-dir llmsim-data --at 2026-11-22T10:15:00Z",
        "llmsim restore backup --data-dir llmsim-data --at-turn 4711 --replace",
        "llmsim restore backup/llmsim-0-20261123T052700.123Z --data-dir llmsim-data",
        "llmsim restore backup/llmsim-2-20261123T052700.123Z --data-dir llmsim-data --ordinal 0 --adopt",
        "llmsim restore volume-of-pod-2 --data-dir llmsim-data --merge --on-conflict fork",
        "llmsim restore s3://bucket/llmsim --data-dir /var/lib/llmsim --if-empty    before a pod starts, each time",
    )
)
@click.argument("source")
@with_settings("data_dir", "ordinal", "key_file")
@click.option("--latest", is_flag=True, help="All that there is; the default.")
@click.option("--at", callback=reading(values.instant()), metavar="ISO|UNIX", help="As it was at this moment.")
@click.option("--at-turn", type=click.IntRange(0), metavar="N", help="As it was with its first N turns.")
@click.option("--past-doubt", is_flag=True, help="Apply what stands behind a gap or a damaged segment as well.")
@click.option("--replace", is_flag=True, help="Take the place of a store; the old one is kept aside.")
@click.option("--adopt", is_flag=True, help="Make a snapshot of another pod this pod's.")
@click.option(
    "--from-ordinal", type=click.IntRange(0), metavar="N", help="Pod whose snapshots are meant; default: this one's."
)
@click.option("--if-empty", is_flag=True, help="Leave a store that is there as it is, ask nobody, and end with 0.")
@click.option(
    "--or-fresh", is_flag=True, help="Of a place that has nothing of this pod, restore nothing, and end with 0."
)
@click.option("--merge", "merging", is_flag=True, help="Bring its sessions into the store that is there.")
@click.option(
    "--on-conflict",
    type=click.Choice([one.value for one in OnConflict]),
    default=OnConflict.LEAVE.value,
    help="With --merge: a session that both have, and differently. [default: leave]",
)
@json_option
def restore(
    settings: Settings,
    *,
    source: str,
    latest: bool,
    at: int | None,
    at_turn: int | None,
    past_doubt: bool,
    replace: bool,
    adopt: bool,
    from_ordinal: int | None,
    if_empty: bool,
    or_fresh: bool,
    merging: bool,
    on_conflict: str,
    as_json: bool,
) -> None:
    """Make a store, proven before it takes its place, from SOURCE.

    SOURCE is one snapshot; or a place (a directory, s3://, gs://, az://) that holds snapshots and perhaps an archive:
    then the newest snapshot that is whole is taken, and what was archived after it; or a data directory that nobody
    uses.

    Refused: what is damaged, a data directory in use or not empty, a later format, another pod's ordinal. Nothing of an
    archive is applied past the first gap, fork or damaged segment; exit code 1 says that there was one. A crash at any
    moment leaves the old store or the new one, whole.
    """
    if (latest, at is not None, at_turn is not None).count(True) > 1:
        raise click.UsageError("--latest, --at and --at-turn exclude one another.")
    if (merging, replace, if_empty or or_fresh).count(True) > 1:
        raise click.UsageError("--merge, --replace, and --if-empty or --or-fresh exclude one another.")
    if if_empty and DATA_FILE in held(settings.data_dir):
        tell_nothing_done(f"{settings.data_dir} holds a store already", settings.data_dir, source, as_json=as_json)
        return
    wanted = Wanted(
        source,
        identify(settings.ordinal, socket.gethostname()).ordinal,
        from_ordinal,
        adopt or merging,
        Until(at, at_turn),
        past_doubt,
        Sealing.by(settings.key_file),
    )
    if merging:
        joined(wanted, settings.data_dir, OnConflict(on_conflict), as_json=as_json)
        return
    try:
        with reporting(as_json=as_json) as report:
            done = restore_store(wanted, settings.data_dir, replace=replace, report=report)
    except NothingToRestore as error:
        if not or_fresh:
            raise
        tell_nothing_done(f"{error}", settings.data_dir, source, as_json=as_json)
        return
    if as_json:
        print_json(described(done, settings.data_dir, source))
    else:
        tell(done, settings.data_dir)
    if done.staged.doubts:
        raise click.exceptions.Exit(DIFFERENCE)


def joined(wanted: Wanted, data_dir: Path, on_conflict: OnConflict, *, as_json: bool) -> None:
    """Merge, and say what came of it; exit code 1 if a session was left, or there are doubts."""
    with reporting(as_json=as_json) as report:
        done = merge(wanted, data_dir, on_conflict, report)
    found = done.merged
    if as_json:
        forked = [{"session": name, "fork": fork} for name, fork in found.forked]
        told = {"brought": found.brought, "same": found.same, "left": found.left, "forked": forked}
        print_json({"object": "llmsim.merge", "data_dir": str(data_dir), "source": wanted.source, **told})
    else:
        for name in found.left:
            click.echo(f"llmsim: session {name} is there already, and differs: left as it is", err=True)
        for name, fork in found.forked:
            click.echo(f"session {name} is there already, and differs: it came as {fork}")
        counts = f"{quantity(len(found.brought) + len(found.forked), 'session')} brought, {len(found.same)} the same"
        click.echo(f"merged {wanted.source} into {data_dir}: {counts}, {len(found.left)} left")
    for doubt in done.staged.doubts:
        click.echo(f"llmsim: doubt: {doubt}", err=True)
    if found.left or done.staged.doubts:
        raise click.exceptions.Exit(DIFFERENCE)


def tell_nothing_done(why: str, data_dir: Path, source: str, *, as_json: bool) -> None:
    """That there was no need to restore, or nothing to restore, and that this is fine."""
    if as_json:
        told = {"data_dir": str(data_dir), "source": source, "restored": False, "reason": why}
        print_json({"object": "llmsim.restore", **told})
    else:
        click.echo(f"{why}: nothing was restored")


def described(done: Restored, data_dir: Path, source: str) -> dict[str, Any]:
    """A restore as JSON."""
    staged = done.staged
    return {
        "object": "llmsim.restore",
        "data_dir": str(data_dir),
        "source": source,
        "restored": True,
        "snapshot": staged.snapshot.name,
        "ordinal": done.ordinal,
        "tables": done.tables,
        "kept": str(done.kept) if done.kept else None,
        "position": attrs.asdict(staged.position) if staged.position else None,
        "passed_over": [attrs.asdict(one) for one in staged.passed_over],
        "doubts": list(staged.doubts),
    }


def tell(done: Restored, data_dir: Path) -> None:
    """A restore in words; what is to be worried about on stderr."""
    staged = done.staged
    counts = f"{quantity(done.tables['sessions'], 'session')}, {quantity(done.tables['turns'], 'turn')}"
    for passed in staged.passed_over:
        click.echo(f"llmsim: passed over {passed.name}: {passed.problem}", err=True)
    for doubt in staged.doubts:
        click.echo(f"llmsim: doubt: {doubt}", err=True)
    upto = f", up to {staged.position.stamp}" if staged.position else ""
    click.echo(f"restored {staged.snapshot.url} to {data_dir}: {counts}, pod {done.ordinal}{upto}")
    if done.kept:
        click.echo(f"the store that was there is kept in {done.kept}")
