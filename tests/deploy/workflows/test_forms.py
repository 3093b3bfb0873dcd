"""Workflows are sound by the programs that know GitHub: zizmor, the published schemas, yamllint, shellcheck.

Each of them is seen to find a fault that is planted, so that its silence means something.
"""

import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.deploy.workflows.pipelines import FILES, ROOT, jobs

GITHUB = ROOT / ".github"
ZIZMOR = ("zizmor", "--offline", "--pedantic", "--strict-collection", "--no-progress")
SCHEMA = ("check-jsonschema", "--builtin-schema")
RULES = (
    "{extends: default, rules: {document-start: disable, line-length: {max: 120}, truthy: {check-keys: false}, "
    "comments: {min-spaces-from-content: 1}}}"
)
YAMLLINT = ("yamllint", "--strict", "--config-data", RULES)
SHELLCHECK = ("shellcheck", "--shell", "bash", "--enable", "quote-safe-variables", "-")
SCRIPTS = [(f"{one}-{step['name']}", step["run"]) for one in jobs() for step in one.steps if "run" in step]


def said(command: Sequence[str | Path], text: str | None = None) -> tuple[int, str]:
    """Exit code and output of a program that stands beside the interpreter."""
    program = Path(sys.executable).with_name(str(command[0]))
    done = subprocess.run([program, *command[1:]], input=text, capture_output=True, text=True, check=False, timeout=120)
    return done.returncode, done.stdout + done.stderr


def planted(folder: Path, file: str, good: str, bad: str) -> Path:
    """A copy of .github in which one text is another."""
    copy = Path(shutil.copytree(GITHUB, folder / ".github"))
    text = (copy / file).read_text()
    assert good in text
    (copy / file).write_text(text.replace(good, bad, 1))
    return copy


def test_zizmor_finds_nothing() -> None:
    code, found = said([*ZIZMOR, GITHUB])
    assert code == 0, found
    assert all(f"completed {GITHUB}/{name}" in found for name in ("workflows/ci.yml", "workflows/cd.yml"))
    assert f"completed {GITHUB}/dependabot.yml" in found


@pytest.mark.parametrize(
    ("file", "good", "bad", "audit"),
    [
        ("workflows/ci.yml", "@de0fac2e4500dabe0009e67214ff5f5447ce83dd # v6.0.2", "@v6.0.2", "unpinned-uses"),
        ("workflows/ci.yml", "persist-credentials: false", "fetch-depth: 1", "artipacked"),
        ("workflows/ci.yml", "permissions: {}", "permissions: write-all", "excessive-permissions"),
        ("workflows/ci.yml", 'nox -s "$SESSION"', "nox -s ${{ github.head_ref }}", "template-injection"),
        ("workflows/ci.yml", "  pull_request:", "  pull_request_target:", "dangerous-triggers"),
        ("workflows/cd.yml", "packages: write #", "packages: write\n#", "undocumented-permissions"),
        (
            "workflows/cd.yml",
            "'llm-devops/llm-simulator'",
            "'llm-devops/llm-simulator' && github.actor == 'dependabot[bot]'",
            "bot-conditions",
        ),
        ("workflows/cd.yml", "    name: notify\n", "", "anonymous-definition"),
        ("dependabot.yml", "    cooldown:\n      default-days: 7\n", "", "dependabot-cooldown"),
    ],
)
def test_zizmor_finds_what_is_planted(tmp_path: Path, file: str, good: str, bad: str, audit: str) -> None:
    code, found = said([*ZIZMOR, planted(tmp_path, file, good, bad)])
    assert code != 0
    assert f"[{audit}]" in found


def test_workflows_and_dependabot_are_what_githubs_schemas_say(tmp_path: Path) -> None:
    assert said([*SCHEMA, "vendor.github-workflows", *FILES]) == (0, "ok -- validation done\n")
    assert said([*SCHEMA, "vendor.dependabot", GITHUB / "dependabot.yml"]) == (0, "ok -- validation done\n")
    bad = planted(tmp_path, "workflows/ci.yml", "timeout-minutes", "timeout-minuts")
    code, found = said([*SCHEMA, "vendor.github-workflows", bad / "workflows" / "ci.yml"])
    assert code == 1
    assert "timeout-minuts" in found


def test_yamllint_finds_nothing_but_what_is_planted(tmp_path: Path) -> None:
    assert said([*YAMLLINT, GITHUB]) == (0, "")
    bad = planted(tmp_path, "workflows/ci.yml", "permissions: {}", "permissions: {}\n\npermissions: {}")
    code, found = said([*YAMLLINT, bad])
    assert code != 0
    assert 'duplication of key "permissions"' in found


@pytest.mark.parametrize("script", [pytest.param(script, id=name) for name, script in SCRIPTS])
def test_shellcheck_finds_nothing(script: str) -> None:
    assert said(SHELLCHECK, script) == (0, "")


def test_shellcheck_finds_what_is_planted() -> None:
    code, found = said(SHELLCHECK, 'for file in $(ls); do rm "$fil"; done\n')
    assert code == 1
    assert "SC2045" in found
    assert "SC2154" in found
