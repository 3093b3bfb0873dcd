"""Admit and settle: the only joint of profile, plan and store.

A turn is planned in memory, committed, and only then given out (`Slot`); whoever sends it reports once, through
`settle`, how far it came. What a turn says depends on its place and its request; nothing here counts requests.
Knows no HTTP and no dialect beyond the `Wire` protocol.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

import attrs
import trio

from llmsim.admission import (
    Ask,
    Counters,
    Script,
    Slot,
    branch_of,
    no_script,
    require_same,
    session_of,
    slot_again,
    turn_of,
    understood,
)
from llmsim.clock import Clock, Pace
from llmsim.comparison import Comparison
from llmsim.errors import ClientError, UnknownModel
from llmsim.keeping.base import All, Keeper, Moment, Recalled, recalled, sealed_again, session_asked
from llmsim.metrics.metrics import Metrics
from llmsim.profile import Profile, Profiles
from llmsim.reservations import Reservations
from llmsim.simulation.plan import plan_turn
from llmsim.store import sessions
from llmsim.store.batch import Operation, Result
from llmsim.store.environment import Environment, View
from llmsim.store.operations import PutOutcome, PutTurn
from llmsim.store.schema import Ending, Outcome, Turn, TurnKey
from llmsim.store.writer import Writer
from llmsim.turn import Pod, Role, chain_digests, place_of
from llmsim.wire.base import Parsed, Wire


@attrs.define
class Simulator:
    """One pod's simulator over one store. Not safe to share between event loops."""

    pod: Pod
    profiles: Profiles
    environment: Environment
    writer: Writer
    clock: Clock
    counters: Counters
    metrics: Metrics
    wires: Mapping[str, Wire]
    strict_models: bool = False
    script: Script = no_script
    pace: Pace = Pace()
    keepers: Mapping[str, Keeper] = attrs.field(factory=dict)
    _begun_s: float = attrs.field(init=False)
    _comparison: Comparison = attrs.field(init=False)
    _held: Reservations = attrs.field(factory=Reservations, init=False)
    _answering: dict[tuple[str, str], trio.Event] = attrs.field(factory=dict, init=False)

    @_begun_s.default
    def _begin(self) -> float:
        return self.clock.start_s() - trio.current_time()

    @_comparison.default
    def _compare(self) -> Comparison:
        return Comparison(self.metrics, self.counters)

    async def admit(self, wire: Wire, parsed: Parsed, ask: Ask) -> Slot:
        """Plan the turn and make it durable; returns when the response may leave.

        Cancellation: the turn is then stored whole, with the outcome that the client left, or not at all.

        Raises:
            ClientError: the model is unknown, the context overflows, the session id or the key is no good.
            StoreFull: the disk is full; nothing was stored.
        """
        if ask.idempotency_key is None:
            return await self._answer(wire, parsed, ask)
        with self.environment.read() as view:
            session = session_asked(view, self.keepers.get(wire.dialect), parsed, ask)
        claim = (session, ask.idempotency_key)
        while claim in self._answering:
            await self._answering[claim].wait()
        if (slot := self._recorded(parsed, ask, session, ask.idempotency_key)) is not None:
            return slot
        self._answering[claim] = trio.Event()
        try:
            return await self._answer(wire, parsed, ask)
        finally:
            self._answering.pop(claim).set()

    def admit_soon(self, wire: Wire, parsed: Parsed, ask: Ask, told: Callable[[Slot | Exception], None]) -> None:
        """As `admit`, for who cannot wait: `told` is called once, with what `admit` returns or what a commit raised.

        Not for an `ask` with an idempotency key, which may have to wait for another request.

        Raises:
            ClientError: as `admit`; `told` is not called then.
        """
        slot, operation = self._planned(wire, parsed, ask)
        if operation is None:
            self._admitted(slot)
            told(slot)
            return
        taken = self._held.take(slot)

        def committed(result: Result) -> None:
            self._held.stored(*taken)
            if result.error is None:
                self._admitted(slot)
            else:
                self._held.settled(slot)
            told(result.error or slot)

        self.writer.submit(operation, committed)

    def settle(self, slot: Slot, ending: Ending, delivered: int, late_s: float | None = None) -> None:
        """Record how the response ended; awaits nothing, so it may run while a task is being cancelled.

        `late_s`: by how many seconds its last frames missed their time; None where no response was sent.
        """
        if slot.recorded:
            return
        self._held.settled(slot)
        self.metrics.turn_ended(slot.profile, ending, late_s if delivered else None)
        if slot.stored and not slot.background:
            self.writer.post(PutOutcome(slot.session, slot.key, Outcome(ending, delivered)))

    def seal(self, slot: Slot, told: Callable[[Exception | None], None]) -> None:
        """Make durable what a turn leaves behind, once all of it is there; `told` is called with what went wrong."""
        if slot.seal is None:
            told(None)
        else:
            self.writer.submit(slot.seal, lambda result: told(result.error))

    def moment(self) -> Moment:
        """Whose pod it is, and when."""
        return Moment(self.pod, self._begun_s + trio.current_time(), self.pace)

    def on_clock(self, now_s: float) -> float:
        """A moment that has passed (unix seconds, as `moment` has them) on the event loop's clock."""
        return min(now_s - self._begun_s, trio.current_time())

    def profile_for(self, model: str) -> Profile:
        """The profile that serves this model; raises UnknownModel where nobody knows it, and models are strict."""
        profile = self.profiles.for_model(model)
        if profile is None and self.strict_models:
            raise UnknownModel(model)
        return profile or self.profiles.default

    def slot_of(self, turn: Turn) -> Slot:
        """A stored turn, ready to be answered again; see `slot_again`."""
        with self.environment.read() as view:
            return slot_again(view, turn, self.wires, self.counters)

    async def admit_all(
        self,
        wire: Wire,
        asked: Iterable[Parsed | ClientError],
        ask: Ask,
        also: Callable[[Sequence[Slot | ClientError]], Operation],
    ) -> None:
        """Plan turns that nobody waits for, and make them durable at once, with what `also` makes of them.

        One that cannot be planned is a ClientError in its place. Cancellation: all of it is stored, or nothing; raises
        StoreFull as `admit`.
        """
        made: list[Slot | ClientError] = []
        operations: list[Operation] = []
        taken = []
        try:
            for each in asked:
                await trio.lowlevel.checkpoint()
                try:
                    slot, operation = self._planned(wire, understood(each), attrs.evolve(ask, store=True))
                except ClientError as error:
                    made.append(error)
                    continue
                taken.append(self._held.take(slot))
                made.append(slot)
                operations += [operation] if operation else []
            with trio.CancelScope(shield=True):
                await self.writer.commit(All((*operations, also(made))))
        finally:
            for number in taken:
                self._held.stored(*number)
        for planned in made:
            if isinstance(planned, Slot):
                self._admitted(planned)
                self.settle(planned, Ending.COMPLETED, 1)

    async def _answer(self, wire: Wire, parsed: Parsed, ask: Ask) -> Slot:
        slot, operation = self._planned(wire, parsed, ask)
        if operation is None:
            self._admitted(slot)
        else:
            await self._commit(slot, operation)
        return slot

    def _planned(self, wire: Wire, parsed: Parsed, ask: Ask) -> tuple[Slot, Operation | None]:
        """The turn that answers a request, and what stores it, unless it is not to be stored."""
        profile, moment = self.profile_for(parsed.request.model), self.moment()
        with self.environment.read() as view:
            known = self._recalled(view, wire, parsed, ask, moment)
            parsed, request = known.parsed, known.parsed.request
            wire.check(parsed, profile)
            digests = chain_digests(request.messages)
            session = known.session or session_of(request, ask.session, digests)
            place = place_of(session, request.messages, digests)
            replies = [at for at, message in enumerate(request.messages) if message.role is Role.ASSISTANT]
            parent = sessions.parent_of(view, session, digests, replies)
            branch = branch_of(place, request)
            stored = sessions.next_attempt(view, session, place.number, branch)
            before = sessions.turn(view, session, TurnKey(place.number, branch, stored - 1)) if stored else None
        key = TurnKey(place.number, branch, self._held.next_attempt((session, place.number, branch), stored))
        script = self.script(place, request)
        plan = plan_turn(
            profile,
            self.pod,
            place,
            request,
            request.messages,
            attempt=key.attempt,
            created_s=self.clock.stamp(place),
            script=script,
            counter=self.counters(profile.tokens.counter),
        )
        slot = Slot(session, key, profile.name, plan, parsed, stored=ask.store, begun_s=moment.now_s)
        if before is not None:
            self._comparison.attempt(before, slot, profile, script)
        if not ask.store:
            return slot, None
        slot = attrs.evolve(slot, claims=known.claims)
        turn = turn_of(slot, wire.dialect, parent, profile, script)
        operation: Operation = PutTurn(turn, profile.to_json(), ask.idempotency_key)
        if parsed.held is None or wire.dialect not in self.keepers:
            return slot, operation
        kept = self.keepers[wire.dialect].keep(turn, plan, parsed, moment)
        if kept.at_once is not None:
            operation = All((operation, kept.at_once))
        return attrs.evolve(slot, seal=kept.at_end), operation

    def _recalled(self, view: View, wire: Wire, parsed: Parsed, ask: Ask, moment: Moment) -> Recalled:
        """The request with all that the server knows of its conversation, if nobody else is going on from there."""
        found = recalled(view, self.keepers.get(wire.dialect), parsed, ask, moment)
        if self._held.claimed(found.claims):
            raise found.taken or ClientError("Another request is going on from there.", status=409)
        return found

    async def _commit(self, slot: Slot, operation: Operation) -> None:
        """Make a turn durable; its attempt number is taken until it is.

        Cancellation waits for the commit (milliseconds, and the writer answers even when it fails), so that the turn
        is known to be stored, and its outcome says that the client left.
        """
        taken = self._held.take(slot)
        try:
            with trio.CancelScope(shield=True):
                await self.writer.commit(operation)
        except BaseException:
            self._held.settled(slot)
            raise
        finally:
            self._held.stored(*taken)
        self._admitted(slot)
        try:
            await trio.lowlevel.checkpoint_if_cancelled()
        except trio.Cancelled:
            self.settle(slot, Ending.CLIENT_LEFT, 0)
            raise

    def _admitted(self, slot: Slot) -> None:
        timeline = slot.plan.timeline
        self.metrics.turn_admitted(
            slot.profile, slot.session, slot.plan.usage, timeline.ttft_us, timeline.total_us, len(timeline.at_us)
        )

    def _recorded(self, parsed: Parsed, ask: Ask, session: str, idempotency_key: str) -> Slot | None:
        """The turn that this client key has been answered with, if it has been."""
        with self.environment.read() as view:
            key = sessions.by_idempotency_key(view, session, idempotency_key)
            turn = sessions.turn(view, session, key) if key else None
            outcome = sessions.outcome(view, session, key) if key else None
        if turn is None:
            return None
        require_same(turn, parsed, server_history=ask.server_history)
        slot = self.slot_of(turn)
        with self.environment.read() as view:
            self._comparison.recorded(view, turn, slot)
        return sealed_again(slot, parsed, turn, outcome, self.keepers, self.moment())
