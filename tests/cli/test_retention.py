"""`llmsim snapshot prune` and `schedule` as they are called."""

import signal
import subprocess
import sys
from pathlib import Path

from llmsim.recovery.places import Folder
from llmsim.recovery.snapshot import listed
from tests.children import environment
from tests.said import CommandLine
from tests.snapshots import taken
from tests.stored import fill


def names(place: Path) -> list[str]:
    return [one.name for one in listed(Folder(place))]


def test_prune_says_what_stays_and_what_went(tmp_path: Path, command_line: CommandLine) -> None:
    data_dir, place = fill(tmp_path / "data"), tmp_path / "backup"
    made = [taken(data_dir, place).name for _ in range(3)]
    dry = command_line("snapshot", "prune", place, "--keep-last", "1", "--dry-run")
    assert dry.code == 0
    assert [line.split("\t")[:2] for line in dry.out.splitlines()[1:-1]] == [
        [made[2], "keep"],
        [made[0], "would go"],
        [made[1], "would go"],
    ]
    assert dry.out.splitlines()[-1].startswith("to be removed: 2 snapshots, 0 segments, ")
    assert names(place) == made
    said = command_line("snapshot", "prune", place, "--keep-last", "1", "--json").json()
    assert (said["removed"], said["kept"], said["dry_run"]) == (made[:2], {made[2]: ["last"]}, False)
    assert names(place) == made[2:]


def test_prune_without_a_rule_or_a_place_is_2(tmp_path: Path, command_line: CommandLine) -> None:
    said = command_line("snapshot", "prune", tmp_path)
    assert (said.code, "Say what to keep: --keep-last" in said.err) == (2, True)
    said = command_line("snapshot", "prune", tmp_path / "missing", "--keep-last", "1")
    assert (said.code, f"cannot use {tmp_path}/missing" in said.err) == (2, True)


def test_schedule_takes_one_at_once_and_ends_by_a_signal(tmp_path: Path) -> None:
    data_dir, place = fill(tmp_path / "data"), tmp_path / "backup"
    arguments = ["--data-dir", str(data_dir), "--to", str(place), "--every", "1h", "--keep-last", "2"]
    command = [sys.executable, "-m", "llmsim", "snapshot", "schedule", *arguments]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment()
    ) as running:
        try:
            assert running.stdout is not None
            made = running.stdout.readline().strip()
            running.send_signal(signal.SIGTERM)
            _, errors = running.communicate(timeout=60)
        finally:
            running.kill()
    assert (running.returncode, errors) == (128 + signal.SIGTERM, "")
    assert [f"{place}/{name}" for name in names(place)] == [made]


def test_schedule_with_a_bad_interval_is_2(tmp_path: Path, command_line: CommandLine) -> None:
    said = command_line("snapshot", "schedule", "--to", tmp_path, "--every", "soon")
    assert said.code == 2
    assert "--every" in said.err
