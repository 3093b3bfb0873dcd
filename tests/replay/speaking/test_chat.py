"""A client of Chat Completions sends what was said, calls and their results included, and hears every choice."""

from typing import Any

from llmsim.replay.script import Dialect, History, ScriptTurn, numbered
from llmsim.replay.speaking.base import Called, Said
from llmsim.replay.speaking.chat import Chat
from llmsim.turn import FinishReason
from tests.replay.speaking.parties import events, part, whole

STOP = FinishReason.STOP


def chunk(delta: dict[str, Any], finish: str | None = None, index: int = 0) -> dict[str, Any]:
    return {"choices": [{"index": index, "delta": delta, "finish_reason": finish}]}


def header(at: int, name: str) -> dict[str, Any]:
    call = {"index": at, "id": f"call_{at}", "type": "function", "function": {"name": name, "arguments": ""}}
    return chunk({"tool_calls": [call]})


def piece(at: int, text: str) -> dict[str, Any]:
    return chunk({"tool_calls": [{"index": at, "function": {"arguments": text}}]})


def said(*turns: ScriptTurn) -> list[list[str]]:
    """The contents that each turn of a conversation sends, its replies being r1, r2 ..."""
    speaks = Chat(part(Dialect.CHAT, *turns))
    sent = []
    for index, (number, turn) in enumerate(numbered(turns)):
        sent.append([message["content"] for message in speaks.ask(number, turn).body["messages"]])
        speaks.hear(
            whole({"choices": [{"index": 0, "message": {"content": f"r{index + 1}"}, "finish_reason": "stop"}]})
        )
    return sent


def test_conversation_that_goes_back_forgets_what_came_after() -> None:
    turns = (ScriptTurn("a"), ScriptTurn("b"), ScriptTurn("c", back_to=2), ScriptTurn("d"), ScriptTurn("e", back_to=1))
    assert said(*turns) == [["a"], ["a", "r1", "b"], ["a", "r1", "c"], ["a", "r1", "c", "r3", "d"], ["e"]]


def test_replies_are_put_together_by_choice() -> None:
    told = [chunk({"content": "b"}, index=1), chunk({"content": "a"}), chunk({"content": "B"}, "length", 1)]
    answer = events(*told, chunk({"content": "A"}), chunk({}, "stop"), {"choices": [], "usage": {}}, done=True)
    assert Chat(part(Dialect.CHAT)).hear(answer) == [Said("aA", STOP), Said("bB", FinishReason.LENGTH)]


def test_calls_are_heard_in_pieces_and_answered_in_order() -> None:
    speaks = Chat(part(Dialect.CHAT))
    speaks.ask(1, ScriptTurn("a"))
    told = [header(0, "f"), piece(0, '{"a"'), piece(0, ":1}"), header(1, "g"), piece(1, "{}")]
    [heard] = speaks.hear(events(*told, chunk({}, "tool_calls")))
    assert heard == Said(
        "", FinishReason.TOOL_CALLS, "", (Called("call_0", "f", '{"a":1}'), Called("call_1", "g", "{}"))
    )
    sent = speaks.ask(2, ScriptTurn("and?", tool_results=({"x": 1}, "y"))).body["messages"]
    assert sent[1]["content"] is None
    assert [call["function"]["name"] for call in sent[1]["tool_calls"]] == ["f", "g"]
    assert sent[2:] == [
        {"role": "tool", "tool_call_id": "call_0", "content": '{"x":1}'},
        {"role": "tool", "tool_call_id": "call_1", "content": "y"},
        {"role": "user", "content": "and?"},
    ]


def test_whole_calls_and_a_refusal_are_heard() -> None:
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    told = {"content": None, "refusal": None, "tool_calls": [call]}
    answer = whole({"choices": [{"index": 0, "message": told, "finish_reason": "tool_calls"}]})
    assert Chat(part(Dialect.CHAT)).hear(answer)[0].calls == (Called("c", "f", "{}"),)
    speaks = Chat(part(Dialect.CHAT))
    refused = {"content": None, "refusal": "No."}
    [heard] = speaks.hear(whole({"choices": [{"index": 0, "message": refused, "finish_reason": "stop"}]}))
    assert heard == Said("No.", STOP, refused=True)
    assert speaks.held.messages == [{"role": "assistant", "content": None, "refusal": "No."}]


def test_server_s_history_gets_what_is_new() -> None:
    speaks = Chat(part(Dialect.CHAT, system="Be kind.", history=History.SERVER))
    first = speaks.ask(1, ScriptTurn("a"))
    speaks.hear(events(chunk({"content": "r"}, "stop")))
    second = speaks.ask(2, ScriptTurn("b"))
    contents = [[message["content"] for message in asked.body["messages"]] for asked in (first, second)]
    assert contents == [["Be kind.", "a"], ["b"]]
    assert second.headers["x-llmsim-history"] == "server"
    assert speaks.opening() is None
