"""What the documents point at is there: links and their anchors, files and folders in commands, nox sessions, the
chart's values after `--set`, and a runbook for each alert. Names of the program itself are `test_docs`'s.
"""

import re
import shlex
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests import tables

ROOT = tables.ROOT
CHART = ROOT / "charts" / "llm-simulator"
DOCUMENTS = sorted({*tables.documents(), *ROOT.glob("charts/*/README.md"), *ROOT.glob("statefulset/**/*.md")})
SHELL = re.compile(r"^ *```(?:sh|shell|console|bash)\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
FENCE = re.compile(r"^ *```.*?^ *```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"(?<!!)\[[^\]\n]+\]\(([^)\s]+)\)")
INLINE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
OURS = ("charts/", "docs/", "profiles/", "sessions/", "tests/", ".github/", "llmsim/")
FILES = {"compose.yaml", "Containerfile", "noxfile.py", "pyproject.toml"}
FILE_FLAGS = {"-f", "--file", "--filename", "--values", "-k", "--kustomize"}
PLACEHOLDER = re.compile(r"[A-Z_-]+|.*[*{<$].*")
NOT_FROM_HERE = ("http://", "https://", "mailto:")

documents = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda file: file.relative_to(ROOT).as_posix())


@documents
def test_links_and_anchors_resolve(document: Path) -> None:
    assert unresolved(document.read_text(), document) == []


@documents
def test_files_in_commands_exist(document: Path) -> None:
    assert missing_files(document.read_text()) == []


@documents
def test_nox_sessions_exist(document: Path) -> None:
    assert unknown_sessions(document.read_text()) == []


@documents
def test_values_that_are_set_are_values_of_the_chart(document: Path) -> None:
    assert unknown_values(document.read_text()) == []


def test_every_alert_has_its_runbook_and_every_runbook_its_alert() -> None:
    rules = (CHART / "rules" / "alerts.yaml").read_text()
    alerts = set(re.findall(r"^ *- alert: (\w+)$", rules, re.MULTILINE))
    text = (ROOT / "docs" / "runbooks.md").read_text()
    headings = re.findall(r"^## (.+)$", text, re.MULTILINE)
    assert len(alerts) >= 15
    assert set(headings) == {*alerts, "By symptom"}
    assert len(headings) == len(set(headings))
    urls = re.findall(r"runbook_url: \S+/docs/runbooks\.md#(\S+)", rules)
    assert set(urls) == {alert.lower() for alert in alerts}
    assert set(urls) <= anchors(text)


@pytest.mark.parametrize(
    "alert", re.findall(r"^## (LLMSim\w+)$", (ROOT / "docs/runbooks.md").read_text(), re.MULTILINE)
)
def test_runbook_ends_with_how_it_is_known_to_be_over(alert: str) -> None:
    text = (ROOT / "docs" / "runbooks.md").read_text()
    section = text.partition(f"\n## {alert}\n")[2].partition("\n## ")[0]
    assert "**Over when**" in section
    if not section.lstrip().startswith(("As [", "One response")):
        assert [word for word in ("**See it**", "**Do**", "**Do not**") if word not in section] == []


def test_what_points_nowhere_is_found(tmp_path: Path) -> None:
    (tmp_path / "other.md").write_text("# One\n## Two `words`, and more\n## One\n```\n## not a heading\n```\n")
    text = "[a](other.md#two-words-and-more) [b](other.md#one-1) [c](other.md#not-a-heading) [d](no.md) [e](#e)\n# E\n"
    assert unresolved(text, tmp_path / "this.md") == ["other.md#not-a-heading", "no.md"]
    lines = [
        "kubectl apply -k statefulset/",
        "helm template x charts/nothing --values charts/llm-simulator/values.yaml",
    ]
    text = "\n".join(["```sh", *lines, "kubectl apply -f nothing.yaml", "```", "`docs/none.md`, `docs/performance.md`"])
    assert missing_files(text) == ["charts/nothing", "nothing.yaml", "docs/none.md"]
    assert unknown_sessions("`nox -s lint tests nothing -- --arg`, `nox --session docs`") == ["nothing"]
    sets = "--set replicas=3,mode=deployment --set hpa.most=3 --set replica=1 \\\n --set commonLabels.a=b"
    text = f"```sh\nhelm install x y {sets}\n```"
    assert unknown_values(text) == ["hpa.most", "replica"]


def unresolved(text: str, document: Path) -> list[str]:
    """Relative links whose file, or anchor in it, is not there."""
    found = []
    for link in LINK.findall(FENCE.sub("", text)):
        if link.startswith(NOT_FROM_HERE):
            continue
        name, _, anchor = link.partition("#")
        target = (document.parent / name) if name else document
        if not name:
            known = anchors(text)
        elif not target.exists():
            found.append(link)
            continue
        else:
            known = anchors(target.read_text()) if anchor else set()
        if anchor and anchor not in known:
            found.append(link)
    return found


def anchors(text: str) -> set[str]:
    """What the headings of a document are called in links, as GitHub makes it; a name that was taken gets a number."""
    found: dict[str, int] = {}
    names = set()
    for heading in re.findall(r"^#{1,6} +(.+?) *$", FENCE.sub("", text), re.MULTILINE):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
        name = re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")
        count = found[name] = found.get(name, -1) + 1
        names.add(f"{name}-{count}" if count else name)
    return names


def words(text: str) -> Iterator[list[str]]:
    """The words of each line in shell blocks; lines that are no shell are left out."""
    for block in SHELL.findall(text):
        for line in block.replace("\\\n", " ").splitlines():
            try:
                yield shlex.split(line, comments=True)
            except ValueError:
                continue


def missing_files(text: str) -> list[str]:
    """Files and folders of the project, in commands and in inline code, that are not there."""
    named = []
    for line in words(text):
        after = {word for flag, word in pairwise(line) if flag in FILE_FLAGS}
        files_of_cluster = line[:1] in (["kubectl"], ["helm"])
        named += [
            word for word in line if word.startswith(OURS) or word in FILES or (files_of_cluster and word in after)
        ]
    named += [
        code
        for code in INLINE.findall(FENCE.sub("", text))
        if code.startswith((*OURS, "statefulset/")) and "." in code and " " not in code
    ]
    return [name for name in named if not PLACEHOLDER.fullmatch(name) and not (ROOT / name).exists()]


def unknown_sessions(text: str) -> list[str]:
    """Names after `nox -s` and `nox --session` that noxfile.py does not have."""
    known = set(re.findall(r"^def (\w+)\(session: nox\.Session\)", (ROOT / "noxfile.py").read_text(), re.MULTILINE))
    asked = re.findall(r"\bnox (?:-s|--session) ((?:[a-z_0-9]+ ?)+)", text)
    return [name for names in asked for name in names.split() if name not in known]


def unknown_values(text: str) -> list[str]:
    """Keys after `--set` that the chart's schema does not have."""
    keys = [
        pair.partition("=")[0]
        for line in words(text)
        for flag, pairs in pairwise(line)
        if flag == "--set"
        for pair in pairs.split(",")
    ]
    return [key for key in keys if not allowed(schema(), key.split("."))]


@cache
def schema() -> Any:  # noqa: ANN401
    """The schema of the chart's values."""
    return orjson.loads((CHART / "values.schema.json").read_bytes())


def allowed(node: Any, path: list[str]) -> bool:  # noqa: ANN401
    """Whether a schema has a key at this path: named, or any where it does not name them."""
    if "$ref" in node:
        target = schema()
        for part in node["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        node = target
    if not path:
        return True
    if path[0] in node.get("properties", {}):
        return allowed(node["properties"][path[0]], path[1:])
    extra = node.get("additionalProperties", True)
    return "properties" not in node if extra is True else bool(extra) and allowed(extra, path[1:])
