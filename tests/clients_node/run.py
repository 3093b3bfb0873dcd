"""The providers' official Node SDKs against a real server: `python -m tests.clients_node.run NODE [FILE...]`.

Starts a server on a port of the kernel's choice, and Node's own test runner on the files beside this one.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from tests.children import Server, environment

HERE = Path(__file__).parent


def main(node: str, *files: str) -> int:
    """Run the tests; the exit code is Node's."""
    chosen = files or sorted(str(path) for path in HERE.glob("*.test.mjs"))
    with tempfile.TemporaryDirectory() as data, Server(Path(data), "--instant", "--seed", "1") as server:
        told = environment() | {"LLMSIM_UNDER_TEST": server.url}
        ended = subprocess.run([node, "--test", *chosen], env=told, check=False)
    return ended.returncode


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
