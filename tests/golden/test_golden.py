"""Shipped scripts against their golden transcripts, by the command line; all of them at once; no thread meanwhile.

Run by `nox -s replay`. A difference means that output has changed: raise PLAN_VERSION, or take the change back.
"""

import difflib
import threading
import time
from pathlib import Path

import pytest

from llmsim.replay.script import Dialect, load_scripts, parts
from llmsim.replay.transcript import digest, transcript
from llmsim.replay.virtual import DEFAULT_EPOCH_S, DEFAULT_POD, replay
from tests.children import Server
from tests.golden.transcripts import FOLDER, SHIPPED, digests, golden, made
from tests.pods import PROFILES
from tests.said import CommandLine

HOUR_S = 3600
LEAST_RATIO = 100
"""Simulated seconds in one of the wall, on however busy a machine; more than a thousand are usual."""


@pytest.mark.parametrize("script", SHIPPED)
def test_shipped_script_is_answered_as_ever(script: str, command_line: CommandLine, tmp_path: Path) -> None:
    kept = golden(script)
    if kept.suffix == ".jsonl":
        said = command_line("replay", script, "--expect", kept)
        assert (said.code, said.err) == (0, ""), said.out
        return
    out = tmp_path / "transcript.jsonl"
    assert command_line("replay", script, "--out", out).code == 0
    before, after = kept.read_text().splitlines(), digests(out.read_bytes()).splitlines()
    assert list(difflib.unified_diff(before, after, "golden", "now", n=0, lineterm="")) == []


def test_every_shipped_script_has_its_golden_file_and_nothing_else_has_one() -> None:
    assert sorted(path.stem for path in FOLDER.iterdir()) == sorted(SHIPPED)


def test_a_conversation_of_each_dialect_is_kept_to_the_byte() -> None:
    scripts = load_scripts(path for name, path in SHIPPED.items() if golden(name).suffix == ".jsonl")
    assert {part.dialect for script in scripts for part in parts(script)} == set(Dialect)


def test_all_shipped_scripts_at_once_have_one_transcript_in_virtual_time_and_over_sockets(
    command_line: CommandLine, tmp_path: Path
) -> None:
    """More than two hundred clients begin together, as nothing is paced."""
    out = tmp_path / "virtual.jsonl"
    assert command_line("replay", *SHIPPED, "--out", out).code == 0
    identity = ("--seed", str(DEFAULT_POD.root_seed), "--ordinal", str(DEFAULT_POD.ordinal))
    scripts = [word for path in SHIPPED.values() for word in ("--script", str(path))]
    flags = (*identity, "--epoch", str(DEFAULT_EPOCH_S), "--instant", *scripts)
    with Server(tmp_path / "data", *flags) as server:
        said = command_line("replay", *SHIPPED, "--url", server.url, "--instant", "--expect", out)
    assert (said.code, said.err) == (0, ""), said.out
    proven = command_line("replay", "--store", tmp_path / "data", "--json").json()
    assert (proven["differences"], proven["not_regenerated"]) == (0, 0)
    assert proven["turns"] > 500


def test_digests_name_the_turn_that_differs() -> None:
    text = made("memory")
    changed = text.replace(b"What is a compiler?", b"What is a computer?")
    before, after = digests(text).splitlines(), digests(changed).splitlines()
    different = [line.partition(":")[0] for line, other in zip(before, after, strict=True) if line != other]
    assert [line.rpartition(" at ")[0] for line in different] == ["memory-grace 2", "memory-grace 3", ""]
    assert different[-1].startswith("transcript ")


def test_an_hour_of_all_scripts_takes_seconds_twice_the_same_without_a_thread(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(thread: threading.Thread) -> None:
        pytest.fail(f"{thread.name} was started")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    scripts = load_scripts(SHIPPED.values())
    found = set()
    for _ in range(2):
        begin = time.perf_counter()
        played = replay(scripts, PROFILES)
        wall_s = time.perf_counter() - begin
        simulated_s = max(turn.at_us + turn.total_us for turn in played) / 1e6
        assert simulated_s >= HOUR_S
        with capsys.disabled():
            print(f"\n{len(played)} turns, {simulated_s:.0f} s simulated, {wall_s:.2f} s of the wall")  # noqa: T201
        assert simulated_s / wall_s >= LEAST_RATIO
        assert [turn.unmet for turn in played if turn.unmet] == []
        found.add(digest(transcript(played)))
    assert len(found) == 1
