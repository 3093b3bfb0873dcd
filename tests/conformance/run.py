"""OpenAI's description of its API, turned into thousands of requests to a real server.

`python -m tests.conformance.run`: schemathesis makes them, every example and every boundary of the description, and
requests that break it. No answer may be a server error. Whether bodies have the described form is tested elsewhere
(`tests/schemas.py`), where recorded answers of the live API that differ are known. What is said on the command line
goes to schemathesis.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import orjson

from tests.children import Server, environment
from tests.openapi import VARIABLE, document, found

RUNS = (
    # schemathesis 4.32 fails over its own cases for the token lists of this one path
    ("--phases=examples,coverage", "--exclude-path=/completions"),
    ("--phases=fuzzing", "--max-examples=50"),
)
OPTIONS = (
    "--checks=not_a_server_error",
    "--seed=1",
    "--workers=2",
    "--generation-database=none",
    "--header=Authorization: Bearer any",
)


def main(*options: str) -> int:
    """Run; the exit code is schemathesis's, 2 where there is no description."""
    if found() is None:
        sys.stderr.write(f"OpenAI's description of its API is not there: {VARIABLE} says where it is\n")
        return 2
    with tempfile.TemporaryDirectory() as here, Server(Path(here) / "data", "--instant", "--seed", "1") as server:
        description = Path(here) / "description.json"
        description.write_bytes(orjson.dumps(document()))
        command = [sys.executable, "-m", "schemathesis.cli", "run", str(description), f"--url={server.url}/v1"]
        ends = [
            subprocess.run([*command, *OPTIONS, *run, *options], env=environment(), cwd=here, check=False).returncode
            for run in RUNS
        ]
    return max(ends)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
