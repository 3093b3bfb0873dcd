"""`llmsim restore` as it is called: what it says, and the exit code of each refusal."""

from pathlib import Path

import pytest

from llmsim.recovery.segments import folder_of
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


def test_restore_if_empty_leaves_a_store_and_asks_nobody(tmp_path: Path, command_line: CommandLine) -> None:
    target = fill(tmp_path / "data", sessions=1)
    before = contents(target)
    said = command_line("restore", tmp_path / "missing", "--data-dir", target, "--if-empty")
    assert (said.code, said.out) == (0, f"{target} holds a store already: nothing was restored\n")
    assert contents(target) == before
    as_json = command_line("restore", tmp_path / "missing", "--data-dir", target, "--if-empty", "--json").json()
    assert (as_json["restored"], as_json["reason"]) == (False, f"{target} holds a store already")


def test_restore_if_empty_restores_into_what_a_mount_left(
    snapshot: Path, tmp_path: Path, command_line: CommandLine
) -> None:
    target = tmp_path / "fresh"
    (target / "lost+found").mkdir(parents=True)
    said = command_line("restore", snapshot, "--data-dir", target, "--ordinal", "0", "--if-empty", "--or-fresh")
    assert said.code == 0
    assert contents(target) == contents(tmp_path / "lost")


def test_restore_if_empty_does_not_take_a_folder_of_something_else_for_empty(
    snapshot: Path, tmp_path: Path, command_line: CommandLine
) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "notes.txt").touch()
    said = command_line("restore", snapshot, "--data-dir", tmp_path / "other", "--ordinal", "0", "--if-empty")
    assert said.code == 3
    assert "is not empty: it holds notes.txt" in said.err


@pytest.mark.parametrize("ordinal", ["0", "7"])
def test_restore_or_fresh_of_a_place_with_nothing_of_this_pod_is_0(
    ordinal: str, snapshot: Path, tmp_path: Path, command_line: CommandLine
) -> None:
    place = snapshot.parent if ordinal == "7" else tmp_path / "empty"
    place.mkdir(exist_ok=True)
    arguments = ("restore", place, "--data-dir", tmp_path / "fresh", "--ordinal", ordinal)
    assert command_line(*arguments).code == 2
    said = command_line(*arguments, "--or-fresh")
    assert said.code == 0
    assert "holds no snapshot" in said.out
    assert "nothing was restored" in said.out
    assert not (tmp_path / "fresh" / "data.mdb").exists()


def test_restore_or_fresh_of_a_place_that_is_not_there_or_damaged_is_no_fresh_start(
    snapshot: Path, tmp_path: Path, command_line: CommandLine
) -> None:
    fresh = ("--data-dir", tmp_path / "fresh", "--ordinal", "0", "--if-empty", "--or-fresh")
    assert command_line("restore", tmp_path / "missing", *fresh).code == 2
    (snapshot / "records-00001.zst").write_bytes(b"")
    assert command_line("restore", snapshot.parent, *fresh).code == 3


def test_restore_or_fresh_does_not_pass_over_an_archive_whose_snapshots_are_gone(
    tmp_path: Path, command_line: CommandLine
) -> None:
    segment = tmp_path / "place" / folder_of(0, "generation") / "000000000001-000000000003.segment"
    segment.parent.mkdir(parents=True)
    segment.touch()
    arguments = ("restore", tmp_path / "place", "--data-dir", tmp_path / "fresh", "--or-fresh", "--ordinal")
    said = command_line(*arguments, "0")
    assert said.code == 2
    assert "holds an archive of pod 0, but no snapshot of it" in said.err
    assert command_line(*arguments, "1").code == 0


@pytest.mark.parametrize("flag", ["--replace", "--merge"])
@pytest.mark.parametrize("sparing", ["--if-empty", "--or-fresh"])
def test_restore_that_may_do_nothing_goes_with_no_flag_that_touches_a_store(
    sparing: str, flag: str, snapshot: Path, tmp_path: Path, command_line: CommandLine
) -> None:
    said = command_line("restore", snapshot, "--data-dir", tmp_path / "fresh", sparing, flag)
    assert said.code == 2
    assert "exclude one another" in said.err
