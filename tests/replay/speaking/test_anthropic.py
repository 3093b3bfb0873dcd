"""A client of Anthropic's Messages sends blocks as they came, and answers tools that were used by their ids."""

from typing import Any

from llmsim.replay.script import Dialect, History, ScriptTurn
from llmsim.replay.speaking.anthropic import MAX_TOKENS, Anthropic
from llmsim.replay.speaking.base import Called, Said
from llmsim.turn import FinishReason
from tests.replay.speaking.parties import events, part, whole


def start(index: int, **block: object) -> dict[str, Any]:
    return {"type": "content_block_start", "index": index, "content_block": block}


def delta(index: int, kind: str, **told: object) -> dict[str, Any]:
    return {"type": "content_block_delta", "index": index, "delta": {"type": kind, **told}}


def end(reason: str) -> dict[str, Any]:
    return {"type": "message_delta", "delta": {"stop_reason": reason}, "usage": {}}


STREAM = (
    {"type": "message_start", "message": {"id": "msg_1"}},
    start(0, type="thinking", thinking="", signature=""),
    delta(0, "thinking_delta", thinking="h"),
    delta(0, "thinking_delta", thinking="m"),
    delta(0, "signature_delta", signature="AA=="),
    {"type": "content_block_stop", "index": 0},
    start(1, type="text", text=""),
    delta(1, "text_delta", text="Let me see."),
    start(2, type="tool_use", id="toolu_1", name="f", input={}),
    delta(2, "input_json_delta", partial_json=""),
    delta(2, "input_json_delta", partial_json='{"a":'),
    delta(2, "input_json_delta", partial_json="1}"),
    end("tool_use"),
    {"type": "message_stop"},
)


def test_request_carries_what_the_script_says() -> None:
    speaks = Anthropic(part(Dialect.ANTHROPIC, system="Be kind.", params={"top_k": 3}))
    asked = speaks.ask(1, ScriptTurn("hi", params={"max_tokens": 9}))
    assert asked.path == "/v1/messages"
    assert {"anthropic-version", "x-api-key"} <= asked.headers.keys()
    assert asked.body == {
        "model": "m",
        "max_tokens": 9,
        "stream": True,
        "system": "Be kind.",
        "messages": [{"role": "user", "content": "hi"}],
        "top_k": 3,
    }
    assert Anthropic(part(Dialect.ANTHROPIC)).ask(1, ScriptTurn("hi")).body["max_tokens"] == MAX_TOKENS


def test_blocks_of_a_stream_are_heard_and_sent_back_as_they_came() -> None:
    speaks = Anthropic(part(Dialect.ANTHROPIC))
    speaks.ask(1, ScriptTurn("a"))
    [heard] = speaks.hear(events(*STREAM))
    assert heard == Said("Let me see.", FinishReason.TOOL_CALLS, "hm", (Called("toolu_1", "f", '{"a":1}'),))
    sent = speaks.ask(2, ScriptTurn("and?", tool_results=({"x": 1},))).body["messages"]
    assert sent[1]["content"] == [
        {"type": "thinking", "thinking": "hm", "signature": "AA=="},
        {"type": "text", "text": "Let me see."},
        {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {"a": 1}},
    ]
    assert sent[2]["content"] == [
        {"type": "tool_result", "tool_use_id": "toolu_1", "content": '{"x":1}'},
        {"type": "text", "text": "and?"},
    ]


def test_whole_answers_and_refusals_are_heard() -> None:
    speaks = Anthropic(part(Dialect.ANTHROPIC))
    speaks.ask(1, ScriptTurn("a"))
    answer = {"content": [{"type": "text", "text": "No."}], "stop_reason": "refusal"}
    assert speaks.hear(whole(answer)) == [Said("No.", FinishReason.STOP, refused=True)]
    assert speaks.hear(whole({"content": [], "stop_reason": "max_tokens"})) == [Said("", FinishReason.LENGTH)]
    assert len(speaks.held.messages) == 2


def test_server_s_history_gets_what_is_new() -> None:
    speaks = Anthropic(part(Dialect.ANTHROPIC, system="x", history=History.SERVER, stream=False))
    speaks.ask(1, ScriptTurn("a"))
    speaks.hear(whole({"content": [{"type": "text", "text": "r"}], "stop_reason": "end_turn"}))
    asked = speaks.ask(2, ScriptTurn("b"))
    assert asked.body["messages"] == [{"role": "user", "content": "b"}]
    assert "system" not in asked.body
    assert asked.headers["x-llmsim-history"] == "server"
    assert speaks.opening() is None


def test_a_thread_is_made_and_continued_from_the_message_before() -> None:
    speaks = Anthropic(part(Dialect.ANTHROPIC, system="x", history=History.CONVERSATION))
    first = speaks.ask(1, ScriptTurn("a"))
    assert (first.body["thread"], first.body["system"]) == ({"type": "create"}, "x")
    assert first.headers["anthropic-beta"] == "message-threads-2026-08-12"
    assert "x-llmsim-history" not in first.headers
    speaks.hear(events(*STREAM))
    second = speaks.ask(2, ScriptTurn(tool_results=("r",)))
    assert second.body["thread"] == {"type": "continue", "previous_message_id": "msg_1"}
    assert [message["role"] for message in second.body["messages"]] == ["user"]
    assert "system" not in second.body
