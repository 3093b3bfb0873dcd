"""Pods of a drill: real servers, each a child process, and clients that talk to them until they are gone.

Invariant: no child outlives the block that started it. Cancellation: a child is killed and waited for.
"""

import re
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path

import attrs
import httpx2
import orjson
import trio

from llmsim.drill.outcome import Acknowledged
from llmsim.errors import OperatorError

STARTUP_S = 60
CLIENTS = 8
SPEED = 5.0
"""Divides the delays of the model: a drill is about the store."""
TIMEOUT_S = 30
_LISTENING = re.compile(rb"OPENAI_BASE_URL=(http://\S+)/v1")


@attrs.define
class Pod:
    """A server that listens at `url`."""

    url: str
    process: trio.Process
    killed_s: float = 0.0

    async def kill(self) -> None:
        """SIGKILL, and wait until it is gone."""
        self.process.kill()
        self.killed_s = trio.current_time()
        await self.process.wait()


@asynccontextmanager
async def running(data_dir: Path, log: Path, ordinal: int = 0, archive: str | None = None) -> AsyncIterator[Pod]:
    """A pod on this data directory while the block runs; `log` gets what it writes to stderr.

    Raises:
        OperatorError: it ended, or did not listen within STARTUP_S; says what it said.
    """
    command = [sys.executable, "-m", "llmsim", "serve", "--port", "0", "--data-dir", str(data_dir), "--seed", "7"]
    command += ["--ordinal", str(ordinal), "--speed", str(SPEED)]
    command += ["--archive-to", archive, "--archive-every", "500ms"] if archive else []
    with log.open("ab") as errors:
        process = await trio.lowlevel.open_process(command, stdout=subprocess.PIPE, stderr=errors)
    try:
        yield Pod(await _listening(process, log), process)
    finally:
        with trio.CancelScope(shield=True):
            process.kill()
            await process.wait()


async def _listening(process: trio.Process, log: Path) -> str:
    assert process.stdout is not None  # noqa: S101  (it was asked for)
    said = b""
    with trio.move_on_after(STARTUP_S):
        async for chunk in process.stdout:
            said += chunk
            if match := _LISTENING.search(said):
                return match[1].decode()
    lines = log.read_text(errors="replace").splitlines()  # noqa: ASYNC240  (the pod has ended)
    raise OperatorError(f"the pod did not start: {lines[-1] if lines else 'it said nothing'}")


async def converse(pod: Pod, acknowledged: list[Acknowledged], turns: int, name: str = "drill") -> None:
    """Talk until so many turns were acknowledged in all, or the pod is gone."""
    enough = trio.Event()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(talk, pod, acknowledged, turns, enough, name)
        await enough.wait()
        nursery.cancel_scope.cancel()


async def talk(pod: Pod, acknowledged: list[Acknowledged], turns: int, enough: trio.Event, name: str = "drill") -> None:
    """CLIENTS sessions talk at once until the pod is gone; `enough` is set when that is so, or at so many turns."""

    async def client(number: int) -> None:
        session = f"{name}-{number}"
        async with httpx2.AsyncClient(base_url=pod.url, timeout=TIMEOUT_S, trust_env=False) as http:
            for turn in count(1):
                said = f"This is turn {turn} of {session}: what was the last thing that I told you?"
                try:
                    text = await say(http, session, said)
                except httpx2.HTTPError:
                    return
                acknowledged.append(Acknowledged(session, text, trio.current_time()))
                if len(acknowledged) >= turns:
                    enough.set()

    async with trio.open_nursery() as nursery:
        for number in range(CLIENTS):
            nursery.start_soon(client, number)
    enough.set()


async def say(http: httpx2.AsyncClient, session: str, said: str) -> str:
    """One turn of a session whose history the server keeps; what it was answered.

    Raises:
        httpx2.HTTPError: the pod is gone, or answers with an error.
    """
    headers = {"X-LLMSim-Session": session, "X-LLMSim-History": "server", "Content-Type": "application/json"}
    body = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": said}], "max_tokens": 60}
    answer = await http.post("/v1/chat/completions", headers=headers, content=orjson.dumps(body))
    answer.raise_for_status()
    text: str = orjson.loads(answer.content)["choices"][0]["message"]["content"]
    return text
