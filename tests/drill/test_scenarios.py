"""The fast scenarios, for real; `nox -s drill` runs them all."""

from pathlib import Path

import pytest
import trio

from llmsim.drill.exercise import TURNS_LEAST, Exercise
from llmsim.drill.scenarios import SCENARIOS


@pytest.mark.parametrize("name", ["pod-loss", "volume-loss", "wrong-ordinal"])
async def test_scenario_passes(name: str, tmp_path: Path) -> None:
    with trio.fail_after(180):
        outcome = await SCENARIOS[name](Exercise(name, tmp_path, "seed", trio.current_time()))
    assert outcome.problems == ()
    assert outcome.acknowledged >= TURNS_LEAST
    assert outcome.regenerated >= outcome.acknowledged - outcome.lost
    assert (outcome.rpo_s is None) == (name == "wrong-ordinal")
    assert outcome.lost == 0 or name == "volume-loss"
    assert (outcome.rto_s is None) == (name == "wrong-ordinal")
