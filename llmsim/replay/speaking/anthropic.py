"""A client of Anthropic's Messages: it sends all that was said, or what is new where the server remembers.

What it sends back of a reply are its blocks as they came, thinking included. In a message thread it sends what is new,
and the id of the message before.
"""

from typing import Any

import attrs
import orjson

from llmsim.replay.clients import Exchange
from llmsim.replay.script import History, Part, ScriptTurn
from llmsim.replay.speaking.base import Asked, Called, Said, Transcript, data_of, named, results, streamed, written
from llmsim.turn import FinishReason

PATH = "/v1/messages"
HEADERS = {"anthropic-version": "2023-06-01", "x-api-key": "llmsim"}
THREADS = {"anthropic-beta": "message-threads-2026-08-12"}
CREATE = {"type": "create"}
MAX_TOKENS = 1024
"""The limit, which the API requires, where the script says none."""
ENDS = {
    "end_turn": FinishReason.STOP,
    "stop_sequence": FinishReason.STOP,
    "refusal": FinishReason.STOP,
    "max_tokens": FinishReason.LENGTH,
    "tool_use": FinishReason.TOOL_CALLS,
}
GROWING = {
    "text_delta": "text",
    "thinking_delta": "thinking",
    "signature_delta": "signature",
    "input_json_delta": "partial_json",
}
"""Which key of a block each kind of delta adds to; the deltas' own keys are those of the blocks."""


@attrs.define
class Anthropic:
    """A conversation over `POST /v1/messages`."""

    part: Part
    held: Transcript = attrs.field(factory=Transcript)
    calls: list[Called] = attrs.field(factory=list)
    message_id: str = ""

    @property
    def _threaded(self) -> bool:
        return self.part.history is History.CONVERSATION

    def opening(self) -> Asked | None:
        return None

    def opened(self, answer: Exchange) -> None:
        """Nothing is opened here."""

    def ask(self, number: int, turn: ScriptTurn) -> Asked:
        self.held.begin(number, turn)
        blocks: list[dict[str, Any]] = [
            {"type": "tool_result", "tool_use_id": call.id, "content": written(result)}
            for call, result in results(turn, () if turn.back_to is not None else self.calls)
        ]
        if blocks and turn.user is not None:
            blocks.append({"type": "text", "text": turn.user})
        self.held.messages.append({"role": "user", "content": blocks or turn.user})
        first = number == 1 or not self.part.server_history
        body: dict[str, Any] = {"model": self.part.model, "max_tokens": MAX_TOKENS, "stream": self.part.stream}
        if self.part.system is not None and first:
            body["system"] = self.part.system
        body["messages"] = list(self.held.messages if first else self.held.since(number))
        headers = {**named(self.part), **HEADERS}
        if self._threaded:
            body["thread"] = CREATE if first else {"type": "continue", "previous_message_id": self.message_id}
            headers |= THREADS
        return Asked(PATH, headers, {**body, **self.part.params, **turn.params})

    def hear(self, answer: Exchange) -> list[Said]:
        told = data_of(answer)
        self.message_id = (told[0]["message"] if streamed(answer) else told[0]).get("id", "")
        blocks, end = _collected(told) if streamed(answer) else (told[0]["content"], told[0]["stop_reason"])
        uses = [block for block in blocks if block["type"] == "tool_use"]
        self.calls = [Called(use["id"], use["name"], orjson.dumps(use["input"]).decode()) for use in uses]
        if blocks:
            self.held.messages.append({"role": "assistant", "content": blocks})
        return [
            Said(
                "".join([block["text"] for block in blocks if block["type"] == "text"]),
                ENDS.get(end or ""),
                "".join([block["thinking"] for block in blocks if block["type"] == "thinking"]),
                tuple(self.calls),
                end == "refusal",
            )
        ]


def _collected(events: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], str | None]:
    """The blocks of a stream, whole, and why it ended."""
    blocks: dict[int, dict[str, Any]] = {}
    end: str | None = None
    for event in events:
        if event["type"] == "content_block_start":
            blocks[event["index"]] = dict(event["content_block"])
        elif event["type"] == "content_block_delta":
            block, delta = blocks[event["index"]], event["delta"]
            key = GROWING.get(delta["type"])
            if key is not None:
                block[key] = block.get(key, "") + delta[key]
        elif event["type"] == "message_delta":
            end = event["delta"]["stop_reason"]
    for block in blocks.values():
        if "partial_json" in block:
            block["input"] = orjson.loads(block.pop("partial_json") or "{}")
    return [blocks[index] for index in sorted(blocks)], end
