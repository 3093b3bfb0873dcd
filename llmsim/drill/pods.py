"""Pods of a drill: real servers, each a child process.

Invariant: no child outlives the block that started it. Cancellation: a child is killed and waited for.
"""

import re
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Protocol

import attrs
import trio

from llmsim.errors import OperatorError

STARTUP_S = 60
SPEED = 20.0
"""Divides the delays of the model: a drill is about the store."""
_LISTENING = re.compile(rb"OPENAI_BASE_URL=(http://\S+)/v1")


class Reached(Protocol):
    """A pod that clients reach at `url`; `killed_s` (trio's clock) says when it was killed, `end` how."""

    url: str
    killed_s: float
    end: str

    async def kill(self) -> None:
        """It is gone when this returns, and so are its connections."""


@attrs.define
class Pod:
    """A server that listens at `url`."""

    url: str
    process: trio.Process
    killed_s: float = 0.0
    end: str = "SIGKILL"

    async def kill(self) -> None:
        """SIGKILL, and wait until it is gone."""
        self.process.kill()
        self.killed_s = trio.current_time()
        await self.process.wait()


@asynccontextmanager
async def running(
    data_dir: Path, log: Path, ordinal: int = 0, archive: str | None = None, scripts: Sequence[str] = ()
) -> AsyncIterator[Pod]:
    """A pod on this data directory while the block runs; `log` gets what it writes to stderr.

    It is archived to `archive`, if that is given, and gives the replies that `scripts` have.

    Raises:
        OperatorError: it ended, or did not listen within STARTUP_S; says what it said.
    """
    command = [sys.executable, "-m", "llmsim", "serve", "--port", "0", "--data-dir", str(data_dir), "--seed", "7"]
    command += ["--ordinal", str(ordinal), "--speed", str(SPEED)]
    command += ["--archive-to", archive, "--archive-every", "500ms"] if archive else []
    command += [argument for name in scripts for argument in ("--script", name)]
    with log.open("ab") as errors:
        process = await trio.lowlevel.open_process(command, stdout=subprocess.PIPE, stderr=errors)
    try:
        yield Pod(await _listening(process, log), process)
    finally:
        with trio.CancelScope(shield=True):
            process.kill()
            await process.wait()


async def _listening(process: trio.Process, log: Path) -> str:
    _, match = await announced(process, _LISTENING, STARTUP_S)
    if match:
        return match[1].decode()
    lines = log.read_text(errors="replace").splitlines()  # noqa: ASYNC240  (the pod has ended)
    raise OperatorError(f"the pod did not start: {lines[-1] if lines else 'it said nothing'}")


async def announced(
    process: trio.Process, pattern: re.Pattern[bytes], within_s: float
) -> tuple[bytes, re.Match[bytes] | None]:
    """What a child has printed until the pattern was in it, and the match; None where it ended or took longer."""
    assert process.stdout is not None  # noqa: S101  (it was asked for)
    said, match = b"", None
    with trio.move_on_after(within_s):
        async for chunk in process.stdout:
            said += chunk
            if match := pattern.search(said):
                break
    return said, match
