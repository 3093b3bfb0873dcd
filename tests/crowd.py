"""Sixty-four conversations at once, of every dialect, in another order in every run, in virtual time or over sockets.

Whatever the order, the way or the speed: with one seed, ordinal and epoch the transcript is one.
"""

import hashlib
from pathlib import Path

import trio

from llmsim.clock import Pace
from llmsim.replay import transcript as transcripts
from llmsim.replay.clients import OverHTTP, connect
from llmsim.replay.player import Played, play
from llmsim.replay.script import Dialect, History, Script, ScriptSession, ScriptTurn, parts
from llmsim.replay.virtual import DEFAULT_EPOCH_S, DEFAULT_POD, replay
from llmsim.turn import Pod
from tests.children import Server
from tests.pods import PROFILES

SESSIONS = 64
LIMIT_S = 120
TURNS = (
    ScriptTurn("Hello, my name is Ada."),
    ScriptTurn("What is rain?", think_s=2),
    ScriptTurn("What is snow?", think_s=1),
    ScriptTurn("Hello, my name is Grace.", back_to=1),
    ScriptTurn("What is my name?", expect=("Grace",)),
)


SPOKEN = (
    (Dialect.CHAT, "gpt-4o-mini", lambda most: {"max_tokens": most}),
    (Dialect.RESPONSES, "gpt-4o-mini", lambda most: {"max_output_tokens": most}),
    (Dialect.ANTHROPIC, "claude-haiku-4-5", lambda most: {"max_tokens": most}),
    (Dialect.GEMINI, "gemini-2.5-flash-lite", lambda most: {"generationConfig": {"maxOutputTokens": most}}),
)
"""In which dialects the crowd speaks, of which model, and how a reply is limited there."""


def crowd(run: int) -> Script:
    """The script, its sessions in this run's order: each dialect's turn comes again and again.

    Every fifth client does not stream; half of those of Responses go on from the response before.
    """
    sessions = []
    for number in range(SESSIONS):
        dialect, model, limited = SPOKEN[number % len(SPOKEN)]
        previous = dialect is Dialect.RESPONSES and number % 8 == 1
        session = ScriptSession(
            f"crowd-{number}",
            TURNS,
            dialect=dialect,
            model=model,
            stream=number % 5 != 0,
            history=History.SERVER if previous else History.CLIENT,
            params=limited(16 + number % 5),
        )
        sessions.append(session)
    return Script("crowd", "Sixty-four at once", tuple(sorted(sessions, key=lambda session: rank(run, session.id))))


def rank(run: int, session: str) -> bytes:
    """Where a session arrives in a run: anywhere, and there again."""
    return hashlib.blake2b(f"{run}/{session}".encode()).digest()


def virtually(run: int, pod: Pod = DEFAULT_POD) -> str:
    """The digest of a run in virtual time."""
    return digest(replay([crowd(run)], PROFILES, pod))


def over_sockets(run: int, data_dir: Path, pod: Pod = DEFAULT_POD, speed: float | None = None) -> str:
    """The digest of a run against a server of its own; `speed` None is without delays."""
    pace = ("--instant",) if speed is None else ("--speed", str(speed))
    identity = ("--seed", str(pod.root_seed), "--ordinal", str(pod.ordinal), "--epoch", str(DEFAULT_EPOCH_S))
    with Server(data_dir, *identity, *pace) as server:
        played = trio.run(visit, server.url, crowd(run), Pace(speed))
        assert server.stop() == 0
    return digest(played)


async def visit(url: str, script: Script, pace: Pace) -> list[Played]:
    """Play a script against a server."""
    with trio.fail_after(LIMIT_S):
        async with connect(url) as client:
            return await play(parts(script), OverHTTP(client), pace)


def digest(played: list[Played]) -> str:
    """The transcript's digest; every turn must have been as its script expects."""
    assert [turn.unmet for turn in played if turn.unmet] == []
    assert len(played) == SESSIONS * len(TURNS)
    return transcripts.digest(transcripts.transcript(played))
