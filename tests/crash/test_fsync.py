"""Every acknowledged turn was on the disk before it was acknowledged, and commits merge: seen in the system calls.

A commit of LMDB is durable when `fdatasync` of its pages has returned and its meta page has been written through a
descriptor that was opened with O_DSYNC. Run by `nox -s crash`; strace must be installed.
"""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import attrs

from llmsim.store.environment import DATA_FILE

ROOT = Path(__file__).parents[2]
SESSIONS = 64
TURNS = 20
MERGED = 10
"""Turns for each `fdatasync` at 64 sessions, at the least."""
CHILD_LIMIT_S = 120
LINE = re.compile(r"(?P<thread>\d+) +(?:<\.\.\. (?P<resumed>\w+) resumed>|(?P<name>\w+)\()(?P<rest>.*)")


@attrs.frozen
class Call:
    """One system call: the lines of the trace at which it began and ended, and how it looks there."""

    name: str
    began: int
    ended: int
    text: str


@attrs.frozen
class Traced:
    """What a child did: each turn's lines of asking and acknowledgement, and those of every durable commit."""

    asked: dict[str, int]
    acknowledged: dict[str, int]
    syncs: list[Call]
    durable: list[tuple[int, int]]
    batches: int
    folders: list[str]

    def too_early(self) -> list[str]:
        """Turns that were acknowledged without a whole durable commit since they were asked for."""
        return [
            turn
            for turn, end in self.acknowledged.items()
            if not any(self.asked[turn] < began and ended < end for began, ended in self.durable)
        ]


def calls_in(trace: str) -> Iterator[Call]:
    """The system calls of a trace in the order in which they ended, those that others interrupted put together."""
    begun: dict[str, tuple[int, str]] = {}
    for number, line in enumerate(trace.splitlines()):
        match = LINE.match(line)
        if match is None:
            continue
        thread, name, rest = match["thread"], match["name"] or match["resumed"], match["rest"]
        if rest.endswith("<unfinished ...>"):
            begun[thread] = (number, rest)
            continue
        began, head = begun.pop(thread) if match["resumed"] else (number, "")
        yield Call(name, began, number, f"{thread} {head}{rest}")


def meta_descriptor(calls: list[Call]) -> str:
    """The descriptor through which meta pages are written: only opened so is a write of it durable by itself."""
    [opened] = [call for call in calls if call.name == "openat" and "O_DSYNC" in call.text and DATA_FILE in call.text]
    return opened.text.rsplit("= ", 1)[1].split("<")[0]


def traced(folder: Path, durable: str) -> Traced:
    """Run the child under strace."""
    strace = shutil.which("strace")
    assert strace, "strace is not installed: without it nobody can see what reaches the disk (apt-get install strace)"
    log = folder / "trace"
    command = [strace, "-f", "--seccomp-bpf", "-y", "-s", "100", "-o", str(log)]
    command += ["-e", "trace=openat,write,pwrite64,pwritev,fdatasync,fsync,msync,sync_file_range", sys.executable]
    command += ["-m", "tests.crash.commits", str(folder / "data"), str(SESSIONS), str(TURNS), durable]
    child = subprocess.run(command, capture_output=True, text=True, check=False, timeout=CHILD_LIMIT_S, cwd=ROOT)
    assert child.returncode == 0, child.stderr
    calls = list(calls_in(log.read_text()))
    said = [
        (match[1], match[2], call)
        for call in calls
        if call.name == "write" and (match := re.search(r'"(asked|acknowledged) (.*)\\n"', call.text))
    ]
    asked = {turn: call.ended for word, turn, call in said if word == "asked"}
    acknowledged = {turn: call.began for word, turn, call in said if word == "acknowledged"}
    start = min(asked.values())
    syncs = [call for call in calls if call.name == "fdatasync" and DATA_FILE in call.text and call.began > start]
    meta = f" {meta_descriptor(calls)}<"
    steps = [
        call
        for call in calls
        if call.began > start and (call in syncs or (call.name.startswith("pwrite") and meta in call.text))
    ]
    commits = [
        (sync.began, written.ended)
        for sync, written in pairwise(steps)
        if sync.name == "fdatasync" and sync.text.endswith("= 0") and written.name != "fdatasync"
    ]
    folders = [
        match[1]
        for call in calls
        if call.name == "fsync" and call.ended < start and (match := re.search(r"\(?\d+<(.*?)>\) += 0$", call.text))
    ]
    return Traced(asked, acknowledged, syncs, commits, int(child.stdout.split()[-1]), folders)


def test_turns_are_acknowledged_after_their_fdatasync_and_share_it(tmp_path: Path) -> None:
    found = traced(tmp_path, "durable")
    assert len(found.acknowledged) == SESSIONS * TURNS
    assert found.too_early() == []
    assert len(found.syncs) == len(found.durable) == found.batches
    assert len(found.acknowledged) / len(found.syncs) >= MERGED


def test_names_of_a_new_store_are_on_the_disk_before_its_first_turn(tmp_path: Path) -> None:
    """A file whose name is lost with the power is lost itself, however often it was synced."""
    found = traced(tmp_path, "durable")
    assert found.folders == [str(tmp_path / "data"), str(tmp_path)]


def test_commits_that_are_not_synced_would_be_seen(tmp_path: Path) -> None:
    """The same turns without `sync`, as in a replay: what the other test looks for is missing everywhere."""
    found = traced(tmp_path, "not-durable")
    assert len(found.acknowledged) == SESSIONS * TURNS
    assert found.syncs == []
    assert len(found.too_early()) == SESSIONS * TURNS
