"""Bars for people, silence for pipes, and signals that let work be taken back."""

import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import orjson
import pytest

from llmsim.cli import progress
from llmsim.cli.progress import measured, reporting
from tests.stored import fill


def test_reporting_away_from_a_terminal_is_silent(capsys: pytest.CaptureFixture[str]) -> None:
    with reporting() as report:
        report("copy", 1, 2)
    assert capsys.readouterr() == ("", "")


def test_reporting_as_json_is_a_line_now_and_then(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    times = iter((0.0, 0.5, 1.0, 1.0, 1.5, 2.5, 2.5))
    monkeypatch.setattr(progress, "monotonic", lambda: next(times))
    with reporting(as_json=True) as report:
        for done in range(4):
            report("check" if done > 1 else "copy", done, 4)
    out, err = capsys.readouterr()
    assert out == ""
    assert [orjson.loads(line) for line in err.splitlines()] == [
        {"step": "copy", "done": 1, "total": 4, "unit": "byte"},
        {"step": "check", "done": 3, "total": 4, "unit": "turn"},
    ]


def test_reporting_turns_a_signal_into_an_exception_and_ends_with_it() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(SystemExit) as ended, reporting():
        os.kill(os.getpid(), signal.SIGTERM)
    assert ended.value.code == 143
    assert signal.getsignal(signal.SIGTERM) is before


def test_measured_counts_what_the_step_is_about_and_bytes_elsewhere() -> None:
    assert measured("check", 12_000) == "12,000 turns"
    assert measured("check", 1) == "1 turn"
    assert measured("segments", 2) == "2 commits"
    assert measured("merge", 1) == "1 session"
    assert measured("copy", 3 << 19) == "1.5 MiB"


def test_bars_on_a_terminal_name_each_step(tmp_path: Path) -> None:
    """What a person sees: a real terminal as stderr, the result alone on stdout."""
    data_dir = fill(tmp_path / "data")
    ours, theirs = pty.openpty()
    arguments = ["snapshot", "create", "--data-dir", str(data_dir), "--to", str(tmp_path / "b")]
    command = [sys.executable, "-m", "llmsim", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=theirs, env={**os.environ, "TERM": "xterm"}) as made:
        os.close(theirs)
        shown = b""
        while chunk := read(ours):
            shown += chunk
        assert made.stdout is not None
        printed = made.stdout.read().decode().strip()
    os.close(ours)
    assert made.returncode == 0
    assert Path(printed).parent == tmp_path / "b"
    for step in (b"copy", b"manifest", b"MiB"):
        assert step in shown


def read(terminal: int) -> bytes:
    """What the terminal shows next; nothing when the other end is closed, which Linux tells as an error."""
    try:
        return os.read(terminal, 65536)
    except OSError:
        return b""
