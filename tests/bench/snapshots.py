"""What snapshots every ten seconds cost a server under load: `python -m tests.bench.snapshots [DIR [SECONDS]]`.

The same load twice, interleaved, on stores that were large to begin with: with snapshots and without. The server's own
histogram says how late frames were, the file system how large the data file has become for each turn.
"""

import sys
import tempfile
from itertools import count
from pathlib import Path

import attrs
import httpx2
import trio
from prometheus_client.parser import text_string_to_metric_families

from llmsim.store.environment import DATA_FILE
from tests.bench.store import make, say
from tests.children import Server

STORE_BYTES = 100 << 20
STREAMS = 200
SECONDS = 60.0
ROUNDS = 2
EVERY = ("--snapshot-every", "10s")
LATENESS = "llm_simulator_emit_lateness_seconds"


@attrs.frozen
class Measured:
    """Frames and how late they were (upper bounds in ms), turns, growth of the file, and how many snapshots."""

    frames: int
    p50_ms: float
    p99_ms: float
    turns: int
    grown_bytes: int
    snapshots: int

    def __str__(self) -> str:
        late = f"{self.frames:,} frames late by at most {self.p50_ms:g} ms (p50) and {self.p99_ms:g} ms (p99)"
        grown = f"{self.grown_bytes / self.turns:,.0f} bytes of file for each turn"
        return f"{self.turns:,} turns, {late}, {grown}, {self.snapshots} snapshots"


async def load(url: str, seconds: float) -> None:
    """STREAMS conversations, each of one streamed turn after the other."""

    async def client(number: int) -> None:
        async with httpx2.AsyncClient(base_url=url, timeout=60, trust_env=False) as http:
            for turn in count():
                said = {"role": "user", "content": f"Tell me about number {turn} of {number}."}
                body = {"model": "gpt-4o-mini", "messages": [said], "stream": True, "max_tokens": 60}
                headers = {"X-LLMSim-Session": f"load-{number}", "X-LLMSim-History": "server"}
                await http.post("/v1/chat/completions", json=body, headers=headers)

    with trio.move_on_after(seconds):
        async with trio.open_nursery() as nursery:
            for number in range(STREAMS):
                nursery.start_soon(client, number)


def measured(folder: Path, seconds: float, *, snapshots: bool) -> Measured:
    """One run on a fresh store."""
    data_dir, backup = folder / "data", folder / "backup"
    make(data_dir, STORE_BYTES)
    before = (data_dir / DATA_FILE).stat().st_size
    with Server(data_dir, *(("--snapshot-to", str(backup), *EVERY) if snapshots else ())) as server:
        trio.run(load, server.url, seconds)
        text = httpx2.get(f"{server.url}/metrics", trust_env=False).text
        server.stop()
    samples = [one for family in text_string_to_metric_families(text) for one in family.samples]
    buckets = [(float(one.labels["le"]), one.value) for one in samples if one.name == f"{LATENESS}_bucket"]
    frames = buckets[-1][1]
    p50_ms, p99_ms = (next(le for le, seen in buckets if seen >= share * frames) * 1000 for share in (0.5, 0.99))
    turns = sum(one.value for one in samples if one.name == "llm_simulator_turns_total")
    grown = (data_dir / DATA_FILE).stat().st_size - before
    return Measured(int(frames), p50_ms, p99_ms, int(turns), grown, len(list(backup.glob("llmsim-*"))))


def main(folder: Path, seconds: float) -> None:
    for number in range(1, ROUNDS + 1):
        for snapshots in (False, True):
            with tempfile.TemporaryDirectory(dir=folder) as fresh:
                found = measured(Path(fresh), seconds, snapshots=snapshots)
            say(f"round {number}  {'with' if snapshots else 'without':<8} {found}")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "."), float(sys.argv[2]) if len(sys.argv) > 2 else SECONDS)
