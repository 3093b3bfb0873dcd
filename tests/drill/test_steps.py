"""A scenario whose damage is not found, or whose restore fails, fails."""

from pathlib import Path

import trio

from llmsim.drill.exercise import Exercise
from llmsim.drill.steps import bring_back, flip, found_and_replaced
from tests.archives import archive


async def test_damage_that_is_not_found_is_a_problem(tmp_path: Path) -> None:
    data_dir, place = archive(tmp_path)
    exercise = Exercise("corrupt-store", tmp_path, "seed", trio.current_time())
    data_dir.rename(exercise.volume)
    assert place.path == exercise.place.path
    with trio.fail_after(120):
        outcome = await found_and_replaced(exercise)
    assert "the damaged store was not found to be damaged" in outcome.problems


async def test_restore_that_fails_ends_the_scenario(tmp_path: Path) -> None:
    exercise = Exercise("volume-loss", tmp_path, "seed", trio.current_time())
    outcome = await bring_back(exercise, exercise.place.url)
    assert outcome.problems[0].startswith("restore failed: ")
    assert outcome.rto_s is None


def test_flip_changes_one_byte(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"abc")
    flip(tmp_path / "file", 1)
    assert (tmp_path / "file").read_bytes() == b"a\x9dc"
