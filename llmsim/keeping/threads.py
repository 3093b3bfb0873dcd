"""Anthropic's message threads: the server holds a conversation, each response can be continued once, for five minutes.

A thread is known by the id of its last response: a resource that says which turn it is of, when that was answered, and
what must stay as it was. Reading and changing it are one operation at the end of a turn, so that a continuation is
whole or absent. Times are the pod's own (`Moment`). Source: anthropic-python 2.12 and the guide to message threads.
"""

from collections.abc import Sequence

import attrs

from llmsim.errors import ClientError
from llmsim.keeping.base import All, Kept, Moment, Recalled, refuse_foreign
from llmsim.simulation.plan import Plan
from llmsim.store import resources, sessions
from llmsim.store.environment import View
from llmsim.store.resources import PutResource
from llmsim.store.schema import Resource, Turn
from llmsim.turn import Message, Role
from llmsim.wire.anthropic import usage
from llmsim.wire.anthropic.content import tools_of
from llmsim.wire.anthropic.conversation import require_answers, unexpected
from llmsim.wire.anthropic.errors import thread_differs, thread_error
from llmsim.wire.base import Parsed
from llmsim.wire.ids import message_id

KIND = "anthropic.thread"
EXPIRES_S = 300
"""How long after a response it can be continued."""


@attrs.frozen
class Threads:
    """The memory of `anthropic.messages`."""

    def session_of(self, view: View, parsed: Parsed) -> str | None:
        """The session of the thread that a request goes on in."""
        found = resources.resource(view, parsed.held.previous or "") if parsed.held else None
        return found.session if found is not None else None

    def recall(self, view: View, parsed: Parsed, moment: Moment) -> Recalled:
        """The conversation that a request goes on in.

        Raises:
            ClientError: there is no such thread, or it cannot be continued like this.
        """
        previous = parsed.held.previous if parsed.held else None
        if previous is None:
            return Recalled(parsed)
        found = resources.resource(view, previous)
        turn = sessions.turn(view, found.session, found.turn) if found and found.turn else None
        if found is None or found.kind != KIND or turn is None:
            refuse_foreign(moment.pod, previous)
            raise thread_error("thread_not_found")
        if moment.now_s - found.body["at_s"] > EXPIRES_S:
            raise thread_error("thread_not_found")
        if found.body["continued"]:
            return Recalled(parsed, found.session, refused=thread_error("thread_already_continued"))
        fixed = found.body["fixed"]
        asked = parsed.params["thread"]["fixed"]
        differing = [field for field in asked if asked[field] != fixed.get(field)]
        if differing:
            raise thread_differs(differing)
        remembered = (*sessions.context_of(view, turn), turn.replies[0].message)
        taken = thread_error("thread_continue_in_flight")
        return Recalled(gone_on(parsed, turn, remembered, fixed), found.session, (f"thread {previous}",), taken)

    def keep(self, turn: Turn, plan: Plan, asked: Parsed, moment: Moment) -> Kept:
        """The thread, as it can be continued from this response."""
        thread = asked.params["thread"]
        answered_s = moment.now_s + moment.pace.seconds(plan.timeline.total_us)
        body = {"at_s": answered_s, "continued": False, "fixed": thread["fixed"]}
        made = Resource(message_id(plan), turn.session, KIND, turn.created_s, body, turn.key)
        if thread["previous_message_id"] is None:
            return Kept(at_end=PutResource(made))
        return Kept(at_end=All((Continued(thread["previous_message_id"]), PutResource(made))))


@attrs.frozen
class Continued:
    """Note that a response has been continued; nothing is done where it is gone."""

    id: str

    def __call__(self, view: View) -> None:
        known = resources.resource(view, self.id)
        if known is not None:
            PutResource(attrs.evolve(known, body=known.body | {"continued": True}))(view)


def gone_on(parsed: Parsed, turn: Turn, remembered: tuple[Message, ...], fixed: dict[str, str]) -> Parsed:
    """A request with the conversation before it, and the tools that came with that.

    Raises:
        ClientError: the calls of the last reply are not answered.
    """
    said = parsed.request.messages[parsed.held.at if parsed.held else 0 :]
    check_answered(remembered, said)
    params = parsed.params | {"tools": turn.params["tools"], "thread": parsed.params["thread"] | {"fixed": fixed}}
    before = turn.params["cache"]["chars"] + len(remembered[-1].content)
    params["cache"] = usage.behind(parsed.params["cache"], before)
    request = attrs.evolve(parsed.request, messages=remembered + said, tools=tools_of(params["tools"]))
    return attrs.evolve(parsed, request=request, params=params)


def check_answered(remembered: Sequence[Message], said: Sequence[Message]) -> None:
    """Make sure that the calls of the last reply are answered, and no others; raises ClientError."""
    calls = [call.id for call in remembered[-1].tool_calls]
    answers: list[str] = []
    for message in said:
        if message.role is Role.TOOL and message.tool_call_id is not None:
            answers.append(message.tool_call_id)
        elif message.role is not Role.SYSTEM:
            break
    require_answers(len(remembered) - 1, [call for call in calls if call not in answers])
    for at, answer in enumerate(answers):
        if answer not in calls:
            raise unexpected(0, at, answer)
        if answer in answers[:at]:
            raise ClientError(
                f"messages.0.content.{at}: each tool_use must have a single result. Found multiple `tool_result` "
                f"blocks with id: {answer}"
            )
