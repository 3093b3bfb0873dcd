"""OpenAI's background responses, by the clock: no task makes them, their state follows from a start and from the time.

A resource says when the response began and how long its plan is (`started_s`, `total_us`). While it stands in the list
RUNNING it is under way, however late it is; whoever sees that its time is over ends it (`End`), durably, before saying
so. A process that starts anew ends what is past due and begins the rest again (`GoOn`): the same bytes, later.
"""

import math
from bisect import bisect_right
from collections.abc import Sequence
from typing import Any

import attrs

from llmsim.keeping.base import Moment
from llmsim.keeping.conversations import append, hold
from llmsim.simulation.timeline import Timeline
from llmsim.store import resources, sessions
from llmsim.store.environment import View
from llmsim.store.operations import PutOutcome
from llmsim.store.resources import PutResource
from llmsim.store.schema import Ending, Outcome, Resource

RUNNING = "openai.responses.running"
"""The list of the responses that are under way."""
ROUNDING_US = 1.0
"""What is due to the microsecond is there, whichever way fractions of seconds were rounded."""


def running(found: Resource) -> bool:
    """Whether a response is under way, or was when it was last looked at."""
    return RUNNING in found.lists


def elapsed_us(found: Resource, moment: Moment) -> float:
    """The simulated microseconds since a response began."""
    if moment.pace.speed is None:
        return math.inf
    return float((moment.now_s - found.body["started_s"]) * 1e6 * moment.pace.speed) + ROUNDING_US


def due(found: Resource, moment: Moment) -> bool:
    """Whether the time of a response that is under way is over."""
    return running(found) and elapsed_us(found, moment) >= found.body["total_us"]


def tokens_there(found: Resource, timeline: Timeline, moment: Moment) -> int:
    """How many tokens of a response there are, or were when it was cancelled."""
    if "tokens" in found.body:
        return int(found.body["tokens"])
    return bisect_right(timeline.at_us, elapsed_us(found, moment)) if running(found) else len(timeline.at_us)


@attrs.frozen
class Begin:
    """A response begins: it is under way, and holds its conversation, if it has one."""

    response: Resource

    def __call__(self, view: View) -> None:
        PutResource(self.response)(view)
        if self.response.body.get("conversation"):
            hold(view, self.response.body["conversation"], self.response.id)


@attrs.frozen
class End:
    """A response ends, if its time is over; returns it as it is then, None where it is gone.

    `moment` None: its time is over, whatever the clock says; whoever was told all of it knows.
    """

    id: str
    moment: Moment | None

    def __call__(self, view: View) -> Resource | None:
        found = resources.resource(view, self.id)
        if found is None or not running(found) or not (self.moment is None or due(found, self.moment)):
            return found
        done = over(view, found, {}, Ending.COMPLETED)
        if done.body.get("conversation") and resources.resource(view, done.body["conversation"]) is not None:
            append(view, done.session, found.body["append"])
        return done


@attrs.frozen
class Cancel:
    """A response that is under way is over, with so many `tokens`, and the `output` that those are.

    Nothing of it is appended to its conversation. Returns it as it is then, None where it is gone.
    """

    id: str
    tokens: int
    output: Sequence[Any]

    def __call__(self, view: View) -> Resource | None:
        found = resources.resource(view, self.id)
        if found is None or not running(found):
            return found
        return over(view, found, {"tokens": self.tokens, "output": list(self.output)}, Ending.CLIENT_LEFT)


@attrs.frozen
class GoOn:
    """What a process does that finds responses under way which another one began."""

    moment: Moment

    def __call__(self, view: View) -> None:
        for found in list(resources.listed(view, RUNNING)):
            if due(found, self.moment):
                End(found.id, self.moment)(view)
            else:
                PutResource(attrs.evolve(found, body=found.body | {"started_s": self.moment.now_s}))(view)


def go_on(view: View, moment: Moment) -> GoOn | None:
    """What is to be done at the start of a process, if anything is."""
    return GoOn(moment) if next(resources.listed(view, RUNNING), None) is not None else None


def over(view: View, found: Resource, said: dict[str, Any], ending: Ending) -> Resource:
    """A response is under way no more: note what is to be said of it, and let go of its conversation."""
    body = {key: value for key, value in found.body.items() if key != "append"} | said
    done = attrs.evolve(found, body=body, lists=())
    PutResource(done)(view)
    if body.get("conversation"):
        hold(view, body["conversation"], None)
    if found.turn is not None and sessions.turn(view, found.session, found.turn) is not None:
        PutOutcome(found.session, found.turn, Outcome(ending, 0))(view)
    return done
