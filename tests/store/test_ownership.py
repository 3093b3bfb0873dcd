"""Whose store it is: the seed belongs to the store, the ordinal to the pod."""

from pathlib import Path

import pytest

from llmsim.errors import WrongOrdinal, WrongSeed
from llmsim.store.environment import Environment
from llmsim.store.ownership import open_for
from llmsim.store.schema import Meta
from llmsim.turn import Pod

NOW_S = 1_700_000_000


def test_open_for_a_fresh_store_stamps_it_with_the_given_seed(tmp_path: Path) -> None:
    with Environment.open(tmp_path, create=True) as environment:
        assert open_for(environment, seed=2**64 - 1, ordinal=3, now_s=NOW_S) == Pod(2**64 - 1, 3)
        assert environment.meta() == Meta(2**64 - 1, 3, NOW_S)


def test_open_for_a_fresh_store_without_seed_draws_one_and_keeps_it(tmp_path: Path) -> None:
    seeds = set()
    for name in ("one", "two"):
        with Environment.open(tmp_path / name, create=True) as environment:
            pod = open_for(environment, seed=None, ordinal=0, now_s=NOW_S)
            assert open_for(environment, seed=None, ordinal=0, now_s=NOW_S + 1) == pod
            assert open_for(environment, seed=pod.root_seed, ordinal=0, now_s=NOW_S + 1) == pod
            assert environment.meta() == Meta(pod.root_seed, 0, NOW_S)
            seeds.add(pod.root_seed)
    assert len(seeds) == 2


def test_open_for_another_seed_names_both_and_the_way_out(tmp_path: Path) -> None:
    with Environment.open(tmp_path, create=True) as environment:
        open_for(environment, seed=7, ordinal=0, now_s=NOW_S)
        with pytest.raises(WrongSeed, match="has root seed 7, not 8: leave --seed out"):
            open_for(environment, seed=8, ordinal=0, now_s=NOW_S)


@pytest.mark.parametrize("seed", [None, 7, 8])
def test_open_for_another_ordinal_names_both_and_the_way_out(tmp_path: Path, seed: int | None) -> None:
    with Environment.open(tmp_path, create=True) as environment:
        open_for(environment, seed=7, ordinal=2, now_s=NOW_S)
        with pytest.raises(WrongOrdinal, match=r"ordinal 2, this pod is ordinal 0: .*--ordinal 2.*restore --adopt"):
            open_for(environment, seed=seed, ordinal=0, now_s=NOW_S)
        assert environment.meta() == Meta(7, 2, NOW_S)
