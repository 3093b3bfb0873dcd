"""kill -9 at random moments under real conversations: nothing acknowledged is lost, and the conversations go on.

Acknowledged is a turn whose response head the official SDK has seen. The moment is a number of received chunks, drawn
from a named stream, so that a failure can be repeated. Run by `nox -s crash`.
"""

from functools import partial
from pathlib import Path

import attrs
import httpx2
import openai
import orjson
import pytest
import trio
from openai import AsyncOpenAI
from openai.types.chat import ChatCompletionMessageParam

from llmsim.simulation import draws
from llmsim.turn import ROOT, Place, Pod
from tests.children import Server, llmsim

pytestmark = [
    # openai 3.54 leaves the generators of its async streams to the garbage collector
    pytest.mark.filterwarnings("ignore:Async generator 'openai:ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
TURNS = 10
SPEED = "200"
NAMES = ("Ada", "Grace", "Alan")
LATEST_CHUNK = 600


@attrs.define
class Talk:
    """One client's conversation: what it has heard whole, and of each turn what it has heard at all."""

    name: str
    session: str
    messages: list[ChatCompletionMessageParam] = attrs.field(factory=list)
    heard: dict[int, str] = attrs.field(factory=dict)

    @property
    def turn(self) -> int:
        return len(self.messages) // 2 + 1

    def question(self) -> str:
        if self.turn == 1:
            return f"Hello, my name is {self.name}."
        return "What is my name?" if self.turn == TURNS else f"Tell me more about lesson {self.turn}."


@attrs.define
class Trigger:
    """Kills the server when the given number of chunks has been received by all clients together."""

    server: Server
    chunks: int

    def chunk(self) -> None:
        self.chunks -= 1
        if self.chunks == 0:
            self.server.process.kill()


async def speak(client: AsyncOpenAI, talk: Talk, trigger: Trigger) -> None:
    """Go on with a conversation until it is complete or the server is gone."""
    try:
        while talk.turn <= TURNS:
            turn = talk.turn
            messages: list[ChatCompletionMessageParam] = [
                *talk.messages,
                {"role": "user", "content": talk.question()},
            ]
            stream = await client.chat.completions.create(
                model="gpt-4o-mini",
                messages=messages,
                stream=True,
                max_tokens=60,
                extra_headers={"X-LLMSim-Session": talk.session},
            )
            before = talk.heard.get(turn, "")
            heard = ""
            talk.heard.setdefault(turn, "")
            async for chunk in stream:
                heard += chunk.choices[0].delta.content or ""
                talk.heard[turn] = max(before, heard, key=len)
                trigger.chunk()
            assert heard.startswith(before), "the same turn asked again after a kill says the same"
            messages.append({"role": "assistant", "content": heard})
            talk.messages = messages
    except (openai.APIError, httpx2.HTTPError):
        return


async def until_killed(server: Server, talks: list[Talk], trigger: Trigger) -> None:
    """All clients at once."""
    with trio.fail_after(120):
        async with (
            AsyncOpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0) as client,
            trio.open_nursery() as nursery,
        ):
            for talk in talks:
                nursery.start_soon(speak, client, talk, trigger)


def stored_replies(server: Server, talk: Talk) -> dict[int, list[str]]:
    """What the server holds of a conversation: the replies of each turn number."""
    answer = httpx2.get(f"{server.url}/llmsim/v1/sessions/{talk.session}/turns")
    replies: dict[int, list[str]] = {}
    for turn in orjson.loads(answer.content).get("data", ()):
        replies.setdefault(turn["number"], []).append(turn["replies"][0]["text"])
    return replies


def assert_all_acknowledged_are_there(server: Server, talks: list[Talk]) -> int:
    count = 0
    for talk in talks:
        replies = stored_replies(server, talk)
        for turn, heard in talk.heard.items():
            count += 1
            assert any(reply.startswith(heard) for reply in replies.get(turn, ())), f"turn {turn} of {talk.session}"
    return count


@pytest.mark.parametrize("kills", [50])
def test_server_killed_at_random_moments_loses_no_acknowledged_turn(tmp_path: Path, kills: int) -> None:
    moments = draws.Source(Pod(7, 0), Place("crash", 1, ROOT)).stream("kill")
    data, everyone, talks = tmp_path / "data", list[Talk](), list[Talk]()
    for killed in range(kills):
        if all(talk.turn > TURNS for talk in talks):
            talks = [Talk(name, f"{name.lower()}-{killed}") for name in NAMES]
            everyone += talks
        with Server(data, "--speed", SPEED, "--seed", "7") as server:
            assert_all_acknowledged_are_there(server, everyone)
            trigger = Trigger(server, 1 + moments.below(LATEST_CHUNK))
            trio.run(partial(until_killed, server, talks, trigger))
            server.kill()
        found = llmsim("check", "--data-dir", data)
        assert found.returncode == 0, found.stdout + found.stderr
    with Server(data, "--instant") as server:
        never = Trigger(server, 0)
        trio.run(partial(until_killed, server, talks, never))
        assert assert_all_acknowledged_are_there(server, everyone) >= len(NAMES) * TURNS
        for talk in everyone:
            assert talk.turn > TURNS, "every conversation came to its end"
            assert talk.name in str(talk.messages[-1]["content"]), "a name told before the kills is remembered"
