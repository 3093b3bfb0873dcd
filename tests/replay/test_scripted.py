"""Whose replies are scripted: by session, turn number and what the user said last, in whichever dialect."""

from llmsim.replay.scripted import ScriptedReplies
from llmsim.turn import Message, Place, Role, Scripted, ToolCall, TurnRequest
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
