"""Each store that a test here writes to is sound afterwards; a kubectl that was recorded stands on the path."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.children import environment
from tests.sound import _sound_afterwards, pytest_configure

__all__ = ["_sound_afterwards", "pytest_configure"]

RECORDED = Path(__file__).parent / "kubectl.py"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """What the recorded kubectl knows; it is the one on the path."""
    program = tmp_path / "bin" / "kubectl"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {sys.executable} {RECORDED} {tmp_path} "$@"\n')
    program.chmod(0o755)
    for name, value in environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    yield tmp_path
    if (tmp_path / "pid").exists():
        os.kill(int((tmp_path / "pid").read_text()), signal.SIGKILL)


@pytest.fixture
def begun(folder: Path) -> Callable[[], None]:
    """Has a pod begin."""

    def begin() -> None:
        subprocess.run([sys.executable, RECORDED, folder, "--namespace=", "start"], check=True)
        (folder / "commands").unlink()

    return begin
