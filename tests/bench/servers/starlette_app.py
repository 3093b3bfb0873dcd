"""The reference: Starlette on uvicorn with uvloop and httptools; one worker, no access log, nothing stored.

`python -m tests.bench.servers.starlette_app PORT bare|same`. Streams sleep to absolute deadlines, and what is due
together leaves in one write.
"""

import asyncio
import gc
from collections.abc import AsyncIterator, Iterator

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from tests.bench.processes import CHAT
from tests.bench.servers.answers import Answers, chosen

BACKLOG = 4096


def application(answers: Answers) -> Starlette:
    """One route."""

    async def chat(request: Request) -> Response:
        started = asyncio.get_running_loop().time()
        answer = answers(await request.body())
        headers = dict(answer.headers)
        if isinstance(answer.body, bytes):
            return Response(answer.body, headers=headers)
        return StreamingResponse(paced(started, answer.body), headers=headers)

    return Starlette(routes=[Route(CHAT, chat, methods=["POST"])])


async def paced(started: float, frames: Iterator[tuple[float, bytes]]) -> AsyncIterator[bytes]:
    """Each frame at its time, with all that are due by then."""
    loop = asyncio.get_running_loop()
    held = next(frames, None)
    while held is not None:
        late = loop.time() - started
        if held[0] > late:
            await asyncio.sleep(held[0] - late)
            late = max(loop.time() - started, held[0])
        parts = []
        while held is not None and held[0] <= late:
            parts.append(held[1])
            held = next(frames, None)
        yield b"".join(parts)


if __name__ == "__main__":
    port, answers = chosen()
    config = uvicorn.Config(
        application(answers),
        port=port,
        loop="uvloop",
        http="httptools",
        lifespan="off",
        access_log=False,
        log_level="warning",
        backlog=BACKLOG,
    )
    gc.freeze()
    uvicorn.Server(config).run()
