"""What an operator may set, each with its unit and default, and where a value comes from.

Resolution: flag > `LLMSIM_*` variable > `--config` TOML file > default. An empty variable counts as absent; an unknown
one, an unknown key and a value of the wrong kind are OperatorErrors that name their place. The environment is passed
in, nothing is read at import. Knows no command and no terminal. Invariant: a `Settings` holds usable values only.
"""

import re
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any

import attrs
from cattrs import Converter
from cattrs.gen import make_dict_structure_fn, override

from llmsim import strict, values
from llmsim.errors import OperatorError
from llmsim.identity import MAX_ORDINAL, MAX_ROOT_SEED

PREFIX = "LLMSIM_"
CONFIG_VARIABLE = "LLMSIM_CONFIG"

_SERVICE_LINK = re.compile(
    r"LLMSIM_(?P<service>[A-Z0-9_]+_)??(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT(_[0-9]+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?)"
)
_LINK_VALUE = re.compile(r"(tcp|udp|sctp)://.*")


class LogLevel(StrEnum):
    """How much is logged."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


@attrs.frozen
class About:
    """What is said of one setting; `default` describes a default that is decided elsewhere."""

    kind: values.Kind[Any]
    text: str
    unit: str = ""
    default: str = ""


def setting(about: About, *, default: object) -> Any:  # noqa: ANN401  (the type is the one that the field declares)
    """A field of `Settings`."""
    return attrs.field(default=default, metadata={About: about})


@attrs.frozen(kw_only=True)
class Settings:
    """All settings, resolved. `epoch` is unix seconds, `speed` a factor, `grace_s` seconds."""

    host: str = setting(About(values.words(), "Address to listen on."), default="127.0.0.1")
    port: int = setting(About(values.whole(0, 65_535), "Port to listen on; 0 takes a free one."), default=8080)
    data_dir: Path = setting(
        About(values.path(), "Directory of the store, for one pod alone."),
        default=Path("llmsim-data"),
    )
    seed: int | None = setting(
        About(
            values.whole(0, MAX_ROOT_SEED),
            "Root seed of a fresh store; an existing store has its own and takes no other.",
            default="the store's, or drawn",
        ),
        default=None,
    )
    ordinal: int | None = setting(
        About(
            values.whole(0, MAX_ORDINAL, " (a pod's index, not its name)"),
            "Ordinal of this pod in its StatefulSet.",
            default="the number that ends the host name, or 0",
        ),
        default=None,
    )
    profiles: tuple[Path, ...] = setting(
        About(
            values.paths(), "Directories of profiles of your own; a file replaces its shipped namesake.", default="none"
        ),
        default=(),
    )
    scripts: tuple[Path, ...] = setting(
        About(
            values.paths(),
            "Session scripts (files, or names of shipped ones) whose replies are given where their turns match.",
            default="none",
        ),
        default=(),
    )
    epoch: int | None = setting(
        About(
            values.moment(),
            "Moment at which the simulated world begins; every stamp then follows from it.",
            default="real time",
        ),
        default=None,
    )
    speed: float = setting(
        About(values.number(0, exclusive=True), "Divides every delay; changes no byte.", unit="factor"),
        default=1.0,
    )
    instant: bool = setting(About(values.switch(), "No delays at all; changes no byte."), default=False)
    strict_models: bool = setting(
        About(values.switch(), "A model that no profile names is a 404, not the default profile's."),
        default=False,
    )
    lenient: bool = setting(
        About(values.switch(), "Keys that a provider does not know are accepted, instead of refused."), default=False
    )
    responses_done: bool = setting(
        About(values.switch(), "Responses streams end with `[DONE]`, as Open Responses asks for; OpenAI's do not."),
        default=False,
    )
    archive_to: str | None = setting(
        About(
            values.words(),
            "Place (a directory, s3://, gs:// or az://) to which every commit is shipped in the background.",
            default="no archive",
        ),
        default=None,
    )
    archive_every: float = setting(
        About(values.duration(0.01), "How long commits gather before they are shipped.", unit="seconds, or 500ms, 2s"),
        default=1.0,
    )
    archive_lag_max: float | None = setting(
        About(
            values.duration(0.01),
            "Not ready while the archive is further behind than this.",
            unit="seconds, or 30s, 5m",
            default="ready however far",
        ),
        default=None,
    )
    snapshot_to: str | None = setting(
        About(values.words(), "Place that gets snapshots: a directory, s3://, gs:// or az://.", default="none"),
        default=None,
    )
    snapshot_every: float | None = setting(
        About(
            values.duration(1),
            "How often a snapshot is taken; pods of other ordinals take theirs at other moments.",
            unit="seconds, or 15m, 1h",
            default="when asked for",
        ),
        default=None,
    )
    key_file: Path | None = setting(
        About(
            values.path(),
            "File with age keys: what leaves for a place is encrypted with it, and opened with it.",
            default="no encryption",
        ),
        default=None,
    )
    log_level: LogLevel = setting(
        About(values.choice(LogLevel), "How much is logged on stderr; debug adds the traceback of a bug."),
        default=LogLevel.INFO,
    )
    grace_s: float = setting(
        About(values.number(0), "How long streams may go on after a signal to stop.", unit="seconds"),
        default=25.0,
    )


@attrs.frozen
class Setting:
    """One row of the table of settings; the names it has as flag, variable and key of a config file."""

    key: str
    about: About
    value: object

    @property
    def variable(self) -> str:
        return PREFIX + self.key.upper()

    @property
    def flag(self) -> str:
        """One flag gives one path, so that of `scripts` is `--script`; `--profiles` names a directory of them."""
        return "--script" if self.key == "scripts" else "--" + self.key.replace("_", "-")

    @property
    def default(self) -> str:
        """The default, in words where it is decided elsewhere."""
        return self.about.default or (str(self.value).lower() if isinstance(self.value, bool) else f"{self.value}")


SETTINGS = {field.name: Setting(field.name, field.metadata[About], field.default) for field in attrs.fields(Settings)}
VARIABLES = {setting.variable: setting for setting in SETTINGS.values()}


def resolve(flags: Mapping[str, object], environ: Mapping[str, str], config: Path | None = None) -> Settings:
    """Settings from flags (typed; absent or None where not given), variables and a config file, in this order.

    Without `config` the file is the one that LLMSIM_CONFIG names, if it does.

    Raises:
        OperatorError: an unknown key or variable, a value of the wrong kind, an unreadable file, or a contradiction.
    """
    variables = read_variables(environ)
    named = environ.get(CONFIG_VARIABLE)
    file = config or (Path(named) if named else None)
    given = {key: value for key, value in flags.items() if value is not None}
    chosen: dict[str, Any] = {}
    for source, layer in (("config file", read_config(file)), ("environment", variables), ("flags", given)):
        if "speed" in layer and layer.get("instant"):
            raise OperatorError(f"{source}: 'speed' and 'instant' exclude one another")
        if "speed" in layer:
            chosen.pop("instant", None)
        chosen |= layer
    return Settings(**chosen)


def read_config(file: Path | None) -> dict[str, object]:
    """The settings that a config file names; raises OperatorError with file and key path."""
    if file is None:
        return {}
    try:
        table = strict.parse_toml(file.read_bytes(), str(file))
    except OSError as error:
        raise OperatorError(f"{file}: {error.strerror}") from None
    settings = strict.structure(table, Settings, str(file), _CONVERTER)
    return {key: getattr(settings, key) for key in table}


def read_variables(environ: Mapping[str, str]) -> dict[str, object]:
    """The settings that variables name; raises OperatorError for an unknown or unfit one of ours."""
    found = {}
    for name in sorted(name for name in environ if name.startswith(PREFIX)):
        text = environ[name]
        refuse_service_link(name, text)
        if name == CONFIG_VARIABLE:
            continue
        if name not in VARIABLES:
            near = strict.nearest(name, [*VARIABLES, CONFIG_VARIABLE])
            raise OperatorError(f"unknown environment variable {name}{near}")
        if text:
            setting = VARIABLES[name]
            found[setting.key] = read(setting.about.kind, text, name)
    return found


def read(kind: values.Kind[Any], text: str, name: str) -> object:
    """A value from text; raises OperatorError that begins with `name`."""
    try:
        return kind.read(text)
    except ValueError as error:
        raise OperatorError(f"{name}: {error}") from None


def refuse_service_link(name: str, text: str) -> None:
    """Raise OperatorError for a variable that Kubernetes made from a Service whose name begins with `llmsim`."""
    link = _SERVICE_LINK.fullmatch(name)
    if link is None or (name in VARIABLES and not _LINK_VALUE.fullmatch(text)):
        return
    service = ("llmsim_" + (link["service"] or "")).strip("_").lower().replace("_", "-")
    raise OperatorError(
        f"{name}={text} is a service link that Kubernetes makes for a Service called {service!r}, not a setting: "
        "set enableServiceLinks: false in the pod, or give the Service another name"
    )


def _converter() -> Converter:
    using = strict.converter()

    def hook(setting: Setting) -> Any:  # noqa: ANN401  (cattrs types its overrides so)
        return override(struct_hook=lambda value, _: setting.about.kind.take(value))

    build = make_dict_structure_fn(
        Settings,
        using,
        _cattrs_forbid_extra_keys=True,
        _cattrs_detailed_validation=True,
        **{key: hook(setting) for key, setting in SETTINGS.items()},
    )
    using.register_structure_hook(Settings, build)
    return using


_CONVERTER = _converter()
