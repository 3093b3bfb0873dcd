"""The task that ships what a pod commits to its archive: in the background, in order, and never in the way of a turn.

The journal in the store is all that it goes by: what is not shipped yet stands there, however long the other side is
away, and the process may die at any moment. Invariants: a segment is put once; an outage is logged once, and when it is
over; an archive that turns out to be another store's is left as it is, and a new generation begun beside it.
"""

import hashlib
import logging
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TypeVar

import attrs
import trio

from llmsim import clock
from llmsim.errors import ArchiveDamaged, LlmsimError, OperatorError, PlaceUnreachable, StaleStore, StoreFull
from llmsim.metrics.metrics import Metrics
from llmsim.recovery import shipping
from llmsim.recovery.manifest import iso
from llmsim.recovery.places import Place
from llmsim.recovery.segments import Segment
from llmsim.serving.protection import Protection
from llmsim.serving.snapshots import Snapshots
from llmsim.store.environment import Environment
from llmsim.store.journal import BeginArchive, EndArchive, Shipped, archived
from llmsim.store.schema import Archived, Table
from llmsim.store.writer import Writer

T = TypeVar("T")
log = logging.getLogger("llmsim.archive")
START_S = 5
"""How long a start waits to learn whether the archive is ahead of the store; the server goes on without an answer."""
DRAIN_S = 10
"""How long the end of a server waits for what is not shipped yet."""
RETRY_S = (1, 2, 4, 8, 15)
"""How long to wait after each attempt that failed; the last of it from then on."""
JOURNAL_BYTES_MAX = 1 << 30
"""What may wait on the volume for an archive that does not answer; then it is given up, and begun anew later."""


@attrs.define
class Archiver:
    """The archive of one pod's store."""

    environment: Environment
    writer: Writer
    ordinal: int
    place: Place
    protection: Protection
    snapshots: Snapshots
    metrics: Metrics
    _at: Archived | None = None
    _joined: bool = False
    _unsent: Segment | None = None
    _failures: int = 0
    _work: trio.Event = attrs.field(factory=trio.Event)
    _baseless: trio.Event = attrs.field(factory=trio.Event)

    def committed(self) -> None:
        """There may be something to ship."""
        self._work.set()

    def lag_s(self) -> float:
        """For how long the oldest commit that is not shipped has waited, in seconds; 0 where all are."""
        with self.environment.read() as view:
            state = self._at or archived(view)
            since_ms = shipping.lag_of(view, state).since_ms if state else None
        return max(0.0, clock.wall() - since_ms / 1000) if since_ms is not None else 0.0

    def lag_entries(self) -> int:
        """How many entries of the journal are not shipped."""
        with self.environment.read() as view:
            state = self._at or archived(view)
            return shipping.lag_of(view, state).entries if state else 0

    async def start(self) -> None:
        """Learn whether the archive and the store belong together, before the pod answers.

        Raises:
            StaleStore: they do not: the store is an older one.
        """
        with trio.move_on_after(START_S) as waiting:
            try:
                await self._join()
            except (PlaceUnreachable, ArchiveDamaged, OperatorError) as error:
                self._failed(error)
        if waiting.cancelled_caught:
            self._failed(PlaceUnreachable(f"{self.place.url} did not answer within {START_S} s"))

    async def run(self) -> None:
        """Ship until cancelled."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._keep_base)
            while True:
                await self._work.wait()
                await trio.sleep(self.protection.archive_every_s)
                self._work = trio.Event()
                await self._attempt()

    async def drain(self) -> None:
        """Ship what is left, for DRAIN_S at most; whatever stays is shipped when the store is served again."""
        with trio.move_on_after(DRAIN_S, shield=True):
            if self._joined:
                with suppress(LlmsimError):
                    await self._ship()
        left = self.lag_entries()
        if left:
            log.warning("not all of the journal is archived", extra={"fields": {"entries": left}})

    async def _attempt(self) -> None:
        """Ship all that there is; where that fails, wait, and see that it is tried again."""
        try:
            if not self._joined:
                await self._join()
            await self._ship()
        except StaleStore as error:
            await self._part(error)
            self._work.set()
        except (PlaceUnreachable, ArchiveDamaged, OperatorError) as error:
            self._failed(error)
            await self._give_up_if_large()
            await trio.sleep(RETRY_S[min(self._failures, len(RETRY_S)) - 1])
        else:
            self._answered()

    async def _join(self) -> None:
        """Go on with the archive that the store has begun, or begin one."""
        with self.environment.read() as view:
            state = archived(view)
        if state is None:
            await self._ask(self.place.prepare)
            await self._begin()
        else:
            found = await self._ask(lambda: shipping.survey(self.place, self.ordinal, state))
            with self.environment.read() as view:
                self._at = shipping.resume(view, found)
            if not found.has_base:
                self._baseless.set()
        self._joined = True
        self._work.set()

    async def _begin(self) -> None:
        """Begin a generation: every commit from here on is in it, and a snapshot that it begins with follows."""
        generation = f"{iso(clock.wall()).replace('-', '').replace(':', '')}-{self._unique()}"
        await self.writer.commit(BeginArchive(generation))
        with self.environment.read() as view:
            self._at = archived(view)
        self._unsent, self._joined = None, True
        self._baseless.set()
        self._work.set()
        log.info("archive begun", extra={"fields": {"place": self.place.url, "generation": generation}})

    def _unique(self) -> str:
        """Tells generations apart that two stores begin at the same millisecond."""
        with self.environment.read() as view:
            seen = f"{self.environment.path.resolve()} {view.transaction} {self.environment.meta()}"
        return hashlib.blake2b(seen.encode(), digest_size=4).hexdigest()

    async def _ship(self) -> None:
        while (segment := await self._next()) is not None:
            self._unsent = segment
            self._at = await self._ask(partial(shipping.put, self.place, segment))
            self._unsent = None
            self.writer.post(Shipped(self._at))
            self.metrics.archived(segment.header.sealed_bytes)
            self._answered()

    async def _next(self) -> Segment | None:
        """The segment that is to be put next: the one that may have been put already, or a new one."""
        if self._unsent is not None or self._at is None:
            return self._unsent
        with self.environment.read() as view:
            batch = shipping.gather(view, self.ordinal, self._at)
        return await self._ask(partial(shipping.make, batch, self.protection.sealing)) if batch else None

    async def _keep_base(self) -> None:
        """See to it that the generation has a snapshot to begin with."""
        attempts = 0
        while True:
            await self._baseless.wait()
            self._baseless = trio.Event()
            try:
                await self.snapshots.take(self.place.url)
                attempts = 0
            except LlmsimError as error:
                tell("archive has no snapshot to begin with", self.place.url, error)
                await trio.sleep(RETRY_S[min(attempts, len(RETRY_S) - 1)])
                attempts += 1
                self._baseless.set()

    async def _part(self, error: StaleStore) -> None:
        """The archive is another store's by now: leave it, and begin a new generation."""
        self.metrics.archive_failures.add()
        tell("archive is ahead of the store, which goes on beside it", self.place.url, error)
        await self._begin()

    async def _give_up_if_large(self) -> None:
        with self.environment.read() as view:
            size_bytes = view.size_bytes(Table.JOURNAL)
        if size_bytes < JOURNAL_BYTES_MAX:
            return
        with suppress(StoreFull):
            await self.writer.commit(EndArchive())
        self._at, self._unsent, self._joined = None, None, False
        log.error("archive given up, a new one begins when its place answers", extra={"fields": {"bytes": size_bytes}})

    def _failed(self, error: Exception) -> None:
        self.metrics.archive_failures.add()
        self.metrics.archive_up.set(0)
        self._failures += 1
        self._work.set()
        if self._failures == 1:
            tell("archive does not answer: the pod goes on, and ships later", self.place.url, error)

    def _answered(self) -> None:
        self.metrics.archive_up.set(1)
        if self._failures:
            log.info("archive answers again", extra={"fields": {"place": self.place.url, "failures": self._failures}})
        self._failures = 0

    async def _ask(self, ask: Callable[[], T]) -> T:
        """Ask the place, which may take its time; a cancelled caller does not wait for the answer."""
        return await trio.to_thread.run_sync(ask, abandon_on_cancel=True)


def tell(event: str, url: str, error: Exception) -> None:
    """Say that something went wrong."""
    log.error(event, extra={"fields": {"place": url, "error": str(error)}})
