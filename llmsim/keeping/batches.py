"""Message batches: each request is a turn, planned when the batch is made, and over when its own timeline is.

No task works on a batch: what it is at a moment is a function of its record and of that moment. All turns of a batch
and its record become durable at once. Times are the pod's own (`Moment`), and told as the batch's stamp has them.
"""

from collections.abc import Collection
from itertools import islice
from typing import Any

import attrs

from llmsim.keeping.base import Moment, refuse_foreign
from llmsim.simulation.draws import Source
from llmsim.simulation.plan import Plan
from llmsim.store import resources, sessions
from llmsim.store.environment import View
from llmsim.store.operations import DeleteSession
from llmsim.store.resources import DeleteResource
from llmsim.store.schema import Resource, TurnKey
from llmsim.store.turn_removal import DeleteTurn
from llmsim.turn import ROOT, Place, Pod
from llmsim.wire.anthropic.batches import Told, unknown
from llmsim.wire.anthropic.paging import Wanted, nowhere
from llmsim.wire.ids import BATCH

KIND = "anthropic.batch"
LIST = "anthropic.batches"
CANCELING_US = 1_000_000
"""How long a batch that is cancelled is still ending, in simulated time."""


@attrs.frozen
class Entry:
    """One request of a batch: the turn that answers it and when that is over, or the error that it is."""

    custom_id: str
    turn: TurnKey | None
    over_s: float
    error: dict[str, Any] | None = None

    def fate(self, cancel_s: float | None) -> str:
        """What becomes of it."""
        if self.error is not None:
            return "errored"
        return "succeeded" if cancel_s is None or self.over_s <= cancel_s else "canceled"


@attrs.frozen
class Batch:
    """A batch, read from its record. It was made at `begun_s` on the pod's clock, and is told to be from `stamp_s`."""

    id: str
    session: str
    stamp_s: int
    begun_s: float
    cancel_s: float | None
    cancelled_s: float | None
    entries: tuple[Entry, ...]

    @property
    def ended_s(self) -> float:
        """When the last of its requests is over, or its cancellation."""
        over = [entry.over_s for entry in self.entries if entry.fate(self.cancel_s) != "canceled"]
        if self.cancelled_s is not None and len(over) < len(self.entries):
            over.append(self.cancelled_s)
        return max(over, default=self.begun_s)

    def ended(self, now_s: float) -> bool:
        """Whether it has ended by then; a clock that has begun again since has seen the end."""
        return now_s >= self.ended_s or now_s < self.begun_s

    def told(self, now_s: float) -> Told:
        """What it is at this moment."""
        shift = self.stamp_s - self.begun_s
        canceled_s = None if self.cancel_s is None else self.cancel_s + shift
        if not self.ended(now_s):
            status = "in_progress" if self.cancel_s is None else "canceling"
            return Told(self.id, self.stamp_s, status, {"processing": len(self.entries)}, None, canceled_s)
        fates = [entry.fate(self.cancel_s) for entry in self.entries]
        counts = {fate: fates.count(fate) for fate in set(fates)}
        return Told(self.id, self.stamp_s, "ended", counts, self.ended_s + shift, canceled_s)

    def cancelled(self, moment: Moment) -> "Batch":
        """The batch as it is when it is cancelled now; as it was, where it has ended or is being cancelled already."""
        if self.cancel_s is not None or self.ended(moment.now_s):
            return self
        ending_s = moment.now_s + moment.pace.seconds(CANCELING_US)
        return attrs.evolve(self, cancel_s=moment.now_s, cancelled_s=ending_s)

    def record(self) -> Resource:
        """What is stored of it."""
        requests = [
            {
                "custom_id": entry.custom_id,
                "turn": None if entry.turn is None else str(entry.turn),
                "over_s": entry.over_s,
                "error": entry.error,
            }
            for entry in self.entries
        ]
        body = {
            "begun_s": self.begun_s,
            "cancel_s": self.cancel_s,
            "cancelled_s": self.cancelled_s,
            "requests": requests,
        }
        return Resource(self.id, self.session, KIND, self.stamp_s, body, lists=(LIST,))


def read(record: Resource) -> Batch:
    """The batch of a record."""
    body = record.body
    entries = tuple(
        Entry(
            request["custom_id"],
            None if request["turn"] is None else TurnKey.parse(request["turn"]),
            request["over_s"],
            request["error"],
        )
        for request in body["requests"]
    )
    begun_s, cancel_s, cancelled_s = body["begun_s"], body["cancel_s"], body["cancelled_s"]
    return Batch(record.id, record.session, record.created_s, begun_s, cancel_s, cancelled_s, entries)


def find(view: View, pod: Pod, batch_id: str) -> Batch:
    """The batch of this id.

    Raises:
        ClientError: there is none; another pod's.
    """
    found = resources.resource(view, batch_id)
    if found is None or found.kind != KIND:
        refuse_foreign(pod, batch_id)
        raise unknown(batch_id)
    return read(found)


def listed(view: View, wanted: Wanted) -> tuple[list[Batch], bool]:
    """A page of batches, newest first, and whether there are more beyond it.

    Raises:
        ClientError: it is to begin or end at what is no batch.
    """
    named = wanted.before if wanted.before is not None else wanted.after
    end = resources.resource(view, named) if named is not None else None
    if named is not None and (end is None or end.kind != KIND):
        raise nowhere("after_id" if wanted.before is None else "before_id")
    newest_first = wanted.before is None
    found = list(islice(resources.listed(view, LIST, end, reverse=newest_first), wanted.limit + 1))
    page = [read(record) for record in found[: wanted.limit]]
    return page if newest_first else page[::-1], len(found) > wanted.limit


def session_of(digest: bytes) -> str:
    """The session of a batch that names none: a digest (16 bytes) of what was asked."""
    return f"batch-{digest.hex()}"


def batch_id(pod: Pod, session: str, digest: bytes, number: int) -> str:
    """The id of a batch: `digest` is of what was asked, `number` of the times that it was asked before."""
    unique = Source(pod, Place(session, 1, ROOT)).key("batch", digest, number)
    return BATCH.make(pod, session, unique)


def over_s(plan: Plan, moment: Moment) -> float:
    """When a turn that begins now is over."""
    return moment.now_s + moment.pace.seconds(plan.timeline.total_us)


@attrs.frozen
class DeleteBatch:
    """Remove a batch with its turns, and its session where that has nothing else.

    Raises:
        ClientError: 404, it is gone.
    """

    batch: Batch

    def __call__(self, view: View) -> None:
        if resources.resource(view, self.batch.id) is None:
            raise unknown(self.batch.id)
        keys = {entry.turn for entry in self.batch.entries if entry.turn is not None}
        if self._alone(view, keys):
            DeleteSession(self.batch.session)(view)
            return
        DeleteResource(self.batch.id)(view)
        for key in sorted(keys):
            DeleteTurn(self.batch.session, key)(view)

    def _alone(self, view: View, keys: Collection[TurnKey]) -> bool:
        others = [found for found in resources.of_session(view, self.batch.session) if found.id != self.batch.id]
        summary = sessions.session(view, self.batch.session)
        return not others and summary is not None and summary.turns == len(keys)
