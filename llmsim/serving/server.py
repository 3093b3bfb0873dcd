"""The server process: Hypercorn in this process, from the first socket to the last commit.

Order at the end: stop accepting, streams end or are cut when the grace period is over, the writer drains, the store
closes. A second signal cuts the streams at once.
"""

import logging
import signal
import socket
from collections.abc import Callable
from functools import partial

import attrs
import hypercorn.trio
import trio
from hypercorn.config import Config

from llmsim.errors import OperatorError
from llmsim.serving.app import create_app
from llmsim.serving.pod import PodOptions, running_pod
from llmsim.serving.service import Phase, Service
from llmsim.turn import Pod

log = logging.getLogger("llmsim.serve")
BACKLOG = 1024
"""Connections that the kernel holds for us while we accept others: a burst of as many clients is not refused."""
KEEP_ALIVE_TIMEOUT_S = 10
"""Longer than the 5 s after which SDK connection pools give up idle connections, so that a client hardly ever uses one
that we are closing. Not longer: Hypercorn 0.18 holds a connection whose client left without a request until then."""
KEEP_ALIVE_MAX_REQUESTS = 1_000_000
"""Hypercorn closes a connection after this many; a load test on one connection should not notice."""


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
    config = hypercorn_config(bound_socket(host, port), grace_s)
    stop = trio.Event()
    async with running_pod(options) as service, trio.open_nursery() as beside:
        await beside.start(stop_on_signal, service, stop, beside.cancel_scope)
        app = create_app(service)
        async with trio.open_nursery() as serving:
            start = partial(hypercorn.trio.serve, app, config, shutdown_trigger=stop.wait, mode="asgi")
            urls = await serving.start(start)
            announce(Listening(urls[0], service.simulator.pod))
        beside.cancel_scope.cancel()


async def stop_on_signal(
    service: Service,
    stop: trio.Event,
    everything: trio.CancelScope,
    task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
) -> None:
    """First signal: drain. Second: cut what is in flight."""
    with trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        task_status.started()
        async for number in signals:
            fields = {"signal": signal.Signals(number).name, "at_once": stop.is_set()}
            log.info("stopping", extra={"fields": fields})
            if stop.is_set():
                everything.cancel()
            service.phase = Phase.DRAINING
            stop.set()


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


def hypercorn_config(listener: socket.socket, grace_s: float) -> Config:
    """Hypercorn's configuration: this one listener, which it takes over; no access log (we write our own)."""
    config = Config()
    config.bind = [f"fd://{listener.detach()}"]
    config.backlog = BACKLOG
    config.graceful_timeout = grace_s
    config.keep_alive_timeout = KEEP_ALIVE_TIMEOUT_S
    config.keep_alive_max_requests = KEEP_ALIVE_MAX_REQUESTS
    config.include_server_header = False
    config.errorlog = logging.getLogger("llmsim.hypercorn")
    config.errorlog.setLevel(logging.WARNING)
    return config
