"""`llmsim drill` as it is called: its table, its files, its exit codes, and what a signal leaves."""

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from llmsim.cli import drill as module
from llmsim.drill.outcome import Limits, Outcome
from llmsim.drill.scenarios import SCENARIOS
from tests.children import environment
from tests.said import CommandLine

OUTCOMES = [
    Outcome("pod-loss", 57, 0, 0.0, 0.83, 87, 2.05),
    Outcome("volume-loss", 58, 3, 0.5, 1.5, 40, 3.0, ("something differs",)),
]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[object, ...]]:
    """What the drill was asked; it answers with OUTCOMES, those of the scenarios that were named."""
    found: list[tuple[object, ...]] = []

    async def drill(
        names: tuple[str, ...],
        scripts: tuple[str, ...],
        seed: int,
        rounds: int,
        limits: Limits,
        told: Callable[[Outcome], None],
        _run: object,
    ) -> list[Outcome]:
        found.append((names, [Path(one).stem for one in scripts], seed, rounds, limits))
        outcomes = [one for one in OUTCOMES if one.scenario in names]
        for outcome in outcomes:
            told(outcome)
        return outcomes

    monkeypatch.setattr(module, "run_drill", drill)
    return found


def test_drill_that_passes_is_0_and_tells_each(asked: list[tuple[object, ...]], command_line: CommandLine) -> None:
    said = command_line("drill", "pod-loss", "--max-rpo", "500ms", "--max-rto", "30s", "--rounds", "2", "--seed", "9")
    assert said.code == 0
    assert asked == [(("pod-loss",), ["long-conversation"], 9, 2, Limits(0.5, 30.0))]
    assert said.err == "passed: pod-loss, 2.0 s\n"
    (header, row), (_, *spread) = [line.split("\t") for line in said.out.splitlines()[:2]], said.out.splitlines()[2:]
    assert header == list(module.HEADER)
    assert [line.split("\t") for line in spread] == [
        list(module.SPREAD_HEADER),
        ["pod-loss", "1 of 1", "57", "0", "0.00 / 0.00 / 0.00 s", "0.83 / 0.83 / 0.83 s"],
    ]
    assert row == ["pod-loss", "passed", "57", "0", "0.00 s", "0.83 s", "87", "2.05 s"]


def test_drill_that_fails_is_1_and_writes_its_reports(
    asked: list[tuple[object, ...]], tmp_path: Path, command_line: CommandLine
) -> None:
    files = ("--junit", tmp_path / "drill.xml", "--html", tmp_path / "drill.html")
    said = command_line("drill", "--json", *files)
    assert said.code == 1
    assert [one["passed"] for one in said.json()["scenarios"]] == [True, False]
    assert asked[0][0] == tuple(SCENARIOS)
    assert ET.parse(tmp_path / "drill.xml").getroot().get("failures") == "1"  # noqa: S314  (our own)
    assert "something differs" in (tmp_path / "drill.html").read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("meteor",), "'meteor' is not one of 'pod-loss'"),
        (("--max-rpo", "soon"), "--max-rpo"),
        (("--kubectl", "staging"), "name the scenarios, out of pod-loss, volume-loss"),
        (("rollback", "--kubectl", "staging"), "name the scenarios, out of pod-loss, volume-loss"),
        (("--script", "meteor"), "meteor"),
        (("pod-loss", "--html", "missing/drill.html"), "missing/drill.html: no such file or directory"),
    ],
)
def test_drill_of_what_there_is_not_is_2(
    arguments: tuple[str, ...],
    message: str,
    asked: list[tuple[object, ...]],
    tmp_path: Path,
    command_line: CommandLine,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    said = command_line("drill", *arguments)
    assert (said.code, message in said.err) == (2, True), said
    assert asked == [], "nothing was lost on the way to a wrong argument"


def test_drill_ended_by_a_signal_leaves_no_pod(tmp_path: Path) -> None:
    """The pod's own process is asked of the system while the drill runs, and after it."""
    command = [sys.executable, "-m", "llmsim", "drill", "pod-loss"]
    shared = {**environment(), "TMPDIR": str(tmp_path)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=shared) as running:
        while not list(tmp_path.glob("llmsim-drill-*/volume/data.mdb")):
            assert running.poll() is None
        running.send_signal(signal.SIGTERM)
        _, errors = running.communicate(timeout=60)
    assert (running.returncode, errors) == (128 + signal.SIGTERM, b"")
    assert list(tmp_path.iterdir()) == []
    assert not [file for file in Path("/proc").glob("[0-9]*/cmdline") if str(tmp_path).encode() in said_by(file)]


def said_by(file: Path) -> bytes:
    """The arguments of a process; nothing when it has just ended."""
    try:
        return file.read_bytes()
    except OSError:
        return b""
