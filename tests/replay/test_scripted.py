"""Whose replies are scripted: by session, turn number and what the user said last, in whichever dialect."""

from pathlib import Path

import attrs
import orjson
import pytest

from llmsim.clock import Pace
from llmsim.replay.script import Dialect, numbered, parts
from llmsim.replay.scripted import ScriptedReplies
from llmsim.replay.speaking.dialects import speaker
from llmsim.turn import Message, Place, Role, Scripted, ToolCall, TurnRequest
from tests.pods import pod
from tests.replay.plays import script_of


def asked(*user: str) -> TurnRequest:
    said = [message for text in user for message in (Message(Role.USER, text), Message(Role.ASSISTANT, "ok"))]
    return TurnRequest(model="m", messages=tuple(said[:-1]), digest=bytes(16))


def test_scripted_reply_is_given_at_its_place_alone() -> None:
    script = script_of('user = "a", reply = "one"', 'user = "b"', 'user = "a", reply = "three"', session="repeat = 2\n")
    replies = ScriptedReplies.from_scripts([script])
    assert replies(Place("s-1", 1, b""), asked("a")) == Scripted("one")
    assert replies(Place("s-0", 3, b""), asked("a", "b", "a")) == Scripted("three")
    assert replies(Place("s-0", 2, b""), asked("a", "b")) is None
    assert replies(Place("s-0", 1, b""), asked("else")) is None
    assert replies(Place("s-2", 1, b""), asked("a")) is None
    assert ScriptedReplies.from_scripts([])(Place("s-0", 1, b""), asked("a")) is None


def test_scripted_reply_after_tools_is_found_by_what_the_user_said_before_them() -> None:
    script = script_of('user = "a", calls = [{ name = "f" }]', 'tool_results = ["x"], reply = "done"')
    replies = ScriptedReplies.from_scripts([script])
    calls = (ToolCall("", "f", "{}"),)
    assert replies(Place("s", 1, b""), asked("a")) == Scripted(calls=calls)
    said = (Message(Role.USER, "a"), Message(Role.ASSISTANT, "", tool_calls=calls), Message(Role.TOOL, "x", "f"))
    answered = TurnRequest(model="m", messages=said, digest=bytes(16))
    assert replies(Place("s", 2, b""), answered) == Scripted("done")


@pytest.mark.parametrize("dialect", Dialect)
async def test_what_is_scripted_is_said_in_any_dialect(dialect: Dialect, tmp_path: Path) -> None:
    turns = (
        'user = "Is it sunny?", reply = "Let me see.", calls = [{ name = "look", arguments = { at = "sky" } }]',
        'tool_results = ["clouds"], reply = "It is not."',
        'user = "Open it.", refusal = "I will not."',
    )
    script = script_of(*turns, script="")
    speaks = speaker(attrs.evolve(next(parts(script)), dialect=dialect, model="gpt-4o", stream=False))
    heard = []
    async with pod(tmp_path, pace=Pace(None), script=ScriptedReplies.from_scripts([script])) as under:
        for number, turn in numbered(script.session[0].turn):
            request = speaks.ask(number, turn)
            answer = await under.client.exchange("POST", request.path, request.headers, orjson.dumps(request.body))
            heard += speaks.hear(answer)
    assert [said.text for said in heard] == ["Let me see.", "It is not.", "I will not."]
    calls = [(call.name, call.arguments) for said in heard for call in said.calls]
    assert calls == [("look", '{"at":"sky"}')]
    plainly = dialect is Dialect.CHAT  # its refusals have a place of their own only where a schema was asked for
    assert [said.refused for said in heard] == [False, False, not plainly]
