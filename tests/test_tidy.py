"""The shape of the tree: sizes, headers, names, what stands at the root, and tests that mirror the package."""

import ast
import io
import re
import subprocess
import tokenize
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MAX_FILE_LINES = 300
MAX_FUNCTION_LINES = 70
MIN_HEADER_LINES = 3
MAX_HEADER_LINES = 15
BANNED_NAMES = re.compile(r"(^|_)(util|utils|helper|helpers|manager|managers|common|misc|stuff)(_|$)")
BANNED_CLASS = re.compile(r"(Util|Utils|Helper|Helpers|Manager)$")
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")

TOP_LEVEL = {
    "llmsim", "sessions", "profiles", "charts", "statefulset", "Containerfile", "tests", "noxfile.py", "pyproject.toml",
    "README.md", "ARCHITECTURE.md", "CHANGELOG.md", "LICENSE", "SECURITY.md", "CONTRIBUTING.md", "compose.yaml", "docs",
}  # fmt: skip
"""The design's own entries, then what convention puts at a root; besides them only dotfiles."""

WITHOUT_TESTS = {
    "wire/base": "types alone",
}
"""Modules that need no test file of their own, and why."""

BESIDE_THE_MIRROR = {
    "test_writer_in_a_crowd",
    "test_snapshot_parts",
    "test_corruptions",
    "test_tidy",
    "test_contracts",
    "test_docs",
    "test_links",
    "test_schemas",
    "test_shipped_profiles",
    "test_recognised",
    "test_fixture",
    "test_fixture_dialects",
    "test_formats",
    "test_fields",
}
"""Tests of the tree, the documents and the shipped data rather than of a module."""

SUITES = ("crash", "clients", "golden", "s3", "bench", "deploy", "http", "fuzz", "clients_node", "conformance")
"""Tests of the whole program, which mirror nothing."""


def tracked() -> list[Path]:
    """Every file of the project, those not committed yet included."""
    listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listing, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    return sorted(Path(name) for name in names if (ROOT / name).is_file())


FILES = tracked()
MODULES = [file for file in FILES if file.suffix == ".py"]
PACKAGE = [file for file in MODULES if file.parts[0] == "llmsim" and file.name != "__init__.py"]


def test_tree_was_found() -> None:
    assert Path("llmsim/errors.py") in PACKAGE
    assert Path("tests/test_tidy.py") in MODULES


@pytest.mark.parametrize("file", MODULES, ids=str)
def test_module_is_small_and_begins_with_a_header(file: Path) -> None:
    text = (ROOT / file).read_text()
    assert oversized(text) == []
    header = ast.get_docstring(ast.parse(text)) or ""
    assert header
    if file.parts[0] == "llmsim" and file.name != "__init__.py":
        lines = header.splitlines()
        assert len(lines) >= MIN_HEADER_LINES, "say which room this is, what it must not know, and its invariant"
        assert len([line for line in lines if line]) <= MAX_HEADER_LINES


@pytest.mark.parametrize("file", MODULES, ids=str)
def test_module_is_named_for_what_it_is(file: Path) -> None:
    assert not BANNED_NAMES.search(file.stem)
    tree = ast.parse((ROOT / file).read_text())
    classes = [node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    assert [name for name in classes if BANNED_CLASS.search(name)] == []


@pytest.mark.parametrize("file", MODULES, ids=str)
def test_module_has_no_unfinished_business(file: Path) -> None:
    text = (ROOT / file).read_text()
    assert unfinished(text) == []


def test_root_has_the_named_entries_alone() -> None:
    entries = {file.parts[0] for file in FILES}
    assert {entry for entry in entries if not entry.startswith(".")} - TOP_LEVEL == set()


@pytest.mark.parametrize("module", PACKAGE, ids=str)
def test_module_has_a_test_file(module: Path) -> None:
    name = module.relative_to("llmsim").with_suffix("").as_posix()
    test = Path("tests") / module.relative_to("llmsim").with_name(f"test_{module.name}")
    assert (ROOT / test).is_file() != (name in WITHOUT_TESTS), test


def test_test_file_has_a_module() -> None:
    orphans = []
    for test in MODULES:
        if test.parts[0] != "tests" or not test.name.startswith("test_") or test.parts[1] in SUITES:
            continue
        module = Path("llmsim") / test.relative_to("tests").with_name(test.name.removeprefix("test_"))
        if not (ROOT / module).is_file() and test.stem not in BESIDE_THE_MIRROR:
            orphans.append(test)
    assert orphans == []


def test_oversized_files_and_functions_are_found() -> None:
    long = "def f():\n" + "    x = 1\n" * 70
    assert oversized(long) == ["f: 71 lines"]
    assert oversized("x = 1\n" * 301) == ["301 lines"]


def test_unfinished_business_is_found() -> None:
    assert unfinished("# TODO: more\n") == ["1: TODO"]
    assert unfinished('x = "TODO"\n# fine\n') == []


def oversized(text: str) -> list[str]:
    """What is too long in a module."""
    lines = len(text.splitlines())
    found = [f"{lines} lines"] if lines > MAX_FILE_LINES else []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            found += [f"{node.name}: {length} lines"] if length > MAX_FUNCTION_LINES else []
    return found


def unfinished(text: str) -> list[str]:
    """Comments that promise work; code in comments is ruff's business (ERA)."""
    comments = [
        token for token in tokenize.generate_tokens(io.StringIO(text).readline) if token.type == tokenize.COMMENT
    ]
    return [f"{one.start[0]}: {match[0]}" for one in comments if (match := UNFINISHED.search(one.string))]
