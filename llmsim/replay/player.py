"""Plays the sessions of scripts against a client, each in a task of its own, and writes down what came.

Time is planned, not measured: a turn's request is due when the plan of the turn before it ends and its think time has
passed, so the same script gives the same times whatever the machine does meanwhile. The server says what it planned
(`frames_us`, `total_us` of the turn). Knows the chat dialect's request and reply, and no store.
"""

import re
from collections.abc import Callable, Iterable
from typing import Any

import attrs
import orjson
import trio

from llmsim.clock import Pace
from llmsim.errors import OperatorError
from llmsim.replay.clients import Client, Exchange
from llmsim.replay.script import Part, ScriptTurn, numbered

PATH = "/v1/chat/completions"
DONE = "[DONE]"
END = "\n\n"
"""What ends an event of a stream."""


@attrs.frozen
class Played:
    """One turn as it was played.

    Times are microseconds: `at_us` of the request since the start of the replay, the others since the request.
    `observed_us` are when the events arrived, on the clock of this run.
    """

    session: str
    turn: int
    at_us: int
    request: dict[str, Any]
    status: int
    headers: dict[str, str]
    events: tuple[str, ...]
    offsets_us: tuple[int, ...]
    total_us: int
    observed_us: tuple[int, ...]
    unmet: tuple[str, ...]


@attrs.define
class Conversation:
    """What a part has said and heard so far, as its client would hold it."""

    part: Part
    messages: list[dict[str, str]] = attrs.field(init=False)
    before: dict[int, int] = attrs.field(factory=dict)

    def __attrs_post_init__(self) -> None:
        self.messages = [{"role": "system", "content": self.part.system}] if self.part.system is not None else []

    def ask(self, number: int, turn: ScriptTurn) -> dict[str, Any]:
        """The body of the turn's request; remembers where the turn begins."""
        if turn.back_to is not None:
            del self.messages[self.before[turn.back_to] :]
        self.before[number] = len(self.messages)
        self.messages.append({"role": "user", "content": turn.user})
        first = number == 1 or not self.part.server_history
        sent = self.messages if first else self.messages[-1:]
        params = {**self.part.params, **turn.params}
        return {"model": self.part.model, "messages": list(sent), "stream": self.part.stream, **params}

    def hear(self, reply: str) -> None:
        """The model's reply to what was asked last."""
        self.messages.append({"role": "assistant", "content": reply})


async def play(
    parts: Iterable[Part], client: Client, pace: Pace, on_turn: Callable[[Played], None] = lambda _turn: None
) -> list[Played]:
    """Play all parts at once; what was played, the turns of each session in their order.

    `pace` turns planned time into time on trio's clock. Cancellation: all clients leave.

    Raises:
        OperatorError: the server cannot be reached, or is none of ours.
    """
    played: list[Played] = []

    def took(turn: Played) -> None:
        played.append(turn)
        on_turn(turn)

    begin = trio.current_time()
    async with trio.open_nursery() as nursery:
        for part in parts:
            nursery.start_soon(_play_part, part, client, pace, begin, took)
    return played


async def _play_part(part: Part, client: Client, pace: Pace, begin: float, took: Callable[[Played], None]) -> None:
    at_us = part.start_us
    conversation = Conversation(part)
    for number, turn in numbered(part.turns):
        at_us += round(turn.think_s * 1e6)
        await trio.sleep_until(begin + pace.seconds(at_us))
        request = conversation.ask(number, turn)
        headers = {"content-type": "application/json", "x-llmsim-session": part.session}
        if part.server_history:
            headers["x-llmsim-history"] = "server"
        asked = trio.current_time()
        answer = await client.exchange("POST", PATH, headers, orjson.dumps(request))
        times = await _planned(client, part.session, answer)
        events = events_of(answer)
        replies = replies_of(events, stream=part.stream) if answer.status == 200 else []
        offsets = tuple(times["frames_us"]) if streamed(answer) else (times["total_us"],)
        took(
            Played(
                session=part.session,
                turn=number,
                at_us=at_us,
                request=request,
                status=answer.status,
                headers=dict(answer.headers),
                events=events,
                offsets_us=offsets,
                total_us=times["total_us"],
                observed_us=observed(answer, asked),
                unmet=unmet(turn, answer, replies),
            )
        )
        if replies:
            conversation.hear(replies[0][0])
        at_us += times["total_us"]


async def _planned(client: Client, session: str, answer: Exchange) -> dict[str, Any]:
    """When the server planned each frame of its answer, in microseconds after the request; an error leaves at once."""
    if answer.status != 200:
        return {"frames_us": [], "total_us": 0}
    turn = answer.headers.get("x-llmsim-turn-id")
    if turn is None:
        raise OperatorError(f"session {session}: the answer names no turn (x-llmsim-turn-id): no server of llmsim")
    shown = await client.exchange("GET", f"/llmsim/v1/sessions/{session}/turns/{turn}", {})
    if shown.status != 200:
        raise OperatorError(f"session {session}: the server does not show turn {turn}: status {shown.status}")
    found: dict[str, Any] = orjson.loads(shown.body)
    return found


def events_of(answer: Exchange) -> tuple[str, ...]:
    """The events of a stream, each with the empty line that ends it; or the whole body as one."""
    text = answer.body.decode(errors="replace")
    if not streamed(answer):
        return (text,)
    *events, rest = text.split(END)
    return (*(event + END for event in events), *([rest] if rest else []))


def observed(answer: Exchange, asked: float) -> tuple[int, ...]:
    """When each event was there, in microseconds after the request: the arrival that held its last byte."""
    if not streamed(answer):
        return tuple(round((at - asked) * 1e6) for at, _ in answer.arrivals[-1:])
    times: list[int] = []
    rest = b""
    for at, data in answer.arrivals:
        *ended, rest = (rest + data).split(END.encode())
        times += [round((at - asked) * 1e6)] * len(ended)
    return tuple(times)


def streamed(answer: Exchange) -> bool:
    """Whether an answer is a stream of events."""
    return answer.headers.get("content-type", "").startswith("text/event-stream")


def replies_of(events: Iterable[str], *, stream: bool) -> list[tuple[str, str | None]]:
    """The text and finish reason of each choice."""
    texts: dict[int, str] = {}
    ends: dict[int, str | None] = {}
    for event in events:
        data = event.removeprefix("data: ").strip() if stream else event
        if data == DONE:
            continue
        for choice in orjson.loads(data)["choices"]:
            index, said = choice["index"], choice["delta"] if stream else choice["message"]
            texts[index] = texts.get(index, "") + (said.get("content") or "")
            ends[index] = choice["finish_reason"] or ends.get(index)
    return [(texts[index], ends[index]) for index in sorted(texts)]


def unmet(turn: ScriptTurn, answer: Exchange, replies: list[tuple[str, str | None]]) -> tuple[str, ...]:
    """What the script expected of this turn and did not get, one sentence each."""
    if answer.status != 200 or not replies:
        return (f"status {answer.status}: {answer.body.decode(errors='replace')[:200]}",)
    faults = [
        f"the reply has no match of {pattern!r}: {replies[0][0][:200]!r}"
        for pattern in turn.expect
        if not re.search(pattern, replies[0][0])
    ]
    given = replies[0][0]
    if turn.reply is not None and given != turn.reply and not (given and turn.reply.startswith(given)):
        faults.append(f"the scripted reply was not given, but {given[:200]!r}")
    if turn.finish is not None and replies[0][1] != turn.finish.value:
        faults.append(f"finish reason {replies[0][1]!r}, expected {turn.finish.value!r}")
    return tuple(faults)
