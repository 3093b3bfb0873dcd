"""What a client of every dialect does, as types: it asks, it hears, and it holds what was said so far.

A speaker knows one conversation, no client, no clock and no server. What a dialect calls things is its own; what was
said comes out in the words of a turn.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any, Protocol

import attrs
import orjson

from llmsim.replay.clients import Exchange
from llmsim.replay.script import History, Part, ScriptTurn
from llmsim.turn import FinishReason

JSON_TYPE = {"content-type": "application/json"}
_END = re.compile(r"(?<=\n\n)|(?<=\r\n\r\n)")
_ENDS = re.compile(rb"\n\n|\r\n\r\n")
_DATA = "data: "
DONE = "[DONE]"


@attrs.frozen
class Asked:
    """A request: where to, and what it says."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]


@attrs.frozen
class Called:
    """A call of a tool that was heard; `arguments` is JSON text."""

    id: str
    name: str
    arguments: str


@attrs.frozen
class Said:
    """One choice of a reply: what was thought, said and called, and why it ended."""

    text: str = ""
    finish: FinishReason | None = None
    reasoning: str = ""
    calls: tuple[Called, ...] = ()
    refused: bool = False


class Speaker(Protocol):
    """One conversation, as a client of a dialect holds it."""

    def opening(self) -> Asked | None:
        """What has to be asked before the first turn, and is no turn."""
        ...

    def opened(self, answer: Exchange) -> None:
        """What came of that; an answer that is an error is heard by the first turn."""
        ...

    def ask(self, number: int, turn: ScriptTurn) -> Asked:
        """The request of a turn; remembers where the turn begins."""
        ...

    def hear(self, answer: Exchange) -> list[Said]:
        """What was said, choice by choice; the conversation goes on from the first. The answer is no error."""
        ...


@attrs.define
class Transcript:
    """The messages of a conversation that its client holds, and where each turn began."""

    messages: list[dict[str, Any]] = attrs.field(factory=list)
    before: dict[int, int] = attrs.field(factory=dict)

    def begin(self, number: int, turn: ScriptTurn) -> None:
        """A turn begins: first the conversation is taken back, where it says so."""
        if turn.back_to is not None:
            del self.messages[self.before[turn.back_to] :]
        self.before[number] = len(self.messages)

    def since(self, number: int) -> list[dict[str, Any]]:
        """The messages that a turn has added."""
        return self.messages[self.before[number] :]


def named(part: Part) -> dict[str, str]:
    """The headers that say which session it is, and whose history counts."""
    headers = {**JSON_TYPE, "x-llmsim-session": part.session}
    if part.history is History.SERVER:
        headers["x-llmsim-history"] = "server"
    return headers


def results(turn: ScriptTurn, calls: Iterable[Called]) -> Iterator[tuple[Called, Any]]:
    """What each call of the reply before gave, by the script; a call beyond its results gave nothing."""
    given = iter(turn.tool_results)
    for call in calls:
        yield call, next(given, "")


def written(result: Any) -> str:  # noqa: ANN401  (whatever TOML has)
    """A result as text."""
    return result if isinstance(result, str) else orjson.dumps(result).decode()


def streamed(answer: Exchange) -> bool:
    """Whether an answer is a stream of events."""
    return answer.headers.get("content-type", "").startswith("text/event-stream")


def events_of(answer: Exchange) -> tuple[str, ...]:
    """The events of a stream, each with the empty line that ends it; or the whole body as one."""
    text = answer.body.decode(errors="replace")
    if not streamed(answer):
        return (text,)
    return tuple([event for event in _END.split(text) if event])


def observed(answer: Exchange, asked: float) -> tuple[int, ...]:
    """When each event was there, in microseconds after the request: the arrival that held its last byte."""
    if not streamed(answer):
        return tuple(round((at - asked) * 1e6) for at, _ in answer.arrivals[-1:])
    times: list[int] = []
    rest = b""
    for at, data in answer.arrivals:
        *ended, rest = _ENDS.split(rest + data)
        times += [round((at - asked) * 1e6)] * len(ended)
    return tuple(times)


def data_of(answer: Exchange) -> list[dict[str, Any]]:
    """The JSON of each event of a stream, without the `[DONE]` at its end; or of the whole body."""
    if not streamed(answer):
        return [orjson.loads(answer.body)]
    found = []
    for event in events_of(answer):
        told = [line.removeprefix(_DATA) for line in event.splitlines() if line.startswith(_DATA)]
        if told and told != [DONE]:
            found.append(orjson.loads("\n".join(told)))
    return found
