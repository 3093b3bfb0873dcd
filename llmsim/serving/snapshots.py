"""Snapshots of a pod that serves: on time, and when asked for.

Each is taken by a process of its own, `llmsim snapshot create`, so that no frame is late for it: what it computes, it
computes beside the loop. Invariants: one at a time; the moments follow from the wall clock and the pod's ordinal, not
from when the pod was started, so that pods that are started together do not all copy at once.
"""

import logging
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import attrs
import orjson
import trio

from llmsim import clock
from llmsim.errors import LlmsimError, PlaceUnreachable
from llmsim.metrics.metrics import Metrics
from llmsim.recovery import retention
from llmsim.recovery.manifest import seconds
from llmsim.recovery.places import place_of
from llmsim.recovery.snapshot import Snapshot, listed
from llmsim.settings import PREFIX

log = logging.getLogger("llmsim.snapshots")
RETRY_S = 30
"""How soon a snapshot that failed is tried again, where the next one is due later."""


@attrs.define
class Snapshots:
    """The snapshots of one pod."""

    data_dir: Path
    ordinal: int
    to: str
    every_s: float | None
    key_file: Path | None
    metrics: Metrics
    _newest_s: float | None = None
    _one: trio.Lock = attrs.field(factory=trio.Lock)

    @property
    def running(self) -> bool:
        """Whether one is being taken."""
        return self._one.locked()

    async def take(self, to: str | None = None) -> dict[str, Any]:
        """Take a snapshot now; its description, as `llmsim snapshot create --json` prints it.

        Waits for one that is being taken. Cancellation: the process is ended, and removes what it has put.

        Raises:
            PlaceUnreachable: it came to nothing; says what the process said.
        """
        async with self._one:
            begun_s = trio.current_time()
            done = await trio.run_process(
                self._command(to or self.to),
                capture_stdout=True,
                capture_stderr=True,
                stdin=subprocess.DEVNULL,
                check=False,
                env={name: value for name, value in os.environ.items() if not name.startswith(PREFIX)},
            )
            if done.returncode != 0:
                self.metrics.snapshot_failures.add()
                said = done.stderr.decode(errors="replace").strip().splitlines()
                raise PlaceUnreachable(said[-1] if said else f"exit code {done.returncode}")
            made: dict[str, Any] = orjson.loads(done.stdout)
            took_s = trio.current_time() - begun_s
        self._known(seconds(made["created"]))
        self.metrics.snapshot_taken(took_s, made["size_bytes"])
        log.info("snapshot taken", extra={"fields": {"snapshot": made["path"], "bytes": made["size_bytes"]}})
        return made

    async def run(self) -> None:
        """Take snapshots on time until cancelled; the first at once, where the newest is older than it should be."""
        if self.every_s is None:
            return
        self.metrics.snapshot_interval.set(self.every_s)
        await self._look()
        async with self._one:
            due_s = self.next_s(clock.wall())
        if self._newest_s is None or clock.wall() - self._newest_s >= self.every_s:
            due_s = clock.wall()
        while True:
            await trio.sleep(max(0.0, due_s - clock.wall()))
            due_s = self.next_s(clock.wall())
            try:
                await self.take()
            except LlmsimError as error:
                self._tell(error)
                due_s = min(due_s, clock.wall() + RETRY_S)

    def _tell(self, error: LlmsimError) -> None:
        log.error("snapshot failed", extra={"fields": {"place": self.to, "error": str(error)}})

    def next_s(self, now_s: float) -> float:
        """When the next snapshot is due after this moment; both unix seconds."""
        return retention.next_s(now_s, self.every_s or 0.0, self.ordinal)

    async def _look(self) -> None:
        """Find out when the newest snapshot of this pod was made."""

        def look() -> list[Snapshot]:
            place = place_of(self.to)
            place.prepare()
            return listed(place)

        try:
            found = await trio.to_thread.run_sync(look, abandon_on_cancel=True)
        except LlmsimError as error:
            log.warning("no telling how old the newest snapshot is", extra={"fields": {"error": str(error)}})
            return
        for one in found:
            if one.manifest and one.manifest.ordinal == self.ordinal:
                self._known(one.manifest.created_s)

    def _known(self, created_s: float) -> None:
        """A snapshot was made at this moment, unix seconds."""
        self._newest_s = max(created_s, self._newest_s or created_s)
        self.metrics.snapshot_known(self._newest_s)

    def _command(self, to: str) -> list[str]:
        key = ["--key-file", str(self.key_file)] if self.key_file else []
        where = ["--data-dir", str(self.data_dir), "--to", to]
        return [sys.executable, "-m", "llmsim", "snapshot", "create", *where, *key, "--json"]
