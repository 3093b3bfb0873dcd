"""`llmsim snapshot` as it is called: its output, its exit codes, and what signals leave behind."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from llmsim.cli.snapshot import ARCHIVE_HEADER
from tests.archives import GENERATION, archive, segments_in
from tests.said import CommandLine
from tests.snapshots import contents_of, flip
from tests.stored import contents, fill


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return fill(tmp_path / "data")


def test_snapshot_create_prints_where_it_is(data_dir: Path, tmp_path: Path, command_line: CommandLine) -> None:
    said = command_line("snapshot", "create", "--data-dir", data_dir, "--to", tmp_path / "backup")
    assert (said.code, said.err) == (0, "")
    assert contents_of(Path(said.out.strip())) == contents(data_dir)


def test_snapshot_create_as_json_gives_path_and_manifest(
    data_dir: Path, tmp_path: Path, command_line: CommandLine
) -> None:
    said = command_line("snapshot", "create", "--data-dir", data_dir, "--to", tmp_path / "backup", "--json")
    made = said.json()
    assert Path(made["path"]).name == made["name"]
    assert made["tables"]["turns"] == 12
    assert made["problem"] is None


def test_snapshot_list_shows_each_and_what_is_wrong(data_dir: Path, tmp_path: Path, command_line: CommandLine) -> None:
    backup = tmp_path / "backup"
    for _ in range(2):
        command_line("snapshot", "create", "--data-dir", data_dir, "--to", backup)
    first, second = sorted(backup.iterdir())
    (first / "manifest.json").write_text("{}")
    said = command_line("snapshot", "list", backup)
    assert said.code == 0
    header, *rows = [line.split("\t") for line in said.out.splitlines()]
    assert header == ["snapshot", "created", "ordinal", "sessions", "turns", "bytes", "problem"]
    assert [row[0] for row in rows] == [first.name, second.name]
    assert rows[0][-1] == "manifest.json is not a manifest: expected the keys digest and manifest"
    assert rows[1][2:5] == ["0", "3", "12"]
    listed = command_line("snapshot", "list", backup, "--json").json()
    assert [one["name"] for one in listed["data"]] == [first.name, second.name]


def test_snapshot_list_shows_the_archives_behind_them(tmp_path: Path, command_line: CommandLine) -> None:
    _, place = archive(tmp_path, commits=3)
    said = command_line("snapshot", "list", place.path)
    _, snapshot, empty, header, row = said.out.splitlines()
    assert (snapshot.split("\t")[0][:9], empty) == ("llmsim-0-", "")
    assert header.split("\t") == list(ARCHIVE_HEADER)
    assert row.split("\t")[:2] + row.split("\t")[3:4] + row.split("\t")[-1:] == [GENERATION, "0", "3", ""]
    [listed] = command_line("snapshot", "list", place.path, "--json").json()["archives"]
    assert (listed["generation"], listed["segments"], listed["whole"]) == (GENERATION, 3, True)
    segments_in(place)[1].unlink()
    assert command_line("snapshot", "list", place.path).out.splitlines()[-1].endswith("\tentries are missing")


def test_snapshot_verify_of_a_whole_one_is_0_and_of_a_damaged_one_1(
    data_dir: Path, tmp_path: Path, command_line: CommandLine
) -> None:
    made = Path(command_line("snapshot", "create", "--data-dir", data_dir, "--to", tmp_path / "b").out.strip())
    whole = command_line("snapshot", "verify", made)
    assert (whole.code, whole.out) == (0, f"{made} is whole\n")
    flip(made / "records-00001.zst", 1000)
    damaged = command_line("snapshot", "verify", made)
    assert (damaged.code, damaged.out) == (1, f"{made}: records-00001.zst does not have the sha256 of the manifest\n")
    assert command_line("snapshot", "verify", made, "--json").json() == {
        "object": "llmsim.verification",
        "path": str(made),
        "whole": False,
        "problems": [f"{made}: records-00001.zst does not have the sha256 of the manifest"],
    }


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("create", "--data-dir", "missing", "--to", "."), "no store in"),
        (("create", "--data-dir", "."), "Missing option '--to'"),
        (("list", "missing"), "cannot use missing: no such file or directory: "),
        (("verify", "missing/snapshot"), "cannot use missing: no such file or directory: "),
        (("verify", "file"), "cannot use .: not a directory: "),
    ],
)
def test_snapshot_of_what_is_not_there_is_2_and_one_line(
    arguments: tuple[str, ...],
    message: str,
    tmp_path: Path,
    command_line: CommandLine,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    said = command_line("snapshot", *arguments)
    assert said.code == 2
    assert message in said.err
    assert "Traceback" not in said.err


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_snapshot_create_ended_by_a_signal_leaves_nothing(
    data_dir: Path, tmp_path: Path, number: signal.Signals
) -> None:
    """The process stops itself where a snapshot is half made, and is sent the signal there.

    SIGINT is as at a terminal, also where the tests run in the background and it is ignored.
    """
    script = f"""
import os, signal, sys
from llmsim.recovery.places import Folder
from llmsim.cli.main import run
signal.signal(signal.SIGINT, signal.default_int_handler)
real = Folder.put
def put(folder, name, content):
    real(folder, name, content)
    os.kill(os.getpid(), {int(number)})
Folder.put = put
sys.argv = ["llmsim", "snapshot", "create", "--data-dir", {str(data_dir)!r}, "--to", {str(tmp_path / "backup")!r}]
run()
"""
    ended = subprocess.run([sys.executable, "-c", script], check=False, timeout=60, capture_output=True, env=os.environ)
    assert ended.returncode == 128 + number
    assert b"Traceback" not in ended.stderr
    assert list((tmp_path / "backup").iterdir()) == []
