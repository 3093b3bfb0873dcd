"""Memory of a server and the time to its first answer, by stored sessions: `python -m tests.bench.memory [DIR]`.

DIR must be on the disk that is to be measured; the default is a new folder below the working directory. Anonymous
memory is the process's own; file memory is the page cache, seen through mapped libraries and through LMDB's map of the
store, and the kernel takes it back when others want it. Both are read from /proc. Ends with one line of JSON.
"""

import statistics
import sys
import tempfile
from pathlib import Path
from time import perf_counter
from urllib.request import Request, urlopen

import attrs
import orjson

from llmsim.store.environment import Environment, claim
from llmsim.store.operations import PutOutcome, PutTurn
from llmsim.store.ownership import open_for
from llmsim.store.schema import Ending, Outcome
from tests.children import Server
from tests.stored import PROFILE, SEED, conversation

SESSIONS = (0, 100_000)
TURNS = 2
BATCH = 5_000
SAID = "What does the simulator say to a question of about this length?"
STARTS = 5
SERVED_TURNS = 50
PAGE = 1000
MEGABYTE = 1_000_000


@attrs.frozen
class Memory:
    """Resident memory of a process."""

    anon_bytes: int
    file_bytes: int

    @classmethod
    def of(cls, pid: int) -> "Memory":
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        found = {
            name: int(rest.split()[0]) * 1024 for name, rest in (line.split(":", 1) for line in lines) if "Rss" in name
        }
        return cls(found["RssAnon"], found["RssFile"])


@attrs.frozen
class Measured:
    """One store: its size, the seconds to the first answer of each start, and memory after each step."""

    sessions: int
    data_bytes: int
    starts_s: list[float]
    steps: dict[str, Memory]


def fill(data_dir: Path, sessions: int) -> None:
    """A store of so many sessions, through the operations of the store."""
    with claim(data_dir), Environment.open(data_dir, create=True, durable=False) as store:
        open_for(store, seed=SEED, ordinal=0, now_s=1_700_000_000)
        for first in range(0, sessions, BATCH):
            with store.write() as view:
                for index in range(first, min(first + BATCH, sessions)):
                    for turn in conversation(f"session-{index:06}", TURNS, SAID):
                        PutTurn(turn, PROFILE)(view)
                        PutOutcome(turn.session, turn.key, Outcome(Ending.COMPLETED, 3))(view)


def answer(url: str, body: bytes | None = None) -> bytes:
    """The body of an answer; raises for any status but 200."""
    with urlopen(Request(url, body, {"content-type": "application/json"})) as response:  # noqa: S310  (our own server)
        content: bytes = response.read()
    return content


def started(data_dir: Path) -> tuple[Server, float]:
    """A server, and how long it took until its store was open and it said so, in seconds."""
    begun = perf_counter()
    server = Server(data_dir, "--ordinal", "0", "--instant")
    answer(f"{server.url}/readyz")
    return server, perf_counter() - begun


def talk(url: str) -> None:
    """Some turns, each in a session of its own."""
    for number in range(SERVED_TURNS):
        said = [{"role": "user", "content": f"Hello number {number}, please tell me about lessons."}]
        answer(f"{url}/v1/chat/completions", orjson.dumps({"model": "gpt-4o-mini", "messages": said}))


def list_all(url: str) -> int:
    """Every session there is, page by page; how many."""
    seen, after = 0, ""
    while True:
        page = orjson.loads(answer(f"{url}/llmsim/v1/sessions?limit={PAGE}&after={after}"))
        seen += len(page["data"])
        if not page["has_more"]:
            return seen
        after = page["last_id"]


def measured(data_dir: Path, sessions: int) -> Measured:
    """Start it some times, and look at the last one at work."""
    starts_s = []
    for _ in range(STARTS - 1):
        server, took_s = started(data_dir)
        starts_s.append(took_s)
        server.stop()
    server, took_s = started(data_dir)
    starts_s.append(took_s)
    with server:
        steps = {"idle": Memory.of(server.process.pid)}
        talk(server.url)
        steps["after turns"] = Memory.of(server.process.pid)
        assert list_all(server.url) == sessions + SERVED_TURNS
        answer(f"{server.url}/metrics")
        steps["after a full list"] = Memory.of(server.process.pid)
    return Measured(sessions, (data_dir / "data.mdb").stat().st_size, starts_s, steps)


def report(rows: list[Measured]) -> None:
    """A table for people, then the same as a line of JSON; growth is that of anonymous memory over the first store."""
    say(f"{'sessions':>9} {'store MB':>9} {'first 200':>10}  {'step':<17} {'anon MB':>8} {'file MB':>8} {'growth':>7}")
    for row in rows:
        store = f"{row.sessions:>9,} {row.data_bytes / MEGABYTE:>9.1f} {statistics.median(row.starts_s):>8.2f} s"
        for step, memory in row.steps.items():
            growth = (memory.anon_bytes - rows[0].steps[step].anon_bytes) / MEGABYTE
            resident = f"{memory.anon_bytes / MEGABYTE:>8.1f} {memory.file_bytes / MEGABYTE:>8.1f}"
            say(f"{store}  {step:<17} {resident} {growth:>+7.1f}")
    say(orjson.dumps([attrs.asdict(row) for row in rows]).decode())


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main(folder: Path) -> None:
    """Fill, measure, print."""
    rows = []
    for sessions in SESSIONS:
        begun = perf_counter()
        fill(folder / str(sessions), sessions)
        say(f"{sessions:,} sessions of {TURNS} turns stored in {perf_counter() - begun:.1f} s")
        rows.append(measured(folder / str(sessions), sessions))
    report(rows)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(dir=Path(sys.argv[1] if len(sys.argv) > 1 else ".")) as chosen:
        main(Path(chosen))
