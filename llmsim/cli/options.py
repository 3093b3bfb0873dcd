"""Flags that commands share: those of the settings, made from their one table, `--json`, and examples in help.

A command that takes settings gets one resolved `Settings` and never sees where a value came from. Knows no command.
"""

import os
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

import click

from llmsim import values
from llmsim.settings import SETTINGS, Setting, resolve

F = TypeVar("F", bound=Callable[..., Any])

METAVARS = {
    "host": "ADDRESS",
    "data_dir": "DIR",
    "profiles": "DIR",
    "scripts": "FILE",
    "epoch": "ISO|UNIX",
    "speed": "FACTOR",
    "log_level": "LEVEL",
    "grace_s": "SECONDS",
    "archive_to": "PLACE",
    "archive_every": "DURATION",
    "archive_lag_max": "DURATION",
    "snapshot_to": "PLACE",
    "snapshot_every": "DURATION",
    "key_file": "FILE",
}


def reading(kind: values.Kind[Any]) -> Callable[[click.Context, click.Parameter, Any], Any]:
    """A click callback that reads a flag's text as the setting reads its variable."""

    def read(_context: click.Context, _flag: click.Parameter, text: Any) -> Any:  # noqa: ANN401
        try:
            if isinstance(text, tuple):
                return tuple(kind.read(one) for one in text)
            return kind.read(text) if isinstance(text, str) else text
        except ValueError as error:
            raise click.BadParameter(f"{error}.") from None

    return read


def with_settings(*keys: str, config: bool = False) -> Callable[[F], F]:
    """Flags for these settings; the command gets them resolved, with all others, as its argument `settings`.

    `config` adds `--config FILE`. Variables fill what no flag gives.
    """

    def decorate(command: F) -> F:
        @wraps(command)
        def resolved(*arguments: Any, **options: Any) -> Any:  # noqa: ANN401
            file: Path | None = options.pop("config", None)
            flags = {key: options.pop(key) for key in keys}
            flags = {key: value for key, value in flags.items() if value != ()}
            return command(*arguments, settings=resolve(flags, os.environ, file), **options)

        decorated: Any = resolved
        if config:
            decorated = CONFIG(decorated)
        for key in reversed(keys):
            decorated = flag(SETTINGS[key])(decorated)
        return decorated  # type: ignore[no-any-return]

    return decorate


def flag(setting: Setting) -> Callable[[F], F]:
    """The click option of one setting."""
    said = f"{setting.about.text} [default: {setting.default}; {setting.variable}]"
    if isinstance(setting.value, bool):
        return click.option(setting.flag, setting.key, is_flag=True, default=None, help=said)
    many = setting.key in MANY
    return click.option(
        setting.flag,
        setting.key,
        callback=reading(values.path() if many else setting.about.kind),
        metavar=METAVARS.get(setting.key, "N"),
        multiple=many,
        help=f"{said} May be given several times." if many else said,
    )


def examples(*lines: str) -> str:
    """An epilog for `help`: these lines under the heading Examples, as they are."""
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)


MANY = {key for key, setting in SETTINGS.items() if isinstance(setting.value, tuple)}
"""Settings of which a command line gives one with each flag."""

CONFIG = click.option(
    "--config",
    callback=reading(values.path()),
    metavar="FILE",
    help="TOML file with settings by their names; flags and variables win over it. [LLMSIM_CONFIG]",
)

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
"""`--json`; the command gets it as `as_json`."""
