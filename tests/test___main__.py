"""SIGTERM at every stage of a start: real processes, each told to end right after a module of its own was imported."""

import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from threading import Timer

import pytest

from tests.children import STARTUP_S, Server, environment

MODULE = ("-m", "llmsim")
SCRIPT = ("-c", "from llmsim.__main__ import main; main()")
MOMENTS = ("llmsim.cli", "click", "llmsim.settings", "trio", "llmsim.profile", "lmdb", "quart", "llmsim.serving.server")
"""Modules in the order of their import; the first is what the first code of the process asks for."""


def ended_after(module: str, entry: Sequence[str], *arguments: str | Path) -> int:
    """The exit code of a process that gets SIGTERM once it has imported this module; it fails where it never ends."""
    command = [sys.executable, "-X", "importtime", *entry, *map(str, arguments)]
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=environment()
    ) as process:
        watchdog = Timer(STARTUP_S, process.kill)
        watchdog.start()
        assert process.stderr is not None
        imported = any(line.split("|")[-1].strip() == module for line in process.stderr)
        process.send_signal(signal.SIGTERM)
        for _line in process.stderr:
            pass
        process.wait()
        watchdog.cancel()
    assert imported, module
    return process.returncode


@pytest.mark.parametrize("module", MOMENTS)
def test_server_that_is_told_to_end_while_it_starts_ends_well(module: str, tmp_path: Path) -> None:
    assert ended_after(module, MODULE, "serve", "--port", "0", "--data-dir", tmp_path / "data") == 0


def test_console_script_does_the_same(tmp_path: Path) -> None:
    assert ended_after("llmsim.cli", SCRIPT, "serve", "--port", "0", "--data-dir", tmp_path / "data") == 0


def test_store_of_a_start_that_was_ended_is_sound(tmp_path: Path) -> None:
    assert ended_after("llmsim.serving.server", MODULE, "serve", "--port", "0", "--data-dir", tmp_path / "data") == 0
    with Server(tmp_path / "data") as server:
        assert server.stop() == 0


def test_signal_that_comes_when_all_has_ended_leaves_the_exit_code_alone() -> None:
    """Python lets go of modules last: what is told then to end has its exit code already."""
    last = "class Last:\n    __del__ = lambda self, to=os.getpid(), end=os.kill, by=signal.SIGTERM: end(to, by)\n"
    code = f"import os, signal\n{last}last = Last()\nfrom llmsim.__main__ import main\nmain()"
    command = [sys.executable, "-c", code, "serve", "--port", "none"]
    ended = subprocess.run(command, capture_output=True, text=True, env=environment(), check=False, timeout=STARTUP_S)
    assert "Invalid value for '--port'" in ended.stderr
    assert ended.returncode == 2


def test_command_that_did_not_do_its_work_is_not_called_done(tmp_path: Path) -> None:
    """Only a server that is told to end has done what it was there for."""
    assert ended_after("click", MODULE, "check", "--data-dir", tmp_path / "data") == -signal.SIGTERM
