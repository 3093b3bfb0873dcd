"""The scenarios of a drill: what is lost, how it is brought back, and what must hold then.

Each takes an exercise in an empty folder and returns its outcome. They use what an operator would use: the archive of
a pod, snapshots, `restore` and `check`.
"""

import shutil
from collections.abc import Awaitable, Callable

import trio

from llmsim.drill.exercise import Exercise
from llmsim.drill.faults import FAULTS
from llmsim.drill.outcome import Outcome
from llmsim.drill.steps import PAGE_BYTES, bring_back, continued, flip, found_and_replaced, lose, refused
from llmsim.errors import WrongOrdinal
from llmsim.recovery.applying import Until
from llmsim.recovery.merging import merge
from llmsim.recovery.restore import restore
from llmsim.recovery.snapshot import listed
from llmsim.recovery.sources import Wanted
from llmsim.store.environment import DATA_FILE
from llmsim.store.merging import OnConflict

Scenario = Callable[[Exercise], Awaitable[Outcome]]


async def pod_loss(exercise: Exercise) -> Outcome:
    """The process is killed; its volume stays."""
    async with exercise.pod(exercise.volume) as pod:
        await exercise.talk_and_kill(pod)
    return await continued(exercise, exercise.volume, may_lose=False)


async def volume_loss(exercise: Exercise) -> Outcome:
    """The process is killed, and its volume is gone: the archive is what there is."""
    await lose(exercise)
    return await bring_back(exercise, exercise.place.url)


async def region_loss(exercise: Exercise) -> Outcome:
    """Volume and object store are gone; a copy of the object store, in another region, is what there is."""
    copy = exercise.folder / "other-region"
    async with exercise.archived() as pod:
        await exercise.talk_and_kill(pod)
        shutil.copytree(exercise.place.path, copy)
    shutil.rmtree(exercise.volume)
    shutil.rmtree(exercise.place.path)
    exercise.note("volume and object store destroyed")
    return await bring_back(exercise, str(copy))


async def corrupt_store(exercise: Exercise) -> Outcome:
    """The volume comes back with a flipped byte in every page: it is found, and replaced by what was archived."""
    await lose(exercise, destroy=False)
    data = exercise.volume / DATA_FILE
    for page in range(2, data.stat().st_size // PAGE_BYTES):
        flip(data, page * PAGE_BYTES)
    return await found_and_replaced(exercise)


async def corrupt_newest_snapshot(exercise: Exercise) -> Outcome:
    """The volume is gone, and the newest snapshot damaged: the one before it, and the archive, give all back."""
    async with exercise.archived() as pod:
        await exercise.snapshot()
        await exercise.snapshot()
        await exercise.talk_and_kill(pod)
    newest = listed(exercise.place)[-1]
    flip(next((exercise.place.path / newest.name).glob("records-*")), 10)
    shutil.rmtree(exercise.volume)
    exercise.note("volume destroyed, newest snapshot damaged")
    target = exercise.folder / "restored"
    done = await exercise.restored(Wanted(exercise.place.url, 0), target)
    passed = [one.name for one in done.staged.passed_over] if done else []
    exercise.require(passed == [newest.name], f"the damaged snapshot was not passed over: {passed}")
    return await continued(exercise, target)


async def rollback(exercise: Exercise) -> Outcome:
    """The store goes back to an earlier turn, of which it has everything and nothing after it."""
    await lose(exercise)
    turn = len(exercise.acknowledged) // 2
    target = exercise.folder / "restored"
    done = await exercise.restored(Wanted(exercise.place.url, 0, until=Until(turn=turn)), target)
    exercise.require(done is not None and done.tables["turns"] == turn, f"not {turn} turns were restored")
    await exercise.compare(target, may_lose=True)
    await exercise.go_on(target)
    await exercise.prove(target)
    return exercise.outcome(measured=False)


async def scale_down_merge(exercise: Exercise) -> Outcome:
    """Pod 1 is removed for good: its sessions go on in the store of pod 0."""
    other = exercise.folder / "volume-1"
    async with exercise.pod(exercise.volume) as pod:
        await exercise.talk_and_kill(pod, "of-pod-0")
    async with exercise.pod(other, ordinal=1) as pod:
        await exercise.talk_and_kill(pod, "of-pod-1")
    wanted = Wanted(str(other), 0, any_pod=True)
    done = await trio.to_thread.run_sync(merge, wanted, exercise.volume, OnConflict.LEAVE)
    exercise.note(f"merged: {len(done.merged.brought)} sessions brought, {len(done.merged.left)} left")
    return await continued(exercise, exercise.volume, may_lose=False, name="of-pod-1")


async def wrong_ordinal(exercise: Exercise) -> Outcome:
    """A snapshot and a volume of pod 0 are given to pod 1: both must be refused."""
    await lose(exercise, destroy=False)
    target = exercise.folder / "restored"
    snapshot = listed(exercise.place)[-1].url
    try:
        await trio.to_thread.run_sync(restore, Wanted(snapshot, 1), target)
    except WrongOrdinal as error:
        exercise.note(f"refused: {error}")
    else:
        exercise.problems.append("a snapshot of pod 0 became the store of pod 1")
    exercise.require(not (target / DATA_FILE).exists(), "the refused restore left a store")
    await refused(exercise, exercise.pod(exercise.volume, ordinal=1), "pod 1 served the volume of pod 0")
    await exercise.compare(exercise.volume, may_lose=False)
    await exercise.prove(exercise.volume)
    return exercise.outcome(measured=False)


DISASTERS: dict[str, Scenario] = {
    "pod-loss": pod_loss,
    "volume-loss": volume_loss,
    "corrupt-store": corrupt_store,
    "corrupt-newest-snapshot": corrupt_newest_snapshot,
    "region-loss": region_loss,
    "rollback": rollback,
    "scale-down-merge": scale_down_merge,
    "wrong-ordinal": wrong_ordinal,
}
SCENARIOS = {**DISASTERS, **FAULTS}
