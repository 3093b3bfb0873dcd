"""An exercise finds what is lost, what differs, and what is refused: otherwise a drill could not fail."""

from pathlib import Path

import pytest
import trio

from llmsim.drill.exercise import Exercise
from llmsim.drill.outcome import Acknowledged
from llmsim.recovery.sources import Wanted
from llmsim.store.environment import Environment
from llmsim.store.schema import Table
from tests.archives import archive
from tests.fixtures.make_store import FOLDER
from tests.snapshots import flip


@pytest.fixture
def exercise(tmp_path: Path) -> Exercise:
    made = Exercise("volume-loss", tmp_path, "seed", 0.0)
    made.volume.mkdir()
    (made.volume / "data.mdb").write_bytes((FOLDER / "data.mdb").read_bytes())
    return made


TOLD = Acknowledged("memory", 1, "Never said.", 5.0)


async def test_turn_that_is_not_stored_is_lost_and_dates_the_rpo(exercise: Exercise) -> None:
    exercise.acknowledged.append(TOLD)
    exercise.loss_s = 7.5
    await exercise.compare(exercise.volume, may_lose=True)
    outcome = exercise.outcome()
    assert (outcome.lost, outcome.rpo_s, outcome.problems) == (1, 2.5, ())
    await exercise.compare(exercise.volume, may_lose=False)
    assert exercise.outcome().problems == ("1 acknowledged turns are lost",)


@pytest.mark.leaves_unsound("says something else")
async def test_turn_that_says_something_else_is_a_problem(exercise: Exercise) -> None:
    with Environment.open(exercise.volume) as environment, environment.write() as view:
        key, record = next(item for item in view.scan(Table.TURNS) if b"Your name is Ada." in item[1])
        view.put(Table.TURNS, key, record.replace(b"Your name is Ada.", b"Your name is Bob."))
    await exercise.prove(exercise.volume)
    assert any(problem.startswith("replay: ") for problem in exercise.problems), exercise.problems


async def test_restore_that_is_refused_or_doubted_is_a_problem(exercise: Exercise, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    _, place = archive(tmp_path / "other")
    done = await exercise.restored(Wanted(str(tmp_path / "missing"), 0), tmp_path / "one")
    assert (done, exercise.problems[0].startswith("restore failed: ")) == (None, True)
    flip(sorted(place.path.rglob("*.segment"))[1], 900)
    assert await exercise.restored(Wanted(place.url, 0), tmp_path / "two") is not None
    assert exercise.problems[1].startswith("doubt: ")


async def test_events_have_the_time_since_the_beginning(exercise: Exercise) -> None:
    exercise.begun_s = trio.current_time() - 2
    exercise.note("something")
    [event] = exercise.events
    assert event.what == "something"
    assert event.at_s >= 2
