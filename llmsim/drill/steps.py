"""What scenarios have in common: a pod is lost in the middle of its work, and what there is of it is brought back.

Nothing here decides what must hold: that is for a scenario to say, and for its exercise to note. What is brought back
is brought back by the `restore` and the `check` of operators.
"""

import shutil
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import trio

from llmsim.drill.exercise import Exercise
from llmsim.drill.outcome import Outcome
from llmsim.drill.pods import Pod
from llmsim.errors import LlmsimError, OperatorError
from llmsim.recovery.sources import Wanted
from llmsim.store.environment import DATA_FILE
from llmsim.store.examine import examine

PAGE_BYTES = 4096


async def lose(exercise: Exercise, *, destroy: bool = True) -> None:
    """A pod that is archived is killed in the middle of its work, and its volume destroyed."""
    async with exercise.archived() as pod:
        await exercise.talk_and_kill(pod)
    if destroy:
        shutil.rmtree(exercise.volume)
        exercise.note("volume destroyed")


async def bring_back(exercise: Exercise, source: str) -> Outcome:
    """What this source has is restored to another volume, and goes on there."""
    target = exercise.folder / "restored"
    await exercise.restored(Wanted(source, 0), target)
    return await continued(exercise, target)


async def continued(exercise: Exercise, data_dir: Path, *, may_lose: bool = True, name: str = "drill") -> Outcome:
    """A new pod goes on with this store, and everything is compared; not where a restore has failed."""
    if exercise.problems and not (data_dir / DATA_FILE).exists():
        return exercise.outcome()
    await exercise.compare(data_dir, may_lose=may_lose)
    await exercise.go_on(data_dir, name)
    await exercise.prove(data_dir)
    return exercise.outcome()


async def found_and_replaced(exercise: Exercise) -> Outcome:
    """The damage of the volume is found by `check`, and the store replaced by what was archived."""
    try:
        found = [str(one) for one in await trio.to_thread.run_sync(examine, exercise.volume)]
    except LlmsimError as error:
        found = [str(error)]
    exercise.require(bool(found), "the damaged store was not found to be damaged")
    exercise.note(f"check: {found[0] if found else 'nothing'}")
    return await replaced(exercise)


async def replaced(exercise: Exercise) -> Outcome:
    """The store of the volume is replaced by what was archived."""
    await exercise.restored(Wanted(exercise.place.url, 0), exercise.volume, replace=True)
    return await continued(exercise, exercise.volume)


async def refused(exercise: Exercise, starting: AbstractAsyncContextManager[Pod], problem: str) -> None:
    """A pod that must not start; `problem` says what it has done otherwise."""
    try:
        async with starting:
            exercise.problems.append(problem)
    except OperatorError as error:
        exercise.note(f"refused: {error}")


def flip(path: Path, place: int) -> None:
    """Change one byte of a file."""
    with path.open("r+b") as file:
        file.seek(place)
        byte = file.read(1)[0]
        file.seek(place)
        file.write(bytes([byte ^ 0xFF]))
