"""A writer under test: operations, commit runners that hang, fail or find a full disk, callers to be cancelled."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import attrs
import trio
import trio.testing

from llmsim.errors import StoreFull
from llmsim.store import sessions
from llmsim.store.batch import Operation, Results
from llmsim.store.environment import Environment, View
from llmsim.store.operations import PutTurn
from llmsim.store.writer import CommitRunner, Writer
from tests.stored import PROFILE, turn_of

LIMIT_S = 20


def putting(session: str) -> PutTurn:
    return PutTurn(turn_of(session, "hello"), PROFILE)


def spoiling(view: View) -> None:
    """An operation that changes something and then fails."""
    putting("spoilt")(view)
    raise ZeroDivisionError


def stored(environment: Environment) -> list[str]:
    with environment.read() as view:
        return [session.id for session in sessions.sessions(view)]


@attrs.define
class Gate:
    """A commit runner that stands still at a point, before or after the commit, until it is opened.

    `failure` is raised there by the first commit that passes.
    """

    point: str = "before"
    failure: Exception | None = None
    reached: trio.Event = attrs.field(factory=trio.Event)
    opened: trio.Event = attrs.field(factory=trio.Event)

    async def __call__(self, commit: Callable[[], Results], /) -> Results:
        if self.point == "before":
            await self._pass()
        results = commit()
        if self.point == "after":
            await self._pass()
        return results

    async def _pass(self) -> None:
        self.reached.set()
        await self.opened.wait()
        failure, self.failure = self.failure, None
        if failure is not None:
            raise failure


@attrs.define
class Disk:
    """A commit runner over a disk that can be full."""

    full: bool = False

    async def __call__(self, commit: Callable[[], Results], /) -> Results:
        await trio.lowlevel.checkpoint()
        if self.full:
            raise StoreFull("no space left on device")
        return commit()


@attrs.define
class Caller:
    """A task that commits one operation, and what became of it."""

    operation: Operation
    scope: trio.CancelScope = attrs.field(factory=trio.CancelScope)
    answered: bool = False
    error: Exception | None = None

    async def call(self, to: Writer) -> None:
        with self.scope:
            try:
                await to.commit(self.operation)
                self.answered = True
            except Exception as error:  # noqa: BLE001  (the test looks at it)
                self.error = error


@attrs.define
class Running:
    """A writer that runs in a nursery, with callers beside it; `batches` are the sizes of its commits."""

    writer: Writer
    nursery: trio.Nursery
    batches: list[int]

    async def callers(self, *operations: Operation) -> list[Caller]:
        """Tasks that have handed their operations over, in this order."""
        started = []
        for operation in operations:
            caller = Caller(operation)
            started.append(caller)
            self.nursery.start_soon(caller.call, self.writer)
            await trio.testing.wait_all_tasks_blocked()
        return started

    async def settle(self) -> None:
        """Everything that was handed over is committed or refused, and every caller knows."""
        await self.writer.drain()
        await trio.testing.wait_all_tasks_blocked()


@asynccontextmanager
async def running(environment: Environment, runner: CommitRunner) -> AsyncIterator[Running]:
    """A writer that runs while the block does."""
    batches: list[int] = []
    with trio.fail_after(LIMIT_S):
        async with trio.open_nursery() as nursery:
            writer = Writer(environment, runner, on_commit=lambda batch, _duration_s: batches.append(batch))
            await nursery.start(writer.run)
            yield Running(writer, nursery, batches)
            nursery.cancel_scope.cancel()
