"""The ordinal of a pod: what is given wins, then the host name, then 0."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmsim.identity import MAX_ORDINAL, MAX_ROOT_SEED, draw_root_seed, fingerprint, host_ordinal, identify


@pytest.mark.parametrize(
    ("host_name", "ordinal"),
    [
        ("llm-simulator-2", 2),
        ("llm-simulator-0", 0),
        ("llm-simulator-12.llm-simulator.default.svc.cluster.local", 12),
        ("node-65535", 65_535),
        ("node-65536", None),
        ("node-123456", None),
        ("laptop", None),
        ("3f2a9b8c7d12", None),
        ("web2", None),
        ("llm-simulator-7d9f8b6c5-x2x45", None),
        ("", None),
        ("-", None),
        ("node-٣", None),
    ],
)
def test_host_ordinal_by_name_is_the_number_behind_the_last_hyphen(host_name: str, ordinal: int | None) -> None:
    assert host_ordinal(host_name) == ordinal


def test_identity_with_ordinal_given_ignores_host_name() -> None:
    identity = identify(7, "llm-simulator-2")
    assert (identity.ordinal, identity.source) == (7, "given")


def test_identity_with_zero_given_ignores_host_name() -> None:
    assert identify(0, "llm-simulator-2").ordinal == 0


def test_identity_of_numbered_host_names_the_host() -> None:
    identity = identify(None, "llm-simulator-2")
    assert identity.ordinal == 2
    assert "llm-simulator-2" in identity.source


def test_identity_of_unnumbered_host_is_zero() -> None:
    assert identify(None, "laptop").ordinal == 0


@given(st.text())
def test_host_ordinal_of_any_name_is_in_range_or_none(host_name: str) -> None:
    ordinal = host_ordinal(host_name)
    assert ordinal is None or 0 <= ordinal <= MAX_ORDINAL


def test_root_seeds_drawn_are_in_range_and_differ() -> None:
    seeds = {draw_root_seed() for _ in range(16)}
    assert len(seeds) == 16
    assert all(0 <= seed <= MAX_ROOT_SEED for seed in seeds)


def test_fingerprint_of_a_seed_is_pinned() -> None:
    """It stands in manifests and stores: changing it would make every stored one look foreign."""
    assert fingerprint(42) == "72afae062c69"


@given(st.integers(0, MAX_ROOT_SEED), st.integers(0, MAX_ROOT_SEED))
def test_fingerprint_tells_seeds_apart(one: int, other: int) -> None:
    assert (fingerprint(one) == fingerprint(other)) == (one == other)
