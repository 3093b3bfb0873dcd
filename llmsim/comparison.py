"""A turn drawn again and held against what is stored of it: the promise that both are the same, put to the test.

Of a whole store by `replay --store`, of one turn where a server draws it again in any case or answers
from what it has stored. Knows turns and plans; no event loop, and of the store only what a view shows.
"""

import logging
from collections.abc import Iterable, Iterator, Sequence
from itertools import takewhile

import attrs

from llmsim.admission import Counters, Slot
from llmsim.errors import ContextOverflow
from llmsim.metrics.metrics import Metrics
from llmsim.profile import Profile
from llmsim.simulation.plan import PLAN_VERSION, Plan, plan_turn
from llmsim.store import sessions
from llmsim.store.environment import View
from llmsim.store.schema import Origin, Turn
from llmsim.turn import Message, Place, Pod, Reply, Scripted, TurnRequest

EXCERPT_CHARS = 60
"""How much of two texts is shown from where they part."""
Difference = tuple[str, str, str]
"""What of a turn is another, as stored, and as drawn again."""
log = logging.getLogger("llmsim.simulator")


@attrs.frozen
class Comparison:
    """Compares single turns of a server, counts them, and logs those that differ: which, and in what."""

    metrics: Metrics
    counters: Counters

    def attempt(self, stored: Turn, slot: Slot, profile: Profile, script: Scripted | None) -> None:
        """Compare an earlier attempt with a turn that was planned just now, where both should say the same.

        They need not where the profile, the script or this release's plans have changed meanwhile, where each attempt
        is to say something else, and where another pod or session had drawn the earlier one.
        """
        plan = slot.plan
        origin = Origin(plan.pod.root_seed, plan.pod.ordinal, slot.session)
        earlier = (stored.profile, stored.script, stored.plan_version, stored.origin)
        if earlier == (profile.digest, script, PLAN_VERSION, origin) and not profile.text.resample:
            self._count(stored, differences(stored, plan))

    def recorded(self, view: View, turn: Turn, slot: Slot) -> None:
        """Draw a turn again that is answered from what is stored of it (`slot`), and compare.

        Raises:
            StoreDamaged: its profile, or a turn before it, is missing.
        """
        body = sessions.profile(view, turn.profile)
        if turn.plan_version != PLAN_VERSION or body is None:
            return
        profile = Profile.from_json(body)
        context = sessions.context_of(view, turn)
        place = slot.plan.place
        self._count(turn, redrawn(turn, profile, place, slot.asked.request, context, self.counters))

    def _count(self, turn: Turn, found: Iterable[Difference]) -> None:
        self.metrics.replay_compared.add()
        first = next(iter(found), None)
        if first is not None:
            self.metrics.replay_mismatches.add()
            fields = {"session": turn.session, "turn": str(turn.key), "what": first[0]}
            log.error("a turn was drawn otherwise than it is stored", extra={"fields": fields})


def redrawn(
    turn: Turn,
    profile: Profile,
    place: Place,
    request: TurnRequest,
    context: Sequence[Message],
    counters: Counters,
) -> Iterator[Difference]:
    """What of a stored turn would be another, if it were asked for now; `context` is all that was said before.

    Raises:
        OperatorError: the token counter that its profile names is not installed.
    """
    try:
        plan = plan_turn(
            profile,
            Pod(turn.origin.root_seed, turn.origin.ordinal),
            place,
            request,
            context,
            attempt=turn.key.attempt,
            created_s=turn.created_s,
            script=turn.script,
            counter=counters(profile.tokens.counter),
        )
    except ContextOverflow as refusal:
        yield "replies", str(len(turn.replies)), f"none, but {refusal}"
        return
    yield from differences(turn, plan)


def differences(turn: Turn, plan: Plan) -> Iterator[Difference]:
    """What a plan says otherwise than a stored turn; of another attempt, the ids of calls are others."""
    yield from unequal(("replies", len(turn.replies), len(plan.choices)), ("usage", turn.usage, plan.usage))
    named = turn.key.attempt == plan.attempt
    for index, (reply, choice) in enumerate(zip(turn.replies, plan.choices, strict=False)):
        drawn = choice.reply
        yield from unequal((f"finish reason of reply {index}", reply.finish_reason, drawn.finish_reason))
        yield from _parting(f"reply {index}", reply.text, drawn.text)
        yield from _parting(f"reasoning of reply {index}", reply.reasoning, drawn.reasoning)
        yield from unequal(
            (f"calls of reply {index}", _calls(reply, named=named), _calls(drawn, named=named)),
            (f"refusal of reply {index}", reply.refused, drawn.refused),
        )


def unequal(*pairs: tuple[str, object, object]) -> Iterator[Difference]:
    """Those of (what, stored, drawn) that differ."""
    for what, stored, drawn in pairs:
        if stored != drawn:
            yield what, str(stored), str(drawn)


def _calls(reply: Reply, *, named: bool) -> tuple[object, ...]:
    return reply.calls if named else tuple([(call.name, call.arguments) for call in reply.calls])


def _parting(what: str, stored: str, drawn: str) -> Iterator[Difference]:
    """Where two texts part, and how each goes on from there."""
    if stored == drawn:
        return
    same = takewhile(lambda pair: pair[0] == pair[1], zip(stored, drawn, strict=False))
    at = sum(1 for _ in same)
    yield f"{what}, from character {at} on", repr(stored[at : at + EXCERPT_CHARS]), repr(drawn[at : at + EXCERPT_CHARS])
