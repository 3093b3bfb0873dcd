"""Other processes at the same store."""

import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]
CHILD_LIMIT_S = 60


@contextmanager
def child(program: str, data_dir: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that runs this program, with the data dir as its argument; it has said its first line."""
    command = [sys.executable, "-c", textwrap.dedent(program), str(data_dir)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            yield process
        finally:
            process.kill()
