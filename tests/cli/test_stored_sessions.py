"""Sessions of a data directory: its claim, its map, and folders without a store."""

from pathlib import Path

import orjson
import pytest

from llmsim.store import operations
from llmsim.store.environment import Environment, claim
from llmsim.store.ownership import open_for
from llmsim.store.schema import STORED_SESSION_ID
from tests.said import CommandLine
from tests.stored import checked, contents, conversation, fill, put


def test_import_that_outgrows_the_map_is_tried_again(
    tmp_path: Path, command_line: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "all.jsonl"
    data_dir = fill(tmp_path / "data", sessions=50)
    file.write_text(command_line("sessions", "export", "--data-dir", data_dir).out)
    other = tmp_path / "other"
    with claim(other), Environment.open(other, create=True, map_bytes=4096 * 20) as environment:
        open_for(environment, seed=7, ordinal=0, now_s=0)
    monkeypatch.setattr("llmsim.cli.stored_sessions.MAP_BYTES", 4096 * 20)
    monkeypatch.setattr("llmsim.cli.stored_sessions.ROOM_FACTOR", 0)
    grown: list[int] = []
    grow = Environment.grow

    def growing(environment: Environment) -> int:
        grown.append(grow(environment))
        return grown[-1]

    monkeypatch.setattr(Environment, "grow", growing)
    assert command_line("sessions", "import", file, "--data-dir", other).code == 0
    assert grown
    assert contents(other)["turns"] == contents(data_dir)["turns"]


def test_writing_while_a_server_has_the_store_points_to_url(tmp_path: Path, command_line: CommandLine) -> None:
    data_dir = fill(tmp_path / "data")
    with claim(data_dir):
        for arguments in (("delete", "s-0"), ("fork", "s-0")):
            said = command_line("sessions", *arguments, "--data-dir", data_dir)
            assert said.code == 3
            assert "is in use by process" in said.err
            assert "ask it with --url" in said.err
        assert command_line("sessions", "list", "--data-dir", data_dir).code == 0


@pytest.mark.parametrize("command", [("list",), ("show", "x"), ("delete", "x"), ("fork", "x"), ("export",)])
def test_sessions_of_a_folder_without_a_store_is_2_and_makes_nothing(
    command: tuple[str, ...], tmp_path: Path, command_line: CommandLine
) -> None:
    said = command_line("sessions", *command, "--data-dir", tmp_path / "typo")
    assert said.code == 2
    assert "no store in" in said.err
    assert not (tmp_path / "typo").exists()


def test_session_that_could_not_be_made_today_is_sound_and_can_be_taken_along(
    tmp_path: Path, command_line: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stores may have sessions `.` and `..`: no URL leads to them, the command line does."""
    data_dir = fill(tmp_path / "data", sessions=0)
    with monkeypatch.context() as earlier, checked(data_dir) as environment:
        earlier.setattr(operations, "SESSION_ID", STORED_SESSION_ID)
        put(environment, *conversation("..", 2))
    exported = tmp_path / "exported.jsonl"
    exported.write_text(command_line("sessions", "export", "..", "--data-dir", data_dir).out)
    refused = command_line("sessions", "import", exported, "--data-dir", fill(tmp_path / "other"))
    assert (refused.code, refused.err) == (2, f"llmsim: {exported}: line 2: not a session id: '..'\n")
    assert command_line("sessions", "fork", "..", "--id", ".", "--data-dir", data_dir).code == 2
    assert command_line("sessions", "fork", "..", "--id", "up", "--data-dir", data_dir).out == "up\n"
    assert command_line("sessions", "delete", "..", "--data-dir", data_dir).code == 0
    assert command_line("sessions", "show", "up", "--data-dir", data_dir).out.startswith("up: 2 turns, ")


def test_export_of_a_long_session_is_read_while_it_is_written(tmp_path: Path, command_line: CommandLine) -> None:
    data_dir = fill(tmp_path / "data", sessions=0)
    with checked(data_dir) as environment:
        put(environment, *conversation("long", 1500))
    lines = command_line("sessions", "export", "--data-dir", data_dir).out.splitlines()
    assert orjson.loads(lines[-1]) == {"type": "end", "sessions": 1, "turns": 1500, "resources": 0, "items": 0}
