"""The import contracts hold something: each one breaks when an import is planted that it forbids."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package and its contracts."""
    tree = tmp_path_factory.mktemp("contracts")
    shutil.copytree(ROOT / "llmsim", tree / "llmsim", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tree)
    return tree


@pytest.fixture
def tree(pristine: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(pristine, tmp_path / "tree"))


def broken(tree: Path) -> list[str]:
    """The names of the contracts that this tree breaks."""
    program = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    command = [sys.executable, "-c", program, "--no-cache", "--no-logo"]
    ended = subprocess.run(command, cwd=tree, capture_output=True, text=True, check=False, timeout=120)
    assert "Contracts:" in ended.stdout, ended.stdout + ended.stderr
    return [name for name, said, _ in map(verdict, ended.stdout.splitlines()) if said]


def verdict(line: str) -> tuple[str, str, str]:
    """A line of the report, cut at its verdict."""
    return line.partition(" BROKEN")


def test_contracts_of_the_tree_as_it_is_are_kept(tree: Path) -> None:
    assert broken(tree) == []


@pytest.mark.parametrize(
    ("module", "planted", "contract"),
    [
        ("simulation/plan.py", "import trio", "Pure rooms"),
        ("simulation/draws.py", "import random", "Pure rooms"),
        ("wire/base.py", "import time", "Pure rooms"),
        ("store/schema.py", "import lmdb", "Pure rooms"),
        ("turn.py", "import os", "Pure rooms"),
        ("simulation/plan.py", "import llmsim.store.schema", "Imports go down only"),
        ("wire/base.py", "import llmsim.store.schema", "Imports go down only"),
        ("store/schema.py", "import llmsim.wire.base", "Imports go down only"),
        ("errors.py", "import llmsim.cli", "Imports go down only"),
        ("simulator.py", "import lmdb", "LMDB"),
        ("replay/__init__.py", "import quart", "Quart"),
        ("serving/service.py", "import click", "The terminal"),
        ("store/codec.py", "import trio", "Trio is known"),
    ],
)
def test_contract_breaks_when_a_forbidden_import_is_planted(
    tree: Path, module: str, planted: str, contract: str
) -> None:
    file = tree / "llmsim" / module
    file.write_text(f"{file.read_text()}\n{planted}\n")
    assert [name for name in broken(tree) if name.startswith(contract)] != []
