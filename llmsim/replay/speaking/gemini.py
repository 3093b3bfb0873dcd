"""A client of Gemini: it sends all that was said, or what is new where the server remembers.

What it sends back of a reply are its parts as they came, thoughts and signatures included.
"""

from typing import Any

import attrs
import orjson

from llmsim.replay.clients import Exchange
from llmsim.replay.script import Part, ScriptTurn
from llmsim.replay.speaking.base import Asked, Called, Said, Transcript, data_of, named, results
from llmsim.turn import FinishReason

KEY = {"x-goog-api-key": "llmsim"}
ENDS = {"STOP": FinishReason.STOP, "MAX_TOKENS": FinishReason.LENGTH, "SAFETY": FinishReason.STOP}


@attrs.define
class Gemini:
    """A conversation over `generateContent` and `streamGenerateContent`."""

    part: Part
    held: Transcript = attrs.field(factory=Transcript)
    calls: list[Called] = attrs.field(factory=list)

    def opening(self) -> Asked | None:
        return None

    def opened(self, answer: Exchange) -> None:
        """Nothing is opened here."""

    def ask(self, number: int, turn: ScriptTurn) -> Asked:
        self.held.begin(number, turn)
        parts: list[dict[str, Any]] = [
            {"functionResponse": {"name": call.name, "response": _response(result)}}
            for call, result in results(turn, () if turn.back_to is not None else self.calls)
        ]
        if turn.user is not None:
            parts.append({"text": turn.user})
        self.held.messages.append({"role": "user", "parts": parts})
        first = number == 1 or not self.part.server_history
        body: dict[str, Any] = {"contents": list(self.held.messages if first else self.held.since(number))}
        if self.part.system is not None and first:
            body["systemInstruction"] = {"parts": [{"text": self.part.system}]}
        method = "streamGenerateContent?alt=sse" if self.part.stream else "generateContent"
        body |= {**self.part.params, **turn.params}
        return Asked(f"/v1beta/models/{self.part.model}:{method}", {**named(self.part), **KEY}, body)

    def hear(self, answer: Exchange) -> list[Said]:
        heard: dict[int, list[dict[str, Any]]] = {}
        ends: dict[int, dict[str, Any]] = {}
        for response in data_of(answer):
            for candidate in response.get("candidates", ()):
                heard.setdefault(candidate["index"], []).extend(candidate["content"].get("parts", ()))
                ends[candidate["index"]] = candidate
        found = [_said(heard[index], ends[index]) for index in sorted(heard)]
        self.calls = list(found[0].calls) if found else []
        if found and heard[0]:
            self.held.messages.append({"role": "model", "parts": heard[0]})
        return found


def _response(result: Any) -> dict[str, Any]:  # noqa: ANN401  (whatever TOML has)
    return result if isinstance(result, dict) else {"result": result}


def _said(parts: list[dict[str, Any]], end: dict[str, Any]) -> Said:
    calls = [part["functionCall"] for part in parts if "functionCall" in part]
    refused = end.get("finishReason") == "SAFETY"
    finish = FinishReason.TOOL_CALLS if calls and end.get("finishReason") == "STOP" else ENDS.get(end["finishReason"])
    return Said(
        end.get("finishMessage", "") if refused else _text(parts, thought=False),
        finish,
        _text(parts, thought=True),
        tuple(Called("", call["name"], orjson.dumps(call["args"]).decode()) for call in calls),
        refused,
    )


def _text(parts: list[dict[str, Any]], *, thought: bool) -> str:
    return "".join([part.get("text", "") for part in parts if part.get("thought", False) is thought])
