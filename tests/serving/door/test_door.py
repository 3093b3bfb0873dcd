"""A door from its listener to the last connection: what stops, in which order, and what nobody waits for."""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import attrs
import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from llmsim.clock import Pace
from llmsim.serving.app import create_app
from llmsim.serving.door.door import LINGER_S, Door
from llmsim.serving.door.handover import Hypercorn
from llmsim.serving.pod import running_pod
from llmsim.serving.server import LIMITS, hypercorn_config
from llmsim.serving.service import Phase, Service
from llmsim.store import sessions
from llmsim.store.check import check
from llmsim.store.schema import Ending, Outcome
from llmsim.wire.dialects import GENERATING
from tests.doors import stream_of
from tests.http.asks import cold, hot
from tests.peers import Peer
from tests.pods import options
from tests.runners import Gate

GRACE_S = 600
STREAM = hot("s", stream=True, max_tokens=6)
FRAMES = 9


@attrs.define
class Serving:
    """A door that serves at an address of the file system; `ended` is when it did, on trio's clock."""

    service: Service
    door: Door
    address: str
    stop: trio.Event
    scope: trio.CancelScope
    ended: float | None = None

    def connect(self) -> Peer:
        """A new connection; raises ConnectionRefusedError where nobody listens."""
        end = socket.socket(socket.AF_UNIX)
        try:
            end.connect(self.address)
        except OSError:
            end.close()
            raise
        return Peer(stream_of(end))

    def begin_to_stop(self) -> None:
        """What a signal does."""
        self.service.phase = Phase.DRAINING
        self.stop.set()

    async def end(self) -> float | None:
        """When it ended; None where it still waits for something."""
        await wait_all_tasks_blocked()
        return self.ended

    async def outcomes(self) -> list[Outcome | None]:
        """Those of session s."""
        await self.service.simulator.writer.drain()
        with self.service.simulator.environment.read() as view:
            return [sessions.outcome(view, "s", turn.key) for turn in sessions.turns(view, "s")]


@asynccontextmanager
async def serving(data_dir: Path, grace_s: float = GRACE_S, **changes: object) -> AsyncIterator[Serving]:
    """A pod whose door listens; it ends with the block, and its store must be sound."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(data_dir / "door"))
    listener.listen()

    async def serve(task_status: trio.TaskStatus[None]) -> None:
        with under.scope:
            async with trio.open_nursery() as nursery:
                listeners = [trio.SocketListener(trio.socket.from_stdlib_socket(listener))]
                await nursery.start(under.door.serve, listeners, under.stop, grace_s)
                task_status.started()
        under.ended = trio.current_time()

    async with running_pod(options(data_dir / "pod", **changes)) as service:
        hypercorn = Hypercorn(create_app(service), hypercorn_config(grace_s))
        door = Door.of(service, hypercorn, GENERATING, LIMITS)
        under = Serving(service, door, str(data_dir / "door"), trio.Event(), trio.CancelScope())
        async with trio.open_nursery() as nursery:
            await nursery.start(serve)
            yield under
            under.begin_to_stop()
        assert door._open == set()
        await service.simulator.writer.drain()
        assert check(service.simulator.environment) == []


@pytest.mark.parametrize(
    "before", [b"", hot("a"), hot("a", stream=True), hot("a", n=0), cold(), cold() + hot("a"), hot("a")[:50], b"PRI"]
)
async def test_stopping_door_closes_idle_connections_at_once(
    tmp_path: Path, autojump_clock: MockClock, before: bytes
) -> None:
    async with serving(tmp_path, pace=Pace(None)) as under, under.connect() as peer:
        await peer.send(before)
        said = await peer.heard()
        assert said.count(b"HTTP/1.1 ") == before.count(b" HTTP/1.1\r\n") - (before == hot("a")[:50])
        begun = trio.current_time()
        under.begin_to_stop()
        assert await peer.rest() == b""
        assert await under.end() == begun
        with pytest.raises(ConnectionRefusedError):
            under.connect()


async def test_stopping_door_lets_answers_end_and_closes_after_them(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with serving(tmp_path) as under, under.connect() as peer, under.connect() as passed, under.connect() as idle:
        await peer.send(STREAM + hot("never"))
        await passed.send(STREAM.replace(b"\r\n", b"\r\nExpect: x\r\n", 1))
        under.begin_to_stop()
        assert await idle.rest() == b""
        for each in (peer, passed):
            answer = await each.response()
            assert answer.body.endswith(b"data: [DONE]\n\n")
            assert await each.rest() == b""
        assert await under.outcomes() == [Outcome(Ending.COMPLETED, FRAMES)] * 2
        with under.service.simulator.environment.read() as view:
            assert [session.id for session in sessions.sessions(view)] == ["s"]


@pytest.mark.parametrize("told", [STREAM, hot("s"), STREAM.replace(b"\r\n", b"\r\nIdempotency-Key: k\r\n", 1)])
async def test_stopping_door_cuts_what_takes_longer_than_the_grace_period(
    tmp_path: Path, autojump_clock: MockClock, told: bytes
) -> None:
    async with serving(tmp_path, grace_s=10, pace=Pace(0.001)) as under, under.connect() as peer:
        await peer.send(told)
        begun = trio.current_time()
        under.begin_to_stop()
        said = await peer.rest()
        assert await under.end() == pytest.approx(begun + 10)
        assert not said.endswith(b"0\r\n\r\n")
        assert await under.outcomes() == [Outcome(Ending.SERVER_STOPPED, said.count(b"\n\ndata:"))]


@pytest.mark.parametrize("keyed", [False, True])
async def test_door_that_is_cancelled_cuts_everything_at_once(
    tmp_path: Path, autojump_clock: MockClock, keyed: bool
) -> None:
    told = STREAM.replace(b"\r\n", b"\r\nIdempotency-Key: k\r\n", 1) if keyed else STREAM
    async with serving(tmp_path, pace=Pace(0.01)) as under, under.connect() as peer, under.connect() as passed:
        await peer.send(told)
        await passed.send(cold())
        said = b""
        while said.count(b"data: ") < 3:
            said += await peer.stream.receive_some()
        begun = trio.current_time()
        under.service.phase = Phase.DRAINING
        under.scope.cancel()
        said += await peer.rest()
        assert await under.end() == begun
        [outcome] = await under.outcomes()
        assert outcome is not None
        assert outcome.ending is Ending.SERVER_STOPPED
        assert 0 < outcome.delivered == said.count(b"data: ") < FRAMES


@pytest.mark.parametrize("keyed", [False, True])
async def test_door_that_is_cancelled_during_a_commit_leaves_a_whole_turn_behind(
    tmp_path: Path, autojump_clock: MockClock, keyed: bool
) -> None:
    gate = Gate()
    told = hot("s", ("Idempotency-Key", "k")) if keyed else hot("s")
    async with serving(tmp_path, commit_runner=gate) as under, under.connect() as peer:
        await peer.send(told)
        under.service.phase = Phase.DRAINING
        under.scope.cancel()
        await wait_all_tasks_blocked()
        gate.open.set()
        await wait_all_tasks_blocked()
        [outcome] = await under.outcomes()
        assert outcome is not None
        assert outcome.delivered == 0
        assert await peer.rest() == b""


@pytest.mark.parametrize("readers", [True, False])
async def test_stopping_door_waits_for_no_client_that_was_refused(
    tmp_path: Path, autojump_clock: MockClock, readers: bool
) -> None:
    async with serving(tmp_path) as under, under.connect() as peer:
        await peer.send(b"garbage\r\n\r\n")
        assert not readers or (await peer.heard()).startswith(b"HTTP/1.1 400 ")
        begun = trio.current_time()
        under.begin_to_stop()
        assert await under.end() == begun


async def test_client_that_was_refused_has_a_while_to_go(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with serving(tmp_path) as under, under.connect() as peer:
        await peer.send(b"garbage\r\n\r\n")
        assert (await peer.heard()).startswith(b"HTTP/1.1 400 ")
        begun = trio.current_time()
        with suppress(trio.BrokenResourceError):
            while trio.current_time() < begun + 60:
                await peer.stream.send_all(b"more")
                await trio.sleep(0.1)
        assert trio.current_time() - begun == pytest.approx(LINGER_S, abs=0.2)


async def test_connections_at_one_door_do_not_disturb_one_another(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with serving(tmp_path) as under:
        bodies = list[bytes]()

        async def visit(number: int) -> None:
            async with under.connect() as peer:
                for _ in range(3):
                    answer = await peer.exchange(
                        *("POST", "/v1/chat/completions", {"X-LLMSim-Session": f"v-{number}"}),
                        STREAM.partition(b"\r\n\r\n")[2],
                    )
                    bodies.append(answer.body)

        async with trio.open_nursery() as nursery:
            for number in range(50):
                nursery.start_soon(visit, number)
        assert len(bodies) == 150
        assert all(body.endswith(b"data: [DONE]\n\n") for body in bodies)
