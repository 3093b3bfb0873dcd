"""The golden transcripts: what each shipped script is answered, byte for byte, by this PLAN_VERSION.

A transcript of few bytes is kept whole (`NAME.jsonl`); of a larger one (`NAME.txt`) a line for each turn, in the order
in which they were asked, with the sha256 of its lines, and at the end that of the whole. `nox -s golden` writes them
again: to be done after raising PLAN_VERSION, or for a script, a profile or a wire that has changed on purpose.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import orjson

from llmsim.catalog import scripts_dir
from llmsim.replay.script import load_scripts
from llmsim.replay.transcript import digest, transcript
from llmsim.replay.virtual import replay
from llmsim.simulation.plan import PLAN_VERSION
from tests.pods import PROFILES

FOLDER = Path(__file__).parent / f"plan-{PLAN_VERSION}"
WHOLE_BYTES_MAX = 128 * 1024
"""Larger transcripts are kept as digests."""
SHIPPED = {path.stem: path for path in sorted(scripts_dir().glob("*.toml"))}


def made(script: str) -> bytes:
    """The transcript of a shipped script, as `llmsim replay SCRIPT` makes it."""
    return transcript(replay(load_scripts([SHIPPED[script]]), PROFILES))


def golden(script: str) -> Path:
    """The golden file of a script."""
    found = [FOLDER / f"{script}{suffix}" for suffix in (".jsonl", ".txt")]
    return next((path for path in found if path.exists()), found[0])


def digests(text: bytes) -> str:
    """A transcript in short: a line for each turn, and the digest of the whole."""
    return "\n".join([*turns(text), f"transcript {digest(text)}\n"])


def turns(text: bytes) -> Iterator[str]:
    """`SESSION TURN at AT_US: SHA256`, in the order in which the turns were asked; of its lines to the next request."""
    parts: dict[tuple[str, int], list[bytes]] = {}
    asked: dict[str, int] = {}
    for line in text.splitlines(keepends=True)[1:]:
        entry = orjson.loads(line)
        session = entry["session"]
        if entry["kind"] == "request":
            asked[session] = entry["seq"]
        parts.setdefault((session, asked[session]), []).append(line)
    for (session, _), lines in parts.items():
        first = orjson.loads(lines[0])
        yield f"{session} {first['turn']} at {first['at_us']}: {hashlib.sha256(b''.join(lines)).hexdigest()[:16]}"


def main() -> None:
    """Write all of them again."""
    FOLDER.mkdir(exist_ok=True)
    for file in FOLDER.iterdir():
        file.unlink()
    for script in SHIPPED:
        text = made(script)
        if len(text) <= WHOLE_BYTES_MAX:
            (FOLDER / f"{script}.jsonl").write_bytes(text)
        else:
            (FOLDER / f"{script}.txt").write_text(digests(text))


if __name__ == "__main__":
    main()
