"""The frame of the command line: exit codes, one line for every mishap, help that teaches, a fast start."""

import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import click
import orjson
import pytest

from llmsim import __version__
from llmsim.cli import main
from llmsim.errors import OperatorError, StoreInUse
from tests.said import CommandLine

SMILE = """summary = "A \U0001f600."
context_window = 1000
max_output = 100
output_tokens = { kind = "constant", value = 10 }

[latency]
ttft_ms = { kind = "constant", value = 0 }
itl_ms = { kind = "constant", value = 0 }

[sources]
context_window = "estimate"
max_output = "estimate"
output_tokens = "estimate"
"latency.ttft_ms" = "estimate"
"latency.itl_ms" = "estimate"

[[models]]
id = "smile"
created = 1_767_225_600
owned_by = "llmsim"
"""


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


FULL = "llmsim: cannot write the output: No space left on device"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ("profiles list >/dev/full", 2, FULL),
        ("profiles list --json >/dev/full", 2, FULL),
        ("profiles list >/dev/full 2>/dev/full", 2, ""),
        ("profiles list >&-", 0, ""),
        ("profiles list 2>&-", 0, ""),
        ("profiles list >&- 2>&-", 0, ""),
        ("profiles >/dev/full", 2, FULL),
        ("profiles lst 2>/dev/full", 2, ""),
        ("check --data-dir /nonexistent 2>/dev/full", 2, ""),
    ],
)
def test_output_that_nobody_takes_is_no_bug(arguments: str, code: int, said: str) -> None:
    command = f"{sys.executable} -m llmsim {arguments}"
    done = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr.strip()) == (code, said)


def test_text_that_the_terminal_cannot_show_is_escaped_and_json_is_utf_8(tmp_path: Path) -> None:
    (tmp_path / "smile.toml").write_text(SMILE, encoding="utf-8")
    command = [sys.executable, "-m", "llmsim", "profiles", "list", "--profiles", str(tmp_path)]
    narrow = os.environ | {"PYTHONIOENCODING": "latin-1"}
    shown = subprocess.run(command, capture_output=True, check=True, timeout=60, env=narrow)
    assert b"\\U0001f600" in shown.stdout
    told = subprocess.run([*command, "--json"], capture_output=True, check=True, timeout=60, env=narrow)
    assert any(profile["summary"] == "A \U0001f600." for profile in orjson.loads(told.stdout))
