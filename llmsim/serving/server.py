"""The server process: Hypercorn in this process, from the first socket to the last commit.

Order at the end: stop accepting, streams end or are cut when the grace period is over, the writer drains, the store
closes. A second signal cuts the streams at once.
"""

import gc
import logging
import signal
import socket
from collections.abc import Callable
from functools import partial

import attrs
import hypercorn.trio
import trio
from hypercorn.config import Config
from quart_trio import QuartTrio

from llmsim.errors import OperatorError
from llmsim.serving.app import BODY_TIMEOUT_S, create_app
from llmsim.serving.connection import MAX_BODY_BYTES
from llmsim.serving.door import handover
from llmsim.serving.door.connection import Awaited, Limits
from llmsim.serving.door.door import Door
from llmsim.serving.pod import PodOptions, running_pod
from llmsim.serving.service import Phase, Service
from llmsim.turn import Pod
from llmsim.wire.dialects import GENERATING

log = logging.getLogger("llmsim.serve")
BACKLOG = 1024
"""Connections that the kernel holds for us while we accept others: a burst of as many clients is not refused."""
KEEP_ALIVE_TIMEOUT_S = 10
"""Longer than the 5 s after which SDK connection pools give up idle connections, so that a client hardly ever uses one
that we are closing. Not longer: Hypercorn 0.18 holds a connection whose client left without a request until then."""
HEAD_TIMEOUT_S = 10
"""How long a client may take to send a request line and its headers: they are one packet, unless somebody plays."""
KEEP_ALIVE_MAX_REQUESTS = 1_000_000
"""Hypercorn closes a connection after this many; a load test on one connection should not notice."""


COLLECT_AFTER = (50_000, 20, 20)
"""The collector's thresholds: a young collection in some hundreds of requests, not in every tenth."""
LIMITS = Limits(
    wait_s={Awaited.REQUEST: KEEP_ALIVE_TIMEOUT_S, Awaited.HEAD: HEAD_TIMEOUT_S, Awaited.BODY: BODY_TIMEOUT_S},
    requests=KEEP_ALIVE_MAX_REQUESTS,
    body_bytes=MAX_BODY_BYTES,
)


@attrs.frozen
class Listening:
    """A server that answers: its base URL and whose pod it is."""

    url: str
    pod: Pod


async def serve(
    options: PodOptions, host: str, port: int, grace_s: float, announce: Callable[[Listening], None]
) -> None:
    """Serve until SIGTERM or SIGINT; `announce` is called once the socket answers.

    Cancellation: cuts what is in flight, drains the writer and closes the store.

    Raises:
        OperatorError: the address cannot be listened on.
        StoreError: the store cannot be opened, or a commit failed while serving (fail-stop).
    """
    listener = bound_socket(host, port)
    fault = handover.missing()
    if fault:
        log.warning("all requests go through Hypercorn, slower", extra={"fields": {"reason": fault}})
    async with trio.open_nursery() as beside:
        stopping = Stopping()
        await beside.start(stop_on_signal, stopping)
        async with running_pod(options) as service, trio.open_nursery() as serving:
            stopping.service, stopping.serving = service, serving.cancel_scope
            way = serve_plainly if fault else serve_through_door
            url = await serving.start(way, service, create_app(service), listener, stopping.told, grace_s)
            settle_memory()
            announce(Listening(url, service.simulator.pod))
        beside.cancel_scope.cancel()


async def serve_through_door(
    service: Service,
    app: QuartTrio,
    listener: socket.socket,
    stop: trio.Event,
    grace_s: float,
    task_status: trio.TaskStatus[str] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Generating requests at the door, all others by Hypercorn."""
    door = Door.of(service, handover.Hypercorn(app, hypercorn_config(grace_s)), GENERATING, LIMITS)
    listener.listen(BACKLOG)
    async with trio.open_nursery() as serving:
        await serving.start(door.serve, [trio.SocketListener(trio.socket.from_stdlib_socket(listener))], stop, grace_s)
        task_status.started(url_of(listener))


async def serve_plainly(
    service: Service,
    app: QuartTrio,
    listener: socket.socket,
    stop: trio.Event,
    grace_s: float,
    task_status: trio.TaskStatus[str] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Everything by Hypercorn, with nothing of it that is not documented."""
    config = hypercorn_config(grace_s)
    config.bind = [f"fd://{listener.detach()}"]
    async with trio.open_nursery() as serving:
        start = partial(hypercorn.trio.serve, app, config, shutdown_trigger=stop.wait, mode="asgi")
        urls = await serving.start(start)
        task_status.started(urls[0])
        await stop.wait()
        with trio.move_on_after(grace_s):
            await service.in_flight.none()
        serving.cancel_scope.cancel()


def settle_memory() -> None:
    """Spare the collector what was made at the start, and what is made for each request: hardly any is a cycle."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECT_AFTER)


@attrs.define
class Stopping:
    """That the server is to stop, and what has to know, once it is there."""

    told: trio.Event = attrs.field(factory=trio.Event)
    service: Service | None = None
    serving: trio.CancelScope | None = None

    def begin(self) -> None:
        """Stop; when asked again, at once."""
        if self.service is not None:
            self.service.phase = Phase.DRAINING
        if self.told.is_set() and self.serving is not None:
            self.serving.cancel()
        self.told.set()


async def stop_on_signal(stopping: Stopping, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
    """First signal: drain. Second: cut what is in flight. Further ones change nothing, to the end of the process."""
    with trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        task_status.started()
        async for number in signals:
            fields = {"signal": signal.Signals(number).name, "at_once": stopping.told.is_set()}
            log.info("stopping", extra={"fields": fields})
            stopping.begin()


def bound_socket(host: str, port: int) -> socket.socket:
    """A TCP socket bound to this address, not yet listening: who cannot have the port learns it before the store opens.

    Raises:
        OperatorError: the address does not exist or is taken.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        bound = socket.socket(family, kind, protocol)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        bound.bind(address)
    except (OSError, OverflowError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise OperatorError(f"cannot listen on {host}:{port}: {reason}") from error
    return bound


def url_of(listener: socket.socket) -> str:
    """The base URL of a listening socket."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if listener.family is socket.AF_INET6 else f"http://{host}:{port}"


def hypercorn_config(grace_s: float) -> Config:
    """Hypercorn's configuration, without listeners; no access log (we write our own)."""
    config = Config()
    config.backlog = BACKLOG
    config.graceful_timeout = grace_s
    config.keep_alive_timeout = KEEP_ALIVE_TIMEOUT_S
    config.keep_alive_max_requests = KEEP_ALIVE_MAX_REQUESTS
    config.include_server_header = False
    config.errorlog = logging.getLogger("llmsim.hypercorn")
    config.errorlog.setLevel(logging.WARNING)
    return config
