"""An exercise: one scenario that is under way, in a folder of its own, and what it has noted so far.

Its steps are those that every scenario is made of: talk to a pod and kill it in the middle, prove a store, and let
the pod that takes the place of the lost one answer.
"""

import hashlib
from pathlib import Path

import attrs
import trio

from llmsim.drill.outcome import Acknowledged, Event, Outcome, lost_of, rpo_s
from llmsim.drill.pods import CLIENTS, Pod, converse, running, talk
from llmsim.errors import LlmsimError
from llmsim.recovery.places import Folder
from llmsim.recovery.restore import Restored, restore
from llmsim.recovery.snapshot import Snapshot, create
from llmsim.recovery.sources import Wanted
from llmsim.replay.regenerate import Regeneration, regenerate
from llmsim.store import sessions
from llmsim.store.environment import Environment
from llmsim.store.examine import examine
from llmsim.tokenizers import counter_named

TURNS_LEAST, TURNS_MOST = 80, 200
"""Between these many acknowledged turns the pod is killed, at a moment that the drill's seed draws."""
GO_ON_TURNS = 16


@attrs.define
class Exercise:
    """One scenario. `seed` decides when pods are killed; `volume` is the pod's, `place` where its copies go."""

    scenario: str
    folder: Path
    seed: str
    begun_s: float
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

    async def talk_and_kill(self, pod: Pod, name: str = "drill") -> None:
        """Clients talk; in the middle of it the pod is killed."""
        turns = len(self.acknowledged) + self._turns(name)
        enough = trio.Event()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(talk, pod, self.acknowledged, turns, enough, name)
            await enough.wait()
            await pod.kill()
        self.loss_s = pod.killed_s
        self.require(len(self.acknowledged) >= turns, "the pod was gone before it was killed")
        self.note(f"SIGKILL after {len(self.acknowledged)} acknowledged turns, {CLIENTS} under way")

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

    async def prove(self, data_dir: Path, *, may_lose: bool) -> None:
        """The store is sound, has what was acknowledged, and every turn of it is drawn again byte for byte."""
        found = await trio.to_thread.run_sync(examine, data_dir)
        self.problems += [f"check: {finding}" for finding in found]
        stored, result = await trio.to_thread.run_sync(_read, data_dir)
        self.lost = lost_of(self.acknowledged, stored)
        self.regenerated = result.turns
        self.problems += [f"replay: {mismatch}" for mismatch in result.mismatches]
        self.problems += [f"replay: {skipped}" for skipped in result.skipped]
        if not may_lose:
            self.require(not self.lost, f"{len(self.lost)} acknowledged turns are lost")
        self.note(f"{len(self.lost)} acknowledged turns lost, {result.turns} turns drawn again")

    async def go_on(self, data_dir: Path, ordinal: int = 0) -> None:
        """A new pod on this store answers, and the conversations go on; then its store is proven again."""
        more: list[Acknowledged] = []
        async with running(data_dir, self.log, ordinal) as pod:
            self.note("the new pod listens")
            await converse(pod, more, GO_ON_TURNS)
            if self.loss_s is not None and more:
                self.rto_s = more[0].at_s - self.loss_s
            self.note(f"the conversations go on: {len(more)} turns")
        self.require(len(more) >= GO_ON_TURNS, "the conversations do not go on")
        stored, result = await trio.to_thread.run_sync(_read, data_dir)
        self.require(not lost_of(more, stored), "turns of the new pod are lost")
        self.problems += [f"replay: {mismatch}" for mismatch in result.mismatches]
        self.regenerated = result.turns

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


def _read(data_dir: Path) -> tuple[set[tuple[str, str]], Regeneration]:
    """Sessions and texts that a store has, and every turn of it drawn again."""
    with Environment.open(data_dir, readonly=True) as environment:
        with environment.read() as view:
            known = [session.id for session in sessions.sessions(view)]
            turns = [turn for session in known for turn in sessions.turns(view, session)]
            stored = {(turn.session, reply.text) for turn in turns for reply in turn.replies}
        return stored, regenerate(environment, counter_named)
