"""The shipped profiles and their README: each loads, says where its figures come from, and meets them."""

import re
import typing
from pathlib import Path

import attrs
import pytest

from llmsim.catalog import profiles_dir
from llmsim.distributions import KINDS
from llmsim.profile import Latency, Profile, Profiles, load_profile

SHIPPED = sorted(profiles_dir().glob("*.toml"))
README = (profiles_dir() / "README.md").read_text()
FIGURES = ("context_window", "max_output", "output_tokens", "latency.ttft_ms", "latency.itl_ms")


def quantiles(profile: Profile) -> list[float]:
    """P50, P95 and P99 of the time to first token, milliseconds, of 20,000 even draws."""
    drawn = sorted(profile.latency.ttft_ms.sample((step + 0.5) / 20_000) for step in range(20_000))
    return [drawn[round(20_000 * share)] for share in (0.5, 0.95, 0.99)]


def test_shipped_profiles_load_together() -> None:
    profiles = Profiles.load((), profiles_dir())
    assert len(profiles.by_name) >= 8
    assert {"default", "instant", "echo"} <= set(profiles.by_name)
    assert profiles.models()


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_profile_says_where_each_figure_comes_from(path: Path) -> None:
    profile = load_profile(path)
    wanted = {*FIGURES, *(["models"] if profile.models else []), *(["prices"] if profile.prices else [])}
    if profile.latency.uncached_token_us:
        wanted.add("latency.uncached_token_us")
    if profile.latency.jitter != attrs.fields(Latency).jitter.default:
        wanted.add("latency.jitter")
    if profile.reasoning is not None:
        wanted.add("reasoning.tokens")
    assert set(profile.sources) == wanted
    assert all(profile.sources.values())


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_profile_meets_the_percentiles_it_quotes(path: Path) -> None:
    profile = load_profile(path)
    quoted = re.search(r"P50/P95/P99 (\d+)/(\d+)/(\d+) ms", profile.sources["latency.ttft_ms"])
    if quoted is not None:
        assert quantiles(profile) == pytest.approx([float(figure) for figure in quoted.groups()], rel=0.12)
    else:
        assert "modelstats" not in profile.sources["latency.ttft_ms"]


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_profile_meets_the_speed_it_quotes(path: Path) -> None:
    text = path.read_text()
    quoted = re.search(r"# mean [\d.]+ ms, (\d+) tokens/s", text)
    if quoted is not None:
        drawn = [load_profile(path).latency.itl_ms.sample((step + 0.5) / 2000) for step in range(2000)]
        assert 1000 / (sum(drawn) / 2000) == pytest.approx(float(quoted[1]), rel=0.01)
    else:
        assert "weibull" not in text


def key_paths(kind: type, prefix: str = "") -> set[str]:
    """The path of every key that a class may have in a profile."""
    paths = set()
    hints = typing.get_type_hints(kind)
    for field in attrs.fields(kind):
        path = f"{prefix}{field.name}"
        paths.add(path)
        for part in (hints[field.name], *typing.get_args(hints[field.name])):
            if attrs.has(part) and part not in KINDS.values():
                paths |= key_paths(part, f"{path}.")
    return paths


def test_readme_documents_every_key_and_no_other() -> None:
    keys = README.split("## Keys")[1].split("## Distributions")[0]
    assert set(re.findall(r"^\| `([\w.]+)`", keys, re.MULTILINE)) == key_paths(Profile) - {"name"}


def test_readme_documents_every_distribution_and_its_keys() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (.+?) \|", README.split("## Distributions")[1], re.MULTILINE)
    documented = {kind: set(re.findall(r"`(\w+)`", keys)) for kind, keys in rows if kind in KINDS}
    assert documented == {kind: {field.name for field in attrs.fields(shape)} for kind, shape in KINDS.items()}


def test_readme_names_every_shipped_profile() -> None:
    table = README.split("## Shipped profiles")[1]
    names = {name for row in re.findall(r"^\| (`.+?) \|", table, re.MULTILINE) for name in re.findall(r"`(.+?)`", row)}
    assert names == {path.stem for path in SHIPPED}
