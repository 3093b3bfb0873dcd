"""`llmsim`: finds the subcommand, and turns whatever happens into an exit code and one line on stderr.

A subcommand is imported when it is asked for, so that help and small commands start at once. Each is the click command
of its own name in the module that COMMANDS gives. Exit codes: 0 fine; 1 a comparison or check found a difference;
2 the operator's mistake; 3 the store; 70 a bug of ours; 130 interrupted; 141 the reader of our output left.
Invariant: no traceback reaches the terminal unless LLMSIM_LOG_LEVEL=debug asks for it.
"""

import errno
import io
import os
import sys
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import NoReturn, TextIO

import attrs
import click

from llmsim import __version__
from llmsim.cli.options import examples
from llmsim.errors import LlmsimError, OperatorError, leading_error

BUG = 70
INTERRUPTED = 130
READER_LEFT = 141
UNWRITABLE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF}
"""What the system says of a stdout that takes nothing more."""


@attrs.frozen
class Lazy:
    """A command that is not imported yet: its module, and its line in the list of commands."""

    module: str
    summary: str


COMMANDS = {
    "serve": Lazy("llmsim.cli.serve", "Answer API clients, and remember what was said."),
    "health": Lazy("llmsim.cli.health", "Ask a server whether it is alive; for health checks of containers."),
    "sessions": Lazy("llmsim.cli.sessions", "List, show, export, import, fork and delete stored sessions."),
    "snapshot": Lazy("llmsim.cli.snapshot", "Copy a store while it serves; list, verify and prune copies."),
    "restore": Lazy("llmsim.cli.restore", "Make a store from a snapshot, an archive or a volume."),
    "drill": Lazy("llmsim.cli.drill", "Lose pods, volumes and regions on purpose, and prove that they come back."),
    "replay": Lazy("llmsim.cli.replay", "Play session scripts, or prove that a store says again what it said."),
    "check": Lazy("llmsim.cli.check", "Test every invariant of a store or snapshot."),
    "profiles": Lazy("llmsim.cli.profiles", "List, show and check model profiles."),
    "identity": Lazy("llmsim.cli.identity", "Show which pod this would be."),
    "size": Lazy("llmsim.cli.size", "Work out pods, resources and storage for a load."),
}


class Commands(click.Group):
    """A group whose commands are imported when they are asked for."""

    def __init__(self, lazy: Mapping[str, Lazy], name: str, help: str, epilog: str) -> None:  # noqa: A002  (click's name)
        super().__init__(name, help=help, epilog=epilog)
        self.lazy = lazy

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(self.lazy)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        entry = self.lazy.get(cmd_name)
        if entry is None:
            return None
        command = getattr(import_module(entry.module), cmd_name)
        assert isinstance(command, click.Command)  # noqa: S101  (a module without its command is a bug of ours)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.summary) for name, entry in self.lazy.items()])


cli = click.version_option(__version__, message="llmsim %(version)s")(
    Commands(
        COMMANDS,
        "llmsim",
        help="An LLM API simulator with a memory: real clients point their base URL at it and get conforming answers "
        "with a model's timing; conversations outlive the process, replay to the byte, and can be restored.",
        epilog=examples(
            "llmsim serve                                   a server on http://127.0.0.1:8080/v1",
            "export OPENAI_BASE_URL=http://127.0.0.1:8080/v1 OPENAI_API_KEY=any",
            "llmsim sessions list                           what was said, also while the server runs",
            "llmsim snapshot create --data-dir llmsim-data --to backup",
            "llmsim replay SCRIPT.toml                      an hour of traffic in seconds",
            "llmsim serve --help                            every command has examples",
        ),
    )
)


def run() -> NoReturn:
    """The console script."""
    ready_streams()
    sys.exit(outcome(sys.argv[1:]))


def ready_streams() -> None:
    """Make stdout and stderr streams that take any text: closed ones swallow it, what they cannot encode is escaped."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115  (for the rest of the process)
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def outcome(arguments: Sequence[str]) -> int:
    """Run one command line to its end; its exit code. Says on stderr what went wrong, in one line."""
    try:
        code = invoke(arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        give_up(sys.stdout)
        code = READER_LEFT
    except (KeyboardInterrupt, click.Abort):
        code = INTERRUPTED
    except click.ClickException as error:
        with complaining():
            error.show()
        code = error.exit_code
    except LlmsimError as error:
        code = failed(error)
    except BaseExceptionGroup as group:
        code = failed_together(group)
    except OSError as error:
        code = unwritten(error) if error.errno in UNWRITABLE and error.filename is None else bug(error)
    except Exception as error:  # noqa: BLE001  (the last handler before the terminal)
        code = bug(error)
    return code


def give_up(stream: TextIO) -> None:
    """Send what Python still holds for this stream nowhere: it would fail again at exit, and have its own exit code."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


@contextmanager
def complaining() -> Iterator[None]:
    """Write to stderr in the block; where that takes nothing more, the exit code alone tells."""
    try:
        yield
    except OSError:
        give_up(sys.stderr)


def unwritten(error: OSError) -> int:
    """What comes of output that cannot be written: rooms below name the file in every other error of the system's."""
    give_up(sys.stdout)
    return failed(OperatorError(f"cannot write the output: {error.strerror}"))


def invoke(arguments: Sequence[str]) -> int:
    """Run the command; its exit code. Raises what the command raises."""
    try:
        with cli.make_context("llmsim", list(arguments)) as context:
            cli.invoke(context)
    except click.exceptions.NoArgsIsHelpError as nothing_asked:
        click.echo(nothing_asked.format_message())
    except click.exceptions.Exit as end:
        return end.exit_code
    return 0


def say(text: str) -> None:
    """Write a line to stderr."""
    with complaining():
        click.echo(text, err=True)


def failed(error: LlmsimError) -> int:
    """Say an error of ours, and give its exit code."""
    say(f"llmsim: {error}")
    return error.exit_code


def failed_together(group: BaseExceptionGroup[BaseException]) -> int:
    """What a group of errors comes to: interrupted, an error of ours, or a bug."""
    if group.subgroup(KeyboardInterrupt) is not None:
        return INTERRUPTED
    error = leading_error(group)
    return failed(error) if error else bug(group)


def bug(error: BaseException) -> int:
    """Say that this should not have happened, in one line, or with its traceback where debugging was asked for."""
    if os.environ.get("LLMSIM_LOG_LEVEL") == "debug":
        say("".join(traceback.format_exception(error)).rstrip())
    reason = " ".join(str(error).split())[:200]
    say(
        f"llmsim: this is a bug in llmsim: {type(error).__name__}: {reason} "
        "(run it again with LLMSIM_LOG_LEVEL=debug to see where)"
    )
    return BUG
