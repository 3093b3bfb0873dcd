"""A client of Responses sends items, or what is new after a response, or in a conversation that it made."""

from typing import Any

import attrs

from llmsim.replay.clients import Exchange
from llmsim.replay.script import Dialect, History, ScriptTurn
from llmsim.replay.speaking.base import Called, Said
from llmsim.replay.speaking.responses import Responses
from llmsim.turn import FinishReason
from tests.replay.speaking.parties import events, part, whole

TEXT = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "r"}]}
CALL = {"type": "function_call", "call_id": "call_1", "name": "f", "arguments": '{"a":1}'}
THOUGHT = {"type": "reasoning", "summary": [{"type": "summary_text", "text": "hm"}]}


def response(*items: dict[str, Any], name: str = "resp_1", status: str = "completed") -> dict[str, Any]:
    return {"id": name, "status": status, "output": list(items)}


def test_client_that_remembers_sends_all_items() -> None:
    speaks = Responses(part(Dialect.RESPONSES, system="Be kind.", stream=False, params={"max_output_tokens": 20}))
    first = speaks.ask(1, ScriptTurn("a"))
    assert first.body == {
        "model": "m",
        "stream": False,
        "instructions": "Be kind.",
        "input": [{"role": "user", "content": "a"}],
        "max_output_tokens": 20,
    }
    assert first.headers["x-llmsim-session"] == "s"
    heard = speaks.hear(whole(response(THOUGHT, CALL)))
    assert heard == [Said("", FinishReason.TOOL_CALLS, "hm", (Called("call_1", "f", '{"a":1}'),))]
    sent = speaks.ask(2, ScriptTurn("b", tool_results=("x",))).body["input"]
    assert sent[1:] == [
        THOUGHT,
        CALL,
        {"type": "function_call_output", "call_id": "call_1", "output": "x"},
        {"role": "user", "content": "b"},
    ]


def test_what_a_stream_says_stands_in_its_last_response() -> None:
    speaks = Responses(part(Dialect.RESPONSES))
    speaks.ask(1, ScriptTurn("a"))
    told = (
        {"type": "response.created"},
        {"type": "response.incomplete", "response": response(TEXT, status="incomplete")},
    )
    assert speaks.hear(events(*told)) == [Said("r", FinishReason.LENGTH)]
    assert speaks.hear(events({"type": "response.created"})) == []


def test_refusal_is_heard() -> None:
    speaks = Responses(part(Dialect.RESPONSES, stream=False))
    speaks.ask(1, ScriptTurn("a"))
    refused = {"type": "message", "role": "assistant", "content": [{"type": "refusal", "refusal": "No."}]}
    assert speaks.hear(whole(response(refused))) == [Said("No.", FinishReason.STOP, refused=True)]


def test_server_that_remembers_is_told_the_response_before_also_on_the_way_back() -> None:
    speaks = Responses(part(Dialect.RESPONSES, history=History.SERVER, stream=False))
    sent = []
    turns = ((1, ScriptTurn("a")), (2, ScriptTurn("b")), (3, ScriptTurn("c")), (2, ScriptTurn("d", back_to=2)))
    for index, (number, turn) in enumerate(turns):
        sent.append(speaks.ask(number, turn).body)
        speaks.hear(whole(response(TEXT, name=f"resp_{index}")))
    assert [body.get("previous_response_id") for body in sent] == [None, "resp_0", "resp_1", "resp_0"]
    assert [body["input"] for body in sent] == [[{"role": "user", "content": text}] for text in "abcd"]


def test_conversation_is_made_first_and_goes_on_by_its_id() -> None:
    speaks = Responses(part(Dialect.RESPONSES, history=History.CONVERSATION))
    opening = speaks.opening()
    assert opening is not None
    assert (opening.path, opening.headers["x-llmsim-session"]) == ("/v1/conversations", "s")
    speaks.opened(whole({"id": "conv_1"}))
    asked = speaks.ask(1, ScriptTurn("a"))
    assert asked.body["conversation"] == "conv_1"
    assert "previous_response_id" not in asked.body
    failed = Responses(part(Dialect.RESPONSES, history=History.CONVERSATION))
    failed.opened(attrs.evolve(Exchange(500, {}, ())))
    assert failed.ask(1, ScriptTurn("a")).body["conversation"] == "conv_none"
    assert Responses(part(Dialect.RESPONSES)).opening() is None
