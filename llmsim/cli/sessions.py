"""`llmsim sessions`: the conversations of a store, or of a running server.

Only reads arguments and prints. Where sessions come from is one of two classes with the same methods: the store in a
data directory, or a server at a URL. What a caller got wrong is the operator's mistake here: exit code 2.
"""

import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from difflib import get_close_matches
from functools import wraps
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import click
from click.core import ParameterSource

from llmsim.cli.conversation import moment, parents_of, print_conversation
from llmsim.cli.options import examples, json_option, with_settings
from llmsim.cli.output import print_json, print_table, quantity
from llmsim.cli.progress import reporting
from llmsim.errors import ClientError, OperatorError
from llmsim.settings import Settings
from llmsim.store.files import Report, silent
from llmsim.store.views import tree_view

PAGE_DEFAULT = 50
PAGE_MAX = 1000
NEAR_MAX = 500
"""How many ids are looked at for the nearest to one that is unknown."""


class Sessions(Protocol):
    """Wherever sessions are; dicts are those of `llmsim.store.views`."""

    def page(self, prefix: str, after: str, limit: int) -> dict[str, Any]: ...
    def conversation(self, session: str) -> tuple[dict[str, Any], list[dict[str, Any]]]: ...
    def export(self, ids: tuple[str, ...]) -> Iterator[bytes]: ...
    def bring(self, file: BinaryIO, name: str, report: Report) -> dict[str, Any]: ...
    def fork(self, session: str, at: str | None, new: str | None) -> dict[str, Any]: ...
    def delete(self, session: str) -> dict[str, Any]: ...


def with_sessions(command: Callable[..., None]) -> Callable[..., None]:
    """Flags that say where sessions are; the command gets these as `at_hand`."""

    @with_settings("data_dir")
    @click.option("--url", metavar="URL", help="Ask the server there, instead of opening a data directory.")
    @wraps(command)
    def opened(*arguments: Any, settings: Settings, url: str | None, **options: Any) -> None:  # noqa: ANN401
        context = click.get_current_context()
        if url is not None and context.get_parameter_source("data_dir") is ParameterSource.COMMANDLINE:
            raise click.UsageError("give --data-dir or --url, not both")
        with sessions_at(settings.data_dir, url) as at_hand, answered(at_hand):
            command(*arguments, at_hand=at_hand, **options)

    return opened


@contextmanager
def sessions_at(data_dir: Path, url: str | None) -> Iterator[Sessions]:
    """The sessions of a server where a URL is given, else those of a data directory."""
    if url is None:
        from llmsim.cli.stored_sessions import StoredSessions  # noqa: PLC0415  (the store is for --data-dir alone)

        yield StoredSessions(data_dir)
        return
    from llmsim.cli.remote_sessions import connected  # noqa: PLC0415  (httpx2 and trio are for --url alone)

    with connected(url) as remote:
        yield remote


@contextmanager
def answered(at_hand: Sessions) -> Iterator[None]:
    """Turn a refusal into the operator's mistake; an unknown session is told with the ids that are near."""
    try:
        yield
    except ClientError as error:
        near = nearest(at_hand, error.message.split("'")[1]) if error.code == "session_not_found" else []
        hint = f" Did you mean {' or '.join(near)}?" if near else ""
        raise OperatorError(error.message + hint) from error


def nearest(at_hand: Sessions, session: str) -> list[str]:
    """Known ids that look like this one: among those that begin alike, else among the first."""
    for prefix in (session[: len(session) // 2], ""):
        ids = [one["id"] for one in at_hand.page(prefix, "", NEAR_MAX)["data"]]
        if near := get_close_matches(session, ids, n=3):
            return near
    return []


@click.group(
    epilog=examples(
        "llmsim sessions list --prefix demo",
        "llmsim sessions show demo-1",
        "llmsim sessions fork demo-1 --at 3           go on from turn 3, as demo-1.fork-1",
        "llmsim sessions export > all.jsonl",
        "llmsim sessions import all.jsonl --data-dir other",
        "llmsim sessions list --url http://127.0.0.1:8080",
    )
)
def sessions() -> None:
    """List, show, export, import, fork and delete stored sessions.

    Reading works beside a running server; what writes asks the server with --url, or has the store to itself.
    """


@sessions.command("list", epilog=examples("llmsim sessions list --prefix auto- --limit 10"))
@with_sessions
@click.option("--prefix", default="", metavar="TEXT", help="Only ids that begin so.")
@click.option("--after", default="", metavar="ID", help="Only ids after this one: the next page.")
@click.option("--limit", default=PAGE_DEFAULT, type=click.IntRange(1, PAGE_MAX), show_default=True, metavar="N")
@json_option
def list_(at_hand: Sessions, *, prefix: str, after: str, limit: int, as_json: bool) -> None:
    """List sessions in order of their ids."""
    page = at_hand.page(prefix, after, limit)
    if as_json:
        print_json(page)
        return
    rows = [
        (one["id"], one["turns"], moment(one["created_at"]), moment(one["updated_at"]), one["forked_from"])
        for one in page["data"]
    ]
    print_table(("session", "turns", "created", "updated", "forked from"), rows)
    if page["has_more"]:
        click.echo(f"there are more: --after {page['last_id']}", err=True)


@sessions.command(epilog=examples("llmsim sessions show demo-1", "llmsim sessions show demo-1 --json"))
@click.argument("session", metavar="ID")
@with_sessions
@json_option
def show(session: str, at_hand: Sessions, *, as_json: bool) -> None:
    """Show what was said in a session, as a tree where it has branches."""
    summary, turns = at_hand.conversation(session)
    if as_json:
        tree = tree_view(parents_of(turns))
        print_json({"object": "llmsim.conversation", "session": summary, "turns": turns, "tree": tree})
    else:
        print_conversation(summary, turns)


@sessions.command(epilog=examples("llmsim sessions export demo-1 demo-2 > demo.jsonl"))
@click.argument("ids", metavar="[ID]...", nargs=-1)
@with_sessions
@click.option("--json", is_flag=True, expose_value=False, help="An export is JSON Lines in any case.")
def export(ids: tuple[str, ...], at_hand: Sessions) -> None:
    """Write sessions, or all, to stdout as JSON Lines, for import; profiles and outcomes come along."""
    with nullcontext(silent) if sys.stdout.isatty() else reporting() as report:
        for line, done in counted(at_hand.export(ids)):
            click.echo(line, nl=False)
            report("export", done, 0)


@sessions.command(
    "import", epilog=examples("llmsim sessions import demo.jsonl", "llmsim sessions import - < demo.jsonl")
)
@click.argument("file", metavar="FILE", type=click.File("rb"))
@with_sessions
@json_option
def import_(file: BinaryIO, at_hand: Sessions, *, as_json: bool) -> None:
    """Read sessions that were exported; all of them, or none where one exists already or a line is wrong."""
    name = getattr(file, "name", "stdin")
    with seekable(file) as lines, reporting(as_json=as_json) as report:
        done = at_hand.bring(lines, "stdin" if name == "<stdin>" else str(name), report)
    if as_json:
        print_json(done)
    else:
        click.echo(f"imported {quantity(done['sessions'], 'session')} with {quantity(done['turns'], 'turn')}")


@sessions.command(epilog=examples("llmsim sessions fork demo-1 --at 3", "llmsim sessions fork demo-1 --id demo-2"))
@click.argument("session", metavar="ID")
@with_sessions
@click.option("--at", metavar="TURN", help="Last turn to take along, a number or a turn id.  [default: the latest]")
@click.option("--id", "new", metavar="ID", help="Id of the new session.  [default: ID.fork-N]")
@json_option
def fork(session: str, at_hand: Sessions, *, at: str | None, new: str | None, as_json: bool) -> None:
    """Make a new session that goes on from a turn of another; the other stays as it is.

    Ids of a provider's API (responses, conversations, threads, batches) lead to the other.
    """
    made = at_hand.fork(session, at, new)
    if as_json:
        print_json(made)
    else:
        click.echo(made["id"])


@sessions.command(epilog=examples("llmsim sessions delete demo-1"))
@click.argument("session", metavar="ID")
@with_sessions
@json_option
def delete(session: str, at_hand: Sessions, *, as_json: bool) -> None:
    """Remove a session with everything it has; forks of it stay."""
    done = at_hand.delete(session)
    if as_json:
        print_json(done)
    else:
        click.echo(f"deleted {done['id']}")


def counted(lines: Iterator[bytes]) -> Iterator[tuple[bytes, int]]:
    """Each line, and how many bytes there were so far."""
    done = 0
    for line in lines:
        done += len(line)
        yield line, done


@contextmanager
def seekable(file: BinaryIO) -> Iterator[BinaryIO]:
    """A file that can be read twice: itself, or a copy of what comes through a pipe."""
    if file.seekable():
        yield file
        return
    with tempfile.TemporaryFile() as copy:
        shutil.copyfileobj(file, copy)
        yield copy
