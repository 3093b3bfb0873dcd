"""Snapshots of a server under load, restored elsewhere: every turn of every one of them would be said again."""

from pathlib import Path

import trio

from llmsim.clock import Pace
from llmsim.replay.virtual import DEFAULT_EPOCH_S
from tests.children import Server, llmsim
from tests.crowd import SESSIONS, TURNS, crowd, visit
from tests.said import CommandLine

SPEED = 2.0
SNAPSHOTS = 4


async def talk_and_copy(server: Server, data_dir: Path, backups: Path) -> list[Path]:
    """The snapshots that were taken, one after another, while the crowd talked."""
    made: list[Path] = []
    async with trio.open_nursery() as nursery:
        nursery.start_soon(copy, data_dir, backups, made)
        await visit(server.url, crowd(0), Pace(SPEED))
    return made


async def copy(data_dir: Path, backups: Path, made: list[Path]) -> None:
    for _ in range(SNAPSHOTS):
        arguments = ("snapshot", "create", "--data-dir", data_dir, "--to", backups)
        ended = await trio.to_thread.run_sync(llmsim, *arguments)
        assert ended.returncode == 0, ended.stderr
        made.append(Path(ended.stdout.strip()))


def test_snapshots_under_load_are_proven_after_restore(tmp_path: Path, command_line: CommandLine) -> None:
    data = tmp_path / "data"
    flags = ("--seed", "0", "--ordinal", "0", "--epoch", str(DEFAULT_EPOCH_S), "--speed", str(SPEED))
    with Server(data, *flags) as server:
        made = trio.run(talk_and_copy, server, data, tmp_path / "backups")
        assert server.stop() == 0
    counts = []
    for snapshot in made:
        restored = tmp_path / f"restored-{snapshot.name}"
        assert command_line("snapshot", "verify", snapshot).code == 0
        assert command_line("restore", snapshot, "--data-dir", restored, "--ordinal", "0").code == 0
        assert command_line("check", "--data-dir", restored).code == 0
        proven = command_line("replay", "--store", restored, "--json")
        assert proven.code == 0, proven.out
        counts.append(proven.json()["turns"])
    assert counts == sorted(counts)
    assert any(0 < turns < SESSIONS * len(TURNS) for turns in counts), f"all taken before or after the talk: {counts}"
