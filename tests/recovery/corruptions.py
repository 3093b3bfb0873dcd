"""Single bytes changed in a snapshot, its manifest and the segments behind it, each followed by a restore.

A restore has found the change when it refuses, or when it stops at a doubt and names it; one that does neither has
restored silently. `nox -s corruptions` changes 10,000 bytes.
"""

import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from llmsim.cli.output import progress
from llmsim.errors import LlmsimError
from llmsim.recovery.places import Folder
from tests.archives import archive, restored

COUNT = 10_000
STEP = 1_000_003
"""A prime: bytes so far apart fall everywhere."""


def corruptions(folder: Path, count: int) -> Iterator[tuple[str, str]]:
    """Which kind of file was changed, and how that was found.

    Raises:
        AssertionError: it was not; says which byte became which.
    """
    _, place = archive(folder)
    target = folder / "restored"
    assert restored(place, target).staged.doubts == ()
    files = sorted(path for path in place.path.rglob("*") if path.is_file())
    for number in range(count):
        path, turn = files[number % len(files)], number // len(files)
        whole = path.read_bytes()
        at, mask = turn * STEP % len(whole), 1 + turn % 255
        path.write_bytes(whole[:at] + bytes([whole[at] ^ mask]) + whole[at + 1 :])
        shutil.rmtree(target)
        yield path.suffix, found(place, target, f"{path.name}: byte {at} of {len(whole)}, mask {mask}")
        path.write_bytes(whole)


def found(place: Folder, target: Path, what: str) -> str:
    """How a restore to an empty folder finds what was changed."""
    target.mkdir()
    try:
        done = restored(place, target)
    except LlmsimError:
        return "refused"
    assert done.staged.doubts, f"restored silently: {what}"
    return "stopped at a doubt"


def main(count: int) -> None:
    with tempfile.TemporaryDirectory() as folder, progress("bytes changed", count) as advance:
        counts: Counter[tuple[str, str]] = Counter()
        for one in corruptions(Path(folder), count):
            counts[one] += 1
            advance(1)
    for (kind, how), number in sorted(counts.items()):
        print(f"{number:7,} {kind:<10} {how}")  # noqa: T201  (what it is run for)
    print(f"{counts.total():7,} in all, each found")  # noqa: T201


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else COUNT)
