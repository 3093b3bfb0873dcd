"""Group commit without a timer: the writer commits whatever gathered while the last commit ran, in one thread hop.

A caller gets its answer when its operation is durable. The commit runner is injected: `trio.to_thread.run_sync` when
serving, inline in a replay, failing ones in tests. Fail-stop: a commit that fails for any reason but a full disk or a
full map ends `run`, and with it the process; every caller that waits is told.
Invariant: operations are applied in the order in which they were handed over, each whole or not at all.
"""

from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Protocol, TypeVar

import attrs
import trio

from llmsim.errors import StoreError, StoreFull
from llmsim.store.batch import Operation, Result, Results, apply
from llmsim.store.environment import Environment, MapFull, View

T = TypeVar("T")

QUEUE_MAX = 4096
"""Operations that may wait for a commit before callers wait for a place: a few seconds of the fastest disk, and no
more memory than as many turns. Outcomes (`post`) are above it: there is one for each admitted turn at most."""
TURN = 32
"""Callers that are told of their results before other tasks have their turn: each may send an answer at once."""
POST_WAIT_S = 0.05
"""How long outcomes wait for a commit that somebody waits for: alone they would double the commits of a pod with little
to do. A process that dies meanwhile leaves turns without outcome, as it would in the middle of a response."""
BATCH_MAX = 1024
"""Operations in one transaction: keeps its dirty pages, and the wait of the last caller, bounded."""


class CommitRunner(Protocol):
    """Runs a synchronous commit somewhere and waits for it."""

    def __call__(self, commit: Callable[[], Results], /) -> Awaitable[Results]: ...


async def inline(commit: Callable[[], Results]) -> Results:
    """The commit runner of replays: here and now, no thread; always a checkpoint."""
    await trio.lowlevel.checkpoint()
    return commit()


@attrs.define(eq=False)
class _Waiting:
    """One operation in the queue, and who is told of its result, where somebody wants to know."""

    operation: Operation
    done: Callable[[Result], None] | None


def nobody(_batch: int, _duration_s: float) -> None:
    """The observer of a writer that nobody measures."""


class Writer:
    """The one task that writes. `on_commit` is told each batch's size and how many seconds its commit took."""

    def __init__(
        self, environment: Environment, runner: CommitRunner, on_commit: Callable[[int, float], None] = nobody
    ) -> None:
        self._environment = environment
        self._runner = runner
        self._on_commit = on_commit
        self._queue: deque[_Waiting] = deque()
        self._kept: list[_Waiting] = []
        self._places = trio.Semaphore(QUEUE_MAX)
        self._work = trio.Event()
        self._wanted = trio.Event()
        self._idle = trio.Event()
        self._idle.set()
        self._begun: float | None = None
        self.running = False

    @property
    def committing_s(self) -> float:
        """For how many seconds the commit that is under way has been; 0 where none is."""
        return 0.0 if self._begun is None else trio.current_time() - self._begun

    def watch(self, told: Callable[[], None]) -> None:
        """Tell of each commit, besides the observer; `told` awaits nothing and raises nothing."""
        observer = self._on_commit

        def both(batch: int, duration_s: float) -> None:
            observer(batch, duration_s)
            told()

        self._on_commit = both

    async def commit(self, operation: Callable[[View], T]) -> T:
        """Apply an operation; returns what it returns, once that is durable.

        Cancellation: an operation that no commit has begun with is taken back; one in a commit that is under way is
        applied, whole, though nobody waits for it.

        Raises:
            StoreFull: the disk is full; the operation left no trace.
            StoreError: the writer has stopped.
            Exception: whatever the operation raised; it left no trace.
        """
        done = trio.Event()
        results: Results = []

        def told(result: Result) -> None:
            results.append(result)
            done.set()

        async with self._places:
            waiting = _Waiting(operation, told)
            self._hand_over(waiting)
            try:
                await done.wait()
            except trio.Cancelled:
                with suppress(ValueError):
                    self._queue.remove(waiting)
                raise
        [result] = results
        if result.error is not None:
            raise result.error
        answer: T = result.value
        return answer

    def submit(self, operation: Operation, told: Callable[[Result], None]) -> None:
        """Hand an operation over and go on; `told` is called with its result, in the writer's task, once it is durable.

        For callers without a task of their own, who bound how many of theirs may wait. `told` awaits nothing and
        raises nothing; where the writer has stopped it is called at once.
        """
        self._hand_over(_Waiting(operation, told))

    def post(self, operation: Operation) -> None:
        """Hand an operation over and do not wait; on a full disk it is kept for the next commit.

        `drain` waits for it, unless the disk is full to the end: then it is lost. What it raises, nobody hears.
        """
        self._hand_over(_Waiting(operation, None))

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Commit until cancelled.

        Raises:
            StoreError: a commit failed, and nobody knows what is on the disk.
        """
        self.running = True
        task_status.started()
        try:
            while True:
                await self._work.wait()
                with trio.move_on_after(POST_WAIT_S, shield=True):
                    await self._wanted.wait()
                await self._commit_gathered()
        finally:
            self.running = False
            self._refuse_all()

    async def drain(self) -> None:
        """Wait until everything that was handed over is durable, was refused, or the writer has stopped.

        What a full disk made it keep is tried once more.
        """
        if self.running and (self._kept or self._queue):
            self._wake(wanted=True)
        await self._idle.wait()

    def _hand_over(self, waiting: _Waiting) -> None:
        if not self.running:
            self._answer([waiting], [stopped()])
            return
        self._queue.append(waiting)
        self._wake(wanted=waiting.done is not None)

    def _wake(self, *, wanted: bool) -> None:
        """Something is to be committed; `wanted`: somebody waits for that."""
        if self._idle.is_set():
            self._idle = trio.Event()
        self._work.set()
        if wanted:
            self._wanted.set()

    async def _commit_gathered(self) -> None:
        batch = self._kept + [self._queue.popleft() for _ in range(min(len(self._queue), BATCH_MAX))]
        self._kept = []
        if not any(waiting.done is not None for waiting in self._queue):
            self._wanted = trio.Event()
        self._begun = trio.current_time()
        try:
            results = await self._results(batch)
        except BaseException as error:
            self._answer(batch, [Result(error=StoreError(f"the store stopped: {error}")) for _ in batch])
            raise
        finally:
            self._begun = None
        for first in range(0, len(batch), TURN):
            self._answer(batch[first : first + TURN], results[first : first + TURN])
            await trio.lowlevel.cancel_shielded_checkpoint()
        if not self._queue:
            self._work = trio.Event()
            self._idle.set()

    async def _results(self, batch: Sequence[_Waiting]) -> Results:
        """The result of each operation; the map is grown here, between transactions, on the thread that reads."""
        operations = [waiting.operation for waiting in batch]
        begun = trio.current_time()
        while operations:
            try:
                with trio.CancelScope(shield=True):
                    results = await self._runner(lambda: apply(self._environment, operations))
            except MapFull:
                self._environment.grow()
            except StoreFull as error:
                self._kept = [waiting for waiting in batch if waiting.done is None]
                return [Result(error=StoreFull(str(error))) for _ in batch]
            else:
                self._on_commit(len(batch), trio.current_time() - begun)
                return results
        return []

    def _answer(self, batch: Sequence[_Waiting], results: Results) -> None:
        for waiting, result in zip(batch, results, strict=True):
            if waiting.done is not None:
                waiting.done(result)

    def _refuse_all(self) -> None:
        waiting = list(self._queue)
        self._queue.clear()
        self._answer(waiting, [stopped() for _ in waiting])
        self._idle.set()


def stopped() -> Result:
    """The result of an operation that came too late."""
    return Result(error=StoreError("the store takes no more writes: its writer has stopped"))
