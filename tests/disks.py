"""Small disks for tests: a tmpfs in a mount namespace of its own, which goes away with the process that holds it.

Nothing is mounted where other processes see it, and nothing is left behind however a test ends.
"""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

UNSHARED = ["unshare", "--map-root-user", "--mount"]
HOLD = 'mount -t tmpfs -o size="$2" tmpfs "$1" && cd "$1" && echo mounted && cat'
BLOCK_BYTES = 4096


@contextmanager
def small_disk(folder: Path, size_bytes: int) -> Iterator[Path]:
    """A disk of this size, by a path that leads into the holder's namespace; skips where one may not be mounted."""
    if subprocess.run([*UNSHARED, "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("this user may not mount a small disk: unshare is not permitted")
    command = [*UNSHARED, "sh", "-c", HOLD, "sh", str(folder), str(size_bytes)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "mounted\n"
        yield Path(f"/proc/{holder.pid}/cwd")


def fill_up(filler: Path, left_bytes: int = 0) -> None:
    """Take all the room of a disk but this much, with one file."""
    with filler.open("ab", buffering=0) as file:
        try:
            while True:
                file.write(bytes(BLOCK_BYTES))
        except OSError:
            file.truncate(max(0, file.tell() - left_bytes))
