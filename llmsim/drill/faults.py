"""Storage that fails: what a volume may come back as, that it is found, and that the pod goes on from its archive.

Each fault is put below everything that is ours, into the volume of a pod that was killed. `docs/faults.md` says for
each what an operator reads and what is lost.
"""

import shutil
from collections.abc import Awaitable, Callable

from llmsim.drill.exercise import Exercise
from llmsim.drill.outcome import Outcome
from llmsim.drill.steps import PAGE_BYTES, continued, found_and_replaced, lose, refused, replaced
from llmsim.store.environment import DATA_FILE, READERS_FILE

HALF = 2


async def truncated_store(exercise: Exercise) -> Outcome:
    """The second half of the file is gone."""
    await lose(exercise, destroy=False)
    data = exercise.volume / DATA_FILE
    with data.open("r+b") as file:
        file.truncate(data.stat().st_size // HALF)
    exercise.note("volume truncated to its half")
    return await found_and_replaced(exercise)


async def torn_copy(exercise: Exercise) -> Outcome:
    """The file was copied while a pod wrote: some of its pages are older than the others."""
    data = exercise.volume / DATA_FILE
    async with exercise.archived() as pod:
        await exercise.talk(pod)
        older = data.read_bytes()
        await exercise.talk_and_kill(pod)
    younger = data.read_bytes()
    torn = len(older) // PAGE_BYTES // HALF * PAGE_BYTES
    data.write_bytes(younger[:torn] + older[torn:] + younger[len(older) :])
    exercise.note("volume replaced by a torn copy of it")
    return await found_and_replaced(exercise)


async def stale_volume(exercise: Exercise) -> Outcome:
    """The volume comes back as it was before: what was archived since is known, and the old store not served."""
    async with exercise.archived() as pod:
        await exercise.talk(pod)
        await pod.kill()
    shutil.copytree(exercise.volume, aside := exercise.folder / "aside")
    async with exercise.archived() as pod:
        await exercise.talk_and_kill(pod)
    shutil.rmtree(exercise.volume)
    aside.rename(exercise.volume)
    exercise.note("volume replaced by an older state of it")
    await refused(exercise, exercise.archived(), "a pod served a store that is older than its archive")
    return await replaced(exercise)


async def two_pods(exercise: Exercise) -> Outcome:
    """Another pod is started on the volume of one that runs."""
    async with exercise.archived() as pod:
        await exercise.talk(pod)
        await refused(exercise, exercise.archived(), "a pod served the volume of another pod")
        await exercise.talk_and_kill(pod)
    return await continued(exercise, exercise.volume, may_lose=False)


async def missing_lock_file(exercise: Exercise) -> Outcome:
    """The volume comes back without the file in which readers are noted: it is made anew."""
    await lose(exercise, destroy=False)
    (exercise.volume / READERS_FILE).unlink()
    exercise.note(f"{READERS_FILE} removed")
    return await continued(exercise, exercise.volume, may_lose=False)


FAULTS: dict[str, Callable[[Exercise], Awaitable[Outcome]]] = {
    "truncated-store": truncated_store,
    "torn-copy": torn_copy,
    "stale-volume": stale_volume,
    "two-pods": two_pods,
    "missing-lock-file": missing_lock_file,
}
