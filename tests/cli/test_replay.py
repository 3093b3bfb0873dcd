"""`llmsim replay`: scripts found, played, compared and told; stores drawn again, as snapshots and while served, too."""

import socket
from pathlib import Path
from typing import Any

import attrs
import httpx2
import orjson
import pytest

from llmsim.replay.transcript import digest
from llmsim.simulation.plan import PLAN_VERSION
from llmsim.store import codec
from llmsim.store.environment import Environment
from llmsim.store.schema import Table, Turn
from llmsim.turn import FinishReason, Reply, Usage
from tests.children import Server
from tests.pods import CHAT
from tests.said import CommandLine

SCRIPT = """
summary = "Two turns"
params = { max_tokens = 12 }
[[session]]
id = "two"
turn = [{ user = "Hello, my name is Ada." }, { user = "What is my name?", think_s = 5, expect = ["Ada"] }]
"""


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "two.toml"
    path.write_text(SCRIPT)
    return path


def write_expecting(path: Path, pattern: str) -> Path:
    path.write_text(SCRIPT.replace('["Ada"]', f'["{pattern}"]'))
    return path


def test_replay_says_what_was_played(script: Path, command_line: CommandLine) -> None:
    said = command_line("replay", script)
    assert (said.code, said.err) == (0, "")
    rows = dict(line.rsplit("  ", 1) for line in said.out.splitlines())
    told = {name.strip(): value for name, value in rows.items()}
    assert (told["sessions"], told["turns"], told["differences"]) == ("1", "2", "0")
    assert float(told["simulated s"]) > 5


def test_replay_as_json_has_the_digest_of_what_it_writes(
    script: Path, tmp_path: Path, command_line: CommandLine
) -> None:
    said = command_line("replay", script, "--out", tmp_path / "out.jsonl", "--json").json()
    assert said["transcript_sha256"] == digest((tmp_path / "out.jsonl").read_bytes())
    assert (said["turns"], said["unmet"], said["differences"], said["first_differences"]) == (2, [], 0, [])


def test_replay_meets_its_own_transcript_and_overwrites_an_older_one(
    script: Path, tmp_path: Path, command_line: CommandLine
) -> None:
    out = tmp_path / "out.jsonl"
    assert command_line("replay", script, "--seed", 1, "--out", out).code == 0
    one = out.read_bytes()
    assert command_line("replay", script, "--seed", 1, "--out", out, "--expect", out).code == 0
    assert out.read_bytes() == one
    assert command_line("replay", script, "--seed", 2, "--out", out).code == 0
    assert out.read_bytes() != one


@pytest.mark.parametrize("flags", [("--seed", "1"), ("--ordinal", "1"), ("--epoch", "2026-01-02T00:00:00Z")])
def test_other_seed_ordinal_or_epoch_differs_readably_and_is_1(
    flags: tuple[str, str], script: Path, tmp_path: Path, command_line: CommandLine
) -> None:
    out = tmp_path / "out.jsonl"
    command_line("replay", script, "--out", out)
    said = command_line("replay", script, "--expect", out, *flags)
    assert (said.code, said.err) == (1, "")
    lines = said.out.splitlines()
    first = next(index for index, line in enumerate(lines) if line.startswith("line "))
    assert "session two, turn 1, " in lines[first]
    assert lines[first + 1].startswith("    ")
    assert ": expected " in lines[first + 1]
    assert lines[first + 2].lstrip().startswith("got ")
    assert lines[-1].endswith(" more")
    assert all(len(line) < 200 for line in lines)
    assert command_line("replay", script, "--expect", out, *flags, "--json").json()["differences"] > 3


def test_expectation_that_is_not_met_is_one_line_and_1(tmp_path: Path, command_line: CommandLine) -> None:
    said = command_line("replay", write_expecting(tmp_path / "two.toml", "Grace"))
    assert (said.code, said.err) == (1, "")
    assert said.out.splitlines()[-1].startswith(
        "session two, turn 2: the reply has no match of 'Grace': 'Your name is Ada"
    )
    found = command_line("replay", tmp_path / "two.toml", "--json").json()["unmet"]
    assert [(one["session"], one["turn"]) for one in found] == [("two", 2)]


def test_shipped_script_is_found_by_its_name_also_beside_a_folder_of_that_name(
    tmp_path: Path, command_line: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "memory").mkdir()
    assert command_line("replay", "memory").code == 0


def test_own_file_wins_over_a_shipped_script(
    tmp_path: Path, command_line: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_expecting(tmp_path / "memory", "Ada")
    assert command_line("replay", "memory", "--json").json()["sessions"] == 1


def test_several_scripts_are_played_side_by_side(script: Path, command_line: CommandLine) -> None:
    alone = command_line("replay", "memory", "--json").json()
    both = command_line("replay", "memory", script, "--json").json()
    assert (both["sessions"], both["turns"]) == (alone["sessions"] + 1, alone["turns"] + 2)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "Give either scripts to play, or --store."),
        ((), "Shipped scripts: branches, dialect-"),
        (("memory", "--store", "."), "Give either scripts to play, or --store."),
        (("memry",), "no file and no shipped script is called 'memry' (did you mean 'memory'?); shipped: branches, "),
        (("none.toml",), "none.toml: no such file or directory"),
        (("bad.toml",), "bad.toml: unknown key 'sumary' (did you mean 'summary'?) @ $"),
        (("memory", "memory"), "session 'memory-ada' is in 'memory' and in 'memory'"),
        (("memory", "--expect", "none.jsonl"), "none.jsonl: no such file or directory"),
        (("memory", "--expect", "bad.toml"), "bad.toml: not a transcript"),
        (("memory", "--out", "no/where.jsonl"), "no/where.jsonl: no such file or directory"),
        (("memory", "--out", "."), "is a directory"),
        (("memory", "--url", "127.0.0.1:8080"), "--url 127.0.0.1:8080: expected http://HOST:PORT"),
        (("memory", "--url", "http://127.0.0.1:1", "--seed", "1"), "--seed does not go with --url."),
        (("memory", "--url", "http://127.0.0.1:1", "--speed", "2", "--instant"), "exclude"),
        (("memory", "--instant"), "--instant does not go with a replay without --url."),
        (("--store", ".", "--url", "http://127.0.0.1:1"), "--url does not go with --store."),
        (("--store", ".", "--out", "x"), "--out does not go with --store."),
        (("--store", ".", "--epoch", "0"), "--epoch does not go with --store."),
        (("--store", "none"), "no store in none"),
    ],
)
def test_mistake_is_2_and_named(
    arguments: tuple[str, ...], words: str, tmp_path: Path, command_line: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bad.toml").write_text('sumary = "x"')
    said = command_line("replay", *arguments)
    assert (said.code, said.out) == (2, "")
    assert words in said.err
    assert "Traceback" not in said.err


def test_transcript_that_cannot_be_written_is_found_before_anything_is_played(
    script: Path, tmp_path: Path, command_line: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("llmsim.cli.replay.run", lambda *_arguments: pytest.fail("it was played"))
    assert command_line("replay", script, "--out", tmp_path / "no" / "where").code == 2
    assert command_line("replay", "memry", "--out", tmp_path / "out").code == 2
    assert not (tmp_path / "out").exists()


def test_server_that_cannot_be_reached_is_2_and_one_line(script: Path, command_line: CommandLine) -> None:
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unheard.getsockname()[1]}"
        said = command_line("replay", script, "--url", url)
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith(f"llmsim: {url}: no answer: ")
    assert len(said.err.splitlines()) == 1


@pytest.mark.parametrize("pace", [("--instant",), ("--speed", "20")])
def test_server_gives_the_transcript_of_virtual_time_at_any_pace(
    pace: tuple[str, ...], script: Path, tmp_path: Path, command_line: CommandLine
) -> None:
    out = tmp_path / "out.jsonl"
    identity = ("--seed", "3", "--ordinal", "2", "--epoch", "2026-01-01T00:00:00Z")
    assert command_line("replay", script, *identity, "--out", out).code == 0
    with Server(tmp_path / "data", *identity, *pace) as server:
        said = command_line("replay", script, "--url", f"{server.url}/v1", *pace, "--expect", out)
        assert (said.code, said.err) == (0, "")
        again = command_line("replay", script, "--url", server.url, *pace, "--expect", out)
        assert again.code == 1
        assert "x-llmsim-turn-id" in again.out
        assert server.stop() == 0


def test_scripted_replies_come_from_a_server_that_has_the_script(tmp_path: Path, command_line: CommandLine) -> None:
    path = tmp_path / "line.toml"
    path.write_text('summary = "x"\n[[session]]\nid = "line"\nturn = [{ user = "Say it.", reply = "To be." }]')
    with Server(tmp_path / "with", "--instant", "--script", str(path), "--script", "support-bot") as server:
        assert command_line("replay", path, "support-bot", "--url", server.url, "--instant").code == 0
    with Server(tmp_path / "without", "--instant") as server:
        said = command_line("replay", path, "--url", server.url, "--instant")
    assert said.code == 1
    assert "session line, turn 1: the scripted reply was not given, but '" in said.out


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Any:  # noqa: ANN401  (an iterator of two paths)
    """The data directory of a server that runs and has said something, and a snapshot of it."""
    data: Path = tmp_path_factory.mktemp("served") / "data"
    with Server(data, "--instant") as server:
        for name in ("ada", "eve"):
            body = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": f"I am {name}."}], "max_tokens": 9}
            answer = httpx2.post(server.url + CHAT, json=body, headers={"X-LLMSim-Session": name})
            assert answer.status_code == 200
        yield data


def test_store_is_proven_beside_its_server(served: Path, command_line: CommandLine) -> None:
    said = command_line("replay", "--store", served)
    assert (said.code, said.err) == (0, "")
    assert said.out.split() == ["sessions", "2", "turns", "2", "differences", "0", "not", "regenerated", "0"]


def test_snapshot_is_proven_and_left_as_it_is(served: Path, tmp_path: Path, command_line: CommandLine) -> None:
    made = command_line("snapshot", "create", "--data-dir", served, "--to", tmp_path / "backup").out.strip()
    before = sorted((path.name, path.stat().st_mtime_ns) for path in Path(made).iterdir())
    said = command_line("replay", "--store", made, "--json")
    assert said.code == 0
    assert said.json() == {"sessions": 2, "turns": 2, "differences": 0, "not_regenerated": 0, "first_differences": []}
    assert sorted((path.name, path.stat().st_mtime_ns) for path in Path(made).iterdir()) == before


def tampered(data_dir: Path, **changes: Any) -> Path:  # noqa: ANN401  (as attrs.evolve)
    """The store with other values in the record of its only turn."""
    with Environment.open(data_dir) as environment, environment.write() as view:
        [(key, record)] = view.scan(Table.TURNS)
        turn = codec.decode(record, Turn)
        view.put(Table.TURNS, key, codec.encode(attrs.evolve(turn, **changes)))
    return data_dir


@pytest.fixture
def one_turn(served: Path, tmp_path: Path, command_line: CommandLine) -> Path:
    """A store with one turn, which no server has open."""
    exported = tmp_path / "ada.jsonl"
    exported.write_text(command_line("sessions", "export", "ada", "--data-dir", served).out)
    with Server(tmp_path / "copy", "--instant") as server:
        assert httpx2.post(f"{server.url}/llmsim/v1/sessions/import", content=exported.read_bytes()).status_code == 201
        assert server.stop() == 0
    return tmp_path / "copy"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"replies": (Reply("Something else.", FinishReason.STOP),)},
            "reply 0, from character 0 on: stored 'Something",
        ),
        ({"usage": Usage(1, 2)}, "usage: stored Usage(prompt_tokens=1"),
        ({"plan_version": PLAN_VERSION + 1}, "cannot be drawn again: it was planned by version"),
    ],
    ids=["reply", "usage", "plan version"],
)
def test_store_that_was_tampered_with_is_1_and_says_what(
    changes: dict[str, Any], words: str, one_turn: Path, command_line: CommandLine
) -> None:
    assert command_line("replay", "--store", one_turn).code == 0
    said = command_line("replay", "--store", tampered(one_turn, **changes))
    assert (said.code, said.err) == (1, "")
    assert "session ada, turn 1-" in said.out
    assert words in said.out
    found = command_line("replay", "--store", one_turn, "--json").json()
    skipped = "plan_version" in changes
    assert (found["differences"] > 0, found["not_regenerated"]) == (not skipped, int(skipped))
    assert words in found["first_differences"][-1] + found["first_differences"][0]


def test_store_with_a_tampered_profile_is_1(one_turn: Path, command_line: CommandLine) -> None:
    with Environment.open(one_turn) as environment, environment.write() as view:
        [(digest_, body)] = view.scan(Table.PROFILES)
        view.put(Table.PROFILES, digest_, orjson.dumps({**orjson.loads(body), "summary": "Another."}))
    said = command_line("replay", "--store", one_turn)
    assert said.code == 1
    assert "profile: stored " in said.out


def test_store_with_a_damaged_record_is_3_and_one_line(one_turn: Path, command_line: CommandLine) -> None:
    with Environment.open(one_turn) as environment, environment.write() as view:
        [(key, _)] = view.scan(Table.TURNS)
        view.put(Table.TURNS, key, b"{}")
    said = command_line("replay", "--store", one_turn)
    assert (said.code, said.out) == (3, "")
    assert len(said.err.splitlines()) == 1
