"""Plays the sessions of scripts against a client, each in a task of its own, and writes down what came.

Time is planned, not measured: a turn's request is due when the plan of the turn before it ends and its think time has
passed, so the same script gives the same times whatever the machine does meanwhile. The server says what it planned
(`frames_us`, `total_us` of the turn). Knows no dialect, those are `speaking`'s, and no store.
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
from llmsim.replay.script import Part, ScriptTurn, numbered, scripted_by
from llmsim.replay.speaking.base import Asked, Said, events_of, observed, streamed
from llmsim.replay.speaking.dialects import speaker
from llmsim.turn import FinishReason


@attrs.frozen
class Played:
    """One turn as it was played.

    Times are microseconds: `at_us` of the request since the start of the replay, the others since the request.
    `observed_us` are when the events arrived, on the clock of this run.
    """

    session: str
    turn: int
    at_us: int
    path: str
    request: dict[str, Any]
    status: int
    headers: dict[str, str]
    events: tuple[str, ...]
    offsets_us: tuple[int, ...]
    total_us: int
    observed_us: tuple[int, ...]
    unmet: tuple[str, ...]


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
    speaks = speaker(part)
    for number, turn in numbered(part.turns):
        at_us += round(turn.think_s * 1e6)
        await trio.sleep_until(begin + pace.seconds(at_us))
        opening = speaks.opening() if number == 1 and turn.back_to is None else None
        if opening is not None:
            speaks.opened(await _exchanged(client, opening))
        request = speaks.ask(number, turn)
        asked = trio.current_time()
        answer = await _exchanged(client, request)
        times = await _planned(client, part.session, answer)
        said = speaks.hear(answer) if answer.status == 200 else []
        took(
            Played(
                session=part.session,
                turn=number,
                at_us=at_us,
                path=request.path,
                request=request.body,
                status=answer.status,
                headers=dict(answer.headers),
                events=events_of(answer),
                offsets_us=tuple(times["frames_us"]) if streamed(answer) else (times["total_us"],),
                total_us=times["total_us"],
                observed_us=observed(answer, asked),
                unmet=unmet(turn, answer, said),
            )
        )
        at_us += times["total_us"]


async def _exchanged(client: Client, asked: Asked) -> Exchange:
    return await client.exchange("POST", asked.path, asked.headers, orjson.dumps(asked.body))


async def _planned(client: Client, session: str, answer: Exchange) -> dict[str, Any]:
    """When the server planned each frame of its answer, in microseconds after the request; an error leaves at once."""
    if answer.status != 200:
        return {"frames_us": [], "total_us": 0}
    turn = answer.headers.get("x-llmsim-turn-id")
    session = answer.headers.get("x-llmsim-session", session)
    if turn is None:
        raise OperatorError(f"session {session}: the answer names no turn (x-llmsim-turn-id): no server of llmsim")
    shown = await client.exchange("GET", f"/llmsim/v1/sessions/{session}/turns/{turn}", {})
    if shown.status != 200:
        raise OperatorError(f"session {session}: the server does not show turn {turn}: status {shown.status}")
    found: dict[str, Any] = orjson.loads(shown.body)
    return found


def unmet(turn: ScriptTurn, answer: Exchange, said: list[Said]) -> tuple[str, ...]:
    """What the script expected of this turn and did not get, one sentence each."""
    if answer.status != 200 or not said:
        return (f"status {answer.status}: {answer.body.decode(errors='replace')[:200]}",)
    first = said[0]
    faults = [
        f"the reply has no match of {pattern!r}: {first.text[:200]!r}"
        for pattern in turn.expect
        if not re.search(pattern, first.text)
    ]
    names = tuple([call.name for call in first.calls])
    if turn.expect_calls is not None and names != turn.expect_calls:
        faults.append(f"the reply calls {list(names)}, expected {list(turn.expect_calls)}")
    faults += _unscripted(turn, first)
    if turn.finish is not None and first.finish is not turn.finish:
        found = first.finish.value if first.finish is not None else None
        faults.append(f"finish reason {found!r}, expected {turn.finish.value!r}")
    return tuple(faults)


def _unscripted(turn: ScriptTurn, said: Said) -> list[str]:
    """What the script puts into the model's mouth and was not said; a reply may have been cut."""
    scripted = scripted_by(turn)
    if scripted is None:
        return []
    faults = []
    if said.text != scripted.text and not (said.text and scripted.text.startswith(said.text)):
        faults.append(f"the scripted reply was not given, but {said.text[:200]!r}")
    if said.refused and not scripted.refused:
        faults.append("a refusal was given")
    wanted = [(call.name, call.arguments) for call in scripted.calls]
    called = [(call.name, call.arguments) for call in said.calls]
    if called != wanted[: len(called)] or (len(called) < len(wanted) and said.finish is not FinishReason.LENGTH):
        faults.append(f"the scripted calls were not made, but {called}"[:200])
    return faults
