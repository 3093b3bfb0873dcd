"""Admit and settle: the only joint of profile, plan and store.

A turn is planned in memory, committed, and only then given out (`Slot`); whoever sends it reports once, through
`settle`, how far it came. What a turn says depends on its place and its request; nothing here counts requests.
Knows no HTTP and no dialect beyond the `Wire` protocol.
"""

from collections.abc import Callable, Mapping

import attrs
import trio

from llmsim.clock import Clock
from llmsim.errors import ClientError, StoreDamaged, UnknownModel
from llmsim.metrics import Metrics
from llmsim.profile import Profile, Profiles
from llmsim.simulation.plan import PLAN_VERSION, Plan, plan_again, plan_turn
from llmsim.simulation.tokens import TokenCounter
from llmsim.store import schema, sessions
from llmsim.store.environment import Environment, View
from llmsim.store.operations import PutOutcome, PutTurn
from llmsim.store.schema import SESSION_ID, Ending, Origin, Outcome, Reply, Turn, TurnKey
from llmsim.store.writer import Writer
from llmsim.turn import Message, Place, Pod, Role, TurnRequest, chain_digests, place_of
from llmsim.wire.base import Parsed, Wire

Script = Callable[[Place, TurnRequest], str | None]
Counters = Callable[[str], TokenCounter]
"""The token counter of this name (a profile names it); raises OperatorError when it is not installed."""


def no_script(_place: Place, _request: TurnRequest) -> str | None:
    """The script of a server that was given none."""
    return None


@attrs.frozen
class Ask:
    """What the caller said beside the body: which session, whose history, and which retry it is."""

    session: str | None = None
    server_history: bool = False
    idempotency_key: str | None = None


@attrs.frozen
class Slot:
    """A turn that is durable and may be answered. `recorded`: an earlier answer, given again for its key."""

    session: str
    key: TurnKey
    profile: str
    plan: Plan
    asked: Parsed
    recorded: bool = False


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
    _attempts: dict[tuple[str, int, bytes], int] = attrs.field(factory=dict, init=False)
    _answering: dict[tuple[str, str], trio.Event] = attrs.field(factory=dict, init=False)

    async def admit(self, wire: Wire, parsed: Parsed, ask: Ask) -> Slot:
        """Plan the turn and make it durable; returns when the response may leave.

        Cancellation: the turn is then stored whole, with the outcome that the client left, or not at all.

        Raises:
            ClientError: the model is unknown, the context overflows, the session id or the key is no good.
            StoreFull: the disk is full; nothing was stored.
        """
        session = session_of(parsed.request, ask.session)
        if ask.idempotency_key is None:
            return await self._answer(wire, parsed, ask, session)
        claim = (session, ask.idempotency_key)
        while claim in self._answering:
            await self._answering[claim].wait()
        slot = self._recorded(parsed, ask, session, ask.idempotency_key)
        if slot is not None:
            return slot
        self._answering[claim] = trio.Event()
        try:
            return await self._answer(wire, parsed, ask, session)
        finally:
            self._answering.pop(claim).set()

    def settle(self, slot: Slot, ending: Ending, delivered: int) -> None:
        """Record how the response ended; awaits nothing, so it may run while a task is being cancelled."""
        if not slot.recorded:
            self.metrics.turn_ended(slot.profile, ending)
            self.writer.post(PutOutcome(slot.session, slot.key, Outcome(ending, delivered)))

    def profile_for(self, model: str) -> Profile:
        """The profile that serves this model.

        Raises:
            UnknownModel: nobody knows it, and models are strict.
        """
        profile = self.profiles.for_model(model)
        if profile is not None:
            return profile
        if self.strict_models:
            raise UnknownModel(model)
        return self.profiles.default

    def slot_of(self, turn: Turn) -> Slot:
        """A stored turn, ready to be answered again: content as stored, schedule and identity computed again.

        Raises:
            StoreDamaged: its profile or a turn before it is missing.
        """
        with self.environment.read() as view:
            body = sessions.profile(view, turn.profile)
            context = context_of(view, turn)
        if body is None:
            msg = f"the profile {turn.profile.hex()} of turn {turn.key} in session {turn.session} is not stored"
            raise StoreDamaged(msg)
        profile = Profile.from_json(body)
        asked = self.wires[turn.dialect].restore(turn.params, turn.messages, turn.request_digest)
        origin = Pod(turn.origin.root_seed, turn.origin.ordinal)
        place = attrs.evolve(place_of(turn.origin.session, context), said=turn.chain)
        plan = plan_again(
            profile,
            origin,
            place,
            asked.request,
            replies=tuple((reply.text, reply.finish_reason) for reply in turn.replies),
            usage=turn.usage,
            attempt=turn.key.attempt,
            created_s=turn.created_s,
            counter=self.counters(profile.tokens.counter),
        )
        return Slot(turn.session, turn.key, profile.name, plan, asked, recorded=True)

    async def _answer(self, wire: Wire, parsed: Parsed, ask: Ask, session: str) -> Slot:
        request = parsed.request
        profile = self.profile_for(request.model)
        with self.environment.read() as view:
            if ask.server_history:
                request = attrs.evolve(request, messages=history(view, session) + request.messages)
            digests = chain_digests(request.messages)
            place = place_of(session, request.messages)
            parent = sessions.parent_of(view, session, digests)
            branch = branch_of(place, request)
            stored = sessions.next_attempt(view, session, place.number, branch)
        key = TurnKey(place.number, branch, max(stored, self._attempts.get((session, place.number, branch), 0)))
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
        turn = Turn(
            session=session,
            key=key,
            parent=parent.key if parent else None,
            parent_choice=parent.choice if parent else 0,
            messages=request.messages[parent.new_from if parent else 0 :],
            chain=place.said,
            dialect=wire.dialect,
            params=parsed.params,
            request_digest=request.digest,
            origin=Origin(self.pod.root_seed, self.pod.ordinal, session),
            profile=profile.digest,
            plan_version=PLAN_VERSION,
            replies=tuple(Reply(choice.text, choice.finish_reason) for choice in plan.choices),
            usage=plan.usage,
            created_s=plan.created,
            script=script,
        )
        slot = Slot(session, key, profile.name, plan, attrs.evolve(parsed, request=request))
        await self._commit(slot, PutTurn(turn, profile.to_json(), ask.idempotency_key))
        return slot

    async def _commit(self, slot: Slot, operation: PutTurn) -> None:
        """Make a turn durable; its attempt number is taken until it is.

        Cancellation waits for the commit (milliseconds, and the writer answers even when it fails), so that the turn
        is known to be stored, and its outcome says that the client left.
        """
        reserved = (slot.session, slot.key.number, slot.key.branch)
        self._attempts[reserved] = slot.key.attempt + 1
        try:
            with trio.CancelScope(shield=True):
                await self.writer.commit(operation)
        finally:
            if self._attempts.get(reserved) == slot.key.attempt + 1:
                del self._attempts[reserved]
        timeline = slot.plan.timeline
        self.metrics.turn_admitted(slot.profile, slot.plan.usage, timeline.ttft_us, timeline.total_us)
        try:
            await trio.lowlevel.checkpoint_if_cancelled()
        except trio.Cancelled:
            self.settle(slot, Ending.CLIENT_LEFT, 0)
            raise

    def _recorded(self, parsed: Parsed, ask: Ask, session: str, idempotency_key: str) -> Slot | None:
        """The turn that this client key has been answered with, if it has been."""
        with self.environment.read() as view:
            key = sessions.by_idempotency_key(view, session, idempotency_key)
            turn = sessions.turn(view, session, key) if key else None
        if key is None or turn is None:
            return None
        messages = parsed.request.messages
        same = messages == turn.messages if ask.server_history else place_of(session, messages).said == turn.chain
        if not same or turn.request_digest != parsed.request.digest:
            raise ClientError(
                "Keys for idempotent requests can only be used with the same parameters they were first used with.",
                code="idempotency_key_reused",
            )
        return attrs.evolve(self.slot_of(turn), asked=parsed)


def session_of(request: TurnRequest, named: str | None) -> str:
    """The session of a request: the one it names, else one derived from the opening of its conversation.

    The opening is everything up to and including the first user message, so that a plain client, which sends the
    whole conversation every time, stays in one session.

    Raises:
        ClientError: the name is not 1 to 128 characters of `[A-Za-z0-9._:-]`.
    """
    if named is not None:
        if SESSION_ID.fullmatch(named) is None:
            raise ClientError("Invalid X-LLMSim-Session header: expected 1 to 128 characters of A-Z a-z 0-9 . _ : -")
        return named
    opening = []
    for message in request.messages:
        opening.append(message)
        if message.role is Role.USER:
            break
    return "auto-" + chain_digests(tuple(opening))[-1].hex() if opening else "auto-empty"


def branch_of(place: Place, request: TurnRequest) -> bytes:
    """What tells turns of one number in one session apart: blake2b-64 of what was said and of the request."""
    return schema.branch_of(place.said, request.digest)


def history(view: View, session: str) -> tuple[Message, ...]:
    """The stored transcript of a session up to the reply that was committed last; empty where there is none."""
    known = sessions.session(view, session)
    return sessions.transcript(view, session, known.tip) if known else ()


def context_of(view: View, turn: Turn) -> tuple[Message, ...]:
    """Every message before the reply of a stored turn."""
    if turn.parent is None:
        return turn.messages
    return sessions.transcript(view, turn.session, turn.parent, turn.parent_choice) + turn.messages
