"""What a profile may say: one model family's names, limits, lengths, latencies, style and prices.

A profile is a TOML file named after it; `profiles/README.md` documents every key. It is read strictly (`strict.py`):
an unknown key, a wrong type or a figure out of range is an OperatorError with file and key path. Its canonical JSON
is what a store keeps, and the digest of that JSON is what a turn remembers of it. Knows no model provider and no
simulation: what the figures mean is said in `simulation/`.
"""

import functools
import hashlib
import re
from enum import StrEnum
from pathlib import Path

import attrs
import orjson
from attrs.validators import deep_iterable, ge, le, max_len, min_len

from llmsim import strict
from llmsim.distributions import Constant, Distribution, register
from llmsim.errors import OperatorError, StoreDamaged
from llmsim.prices import Prices

DEFAULT = "default"
DIGEST_BYTES = 16
NAME_LIMIT = 200
"""Longest name of a profile, model or owner, in characters."""


class Style(StrEnum):
    """How replies are made up."""

    PROSE = "prose"
    ECHO = "echo"
    FIXED = "fixed"
    LOREM = "lorem"


class Counter(StrEnum):
    """Who counts tokens; all but the estimate need the extra `llmsim[tokens]`."""

    ESTIMATE = "estimate"
    O200K_BASE = "o200k_base"
    CL100K_BASE = "cl100k_base"


@attrs.frozen
class Model:
    """A model by its exact name, as `GET /v1/models` shows it; `created` is unix seconds.

    `snapshot` is the name that responses carry when this one is asked for; the same name when it is not given.
    """

    id: str = attrs.field(validator=[min_len(1), max_len(NAME_LIMIT)])
    created: int = attrs.field(validator=ge(0))
    owned_by: str = attrs.field(validator=[min_len(1), max_len(NAME_LIMIT)])
    snapshot: str | None = None


@attrs.frozen
class Latency:
    """When tokens come: `ttft_ms` to the first, `itl_ms` between the others, milliseconds.

    `uncached_token_us` (microseconds) is added to the TTFT for each prompt token that no prefix cache held. `jitter` is
    a factor on all ITLs of one turn: a slow turn is slow throughout.
    """

    ttft_ms: Distribution
    itl_ms: Distribution
    uncached_token_us: float = attrs.field(default=0.0, validator=[ge(0), le(1e6)])
    jitter: Distribution = Constant(1.0)


@attrs.frozen
class Text:
    """What is said: the style, the text of the style `fixed`, and whether each attempt says something else."""

    style: Style = Style.PROSE
    fixed: str | None = None
    resample: bool = False

    def __attrs_post_init__(self) -> None:
        if (self.style is Style.FIXED) != (self.fixed is not None):
            raise ValueError("'fixed' is the text of the style 'fixed': give both or neither")


@attrs.frozen
class Tokens:
    """How tokens are counted and split."""

    counter: Counter = Counter.ESTIMATE


class Effort(StrEnum):
    """How much a model thinks, in the words of the providers' requests."""

    NONE = "none"
    MINIMAL = "minimal"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    XHIGH = "xhigh"
    MAX = "max"


@attrs.frozen
class Reasoning:
    """A model that thinks: `tokens` at medium effort, and the `effort` where a request names none."""

    tokens: Distribution
    effort: Effort = Effort.MEDIUM


@attrs.frozen
class Errors:
    """Rates of simulated failures, 0 to 1. Read and checked; used by a later release."""

    rate_limit: float = attrs.field(default=0.0, validator=[ge(0), le(1)])
    server_error: float = attrs.field(default=0.0, validator=[ge(0), le(1)])
    overloaded: float = attrs.field(default=0.0, validator=[ge(0), le(1)])

    def __attrs_post_init__(self) -> None:
        if self.rate_limit + self.server_error + self.overloaded > 1:
            raise ValueError("the rates of 'errors' add up to more than 1")


@attrs.frozen
class Profile:
    """One profile. `output_tokens` is the distribution of the natural length of a reply, tokens.

    `patterns` are globs (`*` only) over model names; `sources` says for the path of a figure where it comes from.
    """

    name: str = attrs.field(validator=[min_len(1), max_len(NAME_LIMIT)])
    summary: str
    context_window: int = attrs.field(validator=ge(16))
    max_output: int = attrs.field(validator=ge(1))
    output_tokens: Distribution
    latency: Latency
    models: tuple[Model, ...] = ()
    patterns: tuple[str, ...] = attrs.field(default=(), validator=deep_iterable([min_len(1), max_len(NAME_LIMIT)]))
    text: Text = Text()
    tokens: Tokens = Tokens()
    reasoning: Reasoning | None = None
    errors: Errors = Errors()
    prices: Prices | None = None
    sources: dict[str, str] = attrs.field(factory=dict, hash=False)

    def __attrs_post_init__(self) -> None:
        if self.max_output > self.context_window:
            raise ValueError(
                f"'max_output' ({self.max_output}) must not be above 'context_window' ({self.context_window})"
            )
        known = [field.name for field in attrs.fields(Profile)]
        for path in self.sources:
            if path.split(".")[0] not in known:
                raise ValueError(f"'sources' names no key of a profile: {path!r}{strict.nearest(path, known)}")

    @functools.cached_property
    def _json(self) -> bytes:
        return orjson.dumps(_CONVERTER.unstructure(self), option=orjson.OPT_SORT_KEYS)

    @functools.cached_property
    def digest(self) -> bytes:
        """16 bytes that stand for this profile: blake2b-128 of its canonical JSON."""
        return hashlib.blake2b(self._json, digest_size=DIGEST_BYTES).digest()

    def to_json(self) -> bytes:
        """Its canonical JSON: sorted keys, UTF-8."""
        return self._json

    @classmethod
    def from_json(cls, data: bytes, name: str = "stored profile") -> "Profile":
        """The inverse of `to_json`.

        Raises:
            StoreDamaged: not a profile of this release; `name` stands in its text.
        """
        try:
            return strict.structure(orjson.loads(data), cls, name, _CONVERTER)
        except orjson.JSONDecodeError as error:
            raise StoreDamaged(f"{name}: not JSON: {error}") from None
        except OperatorError as error:
            raise StoreDamaged(str(error)) from None

    def reported(self, model: str) -> str:
        """The model name that responses carry when `model` was asked for."""
        for known in self.models:
            if known.id == model:
                return known.snapshot or model
        return model


def parse_profile(text: bytes, name: str, file: str) -> Profile:
    """A profile from TOML; `name` is the profile's, `file` stands in errors.

    Raises:
        OperatorError: one line for each fault, with file and key path.
    """
    table = strict.parse_toml(text, file)
    if "name" in table:
        raise OperatorError(f"{file}: unknown key 'name': a profile is named after its file @ $")
    return strict.structure({**table, "name": name}, Profile, file, _CONVERTER)


def load_profile(path: Path) -> Profile:
    """A profile from a file.

    Raises:
        OperatorError: the file cannot be read, or is not a profile.
    """
    try:
        text = path.read_bytes()
    except OSError as error:
        raise OperatorError(f"{path}: {error.strerror}") from None
    return parse_profile(text, path.stem, str(path))


@attrs.frozen
class Profiles:
    """The profiles that a server knows, by name, and which of them serves a model name."""

    by_name: dict[str, Profile]
    _exact: dict[str, Profile]
    _patterns: tuple[tuple[re.Pattern[str], Profile], ...]

    @classmethod
    def load(cls, dirs: tuple[Path, ...], shipped: Path) -> "Profiles":
        """Every `*.toml` of the shipped directory and of `dirs`; a file of a later directory replaces its namesake.

        Raises:
            OperatorError: a directory or file cannot be read, a file is not a profile, two profiles claim one model or
                one pattern, or none is called `default`.
        """
        paths: dict[str, Path] = {}
        for directory in (shipped, *dirs):
            if not directory.is_dir():
                raise OperatorError(f"{directory}: not a directory of profiles")
            paths |= {path.stem: path for path in sorted(directory.glob("*.toml"))}
        return cls.of(tuple(load_profile(paths[name]) for name in sorted(paths)))

    @classmethod
    def of(cls, profiles: tuple[Profile, ...]) -> "Profiles":
        """These profiles; raises OperatorError as `load` does."""
        exact: dict[str, Profile] = {}
        patterns: dict[str, Profile] = {}
        for profile in profiles:
            claims = [(exact, model.id) for model in profile.models]
            claims += [(patterns, pattern) for pattern in profile.patterns]
            for claimed, name in claims:
                holder = claimed.setdefault(name, profile)
                if holder is not profile:
                    msg = (
                        f"profiles {holder.name!r} and {profile.name!r} both claim the model {name!r}; "
                        "a profile of your own replaces a shipped one when its file has the same name"
                    )
                    raise OperatorError(msg)
        if DEFAULT not in {profile.name for profile in profiles}:
            raise OperatorError(f"no profile is called {DEFAULT!r}")
        ranked = sorted(patterns.items(), key=lambda item: (-len(item[0].replace("*", "")), item[0]))
        compiled = tuple((_glob(pattern), profile) for pattern, profile in ranked)
        return cls({profile.name: profile for profile in profiles}, exact, compiled)

    @property
    def default(self) -> Profile:
        """The profile that serves models nobody knows."""
        return self.by_name[DEFAULT]

    def for_model(self, name: str) -> Profile | None:
        """The profile with this exact model, else the one with the most specific pattern, else None.

        Of several patterns that match, the one with the most characters besides `*` wins.
        """
        found = self._exact.get(name)
        if found is not None:
            return found
        return next((profile for pattern, profile in self._patterns if pattern.fullmatch(name)), None)

    def models(self) -> tuple[Model, ...]:
        """Every model that a profile names, by name."""
        known = [model for profile in self.by_name.values() for model in profile.models]
        return tuple(sorted(known, key=lambda model: model.id))


def _glob(pattern: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(part) for part in pattern.split("*")), re.DOTALL)


_CONVERTER = strict.converter()
register(_CONVERTER)
