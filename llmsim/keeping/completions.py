"""OpenAI's stored chat completions: what a request with `store: true` leaves behind, found by its id and in a list.

A completion is a resource beside its turn, which has its words; the metadata, which may be changed, are the resource's.
It is there once the response is whole: absent or whole, whenever the process dies.
"""

from collections.abc import Iterator, Mapping

import attrs

from llmsim.errors import ClientError
from llmsim.keeping.base import Kept, Moment, Recalled, refuse_foreign
from llmsim.simulation.plan import Plan
from llmsim.store import resources, sessions
from llmsim.store.environment import View
from llmsim.store.resources import DeleteResource, PutResource
from llmsim.store.schema import Resource, Turn
from llmsim.store.turn_removal import DeleteTurn
from llmsim.turn import Pod
from llmsim.wire.base import Parsed
from llmsim.wire.ids import chat_completion_id

KIND = "openai.chat.completion"
LIST = "openai.chat.completions"


@attrs.frozen
class Completions:
    """The memory of `openai.chat`."""

    def recall(self, view: View, parsed: Parsed, moment: Moment) -> Recalled:  # noqa: ARG002
        """The request as it is: a client sends its whole conversation."""
        return Recalled(parsed)

    def session_of(self, view: View, parsed: Parsed) -> str | None:  # noqa: ARG002
        """None: the session is any other request's."""
        return None

    def keep(self, turn: Turn, plan: Plan, asked: Parsed, moment: Moment) -> Kept:  # noqa: ARG002
        """The completion."""
        body = {"metadata": asked.params["metadata"], "model": plan.model}
        made = Resource(chat_completion_id(plan), turn.session, KIND, turn.created_s, body, turn.key, (LIST,))
        return Kept(at_end=PutResource(made))


@attrs.frozen
class Update:
    """Give a completion other metadata, and return it; None where there is none."""

    id: str
    metadata: Mapping[str, str]

    def __call__(self, view: View) -> Resource | None:
        found = resources.resource(view, self.id)
        if found is None or found.kind != KIND:
            return None
        changed = attrs.evolve(found, body={**found.body, "metadata": dict(self.metadata)})
        PutResource(changed)(view)
        return changed


@attrs.frozen
class Delete:
    """Remove a completion with its turn; returns whether there was one. What goes on from it stays whole."""

    id: str

    def __call__(self, view: View) -> bool:
        found = resources.resource(view, self.id)
        if found is None or found.kind != KIND or found.turn is None:
            return False
        DeleteResource(found.id)(view)
        DeleteTurn(found.session, found.turn)(view)
        return True


def completion(view: View, pod: Pod, completion_id: str) -> Resource:
    """The stored completion of this id.

    Raises:
        ClientError: 404, there is none; 421, it is another pod's.
    """
    found = resources.resource(view, completion_id)
    if found is None or found.kind != KIND:
        refuse_foreign(pod, completion_id)
        raise not_found(completion_id)
    return found


def turn_of(view: View, found: Resource) -> Turn:
    """The turn of a completion; raises ClientError where it was deleted meanwhile."""
    turn = sessions.turn(view, found.session, found.turn) if found.turn is not None else None
    if turn is None:
        raise not_found(found.id)
    return turn


def listed(
    view: View, after: Resource | None, model: str | None, metadata: Mapping[str, str], *, newest: bool
) -> Iterator[Resource]:
    """The completions behind one of them, by their stamps: those of a model, with these metadata."""
    for found in resources.listed(view, LIST, after, reverse=newest):
        kept = found.body["metadata"]
        if model in (None, found.body["model"]) and all(kept.get(key) == value for key, value in metadata.items()):
            yield found


def not_found(completion_id: str) -> ClientError:
    """Nobody knows this completion."""
    return ClientError(f"Chat completion with id '{completion_id[:256]}' not found.", status=404)
