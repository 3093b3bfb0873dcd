"""Snapshot, verification, restore and outages of a large store: `python -m tests.bench.store [DIR [GIBIBYTES]]`.

Measured against `cp` and `zstd -1` (one thread, by the library) of the same file, made durable. DIR must be on the disk
that is to be measured; the default is a new folder below the working directory, and one gibibyte. Rounds are
interleaved, since disks change their minds; what counts are the ratios within one run.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

import httpx2

from llmsim.recovery.manifest import Manifest
from llmsim.recovery.places import Folder
from llmsim.recovery.restore import restore
from llmsim.recovery.snapshot import Snapshot, create, listed
from llmsim.recovery.sources import Wanted
from llmsim.recovery.verify import verify
from llmsim.store.environment import Environment, claim
from llmsim.store.files import Report, sync_file
from llmsim.store.operations import PutTurn
from llmsim.store.ownership import open_for
from tests.children import Server
from tests.stored import PROFILE, SEED, conversation

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

ROUNDS = 3
TURNS = 20
WORDS = "what does a simulator say to something that is about as long as a question with its context and why not"
WORDS_SAID = 150
BATCH = 50
GIBIBYTE = 1 << 30
CP = shutil.which("cp") or "/bin/cp"

Steps = dict[str, float]


def make(data_dir: Path, size_bytes: int) -> int:
    """A store of this size: sessions of 20 turns of some two kilobytes; how many turns there are."""
    sessions = 0
    with claim(data_dir), Environment.open(data_dir, create=True, durable=False, map_bytes=4 * size_bytes) as store:
        open_for(store, seed=SEED, ordinal=0, now_s=0)
        while store.used_bytes() < size_bytes:
            with store.write() as view:
                for _ in range(BATCH):
                    for turn in conversation(f"session-{sessions:06}", TURNS, said(sessions)):
                        PutTurn(turn, PROFILE)(view)
                    sessions += 1
    return sessions * TURNS


def said(number: int) -> str:
    """What is said in a session: words in an order of its own, so that it packs about as well as what people say."""
    digest = hashlib.shake_128(str(number).encode()).digest(WORDS_SAID)
    words = WORDS.split()
    return " ".join(words[byte % len(words)] if byte < 192 else f"{byte * number % 9973}" for byte in digest)


def timed(work: Callable[[Report], object]) -> Steps:
    """Seconds by step, and for all of it, in the order in which they began."""
    begun = perf_counter()
    starts: Steps = {}

    def report(step: str, _done: int, _total: int) -> None:
        starts.setdefault(step, perf_counter())

    work(report)
    ended = perf_counter()
    ends = [*list(starts.values())[1:], ended]
    return {step: end - start for (step, start), end in zip(starts.items(), ends, strict=True)} | {"all": ended - begun}


def copied(source: Path, target: Path) -> Steps:
    """`cp`, and until the copy is on the disk."""
    begun = perf_counter()
    subprocess.run([CP, source, target], check=True)
    after = perf_counter()
    sync_file(target)
    ended = perf_counter()
    target.unlink()
    return {"cp": after - begun, "sync": ended - after, "all": ended - begun}


def packed(source: Path, target: Path) -> Steps:
    """`zstd -1`, and until the result is on the disk."""
    begun = perf_counter()
    with source.open("rb") as plain, zstd.open(target, "wb", level=1) as sealed:
        shutil.copyfileobj(plain, sealed, 1 << 20)
    after = perf_counter()
    sync_file(target)
    ended = perf_counter()
    target.unlink()
    return {"zstd": after - begun, "sync": ended - after, "all": ended - begun}


def measured(data_dir: Path, folder: Path) -> dict[str, Steps]:
    """One round."""
    rows = {"cp": copied(data_dir / "data.mdb", folder / "copy")}
    rows["zstd -1"] = packed(data_dir / "data.mdb", folder / "packed")
    os.sync()
    place = Folder(folder / "backup")
    rows["create"] = timed(lambda report: create(data_dir, place, report))
    [snapshot] = listed(place)
    rows["verify"] = timed(lambda report: verify(snapshot, report=report))
    wanted = Wanted(snapshot.url, 0)
    rows["pod-loss"] = answered(data_dir)
    rows["restore"] = timed(lambda report: restore(wanted, folder / "restored", report=report))
    begun = answered(folder / "restored")
    rows["volume-loss"] = {"restore": rows["restore"]["all"], **begun, "all": rows["restore"]["all"] + begun["all"]}
    say(f"  the snapshot has {sum(part.size_bytes for part in manifest_of(snapshot).parts) / GIBIBYTE:.3f} GiB")
    shutil.rmtree(folder / "restored")
    shutil.rmtree(folder / "backup")
    return rows


def answered(data_dir: Path) -> Steps:
    """From when a pod is started on this store, of which the last one was killed, to its first answer: the RTO."""
    Server(data_dir, "--instant").kill()
    begun = perf_counter()
    with Server(data_dir, "--instant") as server:
        listening = perf_counter()
        body = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hello!"}]}
        httpx2.post(f"{server.url}/v1/chat/completions", json=body, trust_env=False).raise_for_status()
        ended = perf_counter()
        server.kill()
    return {"start": listening - begun, "answer": ended - listening, "all": ended - begun}


def manifest_of(snapshot: Snapshot) -> Manifest:
    """What a listed snapshot says of itself."""
    assert snapshot.manifest is not None
    return snapshot.manifest


def measure(folder: Path, size_bytes: int) -> None:
    """Make the store, then measure and print, round by round."""
    data_dir = folder / "data"
    begun = perf_counter()
    turns = make(data_dir, size_bytes)
    data = data_dir / "data.mdb"
    say(f"{turns:,} turns, {data.stat().st_size / GIBIBYTE:.2f} GiB, made in {perf_counter() - begun:.0f} s")
    sync_file(data)
    for number in range(1, ROUNDS + 1):
        rows = measured(data_dir, folder)
        for name, steps in rows.items():
            parts = ", ".join(f"{step} {seconds:.2f}" for step, seconds in steps.items() if step != "all")
            ratio = steps["all"] / rows["cp"]["all"]
            say(f"round {number}  {name:<8} {steps['all']:6.2f} s  {ratio:5.2f} x cp  ({parts})")


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(dir=Path(sys.argv[1] if len(sys.argv) > 1 else ".")) as chosen:
        measure(Path(chosen), int(float(sys.argv[2]) * GIBIBYTE) if len(sys.argv) > 2 else GIBIBYTE)
