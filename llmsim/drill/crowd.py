"""A crowd: clients that hold conversations with a pod, all at once, until they have said enough or the pod is gone.

Each client is a session of its own whose history the server keeps, so what it is answered depends on what the store
still knows. It says what the users of a session script say, one line after another and over again.
"""

from collections.abc import Sequence
from itertools import cycle

import attrs
import httpx2
import orjson
import trio

from llmsim.drill.outcome import Acknowledged
from llmsim.drill.pods import Reached
from llmsim.replay.script import Script, parts

CLIENTS = 8
TIMEOUT_S = 30

Lines = Sequence[Sequence[str]]
"""What is said, by session of the scripts."""


def lines_of(scripts: Sequence[Script]) -> Lines:
    """What the users of these scripts say."""
    every = (part for script in scripts for part in parts(script))
    said = [[turn.user for turn in part.turns if turn.user is not None] for part in every]
    return [lines for lines in said if lines]


@attrs.frozen
class Crowd:
    """CLIENTS sessions, called `name`-1 and so on; `acknowledged` gets each answer as it comes."""

    name: str
    lines: Lines
    acknowledged: list[Acknowledged]

    async def converse(self, pod: Reached, turns: int) -> None:
        """Talk until so many turns were acknowledged in all, or the pod is gone."""
        enough = trio.Event()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.talk, pod, turns, enough)
            await enough.wait()
            nursery.cancel_scope.cancel()

    async def talk(self, pod: Reached, turns: int, enough: trio.Event) -> None:
        """Talk until the pod is gone; `enough` is set when that is so, or at so many turns."""

        async def client(number: int) -> None:
            session = f"{self.name}-{number + 1}"
            async with httpx2.AsyncClient(base_url=pod.url, timeout=TIMEOUT_S, trust_env=False) as http:
                for line in cycle(self.lines[number % len(self.lines)]):
                    try:
                        answer = await _say(http, session, line)
                    except httpx2.HTTPError:
                        return
                    self.acknowledged.append(answer)
                    if len(self.acknowledged) >= turns:
                        enough.set()

        async with trio.open_nursery() as nursery:
            for number in range(CLIENTS):
                nursery.start_soon(client, number)
        enough.set()


async def _say(http: httpx2.AsyncClient, session: str, line: str) -> Acknowledged:
    """One turn, and what it was answered; raises httpx2.HTTPError when the pod is gone, or answers with an error."""
    headers = {"X-LLMSim-Session": session, "X-LLMSim-History": "server", "Content-Type": "application/json"}
    body = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": line}], "max_tokens": 60}
    answer = await http.post("/v1/chat/completions", headers=headers, content=orjson.dumps(body))
    answer.raise_for_status()
    text = orjson.loads(answer.content)["choices"][0]["message"]["content"]
    return Acknowledged(session, int(answer.headers["x-llmsim-turn"]), text, trio.current_time())
