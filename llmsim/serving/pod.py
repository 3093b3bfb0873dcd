"""One running pod: the store claimed and open, its writer running, its simulator ready. In order up, in order down.

Serving and replay both start their pod here; they differ in the commit runner (a thread, or inline) and in whether
commits are synced. Invariant at the end: the writer has drained before the environment closes.
"""

import logging
import math
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path

import attrs
import trio

from llmsim.admission import Script, no_script
from llmsim.clock import Clock, Pace
from llmsim.errors import StoreFull, leading_error
from llmsim.keeping.dialects import KEEPERS, STARTING
from llmsim.metrics.metrics import Metrics
from llmsim.profile import Profiles
from llmsim.serving.archiver import Archiver
from llmsim.serving.protection import UNPROTECTED, Protection
from llmsim.serving.service import Phase, Service
from llmsim.serving.snapshots import Snapshots
from llmsim.simulation.plan import PLAN_VERSION
from llmsim.simulator import Simulator
from llmsim.store.environment import DATA_FILE, Environment, claim
from llmsim.store.journal import EndArchive, archived
from llmsim.store.ownership import open_for
from llmsim.store.schema import Table
from llmsim.store.writer import CommitRunner, Writer
from llmsim.tokenizers import counter_named
from llmsim.wire.dialects import WIRES
from llmsim.wire.manners import AS_LIVE, Manners, mannered

log = logging.getLogger("llmsim.pod")


@attrs.frozen
class PodOptions:
    """What one pod is. `seed` None takes the store's or draws one; `durable` False is for replays."""

    data_dir: Path
    ordinal: int
    seed: int | None
    profiles: Profiles
    commit_runner: CommitRunner
    clock: Clock = Clock()
    pace: Pace = Pace()
    script: Script = no_script
    strict_models: bool = False
    manners: Manners = AS_LIVE
    durable: bool = True
    protection: Protection = UNPROTECTED


@asynccontextmanager
async def running_pod(options: PodOptions) -> AsyncIterator[Service]:
    """The pod's service while the block runs; drained and closed after it, also when the block is cancelled.

    Raises:
        StoreError: the store is in use, damaged, another pod's, or stopped taking commits while the block ran.
        OperatorError: the data directory cannot be used, or the token counter that a profile names is not installed.
    """
    for profile in options.profiles.by_name.values():
        counter_named(profile.tokens.counter)
    metrics = metrics_of(options)
    with claim(options.data_dir), Environment.open(options.data_dir, create=True, durable=options.durable) as store:
        pod = open_for(store, seed=options.seed, ordinal=options.ordinal, now_s=options.clock.now())
        metrics.watch_store(lambda: stored_sessions(store), partial(bytes_of, options.data_dir / DATA_FILE))
        writer = Writer(store, options.commit_runner, on_commit=metrics.committed)
        snapshots = snapshots_of(options, metrics)
        archiver = archiver_of(options, store, writer, snapshots, metrics)
        simulator = Simulator(
            pod=pod,
            profiles=options.profiles,
            environment=store,
            writer=writer,
            clock=options.clock,
            counters=counter_named,
            metrics=metrics,
            wires={name: mannered(wire, options.manners) for name, wire in WIRES.items()},
            strict_models=options.strict_models,
            script=options.script,
            pace=options.pace,
            keepers=KEEPERS,
        )
        service = Service(
            simulator,
            metrics,
            options.pace,
            options.manners,
            snapshots=snapshots,
            archiver=archiver,
            archive_lag_max_s=options.protection.archive_lag_max_s,
        )
        try:
            async with trio.open_nursery() as nursery:
                await nursery.start(writer.run)
                await protect(service, nursery)
                await go_on(simulator)
                service.phase = Phase.READY
                try:
                    yield service
                finally:
                    service.phase = Phase.DRAINING
                    with trio.CancelScope(shield=True):
                        await writer.drain()
                        if archiver is not None:
                            await archiver.drain()
                            await writer.drain()
                    nursery.cancel_scope.cancel()
        except BaseExceptionGroup as group:
            raise leading_error(group) or group from group


def metrics_of(options: PodOptions) -> Metrics:
    """The metrics of a pod, with the prices of its profiles; its volume is asked at each scrape."""
    metrics = Metrics(trio.current_time)
    metrics.built(PLAN_VERSION)
    metrics.watch_volume(*(partial(volume_bytes, options.data_dir, part) for part in ("f_blocks", "f_bavail")))
    for profile in options.profiles.by_name.values():
        if profile.prices is not None:
            metrics.priced(profile.name, profile.prices.cost_usd)
    return metrics


def snapshots_of(options: PodOptions, metrics: Metrics) -> Snapshots | None:
    """Whoever takes snapshots of this pod, where there is a place for them: theirs, or that of the archive."""
    wanted = options.protection
    to = wanted.snapshots or (wanted.archive.url if wanted.archive else None)
    if to is None:
        return None
    return Snapshots(options.data_dir, options.ordinal, to, wanted.snapshot_every_s, wanted.key_file, metrics)


def archiver_of(
    options: PodOptions, store: Environment, writer: Writer, snapshots: Snapshots | None, metrics: Metrics
) -> Archiver | None:
    """Whoever ships what this pod commits, where there is an archive."""
    place = options.protection.archive
    if place is None or snapshots is None:
        return None
    archiver = Archiver(store, writer, options.ordinal, place, options.protection, snapshots, metrics)
    writer.watch(archiver.committed)
    metrics.watch_archive(archiver.lag_s, archiver.lag_entries)
    return archiver


async def protect(service: Service, nursery: trio.Nursery) -> None:
    """Begin what keeps the store elsewhere; a store that is archived no more says so.

    Raises:
        StaleStore: the store is older than its archive.
    """
    environment = service.simulator.environment
    if service.archiver is not None:
        await service.archiver.start()
        nursery.start_soon(service.archiver.run)
    else:
        with environment.read() as view:
            state = archived(view)
        if state is not None:
            await service.simulator.writer.commit(EndArchive())
            log.warning("the store is archived no more", extra={"fields": {"generation": state.generation}})
    if service.snapshots is not None:
        nursery.start_soon(service.snapshots.run)


def bytes_of(file: Path) -> float:
    """The size of a file; not a number where it cannot be seen, as on a volume that is gone."""
    try:
        return file.stat().st_size
    except OSError:
        return math.nan


def volume_bytes(folder: Path, part: str) -> float:
    """So many bytes has this part of a folder's file system, by statvfs's name; not a number as for `bytes_of`."""
    try:
        found = os.statvfs(folder)
    except OSError:
        return math.nan
    blocks: int = getattr(found, part)
    return found.f_frsize * blocks


async def go_on(simulator: Simulator) -> None:
    """What was under way when the store was last served goes on, durably; on a full disk, as its own start says."""
    moment = simulator.moment()
    with simulator.environment.read() as view:
        operations = [operation for start in STARTING if (operation := start(view, moment)) is not None]
    with suppress(StoreFull):
        for operation in operations:
            await simulator.writer.commit(operation)


def stored_sessions(store: Environment) -> int:
    """How many sessions the store holds."""
    with store.read() as view:
        return view.count(Table.SESSIONS)
