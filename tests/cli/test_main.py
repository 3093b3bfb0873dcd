"""The frame of the command line: exit codes, one line for every mishap, help that teaches, a fast start."""

import os
import subprocess
import sys
from importlib import import_module

import click
import pytest

from llmsim import __version__
from llmsim.cli import main
from llmsim.errors import OperatorError, StoreInUse
from tests.said import CommandLine


def raising(error: BaseException) -> click.Command:
    def callback() -> None:
        raise error

    return click.Command("identity", callback=callback)


@pytest.fixture
def mishap(monkeypatch: pytest.MonkeyPatch, command_line: CommandLine) -> CommandLine:
    """Runs a command that raises the error given."""

    def run(error: BaseException) -> object:
        monkeypatch.setattr(main.Commands, "get_command", lambda *_: raising(error))
        return command_line("identity")

    return run  # type: ignore[return-value]


def test_bare_command_teaches_by_example(command_line: CommandLine) -> None:
    said = command_line()
    assert said.code == 0
    assert "Examples:" in said.out
    assert "OPENAI_BASE_URL" in said.out


def test_help_names_every_command(command_line: CommandLine) -> None:
    said = command_line("--help")
    assert said.code == 0
    assert all(f"  {name} " in said.out for name in main.COMMANDS)


@pytest.mark.parametrize("name", main.COMMANDS)
def test_command_exists_under_its_name_with_help_and_examples(name: str) -> None:
    command = getattr(import_module(main.COMMANDS[name].module), name)
    assert isinstance(command, click.Command)
    assert command.name == name
    for one in (command, *getattr(command, "commands", {}).values()):
        assert one.help, one.name
        assert "Examples:" in (one.epilog or ""), one.name


def test_version_is_the_packages(command_line: CommandLine) -> None:
    assert command_line("--version").out == f"llmsim {__version__}\n"


def test_usage_error_exits_2_and_points_to_help(command_line: CommandLine) -> None:
    said = command_line("identity", "--sed", "1")
    assert said.code == 2
    assert "No such option" in said.err
    assert "--sed" in said.err
    assert "Did you mean" in said.err
    assert said.out == ""


def test_unknown_command_exits_2(command_line: CommandLine) -> None:
    said = command_line("serv")
    assert said.code == 2
    assert "serv" in said.err


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (OperatorError("config.toml: no"), 2, "llmsim: config.toml: no\n"),
        (StoreInUse("in use by 7"), 3, "llmsim: in use by 7\n"),
        (BaseExceptionGroup("", [ExceptionGroup("", [StoreInUse("in use by 7")])]), 3, "llmsim: in use by 7\n"),
        (KeyboardInterrupt(), 130, ""),
        (BaseExceptionGroup("", [KeyboardInterrupt(), OperatorError("too late")]), 130, ""),
        (click.Abort(), 130, ""),
    ],
)
def test_error_becomes_an_exit_code_and_one_line(
    error: BaseException, code: int, line: str, mishap: CommandLine
) -> None:
    said = mishap(error)
    assert (said.code, said.err, said.out) == (code, line, "")


@pytest.mark.parametrize("error", [KeyError("x"), ExceptionGroup("several", [KeyError("x")])])
def test_unexpected_error_is_called_a_bug_in_one_line(error: Exception, mishap: CommandLine) -> None:
    said = mishap(error)
    assert said.code == 70
    assert said.err.startswith(f"llmsim: this is a bug in llmsim: {type(error).__name__}: ")
    assert said.err.count("\n") == 1


def test_unexpected_error_shows_its_traceback_when_debugging(
    mishap: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LLMSIM_LOG_LEVEL", "debug")
    said = mishap(KeyError("x"))
    assert "Traceback" in said.err
    assert "KeyError: 'x'" in said.err


def test_exit_code_of_a_command_is_passed_on(mishap: CommandLine) -> None:
    assert mishap(click.exceptions.Exit(1)).code == 1
    assert mishap(SystemExit(1)).code == 1


def test_reader_that_leaves_ends_the_command_without_noise() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "llmsim", "profiles", "show", "default"]
    ended = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, check=False, timeout=60)
    os.close(writer)
    assert (ended.returncode, ended.stderr) == (141, b"")


def test_small_commands_start_without_server_store_or_terminal_libraries() -> None:
    heavy = "{'quart', 'hypercorn', 'lmdb', 'trio', 'rich', 'prometheus_client', 'httpx2'}"
    code = (
        "import sys; from llmsim.cli.main import outcome; outcome(['identity']); outcome(['--help']); "
        f"sys.exit(' '.join({heavy} & set(sys.modules)))"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert ended.stderr == "\n"
    assert "llm" in ended.stdout
