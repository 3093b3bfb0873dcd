"""A client of Gemini sends parts as they came back, answers functions by name and order, and hears every candidate."""

from typing import Any

from llmsim.replay.script import Dialect, History, ScriptTurn
from llmsim.replay.speaking.base import Called, Said
from llmsim.replay.speaking.gemini import Gemini
from llmsim.turn import FinishReason
from tests.replay.speaking.parties import events, part, whole

CALL = {"functionCall": {"name": "f", "args": {"a": 1}}, "thoughtSignature": "AA=="}


def response(*parts: dict[str, Any], finish: str | None = None, index: int = 0, **more: object) -> dict[str, Any]:
    candidate = {"content": {"parts": list(parts), "role": "model"}, "index": index, **more}
    return {"candidates": [candidate | ({"finishReason": finish} if finish else {})]}


def test_request_carries_what_the_script_says() -> None:
    speaks = Gemini(part(Dialect.GEMINI, system="Be kind.", params={"labels": {"a": "b"}}))
    asked = speaks.ask(1, ScriptTurn("hi", params={"generationConfig": {"seed": 1}}))
    assert asked.path == "/v1beta/models/m:streamGenerateContent?alt=sse"
    assert asked.headers["x-goog-api-key"]
    assert asked.body == {
        "contents": [{"role": "user", "parts": [{"text": "hi"}]}],
        "systemInstruction": {"parts": [{"text": "Be kind."}]},
        "labels": {"a": "b"},
        "generationConfig": {"seed": 1},
    }
    assert Gemini(part(Dialect.GEMINI, stream=False)).ask(1, ScriptTurn("a")).path == "/v1beta/models/m:generateContent"


def test_parts_of_a_stream_are_heard_and_sent_back_as_they_came() -> None:
    speaks = Gemini(part(Dialect.GEMINI))
    speaks.ask(1, ScriptTurn("a"))
    thought = {"text": "hm", "thought": True}
    [heard] = speaks.hear(events(response(thought), response(CALL, finish="STOP"), end="\r\n\r\n"))
    assert heard == Said("", FinishReason.TOOL_CALLS, "hm", (Called("", "f", '{"a":1}'),))
    sent = speaks.ask(2, ScriptTurn("and?", tool_results=("x",))).body["contents"]
    answered = {"functionResponse": {"name": "f", "response": {"result": "x"}}}
    assert sent[1:] == [
        {"role": "model", "parts": [thought, CALL]},
        {"role": "user", "parts": [answered, {"text": "and?"}]},
    ]


def test_results_that_are_tables_are_sent_as_they_are() -> None:
    speaks = Gemini(part(Dialect.GEMINI))
    speaks.ask(1, ScriptTurn("a"))
    speaks.hear(whole(response(CALL, finish="STOP")))
    [result] = speaks.ask(2, ScriptTurn(tool_results=({"x": 1},))).body["contents"][-1]["parts"]
    assert result["functionResponse"]["response"] == {"x": 1}


def test_candidates_are_told_apart_and_a_filter_is_a_refusal() -> None:
    told = response({"text": "b"}, finish="MAX_TOKENS", index=1)
    told["candidates"] += response({"text": "a"}, finish="STOP")["candidates"]
    assert Gemini(part(Dialect.GEMINI)).hear(whole(told)) == [
        Said("a", FinishReason.STOP),
        Said("b", FinishReason.LENGTH),
    ]
    speaks = Gemini(part(Dialect.GEMINI))
    blocked = {"content": {}, "finishReason": "SAFETY", "index": 0, "finishMessage": "No."}
    assert speaks.hear(whole({"candidates": [blocked]})) == [Said("No.", FinishReason.STOP, refused=True)]
    assert speaks.held.messages == []


def test_server_s_history_gets_what_is_new() -> None:
    speaks = Gemini(part(Dialect.GEMINI, system="x", history=History.SERVER))
    speaks.ask(1, ScriptTurn("a"))
    speaks.hear(whole(response({"text": "r"}, finish="STOP")))
    asked = speaks.ask(2, ScriptTurn("b"))
    assert asked.body == {"contents": [{"role": "user", "parts": [{"text": "b"}]}]}
    assert asked.headers["x-llmsim-history"] == "server"
    assert speaks.opening() is None
