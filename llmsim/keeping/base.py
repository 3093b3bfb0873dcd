"""What a dialect's memory offers the simulator, as types: what a request goes on from, and what it leaves behind.

A keeper is asked twice: before a turn is planned (`recall`), with the store as it is, and after (`keep`), for the
operations that become durable with the turn or before its sealed frames leave. Progress follows the clock: what is
under way (a background response, a batch) has no task; its state follows from what is stored and from the time.
Knows store and wires; no event loop, no HTTP.
"""

from collections.abc import Mapping
from typing import Any, Protocol

import attrs

from llmsim.admission import Ask, Slot, session_of
from llmsim.clock import Pace
from llmsim.errors import ClientError, WrongPod
from llmsim.simulation.plan import Plan
from llmsim.store import sessions
from llmsim.store.batch import Operation
from llmsim.store.environment import View
from llmsim.store.schema import Ending, Outcome, Turn
from llmsim.turn import Pod
from llmsim.wire.base import Parsed
from llmsim.wire.ids import owner_of


@attrs.frozen
class Moment:
    """Whose pod it is, and when: `now_s` is unix seconds, with a fraction; `pace` says how fast simulated time passes.

    With a fixed epoch, time begins there with the process.
    """

    pod: Pod
    now_s: float
    pace: Pace


@attrs.frozen
class Recalled:
    """A request with what was remembered put in its place, and the session that it goes on in (None: as any other's).

    `claims` are names that no other turn may hold until this one is settled; `taken` is what a caller is told who
    comes meanwhile. `refused`: the request cannot go on from there any more, unless it is one that has been answered.
    """

    parsed: Parsed
    session: str | None = None
    claims: tuple[str, ...] = ()
    taken: ClientError | None = None
    refused: ClientError | None = None


@attrs.frozen
class Kept:
    """What a turn leaves behind: durable with the turn (`at_once`), or before its sealed frames leave (`at_end`).

    What is left behind at the end is whole or absent, whenever the process dies.
    """

    at_once: Operation | None = None
    at_end: Operation | None = None


class Keeper(Protocol):
    """The memory of one dialect; asked for requests whose `Parsed.held` is not None. It has no state of its own."""

    def session_of(self, view: View, parsed: Parsed) -> str | None:
        """The session that a request goes on in, whatever else is to be said of it; None where there is none."""
        ...

    def recall(self, view: View, parsed: Parsed, moment: Moment) -> Recalled:
        """What the request goes on from.

        Raises:
            ClientError: it names what is not there, in the provider's words; another pod's (`refuse_foreign`).
        """
        ...

    def keep(self, turn: Turn, plan: Plan, asked: Parsed, moment: Moment) -> Kept:
        """What the turn leaves behind. Operations look at the store again: it may have changed since `recall`."""
        ...


@attrs.frozen
class All:
    """Several operations as one."""

    operations: tuple[Operation, ...]

    def __call__(self, view: View) -> Any:  # noqa: ANN401  (what the last one returns)
        result = None
        for operation in self.operations:
            result = operation(view)
        return result


def recalled(view: View, keeper: Keeper | None, parsed: Parsed, ask: Ask, moment: Moment) -> Recalled:
    """The request with all that is remembered of its conversation, by the provider's API or by ours.

    Raises:
        ClientError: as `Keeper.recall`; both are asked for.
    """
    found = Recalled(parsed)
    if parsed.held is not None and parsed.held.background and not ask.store:
        raise ClientError("X-LLMSim-Store: no keeps nothing that a background response could be asked for from")
    if parsed.held is not None and keeper is not None:
        found = keeper.recall(view, parsed, moment)
        if found.refused is not None:
            raise found.refused
    if found.session is not None and (ask.server_history or ask.session not in {None, found.session}):
        raise ClientError(
            f"The request goes on in session '{found.session}': leave the headers X-LLMSim-Session and "
            "X-LLMSim-History away"
        )
    if ask.server_history:
        request = found.parsed.request
        messages = sessions.history(view, session_of(request, ask.session)) + request.messages
        found = Recalled(attrs.evolve(parsed, request=attrs.evolve(request, messages=messages)))
    return found


def session_asked(view: View, keeper: Keeper | None, parsed: Parsed, ask: Ask) -> str:
    """The session of a request with an idempotency key, which is answered from that session alone.

    Raises:
        ClientError: as `session_of`.
    """
    known = keeper.session_of(view, parsed) if keeper is not None and parsed.goes_on else None
    return known or session_of(parsed.request, ask.session)


def sealed_again(
    slot: Slot, asked: Parsed, turn: Turn, outcome: Outcome | None, keepers: Mapping[str, Keeper], moment: Moment
) -> Slot:
    """A stored turn as the answer to a request that is said again.

    What it was to leave behind is made sure of, where its response did not end well.
    """
    slot = attrs.evolve(slot, asked=asked)
    ended = outcome is not None and outcome.ending is Ending.COMPLETED
    if ended or asked.held is None or turn.dialect not in keepers:
        return slot
    kept = keepers[turn.dialect].keep(turn, slot.plan, asked, moment)
    return attrs.evolve(slot, seal=kept.at_end, begun_s=moment.now_s)


def refuse_foreign(pod: Pod, text: str) -> None:
    """Raise WrongPod for an id that says that another pod made it: to be asked where an id is not found here."""
    owner = owner_of(text)
    if owner is not None and owner != pod.ordinal:
        raise WrongPod(text, owner, pod.ordinal)
