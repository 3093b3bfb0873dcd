"""A drill runs what it is told to, reports each, and turns what a scenario raises into a problem."""

import pytest

from llmsim.drill import drill as module
from llmsim.drill.drill import drill, locally
from llmsim.drill.exercise import Exercise
from llmsim.drill.outcome import Limits, Outcome
from llmsim.errors import StoreFull


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Which scenarios ran, and the seed of each."""
    found: list[tuple[str, str]] = []

    async def scenario(exercise: Exercise) -> Outcome:
        assert exercise.folder.is_dir()
        assert exercise.scripts == ("memory",)
        found.append((exercise.scenario, exercise.seed))
        if exercise.scenario == "rollback":
            raise StoreFull("no space left on device")
        return Outcome(exercise.scenario, rpo_s=1.0)

    monkeypatch.setattr(module, "SCENARIOS", dict.fromkeys(("pod-loss", "volume-loss", "rollback"), scenario))
    return found


async def test_drill_runs_each_in_its_rounds_and_judges_it(drawn: list[tuple[str, str]]) -> None:
    told: list[Outcome] = []
    outcomes = await drill(["pod-loss", "rollback"], ("memory",), 0, 2, Limits(max_rpo_s=0.5), told.append, locally)
    assert [name for name, _ in drawn] == ["pod-loss", "rollback"] * 2
    assert told == outcomes
    assert outcomes[0].problems == ("RPO of 1.00 s is more than 0.5 s",)
    assert outcomes[1].problems == ("StoreFull: no space left on device",)


async def test_drill_of_a_seed_draws_the_same_again_and_each_round_something_else(
    drawn: list[tuple[str, str]],
) -> None:
    for seed in (7, 7, 8):
        await drill(["pod-loss", "volume-loss"], ("memory",), seed, 2, Limits(), lambda _outcome: None, locally)
    assert drawn[:4] == drawn[4:8]
    assert len({seed for _, seed in drawn}) == 8
