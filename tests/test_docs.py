"""The documents say what the code does: tables are as generated, and every name they mention exists.

Names looked for: LLMSIM_* variables, llm_simulator_* metrics, `llmsim ...` command lines, `METHOD /path` routes, and
the profile keys in profiles/README.md. Where a table differs, `nox -s docs` writes it again.
"""

import re
import shlex
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, get_args

import attrs
import click
import pytest

from llmsim.cli.main import cli
from llmsim.distributions import KINDS
from llmsim.profile import Profile
from llmsim.settings import CONFIG_VARIABLE, VARIABLES
from tests import tables

DOCUMENTS = tables.documents()
FENCE = re.compile(r"^ *```(?:sh|shell|console|bash)\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
MENTIONED = re.compile(r"\b(?:llm_simulator_[a-z][a-z0-9_]*|process_[a-z_]+_(?:bytes|seconds|total|fds))\b")
RECORDED = r"\b(?:job|pod):llm_simulator_\w+:\w+"
OPERATORS_TABLES = {"settings", "commands", "routes", "metrics"}


def named(document: Path) -> str:
    return document.relative_to(tables.ROOT).as_posix()


documents = pytest.mark.parametrize("document", DOCUMENTS, ids=named)


@documents
def test_tables_are_as_generated(document: Path) -> None:
    text = document.read_text()
    assert text == tables.rewritten(text), "write them again with `nox -s docs`"
    assert {match["name"] for match in tables.MARKED.finditer(text)} <= set(tables.GENERATED)


def test_readme_has_the_tables_of_what_an_operator_meets() -> None:
    readme = (tables.ROOT / "README.md").read_text()
    assert {match["name"] for match in tables.MARKED.finditer(readme)} >= OPERATORS_TABLES


@pytest.mark.parametrize(("name", "ending"), [("serve", ".venv/bin/llmsim serve"), ("test", ".venv/bin/nox")])
def test_readme_has_one_command_for_a_fresh_machine(name: str, ending: str) -> None:
    """`.ci/run` cuts the command for the tests out of the README by this marker."""
    readme = (tables.ROOT / "README.md").read_text()
    [command] = re.findall(rf"^<!-- command: {name} -->\n```sh\n(.*)\n```$", readme, re.MULTILINE)
    assert command.startswith("python3 -m venv ")
    assert command.endswith(f" && {ending}")


@documents
def test_variables_mentioned_exist(document: Path) -> None:
    assert unknown_variables(document.read_text()) == []


@documents
def test_metrics_mentioned_exist(document: Path) -> None:
    assert unknown_metrics(document.read_text()) == []


@documents
def test_routes_mentioned_exist(document: Path) -> None:
    assert unknown_routes(document.read_text()) == []


@documents
def test_command_lines_mentioned_exist(document: Path) -> None:
    assert unknown_commands(document.read_text()) == []


@pytest.mark.parametrize(
    ("document", "heading"), [("profiles/README.md", "Keys"), ("profiles/README.md", "Distributions")]
)
def test_names_that_are_described_by_hand_are_those_of_the_code(document: str, heading: str) -> None:
    """Tables whose descriptions are written by hand, but whose first column must be the code's."""
    text = (tables.ROOT / document).read_text()
    assert set(first_column(section(text, heading))) == set(DESCRIBED[document, heading]())


def test_mentions_of_what_does_not_exist_are_found() -> None:
    assert unknown_variables("Set `LLMSIM_PORTS`, LLMSIM_* or LLMSIM_PORT.") == ["LLMSIM_PORTS"]
    assert unknown_metrics("`llm_simulator_turns_total`, llm_simulator_turns") == ["llm_simulator_turns"]
    recorded = "job:llm_simulator_requests:rate5m, job:llm_simulator_requests:rate7m"
    assert unknown_metrics(recorded) == ["job:llm_simulator_requests:rate7m"]
    assert unknown_metrics("llm_simulator_latency_p95_ms, llm_simulator_latency_p9") == ["llm_simulator_latency_p9"]
    assert unknown_metrics("`process_open_fds`, process_swap_bytes, process_id") == ["process_swap_bytes"]
    assert unknown_routes("`GET /healthz`, `PUT /healthz`, `POST /v1/nothing`") == ["PUT /healthz", "POST /v1/nothing"]
    lines = [
        "$ llmsim identity --seed 1 | jq",
        "X=1 llmsim identity --sed 1",
        "kubectl exec p-0 -- llmsim profiles lst",
    ]
    text = "\n".join(["```sh", *lines, "```", "`llmsim nothing`, `kubectl exec POD -- llmsim none`"])
    assert unknown_commands(text) == ["llmsim identity --sed 1", "llmsim profiles lst", "llmsim nothing", "llmsim none"]


def unknown_variables(text: str) -> list[str]:
    """Variables with our prefix that are no setting's."""
    return [name for name in re.findall(r"\bLLMSIM_[A-Z][A-Z_]*", text) if name not in {*VARIABLES, CONFIG_VARIABLE}]


def unknown_metrics(text: str) -> list[str]:
    """Metrics by our prefix or the process's names that are never exposed, and recorded ones that no rule records."""
    recorded = re.findall(RECORDED, text)
    named = re.findall(MENTIONED, re.sub(RECORDED, "", text))
    return [name for name in named if name not in tables.samples()] + [
        name for name in recorded if name not in records()
    ]


@cache
def records() -> set[str]:
    """The names that the shipped rules record."""
    rules = (tables.ROOT / "charts" / "llm-simulator" / "rules" / "alerts.yaml").read_text()
    return set(re.findall(r"^ *- record: (\S+)$", rules, re.MULTILINE))


def unknown_routes(text: str) -> list[str]:
    """Routes that no application of ours has."""
    mentioned = re.findall(r"\b(GET|POST|PUT|PATCH|DELETE) (/[^\s`|\"')?,]*)", text)
    return [f"{method} {path}" for method, path in mentioned if not routed(method, path.rstrip("."))]


def routed(method: str, path: str) -> bool:
    """Whether a path, with or without placeholders of its own, is served."""
    return any(method == known and pattern.fullmatch(path) for known, pattern in patterns())


@cache
def patterns() -> list[tuple[str, re.Pattern[str]]]:
    """Method and pattern of every route."""
    return [(method, re.compile(re.sub(r"\{\w+\}", ".+", path))) for method, path, _ in tables.served()]


def unknown_commands(text: str) -> list[str]:
    """Command lines in shell blocks and in inline code that the command line would not understand."""
    lines = [line for block in FENCE.findall(text) for line in block.replace("\\\n", " ").splitlines()]
    lines += re.findall(r"(?<!`)`((?:kubectl exec \S+ -- )?llmsim [^`\n]*)`(?!`)", text)
    calls = [call for line in lines for call in called(line)]
    return [call for call in calls if not understood(call)]


def called(line: str) -> Iterator[str]:
    """The calls of ours in one shell line, cut at pipes, ends and comments."""
    for match in re.finditer(r"(?:^ *|[|&;] *|\$ |\b(?:bin|dist)/|-- |[A-Z_]+=\S* +)(llmsim [a-z][^|&;#>]*)", line):
        yield match[1].strip()


def understood(call: str) -> bool:
    """Whether the command exists and has the flags; what `[...]` and `...` stand for is taken as read."""
    words = [word.strip("[]") for word in shlex.split(call.replace("...", ""), posix=False)[1:]]
    command: click.Command | None = cli
    context = click.Context(cli)
    while words and isinstance(command, click.Group):
        command = command.get_command(context, words.pop(0))
    if command is None or (isinstance(command, click.Group) and words):
        return False
    known = {option for parameter in command.params for option in parameter.opts} | {"--help", "--version"}
    return all(word.split("=")[0] in known for word in words if word.startswith("--"))


def section(text: str, heading: str) -> str:
    """What stands below a heading of the second level."""
    return text.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def first_column(text: str) -> list[str]:
    """The names in the first columns of Markdown tables."""
    return re.findall(r"^\| `([^`]+)`", text, re.MULTILINE)


def profile_keys() -> list[str]:
    """The path of every key that a profile file may have, tables included; a profile is named after its file."""
    return [path for path in paths(Profile) if path != "name"]


def paths(kind: Any, above: str = "") -> list[str]:  # noqa: ANN401
    """The paths of all keys below a class; a distribution is one key."""
    found: list[str] = []
    for field in attrs.fields(kind):
        path = f"{above}.{field.name}" if above else field.name
        nested = [one for one in (field.type, *get_args(field.type)) if attrs.has(one) and one not in KINDS.values()]
        found.append(path)
        for one in nested:
            found += paths(one, path)
    return found


DESCRIBED: dict[tuple[str, str], Callable[[], Iterable[str]]] = {
    ("profiles/README.md", "Keys"): profile_keys,
    ("profiles/README.md", "Distributions"): lambda: KINDS,
}
