"""`llmsim restore` as it is called: what it says, and the exit code of each refusal."""

from pathlib import Path

import pytest

from llmsim.store.environment import claim
from tests.said import CommandLine
from tests.snapshots import taken
from tests.stored import contents, fill


@pytest.fixture
def snapshot(tmp_path: Path) -> Path:
    return taken(fill(tmp_path / "lost"), tmp_path / "backup")


def test_restore_says_what_came_back(snapshot: Path, tmp_path: Path, command_line: CommandLine) -> None:
    target = tmp_path / "fresh"
    said = command_line("restore", snapshot, "--data-dir", target, "--ordinal", "0")
    assert (said.code, said.out) == (0, f"restored {snapshot} to {target}: 3 sessions, 12 turns, pod 0\n")
    assert contents(target) == contents(tmp_path / "lost")


def test_restore_with_replace_says_where_the_old_store_is(
    snapshot: Path, tmp_path: Path, command_line: CommandLine
) -> None:
    target = fill(tmp_path / "data", sessions=1)
    before = contents(target)
    refused = command_line("restore", snapshot, "--data-dir", target, "--ordinal", "0")
    assert refused.code == 3
    assert "already holds a store: restore --replace" in refused.err
    said = command_line("restore", snapshot, "--data-dir", target, "--ordinal", "0", "--replace")
    assert said.code == 0
    kept = Path(said.out.splitlines()[1].removeprefix("the store that was there is kept in "))
    assert contents(kept) == before


def test_restore_as_json_tells_the_same(snapshot: Path, tmp_path: Path, command_line: CommandLine) -> None:
    said = command_line("restore", snapshot, "--data-dir", tmp_path / "fresh", "--ordinal", "4", "--adopt", "--json")
    answer = said.json()
    assert (answer["ordinal"], answer["kept"], answer["tables"]["turns"]) == (4, None, 12)


def test_restore_of_another_pod_is_3_and_names_the_way_out(
    snapshot: Path, tmp_path: Path, command_line: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LLMSIM_ORDINAL", "2")
    said = command_line("restore", snapshot, "--data-dir", tmp_path / "fresh")
    assert said.code == 3
    assert "the snapshot is of pod 0, this is pod 2: restore --adopt makes it the store of pod 2" in said.err


def test_restore_while_the_folder_is_in_use_is_3(snapshot: Path, tmp_path: Path, command_line: CommandLine) -> None:
    target = fill(tmp_path / "data", sessions=1)
    with claim(target):
        said = command_line("restore", snapshot, "--data-dir", target, "--ordinal", "0", "--replace")
    assert said.code == 3
    assert "is in use by process" in said.err


def test_restore_of_a_damaged_snapshot_is_3(snapshot: Path, tmp_path: Path, command_line: CommandLine) -> None:
    (snapshot / "records-00001.zst").write_bytes(b"")
    said = command_line("restore", snapshot, "--data-dir", tmp_path / "fresh", "--ordinal", "0")
    assert said.code == 3
    assert "records-00001.zst has 0 bytes" in said.err


def test_restore_of_what_is_not_there_is_2(tmp_path: Path, command_line: CommandLine) -> None:
    said = command_line("restore", tmp_path / "missing", "--data-dir", tmp_path / "fresh")
    assert said.code == 2
    assert f"no such file or directory: {tmp_path}/missing" in said.err


def test_restore_with_merge_says_what_came_and_what_was_left(tmp_path: Path, command_line: CommandLine) -> None:
    gone = fill(tmp_path / "gone", sessions=3, ordinal=2, said="Said by pod 2")
    target = fill(tmp_path / "data", sessions=1)
    said = command_line("restore", gone, "--data-dir", target, "--ordinal", "0", "--merge")
    assert said.code == 1
    assert said.err == "llmsim: session s-0 is there already, and differs: left as it is\n"
    assert said.out == f"merged {gone} into {target}: 2 sessions brought, 0 the same, 1 left\n"
    forked = command_line(
        "restore", gone, "--data-dir", target, "--ordinal", "0", "--merge", "--on-conflict", "fork", "--json"
    )
    assert forked.code == 0
    assert forked.json()["forked"] == [{"session": "s-0", "fork": "s-0.fork-1"}]
    assert command_line("check", "--data-dir", target).code == 0


def test_restore_with_options_that_exclude_one_another_is_2(tmp_path: Path, command_line: CommandLine) -> None:
    for flags in (("--merge", "--replace"), ("--latest", "--at-turn", "3")):
        said = command_line("restore", tmp_path, "--data-dir", tmp_path / "data", *flags)
        assert (said.code, "exclude one another" in said.err) == (2, True)
