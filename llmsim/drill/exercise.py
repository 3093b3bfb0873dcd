"""An exercise: one scenario that is under way, in a folder of its own, and what it has noted so far.

Its steps are those that every scenario is made of: talk to a pod and kill it in the middle, compare what came back,
let the pod that takes its place answer, and prove the store. What is compared was read before the new pod says a word.
"""

import hashlib
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import attrs
import trio

from llmsim.drill.crowd import CLIENTS, Crowd, Lines, lines_of
from llmsim.drill.outcome import Acknowledged, Event, Outcome, Stored, lost_of, rpo_s
from llmsim.drill.pods import Pod, Reached, running
from llmsim.errors import LlmsimError, OperatorError
from llmsim.recovery.places import Folder
from llmsim.recovery.restore import Restored, restore
from llmsim.recovery.snapshot import Snapshot, create
from llmsim.recovery.sources import Wanted
from llmsim.replay.regenerate import Regeneration, regenerate
from llmsim.replay.script import found, load_scripts
from llmsim.store import sessions
from llmsim.store.environment import Environment
from llmsim.store.examine import examine
from llmsim.tokenizers import counter_named

TURNS_LEAST, TURNS_MOST = 200, 600
"""Between these many acknowledged turns the pod is killed, at a moment that the drill's seed draws."""
GO_ON_TURNS = 16
SCRIPT = "long-conversation"
"""What is said where nobody says what."""


@attrs.define
class Exercise:
    """One scenario. `seed` decides when pods are killed; `volume` is the pod's, `place` where its copies go.

    `scripts` are files or names of session scripts, whose users' lines are said.
    """

    scenario: str
    folder: Path
    seed: str
    begun_s: float
    scripts: tuple[str, ...] = (SCRIPT,)
    acknowledged: list[Acknowledged] = attrs.field(factory=list)
    events: list[Event] = attrs.field(factory=list)
    problems: list[str] = attrs.field(factory=list)
    lost: list[Acknowledged] = attrs.field(factory=list)
    loss_s: float | None = None
    rto_s: float | None = None
    regenerated: int = 0

    @property
    def volume(self) -> Path:
        return self.folder / "volume"

    @property
    def place(self) -> Folder:
        return Folder(self.folder / "place")

    @property
    def log(self) -> Path:
        return self.folder / "pods.log"

    def note(self, what: str) -> None:
        """Something happened."""
        self.events.append(Event(round(trio.current_time() - self.begun_s, 3), what))

    def require(self, holds: bool, problem: str) -> None:  # noqa: FBT001  (as assert)
        """What must be so."""
        if not holds:
            self.problems.append(problem)

    def pod(self, volume: Path, ordinal: int = 0, archive: str | None = None) -> AbstractAsyncContextManager[Pod]:
        """A pod on this volume; see `running`."""
        return running(volume, self.log, ordinal, archive, self.scripts)

    def archived(self) -> AbstractAsyncContextManager[Pod]:
        """The pod, archived to the place."""
        return self.pod(self.volume, archive=self.place.url)

    async def talk(self, pod: Reached, name: str = "drill") -> None:
        """Clients talk, a little."""
        await Crowd(name, self._lines(), self.acknowledged).converse(pod, len(self.acknowledged) + TURNS_LEAST)
        self.note(f"{len(self.acknowledged)} acknowledged turns")

    async def talk_and_kill(self, pod: Reached, name: str = "drill") -> None:
        """Clients talk; in the middle of it the pod is killed. Raises OperatorError where it cannot be."""
        turns = len(self.acknowledged) + self._turns(name)
        enough = trio.Event()
        crowd = Crowd(name, self._lines(), self.acknowledged)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(crowd.talk, pod, turns, enough)
            await enough.wait()
            failed = await _killed(pod)
            if failed is not None:
                nursery.cancel_scope.cancel()
        if failed is not None:
            raise failed
        self.loss_s = pod.killed_s
        self.require(len(self.acknowledged) >= turns, "the pod was gone before it was killed")
        self.note(f"{pod.end} after {len(self.acknowledged)} acknowledged turns, {CLIENTS} under way")

    def _lines(self) -> Lines:
        return lines_of(load_scripts(found(name) for name in self.scripts))

    def _turns(self, name: str) -> int:
        """After how many turns the pod is killed, by the drill's seed."""
        digest = hashlib.blake2b(f"{self.seed} {name}".encode(), digest_size=8).digest()
        return TURNS_LEAST + int.from_bytes(digest) % (TURNS_MOST - TURNS_LEAST)

    async def snapshot(self) -> Snapshot:
        """A snapshot, taken beside the pod."""
        made = await trio.to_thread.run_sync(create, self.volume, self.place)
        self.note(f"snapshot {made.name}")
        return made

    async def restored(self, wanted: Wanted, to: Path, *, replace: bool = False) -> Restored | None:
        """Restore; None, and a problem, where that is refused."""
        try:
            done = await trio.to_thread.run_sync(lambda: restore(wanted, to, replace=replace))
        except LlmsimError as error:
            self.problems.append(f"restore failed: {error}")
            return None
        self.note(f"restored {done.staged.snapshot.name}: {done.tables['turns']} turns")
        self.problems += [f"doubt: {one}" for one in done.staged.doubts]
        return done

    async def compare(self, data_dir: Path, *, may_lose: bool) -> None:
        """What was acknowledged is in this store, as it was told; what is not is lost."""
        self.compared(await trio.to_thread.run_sync(_stored, data_dir), may_lose=may_lose)

    def compared(self, stored: Stored, *, may_lose: bool) -> None:
        """As `compare`, with what a store has."""
        self.lost = lost_of(self.acknowledged, stored)
        if not may_lose:
            self.require(not self.lost, f"{len(self.lost)} acknowledged turns are lost")
        self.note(f"{len(stored)} turns are there, {len(self.lost)} acknowledged ones lost")

    async def go_on(self, data_dir: Path, name: str = "drill") -> None:
        """A new pod on this store answers, and the conversations go on."""
        async with self.pod(data_dir) as pod:
            more = await self.answered(pod, name)
        stored = await trio.to_thread.run_sync(_stored, data_dir)
        self.require(not lost_of(more, stored), "turns of the new pod are lost")

    async def answered(self, pod: Reached, name: str) -> list[Acknowledged]:
        """The conversations go on with this pod; what it answered, the first of which ends the outage."""
        more: list[Acknowledged] = []
        self.note("the new pod listens")
        await Crowd(name, self._lines(), more).converse(pod, GO_ON_TURNS)
        if self.loss_s is not None and more:
            self.rto_s = more[0].at_s - self.loss_s
        self.note(f"the conversations go on: {len(more)} turns")
        self.require(len(more) >= GO_ON_TURNS, "the new pod does not answer")
        self.require(any(one.number > 1 for one in more), "the conversations begin anew instead of going on")
        return more

    async def prove(self, data_dir: Path) -> None:
        """The store is sound, and every turn of it is drawn again byte for byte."""
        found = await trio.to_thread.run_sync(examine, data_dir)
        self.problems += [f"check: {finding}" for finding in found]
        result = await trio.to_thread.run_sync(_regenerated, data_dir)
        self.problems += [f"replay: {mismatch}" for mismatch in result.mismatches]
        self.problems += [f"replay: {skipped}" for skipped in result.skipped]
        self.regenerated = result.turns
        self.note(f"{result.turns} turns drawn again")

    def outcome(self, *, measured: bool = True) -> Outcome:
        """What came of it; `measured` False where there is no RPO."""
        rpo = rpo_s(self.lost, self.loss_s) if measured and self.loss_s is not None else None
        return Outcome(
            self.scenario,
            len(self.acknowledged),
            len(self.lost),
            None if rpo is None else round(rpo, 3),
            None if self.rto_s is None else round(self.rto_s, 3),
            self.regenerated,
            round(trio.current_time() - self.begun_s, 3),
            tuple(self.problems),
            tuple(self.events),
        )


async def _killed(pod: Reached) -> OperatorError | None:
    """Why it could not be killed: raised by whoever asked, once the clients are gone, and not in a group with them."""
    try:
        await pod.kill()
    except OperatorError as error:
        return error
    return None


def _stored(data_dir: Path) -> Stored:
    with Environment.open(data_dir, readonly=True) as environment, environment.read() as view:
        known = [session.id for session in sessions.sessions(view)]
        turns = [turn for session in known for turn in sessions.turns(view, session)]
        return {(turn.session, turn.key.number, reply.text) for turn in turns for reply in turn.replies}


def _regenerated(data_dir: Path) -> Regeneration:
    with Environment.open(data_dir, readonly=True) as environment:
        return regenerate(environment, counter_named)
