"""`llmsim sessions`, on a data directory and against a real server alike."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from llmsim.store.resources import AppendItems, PutResource
from tests.children import Server
from tests.said import CommandLine, Said
from tests.stored import checked, contents, conversation, fill, items_of, put, shown, turn_of


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """Sessions s-0, s-1, s-2 of 4 turns, and `tree`: a turn 1, two turns 2, and a turn 3 after one of these.

    An API keeps s-2 as a conversation of three items, and its first turn as a response.
    """
    data_dir = fill(tmp_path / "data")
    with checked(data_dir) as environment:
        root = turn_of("tree", "Hello", replies=2)
        left, right = turn_of("tree", "to the left", root), turn_of("tree", "to the right", root, choice=1)
        put(environment, root, right, turn_of("tree", "and on", right))
        put(environment, left, ending=None)
        first = next(conversation("s-2", 1))
        with environment.write() as view:
            PutResource(shown(first, id="conv_1", turn=None, kind="test.conversation", lists=("all",)))(view)
            PutResource(shown(first, id="resp_1"))(view)
            AppendItems("s-2", items_of("s-2", 3))(view)
    return data_dir


class Sessions:
    """`llmsim sessions ... --data-dir` or `--url`, the same to every test."""

    def __init__(self, command_line: CommandLine, *where: str) -> None:
        self.command_line = command_line
        self.where = where

    def __call__(self, command: str, *arguments: object) -> Said:
        return self.command_line("sessions", command, *arguments, *self.where)


@pytest.fixture(params=["data-dir", "url"])
def sessions(request: pytest.FixtureRequest, data_dir: Path, command_line: CommandLine) -> Iterator[Sessions]:
    if request.param == "data-dir":
        yield Sessions(command_line, "--data-dir", str(data_dir))
        return
    with Server(data_dir, "--ordinal", "0", "--instant") as server:
        yield Sessions(command_line, "--url", server.url)


def test_list_has_a_line_for_each_session(sessions: Sessions) -> None:
    said = sessions("list")
    assert (said.code, said.err) == (0, "")
    header, *rows = [line.split("\t") for line in said.out.splitlines()]
    assert header == ["session", "turns", "created", "updated", "forked from"]
    assert [row[:2] for row in rows] == [["s-0", "4"], ["s-1", "4"], ["s-2", "4"], ["tree", "4"]]
    assert rows[0][2:] == ["2023-11-14T22:13:21Z", "2023-11-14T22:13:24Z", ""]


def test_list_in_pages_says_how_to_go_on(sessions: Sessions) -> None:
    first = sessions("list", "--prefix", "s-", "--limit", "2", "--json").json()
    assert [one["id"] for one in first["data"]] == ["s-0", "s-1"]
    assert (first["object"], first["has_more"], first["last_id"]) == ("list", True, "s-1")
    assert sessions("list", "--prefix", "s-", "--limit", "2").err == "there are more: --after s-1\n"
    second = sessions("list", "--prefix", "s-", "--limit", "2", "--after", "s-1", "--json").json()
    assert [one["id"] for one in second["data"]] == ["s-2"]
    assert second["has_more"] is False


def test_show_prints_the_conversation(sessions: Sessions) -> None:
    said = sessions("show", "s-0")
    lines = said.out.splitlines()
    assert lines[0] == "s-0: 4 turns, 2023-11-14T22:13:21Z to 2023-11-14T22:13:24Z"
    assert lines[1].startswith("  turn 1-")
    assert lines[1].endswith("-0 (completed)")
    assert lines[2:4] == ["    user: Tell me more (1)", "    assistant: You said: Tell me more (1). (0)"]
    assert lines[-3].endswith("-0 (completed, tip)")


def test_show_names_what_an_api_keeps_in_the_session(sessions: Sessions) -> None:
    turn = next(conversation("s-2", 1)).key
    assert sessions("show", "s-2").out.splitlines()[1:4] == [
        "kept by id: 2 resources, 3 items",
        "  conv_1 (test.conversation)",
        f"  resp_1 (test.response, turn {turn})",
    ]
    found = sessions("show", "s-2", "--json").json()["session"]
    assert [one["id"] for one in found["resources"]["data"]] == ["conv_1", "resp_1"]
    assert (found["resources"]["count"], found["items"]) == (2, {"count": 3})
    assert "resources" not in sessions("list", "--prefix", "s-2", "--json").json()["data"][0]


def test_show_of_branches_indents_them(sessions: Sessions) -> None:
    lines = sessions("show", "tree").out.splitlines()
    said = [line for line in lines if line.lstrip().startswith(("user:", "assistant"))]
    assert said[:3] == [
        "    user: Hello",
        "    assistant 0: You said: Hello. (0)",
        "    assistant 1: You said: Hello. (1)",
    ]
    assert sorted(said[3:]) == sorted(
        [
            "      user: to the left",
            "      assistant: You said: to the left. (0)",
            "      user: to the right",
            "      assistant: You said: to the right. (0)",
            "      user: and on",
            "      assistant: You said: and on. (0)",
        ]
    )
    begun = [line for line in lines if line.startswith("  - turn 2-")]
    assert len(begun) == 2
    assert any("(not ended, tip)" in line for line in begun)
    assert any("(completed, after choice 1)" in line for line in begun)


def test_show_as_json_has_session_turns_and_tree(sessions: Sessions) -> None:
    shown = sessions("show", "tree", "--json").json()
    assert shown["session"]["id"] == "tree"
    assert [turn["number"] for turn in shown["turns"]] == [1, 2, 2, 3]
    [root] = shown["tree"]["roots"]
    assert shown["turns"][0]["id"] == root
    assert shown["tree"]["children"][root] == [turn["id"] for turn in shown["turns"][1:3]]
    assert len(shown["tree"]["leaves"]) == 2


def test_unknown_session_is_2_and_names_those_near(sessions: Sessions) -> None:
    for command in ("show", "fork", "delete", "export"):
        said = sessions(command, "s-9")
        assert said.code == 2
        assert "Session 's-9' not found. Did you mean s-" in said.err
    assert sessions("show", "unlike/any").err == "llmsim: Session 'unlike/any' not found.\n"


def test_fork_takes_the_turns_up_to_one(sessions: Sessions) -> None:
    assert sessions("fork", "s-0", "--at", "2").out == "s-0.fork-1\n"
    assert sessions("fork", "s-0").out == "s-0.fork-2\n"
    made = sessions("fork", "s-0", "--at", "1", "--id", "mine", "--json").json()
    assert (made["id"], made["turns"], made["forked_from"]) == ("mine", 1, "s-0")
    assert [sessions("show", f"s-0.fork-{n}", "--json").json()["session"]["turns"] for n in (1, 2)] == [2, 4]
    assert sessions("show", "s-0", "--json").json()["session"]["turns"] == 4


def test_fork_that_cannot_be_is_2_and_says_why(sessions: Sessions) -> None:
    taken = sessions("fork", "s-0", "--id", "s-1")
    assert (taken.code, taken.err) == (2, "llmsim: Session 's-1' exists already.\n")
    late = sessions("fork", "s-0", "--at", "9")
    assert (late.code, late.err) == (2, "llmsim: Session 's-0': no turn 9: the session has turns 1 to 4\n")
    bad = sessions("fork", "s-0", "--id", "no good")
    assert bad.code == 2
    assert "expected 1 to 128 characters of A-Z a-z 0-9 . _ : -, but neither . nor .." in bad.err


def test_delete_removes_a_session(sessions: Sessions) -> None:
    assert sessions("delete", "s-1").out == "deleted s-1\n"
    assert sessions("delete", "s-1", "--json").code == 2
    assert sessions("delete", "s-2", "--json").json() == {"object": "session.deleted", "id": "s-2", "deleted": True}
    assert [one["id"] for one in sessions("list", "--json").json()["data"]] == ["s-0", "tree"]


def test_export_imported_elsewhere_is_the_same(
    sessions: Sessions, tmp_path: Path, data_dir: Path, command_line: CommandLine
) -> None:
    file = tmp_path / "all.jsonl"
    file.write_text(sessions("export").out)
    other = fill(tmp_path / "other", sessions=0)
    said = command_line("sessions", "import", file, "--data-dir", other)
    assert (said.code, said.out) == (0, "imported 4 sessions with 16 turns\n")
    assert contents(other) == contents(data_dir)


def test_export_and_import_of_one_session_round_trip(sessions: Sessions, tmp_path: Path) -> None:
    before = sessions("export", "tree").out
    file = tmp_path / "tree.jsonl"
    file.write_text(before)
    refused = sessions("import", file)
    assert refused.code == 2
    assert "nothing was imported, these sessions exist already: tree" in refused.err
    sessions("delete", "tree")
    assert sessions("import", file, "--json").json() == {"object": "llmsim.import", "sessions": 1, "turns": 4}
    assert sessions("export", "tree").out == before


def test_import_of_a_garbage_line_names_file_and_line(sessions: Sessions, tmp_path: Path) -> None:
    file = tmp_path / "garbage.jsonl"
    lines = sessions("export", "tree").out.splitlines(keepends=True)
    file.write_text("".join([*lines[:3], "garbage\n", *lines[4:]]))
    sessions("delete", "tree")
    said = sessions("import", file)
    assert said.code == 2
    assert str(file) in said.err
    assert "line 4: not JSON" in said.err
    assert sessions("show", "tree").code == 2


def test_import_of_a_missing_file_is_2(sessions: Sessions) -> None:
    said = sessions("import", "missing.jsonl")
    assert said.code == 2
    assert "missing.jsonl" in said.err


def test_import_from_a_pipe(data_dir: Path, tmp_path: Path) -> None:
    program = [sys.executable, "-m", "llmsim", "sessions"]
    other = fill(tmp_path / "other", sessions=0)
    with subprocess.Popen([*program, "export", "--data-dir", str(data_dir)], stdout=subprocess.PIPE) as source:
        command = [*program, "import", "-", "--data-dir", str(other)]
        target = subprocess.run(command, stdin=source.stdout, capture_output=True, check=True, timeout=60)
    assert target.stdout == b"imported 4 sessions with 16 turns\n"
    assert contents(other) == contents(data_dir)


def test_sessions_at_both_a_url_and_a_data_dir_is_2(command_line: CommandLine, tmp_path: Path) -> None:
    said = command_line("sessions", "list", "--url", "http://127.0.0.1:1", "--data-dir", tmp_path)
    assert said.code == 2
    assert "give --data-dir or --url, not both" in said.err
