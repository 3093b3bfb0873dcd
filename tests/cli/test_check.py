"""`llmsim check` as it is called: exit codes, findings in words and as JSON, on stores and on snapshots."""

from pathlib import Path

from llmsim.store.environment import Environment, claim
from llmsim.store.schema import Table
from tests.said import CommandLine
from tests.snapshots import taken
from tests.stored import fill


def test_check_of_a_sound_store_or_snapshot_is_0(tmp_path: Path, command_line: CommandLine) -> None:
    data_dir = fill(tmp_path / "data")
    snapshot = taken(data_dir, tmp_path / "backup")
    for path in (data_dir, snapshot):
        said = command_line("check", "--data-dir", path)
        assert (said.code, said.out, said.err) == (0, f"{path} is sound\n", "")


def test_check_beside_a_server_is_0(tmp_path: Path, command_line: CommandLine) -> None:
    with claim(fill(tmp_path / "data")):
        assert command_line("check", "--data-dir", tmp_path / "data").code == 0


def test_check_of_a_broken_store_is_1_and_names_each_finding(tmp_path: Path, command_line: CommandLine) -> None:
    data_dir = fill(tmp_path / "data", sessions=1, turns=2)
    with Environment.open(data_dir) as environment, environment.write() as view:
        for key in [key for key, _ in view.scan(Table.HEADS)]:
            view.delete(Table.HEADS, key)
    said = command_line("check", "--data-dir", data_dir)
    assert said.code == 1
    assert said.out.count("a reply ends there, and no head says so") == 2
    as_json = command_line("check", "--data-dir", data_dir, "--json")
    assert as_json.code == 1
    assert as_json.json() == {
        "object": "llmsim.check",
        "path": str(data_dir),
        "sound": False,
        "findings": said.out.splitlines(),
    }


def test_check_of_a_damaged_snapshot_is_1(tmp_path: Path, command_line: CommandLine) -> None:
    snapshot = taken(fill(tmp_path / "data"), tmp_path / "backup")
    (snapshot / "records-00001.zst").unlink()
    said = command_line("check", "--data-dir", snapshot)
    assert said.code == 1
    assert "records-00001.zst is missing" in said.out


def test_check_of_what_cannot_be_opened_is_3_and_of_what_is_missing_2(
    tmp_path: Path, command_line: CommandLine
) -> None:
    assert command_line("check", "--data-dir", tmp_path / "missing").code == 2
    (tmp_path / "data.mdb").write_bytes(b"not a store" * 1000)
    said = command_line("check", "--data-dir", tmp_path)
    assert said.code == 3
    assert "is not an LMDB file" in said.err


def test_check_takes_an_empty_folder_for_sound_where_that_is_allowed(tmp_path: Path, command_line: CommandLine) -> None:
    (tmp_path / "empty" / "lost+found").mkdir(parents=True)
    for path in (tmp_path / "empty", tmp_path / "missing"):
        assert command_line("check", "--data-dir", path).code == 2
        said = command_line("check", "--data-dir", path, "--allow-empty")
        assert (said.code, said.out) == (0, f"{path} is empty\n")
        assert command_line("check", "--data-dir", path, "--allow-empty", "--json").json()["sound"] is True


def test_check_that_allows_an_empty_folder_looks_at_one_that_is_not(tmp_path: Path, command_line: CommandLine) -> None:
    data_dir = fill(tmp_path / "data", sessions=1)
    assert command_line("check", "--data-dir", data_dir, "--allow-empty").out == f"{data_dir} is sound\n"
    with (data_dir / "data.mdb").open("r+b") as file:
        file.truncate(4096)
    assert command_line("check", "--data-dir", data_dir, "--allow-empty").code != 0
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "notes.txt").touch()
    assert command_line("check", "--data-dir", tmp_path / "other", "--allow-empty").code == 2
