"""A client of OpenAI's Responses: it sends all items each time, or what is new.

Where the server remembers, it goes on from the response before (`previous_response_id`), or in a conversation that it
makes first. What it sends back of a reply are its output items as they came.
"""

from typing import Any

import attrs
import orjson

from llmsim.replay.clients import Exchange
from llmsim.replay.script import History, Part, ScriptTurn
from llmsim.replay.speaking.base import JSON_TYPE, Asked, Called, Said, Transcript, data_of, results, streamed, written
from llmsim.turn import FinishReason

PATH = "/v1/responses"
CONVERSATIONS = "/v1/conversations"
ENDS = {"completed": FinishReason.STOP, "incomplete": FinishReason.LENGTH}
FINAL = ("response.completed", "response.incomplete", "response.failed")


@attrs.define
class Responses:
    """A conversation over `POST /v1/responses`."""

    part: Part
    held: Transcript = attrs.field(factory=Transcript)
    calls: list[Called] = attrs.field(factory=list)
    conversation: str = ""
    made: dict[int, str] = attrs.field(factory=dict)
    """The id of the response of each turn, by its number."""
    number: int = 0

    @property
    def _headers(self) -> dict[str, str]:
        if self.conversation:
            return JSON_TYPE
        return {**JSON_TYPE, "x-llmsim-session": self.part.session}

    def opening(self) -> Asked | None:
        if self.part.history is not History.CONVERSATION:
            return None
        return Asked(CONVERSATIONS, {**JSON_TYPE, "x-llmsim-session": self.part.session}, {})

    def opened(self, answer: Exchange) -> None:
        self.conversation = orjson.loads(answer.body)["id"] if answer.status == 200 else "conv_none"

    def ask(self, number: int, turn: ScriptTurn) -> Asked:
        self.held.begin(number, turn)
        for call, result in results(turn, () if turn.back_to is not None else self.calls):
            self.held.messages.append({"type": "function_call_output", "call_id": call.id, "output": written(result)})
        if turn.user is not None:
            self.held.messages.append({"role": "user", "content": turn.user})
        self.number = number
        client = self.part.history is History.CLIENT
        body: dict[str, Any] = {"model": self.part.model, "stream": self.part.stream}
        if self.part.system is not None:
            body["instructions"] = self.part.system
        body["input"] = list(self.held.messages if client else self.held.since(number))
        if self.conversation:
            body["conversation"] = self.conversation
        elif not client and number > 1:
            body["previous_response_id"] = self.made.get(number - 1, "resp_none")
        return Asked(PATH, self._headers, {**body, **self.part.params, **turn.params})

    def hear(self, answer: Exchange) -> list[Said]:
        told = data_of(answer)
        final = [event["response"] for event in told if event.get("type") in FINAL] if streamed(answer) else told
        if not final:
            return []
        response = final[-1]
        self.made[self.number] = response["id"]
        items = response["output"]
        self.held.messages += items
        calls = [item for item in items if item["type"] == "function_call"]
        self.calls = [Called(call["call_id"], call["name"], call["arguments"]) for call in calls]
        parts = [part for item in items if item["type"] == "message" for part in item["content"]]
        refusal = "".join([part["refusal"] for part in parts if part["type"] == "refusal"])
        text = "".join([part["text"] for part in parts if part["type"] == "output_text"])
        thought = [part["text"] for item in items if item["type"] == "reasoning" for part in item["summary"]]
        end = ENDS.get(response["status"])
        finish = FinishReason.TOOL_CALLS if calls and end is FinishReason.STOP else end
        return [Said(refusal or text, finish, "".join(thought), tuple(self.calls), refused=bool(refusal))]
