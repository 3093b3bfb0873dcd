"""The README's tour, as it is printed: its programs are run against a server that is killed between them."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.children import Server, llmsim
from tests.tables import ROOT

README = (ROOT / "README.md").read_text()
SEEDED = ("--seed", "7", "--ordinal", "0", "--epoch", "2026-01-01T00:00:00Z", "--instant")


def program(name: str) -> str:
    """The program of this name, as the README prints it."""
    [found] = re.findall(rf"^```python\n(# {re.escape(name)}\n.*?)^```$", README, re.MULTILINE | re.DOTALL)
    return str(found)


def printed(call: str) -> str:
    """What the README shows a call to print: all between its line and the next prompt or the end of the block."""
    [found] = re.findall(rf"^\$ {re.escape(call)}\n(.*?)(?=^\$ |^```$)", README, re.MULTILINE | re.DOTALL)
    return str(found)


def ran(folder: Path, name: str, server: Server, *arguments: str) -> str:
    """What a program of the README prints when it is run against a server."""
    (folder / name).write_text(program(name))
    environment = {**os.environ, "OPENAI_BASE_URL": f"{server.url}/v1", "OPENAI_API_KEY": "any"}
    command = [sys.executable, name, *arguments]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


def test_chat_prints_what_the_readme_shows(tmp_path: Path, data: Path) -> None:
    with Server(data, *SEEDED) as server:
        assert ran(tmp_path, "chat.py", server) == printed("python chat.py")


def test_recall_prints_what_the_readme_shows_with_a_kill_between(tmp_path: Path, data: Path) -> None:
    first, second = re.findall(r"^\$ (python recall\.py.*)\n", README, re.MULTILINE)
    with Server(data, *SEEDED) as server:
        ran(tmp_path, "chat.py", server)
        assert ran(tmp_path, "recall.py", server) == printed(first)
        server.kill()
    with Server(data, *SEEDED) as server:
        assert ran(tmp_path, "recall.py", server, second.split()[-1]) == printed(second)


def test_replay_prints_what_the_readme_shows(tmp_path: Path) -> None:
    done = llmsim("replay", "memory", "--out", tmp_path / "memory.jsonl")
    assert done.stdout == printed("llmsim replay memory --out memory.jsonl")
