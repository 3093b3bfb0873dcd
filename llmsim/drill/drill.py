"""A drill: scenarios one after another, each in a folder of its own, and each killing its pods at a moment of its own.

The seed and the scenario's name and round decide when pods are killed, counted in acknowledged turns; how many turns
are then under way is the machine's affair. Cancellation: pods are killed, folders removed.
"""

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import trio

from llmsim.drill.exercise import Exercise
from llmsim.drill.outcome import Limits, Outcome
from llmsim.drill.scenarios import SCENARIOS, Scenario
from llmsim.errors import LlmsimError


async def drill(
    names: Sequence[str],
    scripts: tuple[str, ...],
    seed: int,
    rounds: int,
    limits: Limits,
    told: Callable[[Outcome], None],
    run: Scenario,
) -> list[Outcome]:
    """Run these scenarios, `rounds` times each, with clients that say the lines of these scripts.

    `told` hears of each outcome as it comes; `run` runs an exercise: `locally`, or against a cluster.
    """
    outcomes: list[Outcome] = []
    for number in range(rounds):
        for name in names:
            with tempfile.TemporaryDirectory(prefix="llmsim-drill-") as folder:
                exercise = Exercise(name, Path(folder), f"{seed} {name} {number}", trio.current_time(), scripts)
                outcome = (await _ended(run, exercise)).judged(limits)
            told(outcome)
            outcomes.append(outcome)
    return outcomes


async def locally(exercise: Exercise) -> Outcome:
    """Its scenario, with processes of this machine."""
    return await SCENARIOS[exercise.scenario](exercise)


async def _ended(run: Scenario, exercise: Exercise) -> Outcome:
    try:
        return await run(exercise)
    except (LlmsimError, OSError) as error:
        exercise.problems.append(f"{type(error).__name__}: {error}")
        return exercise.outcome()
