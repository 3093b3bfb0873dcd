"""The tables of the documentation, made from the code: settings, commands, routes, metrics, coverage.

`python -m tests.tables` (nox session `docs`) writes them between their markers, `<!-- table: settings -->` and
`<!-- end -->`, in every document that has such markers. `tests/test_docs.py` fails when one of them is not as here.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import cast
from unittest.mock import MagicMock

import click

from llmsim.cli.main import COMMANDS, cli
from llmsim.metrics import catalogue
from llmsim.serving.app import create_app
from llmsim.serving.service import Service
from llmsim.settings import SETTINGS
from llmsim.wire.dialects import GENERATING, templated
from tests import capacity_tables
from tests.fields import Fate, fates
from tests.samples.endpoints import ENDPOINTS

ROOT = Path(__file__).parent.parent
MARKED = re.compile(r"(<!-- table: (?P<name>[a-z ]+) -->\n)(?P<body>.*?)(<!-- end -->)", re.DOTALL)


def documents() -> list[Path]:
    """Every document of the project."""
    places = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    beside = (ROOT / name for name in ("profiles", "sessions", "statefulset"))
    return sorted([*places, *(file for folder in beside for file in folder.glob("*.md"))])


def settings() -> str:
    """Every setting with its three names."""
    rows = []
    for setting in SETTINGS.values():
        about = setting.about
        unit = f", {about.unit}" if about.unit else ""
        default = setting.default if about.default else f"`{setting.default}`"
        rows.append((f"`{setting.key}`", f"`{setting.flag}`", f"`{setting.variable}`", default + unit, about.text))
    return table(("Setting", "Flag", "Variable", "Default", "What it is"), rows)


def commands() -> str:
    """Every command with its arguments and flags."""
    rows = []
    for path, command in leaves():
        parts = [usage(parameter) for parameter in command.params if parameter.name != "help"]
        rows.append((f"`{' '.join((path, *parts))}`", summary(command.help)))
    return table(("Command", "What it does"), rows)


def leaves() -> Iterator[tuple[str, click.Command]]:
    """Every command that does something, with how it is called (`llmsim sessions list`)."""
    context = click.Context(cli)
    for name in COMMANDS:
        command = cli.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            for child in command.commands.values():
                yield f"llmsim {name} {child.name}", child
        else:
            yield f"llmsim {name}", command


def usage(parameter: click.Parameter) -> str:
    """An argument or flag as a usage line writes it."""
    if isinstance(parameter, click.Argument):
        shown = parameter.make_metavar(click.Context(cli))
        return shown.replace("|", "/")
    assert isinstance(parameter, click.Option)
    name = max(parameter.opts, key=len)
    shown = name if parameter.is_flag else f"{name} {parameter.metavar or (parameter.name or '').upper()}"
    shown = shown.replace("|", "/")
    shown = shown if parameter.required else f"[{shown}]"
    return f"{shown}..." if parameter.multiple else shown


def routes() -> str:
    """Every HTTP route."""
    return table(("Route", "What it does"), [(f"`{method} {path}`", text) for method, path, text in served()])


def served() -> list[tuple[str, str, str]]:
    """Method, path and purpose of every route, in the order in which they were registered."""
    app = create_app(cast("Service", MagicMock()))
    found = []
    for rule in app.url_map.iter_rules():
        if rule.endpoint == "static":
            continue
        path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)
        wire = GENERATING.get(rule.rule) or (templated(path) or ("", None))[1]
        told = summary(app.view_functions[rule.endpoint].__doc__)
        spoken = f"The next reply of a conversation, in the dialect `{wire.dialect}`." if wire else told
        methods = sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
        found += [(method, path, spoken if method == "POST" else told) for method in methods]
    return found


def metrics() -> str:
    """Every metric with its unit and labels."""
    rows = [
        (f"`{metric.name}`", metric.kind, metric.unit, ", ".join(f"`{one}`" for one in metric.labels), metric.meaning)
        for metric in catalogue.METRICS
    ]
    return table(("Metric", "Type", "Unit", "Labels", "What it says"), rows)


def samples() -> frozenset[str]:
    """Every name that a metric has in an exposition, those of histogram parts included."""
    return catalogue.samples()


def coverage() -> str:
    """What becomes of each field of each endpoint's requests."""
    rows = []
    for endpoint in ENDPOINTS:
        found = fates(endpoint)
        cells = [", ".join([field for field, fate in found if fate is kind]) for kind in Fate]
        rows.append((endpoint.path, *cells))
    return table(("Endpoint", *(kind.value.capitalize() for kind in Fate)), rows)


GENERATED: dict[str, Callable[[], str]] = {
    "settings": settings,
    "commands": commands,
    "routes": routes,
    "metrics": metrics,
    "coverage": coverage,
    "costs": lambda: table(*capacity_tables.costs()),
    "pods": lambda: table(*capacity_tables.pods()),
    "nodes": lambda: table(*capacity_tables.nodes()),
}


def table(columns: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """A Markdown table."""
    lines = [columns, tuple("---" for _ in columns), *rows]
    escaped = [[cell.replace("|", "\\|") for cell in line] for line in lines]
    return "".join(f"| {' | '.join(line)} |\n" for line in escaped)


def summary(text: str | None) -> str:
    """The first paragraph of a docstring, in one line."""
    return " ".join((text or "").strip().split("\n\n")[0].split())


def rewritten(text: str) -> str:
    """A document with every generated table as the code says it."""

    def again(match: re.Match[str]) -> str:
        make = GENERATED.get(match["name"])
        return match[1] + make() + match[4] if make else match[0]

    return MARKED.sub(again, text)


if __name__ == "__main__":
    for document in documents():
        document.write_text(rewritten(document.read_text()))
