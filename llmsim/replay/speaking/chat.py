"""A client of OpenAI's Chat Completions: it sends all that was said, or what is new where the server remembers.

What it sends back of a reply is what it was given: text, calls and a refusal, in one message.
"""

from typing import Any

import attrs

from llmsim.replay.clients import Exchange
from llmsim.replay.script import Part, ScriptTurn
from llmsim.replay.speaking.base import Asked, Called, Said, Transcript, data_of, named, results, streamed, written
from llmsim.turn import FinishReason

PATH = "/v1/chat/completions"


@attrs.define
class Chat:
    """A conversation over `POST /v1/chat/completions`."""

    part: Part
    held: Transcript = attrs.field(factory=Transcript)

    def __attrs_post_init__(self) -> None:
        if self.part.system is not None:
            self.held.messages.append({"role": "system", "content": self.part.system})

    def opening(self) -> Asked | None:
        return None

    def opened(self, answer: Exchange) -> None:
        """Nothing is opened here."""

    def ask(self, number: int, turn: ScriptTurn) -> Asked:
        messages = self.held.messages
        calls = [] if turn.back_to is not None else called(messages)
        self.held.begin(number, turn)
        for call, result in results(turn, calls):
            messages.append({"role": "tool", "tool_call_id": call.id, "content": written(result)})
        if turn.user is not None:
            messages.append({"role": "user", "content": turn.user})
        sent = messages if number == 1 or not self.part.server_history else self.held.since(number)
        params = {**self.part.params, **turn.params}
        body = {"model": self.part.model, "messages": list(sent), "stream": self.part.stream, **params}
        return Asked(PATH, named(self.part), body)

    def hear(self, answer: Exchange) -> list[Said]:
        found = choices_of(data_of(answer), "delta" if streamed(answer) else "message")
        if found:
            self.held.messages.append(message_of(found[0]))
        return found


def message_of(said: Said) -> dict[str, Any]:
    """A reply as it is sent back."""
    message: dict[str, Any] = {"role": "assistant", "content": said.text}
    if said.refused:
        message |= {"content": None, "refusal": said.text}
    if said.calls:
        message["content"] = said.text or None
        message["tool_calls"] = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for call in said.calls
        ]
    return message


def called(messages: list[dict[str, Any]]) -> list[Called]:
    """The calls of the message that was heard last."""
    told = messages[-1].get("tool_calls", ()) if messages else ()
    return [Called(call["id"], call["function"]["name"], call["function"]["arguments"]) for call in told]


def choices_of(chunks: list[dict[str, Any]], key: str) -> list[Said]:
    """The choices that chunks, or one whole answer, tell under this key."""
    heard: dict[int, dict[str, Any]] = {}
    for chunk in chunks:
        for choice in chunk["choices"]:
            one = heard.setdefault(
                choice["index"], {"text": "", "refusal": "", "reasoning": "", "calls": {}, "end": None}
            )
            told = choice[key]
            one["text"] += told.get("content") or ""
            one["refusal"] += told.get("refusal") or ""
            one["reasoning"] += told.get("reasoning_content") or ""
            one["end"] = choice["finish_reason"] or one["end"]
            for at, call in enumerate(told.get("tool_calls") or ()):
                parts = one["calls"].setdefault(call.get("index", at), ["", "", ""])
                function = call.get("function") or {}
                for place, piece in enumerate((call.get("id"), function.get("name"), function.get("arguments"))):
                    parts[place] += piece or ""
    return [_said(heard[index]) for index in sorted(heard)]


def _said(one: dict[str, Any]) -> Said:
    calls = tuple(Called(*one["calls"][at]) for at in sorted(one["calls"]))
    end = FinishReason(one["end"]) if one["end"] in set(FinishReason) else None
    return Said(one["refusal"] or one["text"], end, one["reasoning"], calls, refused=bool(one["refusal"]))
