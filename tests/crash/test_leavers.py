"""Two thousand clients that leave whenever they like: what the server holds for them, it lets go.

How and when each one leaves is drawn from a named stream, so that a failure can be repeated; leaving is a number of
bytes sent or received, never a time. Run by `nox -s crash`.
"""

import os
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import httpx2
import orjson
import trio

from llmsim.simulation import draws
from llmsim.store.environment import Environment
from llmsim.store.schema import Table
from llmsim.turn import ROOT, Place, Pod
from tests.bench.memory import Memory
from tests.children import Server, llmsim

CLIENTS = 2000
WARM_UP = 400
AT_ONCE = 24
SPEED = "100"
SESSIONS = 40
LATEST_BYTES = 12_000
LAST_CHUNK = b"data: [DONE]\n\n\r\n0\r\n\r\n"
MEGABYTE = 1_000_000
GROWTH_MAX = 12 * MEGABYTE
"""Of private memory over 1,600 clients: what is kept for each would show as several times that much."""
LIMIT_S = 240
RELEASED_WITHIN_S = 30
"""Hypercorn keeps a connection on which nothing was asked until the keep-alive timeout (10 s) is over."""

Below = Callable[[int], int]


def request(number: int) -> bytes:
    """A streamed or a whole answer, some of them to the same request."""
    said = [{"role": "user", "content": f"Tell me about lesson {number % 700}."}]
    body = orjson.dumps({"model": "gpt-4o-mini", "max_tokens": 60, "stream": number % 4 != 0, "messages": said})
    head = (
        "POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
        f"x-llmsim-session: leavers-{number % SESSIONS}\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def receive(stream: trio.SocketStream, limit: int) -> None:
    """So many bytes of an answer, or all of it."""
    seen = b""
    while len(seen) < limit and not is_whole(seen):
        part = await stream.receive_some(4096)
        assert part, "the server does not leave"
        seen += part
    assert seen.startswith(b"HTTP/1.1 200 "), seen[:200]


def is_whole(seen: bytes) -> bool:
    head, end, body = seen.partition(b"\r\n\r\n")
    length = re.search(rb"content-length: (\d+)", head)
    return bool(end) and (len(body) == int(length[1]) if length else body.endswith(LAST_CHUNK))


async def visit(address: tuple[str, int], number: int, below: Below) -> str:
    """One client, from its connection to its leaving; how it left."""
    stream = await trio.open_tcp_stream(*address)
    async with stream:
        asked = request(number)
        way = below(10)
        if way == 0:
            return "without a word"
        if way == 1:
            await stream.send_all(asked[: 1 + below(len(asked) - 1)])
            return "in the middle of its request"
        await stream.send_all(asked)
        if way == 2:
            return "before the answer"
        if way < 7:
            await receive(stream, 1 + below(LATEST_BYTES))
            return "in the middle of the answer"
        await receive(stream, 1 << 20)
        await stream.send_all(asked)
        await receive(stream, 1 << 20)
        return "after two answers"


async def visits(address: tuple[str, int], numbers: range) -> Counter[str]:
    """So many at a time, until all have been there."""
    left: Counter[str] = Counter()
    waiting = iter(numbers)

    async def visitor() -> None:
        for number in waiting:
            chance = draws.Source(Pod(7, 0), Place("leavers", number + 1, ROOT)).stream("leave")
            left[await visit(address, number, chance.below)] += 1

    with trio.fail_after(LIMIT_S):
        async with trio.open_nursery() as nursery:
            for _ in range(AT_ONCE):
                nursery.start_soon(visitor)
    return left


def open_files(server: Server) -> int:
    return len(os.listdir(f"/proc/{server.process.pid}/fd"))  # noqa: PTH208  (a directory of numbers)


async def until_released(server: Server, files: int) -> None:
    """Wait until the server has no more files open than before."""
    with trio.fail_after(RELEASED_WITHIN_S):
        while open_files(server) > files:  # noqa: ASYNC110  (another process tells nobody when it closes a file)
            await trio.sleep(0.1)


def metric(server: Server, name: str) -> float:
    """The sum of a metric over its labels."""
    lines = httpx2.get(f"{server.url}/metrics", headers={"connection": "close"}).text.splitlines()
    return sum(float(line.split()[-1]) for line in lines if line.split("{")[0].split(" ")[0] == name)


def test_clients_that_leave_at_random_leave_nothing_behind(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with Server(data, "--speed", SPEED, "--seed", "7") as server:
        host, port = server.url.removeprefix("http://").split(":")
        files = open_files(server)
        trio.run(visits, (host, int(port)), range(WARM_UP))
        trio.run(until_released, server, files)
        before = Memory.of(server.process.pid).anon_bytes
        left = trio.run(visits, (host, int(port)), range(WARM_UP, CLIENTS))
        assert len(left) == 5, left
        trio.run(until_released, server, files)
        assert Memory.of(server.process.pid).anon_bytes - before < GROWTH_MAX
        assert metric(server, "llm_simulator_responses_in_flight") == 0
        turns = metric(server, "llm_simulator_turns_total")
        assert server.stop() == 0
        assert [line for line in server.log if "Traceback" in line or '"bug"' in line] == []
    found = llmsim("check", "--data-dir", data)
    assert found.returncode == 0, found.stdout + found.stderr
    with Environment.open(data, readonly=True) as environment, environment.read() as view:
        assert view.count(Table.TURNS) == view.count(Table.OUTCOMES) == turns
