"""Quart-Trio on Hypercorn as they come, in one process: the same work as the bare reference, nothing stored.

`python -m tests.bench.servers.quart_app PORT bare|same`. Streams sleep to absolute deadlines, and what is due together
leaves in one write.
"""

import gc
from collections.abc import AsyncIterator, Iterator
from functools import partial

import hypercorn.trio
import trio
from hypercorn.config import Config
from quart import Response, request
from quart_trio import QuartTrio

from tests.bench.processes import CHAT
from tests.bench.servers.answers import Answers, chosen

BACKLOG = 4096
MAX_REQUESTS = 1_000_000
"""Hypercorn closes a connection after a thousand requests, which would be measured as its cost."""


def application(answers: Answers) -> QuartTrio:
    """One route."""
    app = QuartTrio("reference", static_folder=None)

    @app.post(CHAT)
    async def chat() -> Response:
        started = trio.current_time()
        answer = answers(await request.get_data(cache=False, as_text=False, parse_form_data=False))
        body = answer.body if isinstance(answer.body, bytes) else paced(started, answer.body)
        response = Response(body, headers=dict(answer.headers))
        response.timeout = None
        return response

    return app


async def paced(started: float, frames: Iterator[tuple[float, bytes]]) -> AsyncIterator[bytes]:
    """Each frame at its time, with all that are due by then."""
    held = next(frames, None)
    while held is not None:
        await trio.sleep_until(started + held[0])
        late = max(trio.current_time() - started, held[0])
        parts = []
        while held is not None and held[0] <= late:
            parts.append(held[1])
            held = next(frames, None)
        yield b"".join(parts)


if __name__ == "__main__":
    port, answers = chosen()
    config = Config()
    config.bind = [f"127.0.0.1:{port}"]
    config.backlog = BACKLOG
    config.keep_alive_max_requests = MAX_REQUESTS
    config.accesslog = None
    config.errorlog = None
    gc.freeze()
    trio.run(partial(hypercorn.trio.serve, application(answers), config, mode="asgi"))
