"""Commands in the documents, as the programs understand them: every flag of helm and kubectl is one that the
subcommand has, every installation renders with the values that it names, every folder of manifests builds.
"""

import re
import subprocess
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest

from tests.test_links import DOCUMENTS, INLINE, ROOT, words

VALUES = ROOT / "charts" / "llm-simulator" / "ci" / "default-values.yaml"
"""What stands for VALUES, an operator's own."""
RENDERED = {"--values", "--set", "--namespace"}

Line = tuple[str, ...]


def lines(program: str) -> list[Line]:
    """Every command line of a program in the documents, those in inline code included, once each."""
    found = []
    for document in DOCUMENTS:
        text = document.read_text()
        inline = [code for code in INLINE.findall(text) if re.match(rf"{program} [a-z]", code)]
        block = "```sh\n" + "\n".join(inline) + "\n```"
        found += [tuple(line) for line in (*words(text), *words(block)) if line[:1] == [program] and len(line) > 1]
    return sorted(set(found))


def of(*kinds: str) -> list[Line]:
    """Helm's lines of these subcommands, for a chart of ours."""
    return [line for line in lines("helm") if line[1] in kinds and any(word.startswith("charts/") for word in line)]


def flags(line: Line) -> set[str]:
    """The long flags of a command line, up to a lone `--`."""
    own = line[: line.index("--")] if "--" in line else line
    return {word.split("=")[0] for word in own if word.startswith("--")}


@cache
def understood(program: Path, *command: str) -> set[str]:
    """The long flags that a subcommand has, by its help; those of every command included."""
    texts = [[*command, "--help"], ["options"]] if program.name == "kubectl" else [[*command, "--help"]]
    said = [subprocess.run([program, *text], capture_output=True, text=True, check=True).stdout for text in texts]
    return set(re.findall(r"--[a-z][a-z0-9-]+", "".join(said)))


def subcommand(line: Line) -> list[str]:
    """The first three words that are no flags: kubectl's help takes what is not the subcommand's for its arguments."""
    own = line[: line.index("--")] if "--" in line else line
    return [word for before, word in pairwise(own) if valued(before) and not word.startswith("-")][:3]


def valued(before: str) -> bool:
    """Whether the word that follows this one is a word of its own; only flags before the subcommand matter."""
    return before not in {"--context", "--namespace"}


def named(line: Line) -> str:
    return " ".join(line)


def test_commands_were_found() -> None:
    assert len(of("install", "upgrade")) >= 8
    assert len(lines("kubectl")) >= 30


@pytest.mark.parametrize("line", lines("kubectl"), ids=named)
def test_kubectl_has_the_subcommand_and_its_flags(line: Line, kubectl: Path) -> None:
    assert flags(line) - understood(kubectl, *subcommand(line)) == set()


@pytest.mark.parametrize("line", [line for line in lines("helm") if line[1] != "diff"], ids=named)
def test_helm_has_the_subcommand_and_its_flags(line: Line, helm3: Path, helm4: Path) -> None:
    for helm in (helm3, helm4):
        assert flags(line) - understood(helm, line[1]) == set()


@pytest.mark.parametrize("line", of("install", "upgrade", "template"), ids=named)
def test_installation_renders_with_its_values(line: Line, helm3: Path, helm4: Path) -> None:
    values = [
        part.replace("VALUES", str(VALUES)) if part == "VALUES" else part
        for flag, value in pairwise(line)
        if flag in RENDERED
        for part in (flag, value)
    ]
    for helm in (helm3, helm4):
        done = subprocess.run(
            [helm, "template", line[2], ROOT / "charts" / "llm-simulator", *values],
            capture_output=True,
            text=True,
            check=False,
            cwd=ROOT,
        )
        assert (done.returncode, done.stderr) == (0, "")
        assert f"name: {line[2]}" in done.stdout


@pytest.mark.parametrize(
    "folder", sorted({line[line.index("-k") + 1] for line in lines("kubectl") if "-k" in line[:-1]}), ids=str
)
def test_folder_of_manifests_builds(folder: str, kubectl: Path) -> None:
    done = subprocess.run([kubectl, "kustomize", folder], capture_output=True, text=True, check=False, cwd=ROOT)
    assert (done.returncode, done.stderr) == (0, "")
    assert "kind: StatefulSet" in done.stdout
