"""Every stored turn drawn again from the store alone, and compared: the proof that a restored store is the lost one.

Uses what a turn was made from (messages, request, origin, profile as stored) and nothing of this installation but its
code. A turn of another PLAN_VERSION, or one whose token counter is not installed, cannot be drawn again; it is counted
apart and never passes for equal. Each record is read once; memory is that of the longest session.
"""

from collections.abc import Callable, Iterator
from itertools import chain, islice

import attrs

from llmsim.admission import Counters, branch_of
from llmsim.comparison import Difference, redrawn, unequal
from llmsim.errors import OperatorError, StoreDamaged
from llmsim.profile import Profile
from llmsim.simulation.plan import PLAN_VERSION
from llmsim.store import sessions
from llmsim.store.environment import Environment, View
from llmsim.store.schema import Turn, TurnKey
from llmsim.turn import ROOT, Message, Place, Role, TurnRequest, chain_digests, extend
from llmsim.wire.dialects import WIRES

PAGE = 100
"""Sessions in one read transaction: a live server can use its old pages again in between."""


@attrs.frozen
class Mismatch:
    """One turn that would be another today: what of it, as stored and as drawn again."""

    session: str
    turn: str
    what: str
    stored: str
    drawn: str

    def __str__(self) -> str:
        return f"session {self.session}, turn {self.turn}: {self.what}: stored {self.stored}, drawn again {self.drawn}"


@attrs.frozen
class Skipped:
    """One turn that this release cannot draw again, and why."""

    session: str
    turn: str
    why: str

    def __str__(self) -> str:
        return f"session {self.session}, turn {self.turn}: cannot be drawn again: {self.why}"


@attrs.frozen
class Said:
    """All that was said up to and including one reply: the messages of its turn, and what was said `before` them.

    `digest` is the chain digest there, `replies` how many messages of the assistant there were.
    """

    before: "Said | None"
    messages: tuple[Message, ...]
    digest: bytes
    replies: int


@attrs.define
class Conversation:
    """The turns of one session so far, in key order: a turn comes after the one that it continues."""

    _said: dict[TurnKey, tuple[Said, ...]] = attrs.field(factory=dict)

    def hear(self, turn: Turn) -> tuple[tuple[Message, ...], Place]:
        """Every message before the reply of the next turn, and the place of that reply.

        Raises:
            StoreDamaged: what it continues is missing, or does not come before it.
        """
        before = self._before(turn)
        start, replies = (before.digest, before.replies) if before else (ROOT, 0)
        digest = (chain_digests(turn.messages, start) or (start,))[-1]
        number = 1 + replies + sum(message.role is Role.ASSISTANT for message in turn.messages)
        spoken = [reply.message for reply in turn.replies]
        self._said[turn.key] = tuple(
            Said(before, (*turn.messages, message), extend(digest, message), number) for message in spoken
        )
        parts = [turn.messages]
        while before is not None:
            parts.append(before.messages)
            before = before.before
        return tuple(chain.from_iterable(reversed(parts))), Place(turn.origin.session, number, digest)

    def _before(self, turn: Turn) -> Said | None:
        if turn.parent is None:
            return None
        if turn.parent.number >= turn.key.number:
            raise StoreDamaged(
                f"turn {turn.key} of session {turn.session} continues turn {turn.parent}, which comes later"
            )
        said = self._said.get(turn.parent)
        if said is None:
            raise StoreDamaged(f"session {turn.session} lacks turn {turn.parent}")
        if turn.parent_choice >= len(said):
            raise StoreDamaged(f"turn {turn.parent} of session {turn.session} has no choice {turn.parent_choice}")
        return said[turn.parent_choice]


@attrs.define
class Regeneration:
    """What came of it. `mismatches` and `skipped` are all there are."""

    sessions: int = 0
    turns: int = 0
    mismatches: list[Mismatch] = attrs.field(factory=list)
    skipped: list[Skipped] = attrs.field(factory=list)

    @property
    def proven(self) -> bool:
        """Whether every turn was drawn again and was the same."""
        return not self.mismatches and not self.skipped


def regenerate(
    environment: Environment, counters: Counters, advance: Callable[[int], None] = lambda _turns: None
) -> Regeneration:
    """Draw every turn of the store again. `advance` is told of turns as they pass.

    Raises:
        StoreDamaged: a record cannot be read, or a turn on which another rests is missing.
    """
    result = Regeneration()
    after = ""
    while True:
        with environment.read() as view:
            page = [session.id for session in islice(sessions.sessions(view, "", after), PAGE)]
            for session in page:
                conversation = Conversation()
                for turn in sessions.turns(view, session):
                    _compare(view, turn, *conversation.hear(turn), counters, result)
                    advance(1)
        result.sessions += len(page)
        if len(page) < PAGE:
            return result
        after = page[-1]


def _compare(
    view: View, turn: Turn, context: tuple[Message, ...], place: Place, counters: Counters, result: Regeneration
) -> None:
    result.turns += 1
    try:
        faults = list(_faults(view, turn, context, place, counters))
    except OperatorError as error:
        result.skipped.append(Skipped(turn.session, str(turn.key), str(error)))
        return
    result.mismatches += (Mismatch(turn.session, str(turn.key), *fault) for fault in faults)


def _faults(
    view: View, turn: Turn, context: tuple[Message, ...], place: Place, counters: Counters
) -> Iterator[Difference]:
    """What would be another; raises OperatorError where it cannot be known."""
    if turn.plan_version != PLAN_VERSION:
        raise OperatorError(f"it was planned by version {turn.plan_version}, this release plans by {PLAN_VERSION}")
    profile = _profile(view, turn)
    request = _request(turn, context)
    yield from unequal(
        ("place", turn.chain.hex(), place.said.hex()),
        ("number", turn.key.number, place.number),
        ("branch", turn.key.branch.hex(), branch_of(place, request).hex()),
        ("profile", turn.profile.hex(), profile.digest.hex()),
    )
    yield from redrawn(turn, profile, place, request, context, counters)


def _profile(view: View, turn: Turn) -> Profile:
    """What the turn was planned with; raises OperatorError where this release cannot read that."""
    body = sessions.profile(view, turn.profile)
    if body is None:
        raise OperatorError(f"its profile {turn.profile.hex()} is not stored")
    try:
        return Profile.from_json(body)
    except StoreDamaged as error:
        raise OperatorError(str(error)) from None


def _request(turn: Turn, context: tuple[Message, ...]) -> TurnRequest:
    """What was asked; raises OperatorError where the record does not say it in words of a dialect known here."""
    if turn.dialect not in WIRES:
        raise OperatorError(f"its dialect {turn.dialect!r} is unknown to this release")
    try:
        return WIRES[turn.dialect].restore(turn.params, context, turn.request_digest).request
    except (KeyError, TypeError) as error:
        raise OperatorError(f"its request is none of the dialect {turn.dialect!r}: {error!r}") from None
