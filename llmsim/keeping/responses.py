"""OpenAI's stored responses: what a request goes on from, and what it leaves behind.

A response is a resource beside its turn, which has its words. What the turn says is not said again: the ids of items
follow from it. A response and the items that it appends to a conversation are one operation: whole or absent. What is
special about responses that are made in the background is `background`'s.
"""

from collections.abc import Sequence
from typing import Any

import attrs

from llmsim.admission import Slot, slot_again
from llmsim.errors import StoreDamaged
from llmsim.keeping import background
from llmsim.keeping.base import All, Kept, Moment, Recalled, refuse_foreign
from llmsim.keeping.conversations import Item, append, conversation
from llmsim.simulation.plan import Plan
from llmsim.store import resources, sessions
from llmsim.store.environment import View
from llmsim.store.resources import DeleteResource, PutResource
from llmsim.store.schema import Ending, Resource, Turn
from llmsim.store.turn_removal import DeleteTurn
from llmsim.tokenizers import counter_named
from llmsim.turn import Message, Pod
from llmsim.wire.base import Held, Parsed
from llmsim.wire.dialects import WIRES
from llmsim.wire.ids import keyed_id, kin, partition_key
from llmsim.wire.openai.responses import errors as responses_errors
from llmsim.wire.openai.responses.items import check_answered, messages_of, named, prefix_of, resolved
from llmsim.wire.openai.responses.output import output_items, response_id
from llmsim.wire.openai.responses.wire import check_json_asked, instructions_of

KIND = "openai.response"


@attrs.frozen
class Responses:
    """The memory of `openai.responses`."""

    def session_of(self, view: View, parsed: Parsed) -> str | None:
        """The session of the conversation or of the response that a request goes on from."""
        held = parsed.held or Held()
        found = resources.resource(view, held.conversation or held.previous or "")
        return found.session if found is not None else None

    def recall(self, view: View, parsed: Parsed, moment: Moment) -> Recalled:
        """The request with what came before it: a chain of responses, or a conversation.

        Raises:
            ClientError: it names what is not there, or what is not over yet.
        """
        held = parsed.held or Held()
        before: tuple[Message, ...] = ()
        session: str | None = None
        claims: tuple[str, ...] = ()
        if held.conversation is not None:
            known = conversation(view, moment.pod, held.conversation)
            refuse_repeated(view, known.session, parsed.params["input"])
            before = messages_of(items_of(view, known, moment))
            session, claims = known.session, (known.id,)
        elif held.previous is not None:
            session, before = chain(view, held.previous, moment)
        elif not held.references:
            return Recalled(parsed)
        told, said = parsed.request.messages[: held.at], parsed.request.messages[held.at :]
        if held.references:
            found = {name: referred(view, moment.pod, name) for name in held.references}
            said = messages_of(resolved(parsed.params["input"], found))
        messages = (*told, *before, *said)
        check_answered(messages)
        check_json_asked(parsed.params, messages)
        parsed = attrs.evolve(parsed, request=attrs.evolve(parsed.request, messages=messages))
        return Recalled(parsed, session, claims, responses_errors.conversation_locked() if claims else None)

    def keep(self, turn: Turn, plan: Plan, asked: Parsed, moment: Moment) -> Kept:
        """The response, and what it appends to its conversation."""
        held = asked.held or Held()
        at_once = GoOn(held, moment) if asked.goes_on else None
        if not held.kept and held.conversation is None:
            return Kept(at_once)
        made = Resource(response_id(plan), turn.session, KIND, turn.created_s, {}, turn.key)
        items = appended(plan, asked) if held.conversation is not None else []
        if not held.background:
            return Kept(at_once, Leave(made, held.conversation, items, kept=held.kept))
        body: dict[str, Any] = {"started_s": moment.now_s, "total_us": plan.timeline.total_us}
        if held.conversation is not None:
            body |= {"conversation": held.conversation, "append": items}
        made = attrs.evolve(made, body=body, lists=(background.RUNNING,))
        begin = background.Begin(made)
        return Kept(All((at_once, begin)) if at_once else begin, background.End(made.id, None))


@attrs.frozen
class Leave:
    """What a response leaves behind that is whole: itself, if it is `kept`, and its items in its conversation.

    Nothing is done where it was done before, or where its turn was deleted meanwhile.
    """

    response: Resource
    conversation: str | None
    items: Sequence[tuple[Item, str]]
    kept: bool

    def __call__(self, view: View) -> None:
        made = self.response
        there = made.turn is not None and sessions.turn(view, made.session, made.turn) is not None
        if not there or resources.taken(view, made.id) or (self.items and resources.taken(view, self.items[-1][1])):
            return
        if self.kept:
            PutResource(made)(view)
        if self.conversation is not None and resources.resource(view, self.conversation) is not None:
            append(view, made.session, self.items)


@attrs.frozen
class GoOn:
    """What a response goes on from is there when its turn is stored, and what of that is over is over durably.

    Raises:
        ClientError: it was deleted since it was recalled: nothing may be stored that says it again.
    """

    held: Held
    moment: Moment

    def __call__(self, view: View) -> None:
        if self.held.conversation is not None:
            holder = holder_of(view, conversation(view, self.moment.pod, self.held.conversation))
            if holder is not None:
                background.End(holder.id, self.moment)(view)
        elif self.held.previous is not None and background.End(self.held.previous, self.moment)(view) is None:
            raise responses_errors.previous_not_found(self.held.previous)


@attrs.frozen
class Delete:
    """Remove a response with its turn, and return it; None where there is none. What goes on from it stays whole."""

    id: str

    def __call__(self, view: View) -> Resource | None:
        found = resources.resource(view, self.id)
        if found is None or found.kind != KIND or found.turn is None:
            return None
        if background.running(found):
            background.over(view, found, {}, Ending.CLIENT_LEFT)
        DeleteResource(found.id)(view)
        DeleteTurn(found.session, found.turn)(view)
        return found


def response(view: View, pod: Pod, response_id: str) -> Resource:
    """The stored response of this id.

    Raises:
        ClientError: 404, there is none; 421, it is another pod's.
    """
    found = resources.resource(view, response_id)
    if found is None or found.kind != KIND:
        refuse_foreign(pod, response_id)
        raise responses_errors.response_not_found(response_id)
    return found


def turn_of(view: View, found: Resource) -> Turn:
    """The turn of a response; raises StoreDamaged where it is missing."""
    turn = sessions.turn(view, found.session, found.turn) if found.turn is not None else None
    if turn is None:
        raise StoreDamaged(f"the turn {found.turn} of {found.id} in session {found.session} is missing")
    return turn


def appended(plan: Plan, asked: Parsed) -> list[tuple[Item, str]]:
    """What a response appends to its conversation: its input and its output, each item with an id for it."""
    key = partition_key(plan.pod.ordinal, plan.place.session)
    fresh = [
        (item, keyed_id(prefix_of(item), key, plan.created, plan.unique, "input", at))
        for at, item in enumerate(asked.params["input"])
    ]
    return fresh + [(item, item["id"]) for item in output_items(plan, asked)]


def inputs(plan: Plan, asked: Parsed) -> list[dict[str, Any]]:
    """The items of a response's input, each with an id: its own, or one that follows from the turn."""
    return [named(item, fresh) for item, fresh in appended(plan, asked)[: len(asked.params["input"])]]


def chain(view: View, previous: str, moment: Moment) -> tuple[str, tuple[Message, ...]]:
    """The session of a response, and everything that was said up to its reply, but no instructions.

    Raises:
        ClientError: there is no such response, or it is still being made.
    """
    found = resources.resource(view, previous)
    if found is None or found.kind != KIND:
        refuse_foreign(moment.pod, previous)
        raise responses_errors.previous_not_found(previous)
    if background.running(found) and not background.due(found, moment):
        raise responses_errors.previous_not_over(previous)
    turn = turn_of(view, found)
    said = messages_of(found.body["output"]) if "output" in found.body else (turn.replies[0].message,)
    return found.session, sessions.context_of(view, turn)[len(instructions_of(turn.params)) :] + said


def holder_of(view: View, known: Resource) -> Resource | None:
    """The background response that holds a conversation, if one does."""
    holder = resources.resource(view, known.body["running"]) if "running" in known.body else None
    return holder if holder is not None and background.running(holder) else None


def items_of(view: View, known: Resource, moment: Moment) -> list[dict[str, Any]]:
    """The items of a conversation, with those of a background response that is over and was not looked at since.

    Raises:
        ClientError: a response is being made in it.
    """
    items = list(resources.items(view, known.session))
    holder = holder_of(view, known)
    if holder is None:
        return items
    if not background.due(holder, moment):
        raise responses_errors.conversation_locked()
    return [*items, *(named(item, fresh) for item, fresh in holder.body["append"])]


def slot_of(view: View, found: Resource) -> Slot:
    """The turn of a response, ready to be told again.

    Raises:
        StoreDamaged: it, or a turn before it, is missing.
    """
    return slot_again(view, turn_of(view, found), WIRES, counter_named)


def referred(view: View, pod: Pod, item_id: str) -> dict[str, Any]:
    """The item that a request names: of a conversation, or of the input or output of a stored response.

    Raises:
        ClientError: 404, it is not stored; 421, it is another pod's.
    """
    found = resources.item(view, item_id)
    if found is not None:
        return found[2]
    beginning = kin("resp", item_id)
    owner = resources.beginning(view, beginning) if beginning is not None else None
    if owner is not None and owner.kind == KIND and not background.running(owner):
        slot = slot_of(view, owner)
        output = owner.body["output"] if "output" in owner.body else output_items(slot.plan, slot.asked)
        for item in (*inputs(slot.plan, slot.asked), *output):
            if item["id"] == item_id:
                return dict(item)
    refuse_foreign(pod, item_id)
    raise responses_errors.item_not_found(item_id)


def refuse_repeated(view: View, session: str, items: Sequence[Item]) -> None:
    """Make sure that no item of an input is in the conversation already; raises ClientError."""
    for item in items:
        found = resources.item(view, item["id"]) if "id" in item else None
        if found is not None and found[0] == session:
            raise responses_errors.repeated_item(item["id"])
