"""Storage that fails is found, refused and replaced; `nox -s drill` runs all of it."""

from pathlib import Path

import pytest
import trio

from llmsim.drill.exercise import Exercise
from llmsim.drill.faults import FAULTS


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("stale-volume", "refused: the pod did not start: llmsim: the store is not the one that was archived last"),
        ("two-pods", "is in use by process"),
        ("torn-copy", "check: "),
    ],
)
async def test_fault_is_told_and_nothing_differs_afterwards(name: str, told: str, tmp_path: Path) -> None:
    with trio.fail_after(180):
        outcome = await FAULTS[name](Exercise(name, tmp_path, "seed", trio.current_time()))
    assert outcome.problems == ()
    assert any(told in event.what for event in outcome.events), outcome.events
    assert outcome.lost == 0 or name != "two-pods"
