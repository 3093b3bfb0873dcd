"""Profiles: read strictly, written canonically, found by model name."""

from pathlib import Path

import attrs
import pytest

from llmsim.distributions import Constant, LogNormal
from llmsim.errors import OperatorError, StoreDamaged
from llmsim.profile import Counter, Profile, Profiles, Style, load_profile, parse_profile

MINIMAL = """
summary = "a small one"
context_window = 1000
max_output = 100
output_tokens = { kind = "constant", value = 20 }

[latency]
ttft_ms = { kind = "constant", value = 100 }
itl_ms = { kind = "constant", value = 10 }
"""
FULL = """
summary = "all of it"
context_window = 1000
max_output = 100
output_tokens = { kind = "lognormal", p50 = 20, p95 = 60 }
patterns = ["big-*"]

[latency]
uncached_token_us = 2.5
ttft_ms = { kind = "mixture", weights = [0.9, 0.1], components = [
    { kind = "lognormal", p50 = 500, sigma = 0.2 },
    { kind = "pareto", shape = 2, minimum = 900 },
] }
itl_ms = { kind = "weibull", shape = 2, scale = 14 }
jitter = { kind = "normal", mean = 1, sd = 0.1 }

[text]
style = "fixed"
fixed = "Hello."
resample = true

[tokens]
counter = "o200k_base"

[errors]
rate_limit = 0.1
server_error = 0.2
overloaded = 0.3

[prices]
input_usd = 1
output_usd = 2
cached_input_usd = 0.5

[sources]
"latency.ttft_ms" = "measured"

[[models]]
id = "big"
created = 5
owned_by = "us"
snapshot = "big-1"
"""


def parsed(text: str, name: str = "p") -> Profile:
    return parse_profile(text.encode(), name, f"profiles/{name}.toml")


def with_models(name: str, models: list[str], patterns: list[str]) -> Profile:
    tables = "".join(f'\n[[models]]\nid = "{model}"\ncreated = 1\nowned_by = "us"\n' for model in models)
    return parsed(f"patterns = {patterns!r}\n{MINIMAL}{tables}", name)


def test_parse_of_a_minimal_profile_takes_the_defaults() -> None:
    profile = parsed(MINIMAL)
    assert (profile.name, profile.models, profile.patterns, profile.prices) == ("p", (), (), None)
    assert profile.text.style is Style.PROSE
    assert profile.tokens.counter is Counter.ESTIMATE
    assert profile.latency.jitter == Constant(1.0)


def test_parse_of_a_full_profile_reads_every_key() -> None:
    profile = parsed(FULL)
    assert profile.output_tokens == LogNormal(20, p95=60)
    assert (profile.text.style, profile.text.fixed, profile.text.resample) == (Style.FIXED, "Hello.", True)
    assert profile.errors.overloaded == 0.3
    assert profile.prices is not None
    assert profile.prices.cached_input_usd == 0.5
    assert profile.reported("big") == "big-1"
    assert profile.reported("big-2") == "big-2"


@pytest.mark.parametrize("text", [MINIMAL, FULL])
def test_json_of_a_profile_gives_it_back_exactly(text: str) -> None:
    profile = parsed(text)
    again = Profile.from_json(profile.to_json())
    assert again == profile
    assert again.to_json() == profile.to_json()
    assert again.digest == profile.digest


def test_digest_is_what_it_always_was() -> None:
    assert parsed(MINIMAL).digest.hex() == "54efc6a9afcdd0ecdef9a29d999099d9"
    assert parsed(FULL).digest.hex() == "13e6fd9fd3e2786e17f975a9a77ea33a"


def test_digest_changes_with_a_figure_and_with_the_name() -> None:
    digests = {parsed(MINIMAL).digest, parsed(MINIMAL.replace("20", "21")).digest, parsed(MINIMAL, "q").digest}
    assert len(digests) == 3


@pytest.mark.parametrize(
    ("wrong", "right", "said"),
    [
        ("p51 = 20", "p50 = 20", "unknown key 'p51' (did you mean 'p95'?) @ $.output_tokens"),
        ("p50 = '20'", "p50 = 20", "expected a number, not a text @ $.output_tokens.p50"),
        ("sigma = '0'", "sigma = 0.2", "expected a number, not a text @ $.latency.ttft_ms.components[0].sigma"),
        ("max_output = 1001", "max_output = 100", "'max_output' (1001) must not be above 'context_window' (1000) @ $"),
        ("max_output = 0", "max_output = 100", "'max_output' must be >= 1: 0 @ $"),
        ("context_window = 15", "context_window = 1000", "'context_window' must be >= 16: 15 @ $"),
        (
            "counter = 'o200k'",
            'counter = "o200k_base"',
            "expected one of estimate, o200k_base, cl100k_base, not 'o200k'",
        ),
        (
            "style = 'prose'",
            'style = "fixed"',
            "'fixed' is the text of the style 'fixed': give both or neither @ $.text",
        ),
        ("style = 'fixt'", 'style = "fixed"', "not 'fixt' (did you mean 'fixed'?) @ $.text.style"),
        ("rate_limit = 1.1", "rate_limit = 0.1", "'rate_limit' must be <= 1: 1.1 @ $.errors"),
        ("rate_limit = 0.6", "rate_limit = 0.1", "the rates of 'errors' add up to more than 1 @ $.errors"),
        ("cached_input_usd = -1", "cached_input_usd = 0.5", "'cached_input_usd' must be >= 0: -1.0 @ $.prices"),
        ("uncached_token_us = -1", "uncached_token_us = 2.5", "'uncached_token_us' must be >= 0: -1.0 @ $.latency"),
        ('"latncy.x" = ""', '"latency.ttft_ms" = "measured"', "'sources' names no key of a profile: 'latncy.x'"),
        ('id = ""', 'id = "big"', "@ $.models[0]"),
        ("created = -5", "created = 5", "'created' must be >= 0: -5 @ $.models[0]"),
        ("name = 'x'\nsummary", "summary", "unknown key 'name': a profile is named after its file @ $"),
    ],
)
def test_parse_of_a_wrong_profile_names_file_and_path(wrong: str, right: str, said: str) -> None:
    assert right in FULL
    with pytest.raises(OperatorError) as caught:
        parsed(FULL.replace(right, wrong, 1))
    assert str(caught.value).startswith("profiles/p.toml: ")
    assert said in str(caught.value)


@pytest.mark.parametrize("data", [b"{", b"[]", b"{}", b'{"name": 3}'])
def test_from_json_of_other_bytes_is_damage_of_the_store_that_had_them(data: bytes) -> None:
    with pytest.raises(StoreDamaged, match=r"^stored profile: "):
        Profile.from_json(data)


def test_load_profile_of_a_missing_file_names_it(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match=r"nowhere\.toml: No such file"):
        load_profile(tmp_path / "nowhere.toml")


def test_for_model_prefers_the_exact_name_then_the_most_specific_pattern() -> None:
    profiles = Profiles.of(
        (
            with_models("default", [], []),
            with_models("gpt", ["gpt-4o"], ["gpt-*"]),
            with_models("mini", ["mini"], ["gpt-4o-*", "*-mini"]),
            with_models("all", [], ["*-4o-mini-2024"]),
        )
    )

    def name(model: str) -> str | None:
        found = profiles.for_model(model)
        return found.name if found else None

    assert name("gpt-4o") == "gpt"
    assert name("gpt-4o-mini") == "mini"
    assert name("gpt-4o-mini-2024") == "all"
    assert name("gpt-5") == "gpt"
    assert name("gpt-") == "gpt"
    assert name("GPT-5") is None
    assert name("x.gpt-5") is None
    assert profiles.default.name == "default"
    assert [model.id for model in profiles.models()] == ["gpt-4o", "mini"]


def test_for_model_takes_other_signs_in_a_pattern_as_they_are() -> None:
    profiles = Profiles.of((with_models("default", [], ["a.b[1]*"]),))
    assert profiles.for_model("a.b[1]-x\n") is profiles.default
    assert profiles.for_model("aXb1") is None


@pytest.mark.parametrize(("models", "patterns"), [(["m"], []), ([], ["m*"])])
def test_profiles_that_claim_one_name_are_both_named(models: list[str], patterns: list[str]) -> None:
    first, second = with_models("default", models, patterns), with_models("other", models, patterns)
    with pytest.raises(OperatorError, match="profiles 'default' and 'other' both claim the model 'm"):
        Profiles.of((first, second))


def test_profiles_without_a_default_are_refused() -> None:
    with pytest.raises(OperatorError, match="no profile is called 'default'"):
        Profiles.of((with_models("other", [], []),))


def test_load_lets_a_file_of_a_later_directory_replace_its_namesake(tmp_path: Path) -> None:
    for directory, window in (("shipped", 1000), ("mine", 2000), ("yours", 3000)):
        (tmp_path / directory).mkdir()
        text = MINIMAL.replace("context_window = 1000", f"context_window = {window}")
        (tmp_path / directory / "default.toml").write_text(text)
    (tmp_path / "shipped" / "other.toml").write_text(MINIMAL)
    (tmp_path / "mine" / "README.md").write_text("not a profile")
    loaded = Profiles.load((tmp_path / "mine", tmp_path / "yours"), tmp_path / "shipped")
    assert loaded.default.context_window == 3000
    assert sorted(loaded.by_name) == ["default", "other"]


def test_load_of_a_missing_directory_names_it(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="nowhere: not a directory of profiles"):
        Profiles.load((tmp_path / "nowhere",), tmp_path)


def test_profile_cannot_be_changed() -> None:
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        parsed(MINIMAL).name = "x"  # type: ignore[misc]
