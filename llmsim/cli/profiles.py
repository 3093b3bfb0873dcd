"""`llmsim profiles`: which models are simulated and with what figures, and whether a profile of your own is sound.

Reads profile files and nothing else: no store, no server. `check` looks at each file alone and then at all of them
beside the shipped ones, as `serve --profiles` would.
"""

from collections.abc import Iterator
from pathlib import Path

import click
import orjson

from llmsim.catalog import profiles_dir
from llmsim.cli.options import examples, json_option, with_settings
from llmsim.cli.output import print_json, print_table
from llmsim.errors import OperatorError
from llmsim.profile import Profile, Profiles, load_profile
from llmsim.settings import Settings
from llmsim.strict import nearest

MEDIAN = 0.5


@click.group(
    epilog=examples(
        "llmsim profiles list                     every profile, with its typical figures",
        "llmsim profiles show default             one profile, key by key, with sources",
        "llmsim profiles check mine/gpt-x.toml    is a profile of your own sound?",
        "llmsim serve --profiles mine             serve it",
    )
)
def profiles() -> None:
    """List, show and check model profiles.

    A profile is a TOML file that says which model names it serves, how long replies are and how fast tokens come.
    A model name that no profile claims is served by the one called `default`.
    """


@profiles.command("list", epilog=examples("llmsim profiles list", "llmsim profiles list --profiles mine --json"))
@with_settings("profiles")
@json_option
def list_(settings: Settings, *, as_json: bool) -> None:
    """List the profiles: shipped ones, and those of your own directories."""
    known = Profiles.load(settings.profiles, profiles_dir())
    rows = [summary(known.by_name[name]) for name in sorted(known.by_name)]
    if as_json:
        print_json(rows)
    else:
        print_table(list(rows[0]), [[cell_of(value) for value in row.values()] for row in rows])


@profiles.command(epilog=examples("llmsim profiles show default", "llmsim profiles show default --json"))
@click.argument("name")
@with_settings("profiles")
@json_option
def show(name: str, settings: Settings, *, as_json: bool) -> None:
    """Show a profile key by key.

    NAME is a profile's, or a model's: then the profile that serves it is shown.
    """
    known = Profiles.load(settings.profiles, profiles_dir())
    profile = known.by_name.get(name) or known.for_model(name)
    if profile is None:
        raise OperatorError(f"no profile is called {name!r} or claims that model{nearest(name, sorted(known.by_name))}")
    table = orjson.loads(profile.to_json())
    if as_json:
        print_json(table)
        return
    sources = table.pop("sources")
    print_table(
        ("key", "value", "source"),
        [(path, value, source_of(path, sources)) for path, value in flatten(table)],
    )


@profiles.command(epilog=examples("llmsim profiles check mine/*.toml", "llmsim profiles check mine/gpt-x.toml --json"))
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@json_option
def check(files: tuple[Path, ...], *, as_json: bool) -> None:
    """Check profile FILES: every fault, with its key path. Exit code 1 when there is any."""
    findings = [(str(file), faults_of(file)) for file in files]
    if not any(faults for _, faults in findings):
        together = faults_together(files)
        findings += [("all of them beside the shipped ones", together)] if together else []
    if as_json:
        print_json([{"file": file, "faults": faults} for file, faults in findings])
    else:
        for file, faults in findings:
            click.echo("\n".join(faults) if faults else f"{file}: fine")
    if any(faults for _, faults in findings):
        raise click.exceptions.Exit(1)


def summary(profile: Profile) -> dict[str, object]:
    """A profile in one row; latencies are medians in milliseconds."""
    return {
        "name": profile.name,
        "context_window": profile.context_window,
        "max_output": profile.max_output,
        "ttft_ms": round(profile.latency.ttft_ms.sample(MEDIAN), 1),
        "itl_ms": round(profile.latency.itl_ms.sample(MEDIAN), 1),
        "models": [model.id for model in profile.models],
        "patterns": list(profile.patterns),
        "summary": profile.summary,
    }


def cell_of(value: object) -> object:
    """A value in one cell of a table: a list as words."""
    return " ".join(map(str, value)) if isinstance(value, list) else value


def source_of(path: str, sources: dict[str, str]) -> str:
    """Where the figure at this key path comes from: what is said of it, or of the nearest table around it."""
    above = [key for key in sources if path == key or path.startswith((f"{key}.", f"{key}["))]
    return sources[max(above, key=len)] if above else ""


def flatten(value: object, path: str = "") -> Iterator[tuple[str, object]]:
    """The leaves of a table with their key paths (`latency.ttft_ms.p50`, `models[0].id`), but for absent values."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from flatten(item, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from flatten(item, f"{path}[{index}]")
    elif value is not None:
        yield path, value


def faults_of(file: Path) -> list[str]:
    """What is wrong with one profile file, one line for each fault."""
    try:
        load_profile(file)
    except OperatorError as error:
        return str(error).split("\n")
    return []


def faults_together(files: tuple[Path, ...]) -> list[str]:
    """What is wrong with sound profiles beside one another and the shipped ones."""
    shipped = Profiles.load((), profiles_dir()).by_name
    try:
        Profiles.of(tuple((shipped | {file.stem: load_profile(file) for file in files}).values()))
    except OperatorError as error:
        return str(error).split("\n")
    return []
