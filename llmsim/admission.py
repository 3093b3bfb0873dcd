"""What an admission is about: what a caller asked beside the body (`Ask`), and the turn that answers it (`Slot`).

Records and rules, without a clock or a loop, and of the store only what a view shows; `simulator` joins them to those.
The session of a request follows from what it says, where it names none.
"""

from collections.abc import Callable, Mapping

import attrs

from llmsim.errors import ClientError, StoreDamaged
from llmsim.profile import Profile
from llmsim.simulation.plan import PLAN_VERSION, Plan, plan_again
from llmsim.simulation.tokens import TokenCounter
from llmsim.store import schema, sessions
from llmsim.store.batch import Operation
from llmsim.store.environment import View
from llmsim.store.schema import SESSION_ID, SESSION_ID_FORM, Origin, Turn, TurnKey
from llmsim.store.sessions import Parent
from llmsim.turn import Place, Pod, Role, Scripted, TurnRequest, chain_digests, place_of
from llmsim.wire.base import Parsed, Wire

Attempted = tuple[str, int, bytes]
"""A turn whose attempts are counted: session, number, branch."""
Counters = Callable[[str], TokenCounter]
"""The token counter of this name (a profile names it); raises OperatorError when it is not installed."""
Script = Callable[[Place, TurnRequest], Scripted | None]


def no_script(_place: Place, _request: TurnRequest) -> Scripted | None:
    """The script of a server that was given none."""
    return None


@attrs.frozen
class Ask:
    """What the caller said beside the body: which session, whose history, and which retry it is."""

    session: str | None = None
    server_history: bool = False
    idempotency_key: str | None = None
    store: bool = True


@attrs.frozen
class Slot:
    """A turn that may be answered: durable, or asked not to be stored (`stored`).

    `recorded`: an earlier answer, given again for its key. `seal` is to be durable before its sealed frames leave.
    `claims` are held until it is settled. `begun_s`: when it was planned, unix seconds of the pod's `Moment`s.
    """

    session: str
    key: TurnKey
    profile: str
    plan: Plan
    asked: Parsed
    stored: bool = True
    recorded: bool = False
    seal: Operation | None = None
    claims: tuple[str, ...] = ()
    begun_s: float = 0.0

    @property
    def background(self) -> bool:
        """The response is made meanwhile: what is sent now is not all of it, and its end is not the turn's."""
        return self.asked.held is not None and self.asked.held.background


def session_of(request: TurnRequest, named: str | None, digests: tuple[bytes, ...] | None = None) -> str:
    """The session of a request: the one it names, else one derived from the opening of its conversation.

    `digests` are the chain digests of its messages, where they are at hand.

    The opening is everything up to and including the first user message, so that a plain client, which sends the
    whole conversation every time, stays in one session.

    Raises:
        ClientError: the name is not 1 to 128 characters of `[A-Za-z0-9._:-]`.
    """
    if named is not None:
        return session_named(named)
    if not request.messages:
        return "auto-empty"
    if digests is None:
        digests = chain_digests(request.messages)
    first = next((at for at, message in enumerate(request.messages) if message.role is Role.USER), -1)
    return "auto-" + digests[first].hex()


def session_named(name: str) -> str:
    """The session of this name; raises ClientError where it can be none's."""
    if SESSION_ID.fullmatch(name) is None:
        raise ClientError(f"Invalid X-LLMSim-Session header: expected {SESSION_ID_FORM}")
    return name


def branch_of(place: Place, request: TurnRequest) -> bytes:
    """What tells turns of one number in one session apart: blake2b-64 of what was said and of the request."""
    return schema.branch_of(place.said, request.digest)


def turn_of(slot: Slot, dialect: str, parent: Parent | None, profile: Profile, script: Scripted | None) -> Turn:
    """The record of a turn that was planned."""
    plan, request = slot.plan, slot.asked.request
    return Turn(
        session=slot.session,
        key=slot.key,
        parent=parent.key if parent else None,
        parent_choice=parent.choice if parent else 0,
        messages=request.messages[parent.new_from if parent else 0 :],
        chain=plan.place.said,
        dialect=dialect,
        params=slot.asked.params,
        request_digest=request.digest,
        origin=Origin(plan.pod.root_seed, plan.pod.ordinal, slot.session),
        profile=profile.digest,
        plan_version=PLAN_VERSION,
        replies=tuple([choice.reply for choice in plan.choices]),
        usage=plan.usage,
        created_s=plan.created,
        script=script,
    )


def require_same(turn: Turn, parsed: Parsed, *, server_history: bool) -> None:
    """Make sure that a request is the one that a stored turn answered, said again.

    Raises:
        ClientError: it says something else.
    """
    messages = parsed.request.messages
    if server_history:
        same = messages == turn.messages
    elif parsed.goes_on:
        same = turn.messages[-len(messages) :] == messages
    else:
        same = place_of(turn.session, messages).said == turn.chain
    if not same or turn.request_digest != parsed.request.digest:
        raise ClientError(
            "Keys for idempotent requests can only be used with the same parameters they were first used with.",
            code="idempotency_key_reused",
        )


def understood(asked: Parsed | ClientError) -> Parsed:
    """A request that was understood; raises the ClientError that another one is."""
    if isinstance(asked, ClientError):
        raise asked
    return asked


def slot_again(view: View, turn: Turn, wires: Mapping[str, Wire], counters: Counters) -> Slot:
    """A stored turn, ready to be answered again: content as stored, schedule and identity computed again.

    Raises:
        StoreDamaged: its profile or a turn before it is missing.
    """
    body = sessions.profile(view, turn.profile)
    context = sessions.context_of(view, turn)
    if body is None:
        msg = f"the profile {turn.profile.hex()} of turn {turn.key} in session {turn.session} is not stored"
        raise StoreDamaged(msg)
    profile = Profile.from_json(body)
    asked = wires[turn.dialect].restore(turn.params, turn.messages, turn.request_digest)
    origin = Pod(turn.origin.root_seed, turn.origin.ordinal)
    place = attrs.evolve(place_of(turn.origin.session, context), said=turn.chain)
    plan = plan_again(
        profile,
        origin,
        place,
        asked.request,
        replies=turn.replies,
        usage=turn.usage,
        attempt=turn.key.attempt,
        created_s=turn.created_s,
        counter=counters(profile.tokens.counter),
        plan_version=turn.plan_version,
    )
    return Slot(turn.session, turn.key, profile.name, plan, asked, recorded=True)
