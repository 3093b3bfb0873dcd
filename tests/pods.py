"""A pod in the test's own process and time: no thread, no network, no sync; and what a chat client would send it.

A module whose tests use the fixture `each_way` runs them twice: the application called directly, and through the door.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import attrs
import orjson
import trio
from trio.testing import wait_all_tasks_blocked

from llmsim.catalog import profiles_dir
from llmsim.clock import Clock, Pace
from llmsim.profile import Profiles
from llmsim.replay.clients import Client, Exchange
from llmsim.serving.door.connection import Limits
from llmsim.serving.pod import PodOptions, running_pod
from llmsim.serving.server import LIMITS
from llmsim.serving.service import Service
from llmsim.store import sessions
from llmsim.store.check import check
from llmsim.store.schema import Outcome
from llmsim.store.writer import inline
from tests.doors import Doorway, Way, by_quart, doorway
from tests.peers import OverPeers, Peer

CHAT = "/v1/chat/completions"
EPOCH_S = 1_767_225_600
PROFILES = Profiles.load((), profiles_dir())
way: Way = by_quart
"""How clients of pods come to them."""


@attrs.frozen
class PodUnderTest:
    """A running pod, and a client in its process."""

    service: Service
    client: Client

    async def say(self, *messages: str, headers: dict[str, str] | None = None, **params: object) -> Exchange:
        """A chat completion; the messages alternate between user and assistant, beginning with the user."""
        roles = ("user", "assistant")
        told = [{"role": roles[index % 2], "content": text} for index, text in enumerate(messages)]
        body = {"model": "gpt-4o-mini", "messages": told, "max_tokens": 40, **params}
        return await self.client.exchange("POST", CHAT, headers or {}, orjson.dumps(body))

    async def get(self, path: str) -> Any:  # noqa: ANN401  (JSON)
        """The JSON of a GET."""
        return orjson.loads((await self.client.exchange("GET", path, {})).body)

    async def turns(self, session: str) -> list[dict[str, Any]]:
        """What the store holds of a session."""
        found: list[dict[str, Any]] = (await self.get(f"/llmsim/v1/sessions/{session}/turns"))["data"]
        return found


def options(data_dir: Path, **changes: Any) -> PodOptions:  # noqa: ANN401  (as attrs.evolve)
    """Those of a pod for tests: seed 7, ordinal 0, a fixed epoch, inline commits that are not synced."""
    return attrs.evolve(
        PodOptions(
            data_dir=data_dir,
            ordinal=0,
            seed=7,
            profiles=PROFILES,
            commit_runner=inline,
            clock=Clock(EPOCH_S),
            durable=False,
        ),
        **changes,
    )


@asynccontextmanager
async def pod(data_dir: Path, **changes: Any) -> AsyncIterator[PodUnderTest]:  # noqa: ANN401  (as attrs.evolve)
    """A pod while the block runs; when it ends well, its store must be sound."""
    async with running_pod(options(data_dir, **changes)) as service:
        async with way(service) as client:
            yield PodUnderTest(service, client)
        await service.simulator.writer.drain()
        assert check(service.simulator.environment) == []


@attrs.frozen
class DoorUnderTest(PodUnderTest):
    """A running pod with a door; its client makes a connection for each request, `connect` one to keep."""

    doorway: Doorway

    def connect(self, buffer_bytes: int | None = None) -> Peer:
        """A new connection; see `Doorway.connect`."""
        return self.doorway.connect(buffer_bytes)

    def stored(self) -> list[str]:
        """The sessions in the store."""
        with self.service.simulator.environment.read() as view:
            return [session.id for session in sessions.sessions(view)]

    async def outcomes(self, session: str) -> list[Outcome | None]:
        """Those of a session's turns, once nothing is in flight and all is written."""
        with trio.fail_after(3600):
            await self.service.in_flight.none()
            await wait_all_tasks_blocked()
            await self.service.simulator.writer.drain()
        with self.service.simulator.environment.read() as view:
            return [sessions.outcome(view, session, turn.key) for turn in sessions.turns(view, session)]


@asynccontextmanager
async def pod_with_door(
    data_dir: Path,
    limits: Limits = LIMITS,
    *,
    straight: bool = False,
    **changes: Any,  # noqa: ANN401  (as attrs.evolve)
) -> AsyncIterator[DoorUnderTest]:
    """A pod with a door while the block runs; see `doorway` and `pod`. Without delays, unless `pace` is given."""
    async with running_pod(options(data_dir, **{"pace": Pace(None), **changes})) as service:
        async with doorway(service, limits, straight=straight) as at:
            yield DoorUnderTest(service, OverPeers(at.connect), at)
        await service.simulator.writer.drain()
        assert check(service.simulator.environment) == []


def reply(exchange: Exchange) -> str:
    """The text of a response, streamed or not."""
    if not exchange.headers["content-type"].startswith("text/event-stream"):
        content: str = orjson.loads(exchange.body)["choices"][0]["message"]["content"]
        return content
    chunks = [event.removeprefix(b"data: ") for event in exchange.body.split(b"\n\n") if event]
    choices = [orjson.loads(chunk)["choices"] for chunk in chunks if chunk != b"[DONE]"]
    return "".join(choice[0]["delta"].get("content", "") for choice in choices if choice)
