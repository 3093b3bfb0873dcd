"""One HTTP exchange on Quart-Trio, with its end observed: however it ends, the answer is settled and one line logged.

Knows Quart's internals just enough to stand around `handle_request`; what is answered is decided elsewhere.
"""

import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, ClassVar, cast

import trio
from quart import request
from quart_trio.asgi import TrioASGIHTTPConnection
from quart_trio.wrappers import TrioRequest

from llmsim.serving.emitter import Emission
from llmsim.serving.service import Phase, Service
from llmsim.store.schema import Ending

if TYPE_CHECKING:
    from hypercorn.typing import ASGISendCallable
    from quart.typing import ResponseTypes

PROBES = {"/healthz", "/readyz", "/metrics"}
LOGGED = {"x-request-id": "request_id", "x-llmsim-session": "session", "x-llmsim-turn": "turn"}
log = logging.getLogger("llmsim.http")


class ObservedRequest(TrioRequest):
    """A request that knows the emission which answers it, once there is one."""

    emission: Emission | None = None


def asked() -> ObservedRequest:
    """The request that is being answered."""
    return cast("ObservedRequest", request)


async def body_of(of: ObservedRequest) -> bytes:
    """Its body; raises werkzeug's HTTPException when it is too large or too slow."""
    return cast("bytes", await of.get_data(cache=False, as_text=False))


class Connection(TrioASGIHTTPConnection):
    """Quart-Trio's connection, for the one `service` that `connection_class` bound it to.

    Cancellation (the client left, or the server stops) ends the response where it is; the turn is settled first.
    """

    service: ClassVar[Service]
    status: int | None = None
    headers: dict[str, str]

    async def handle_request(  # type: ignore[override]  # Quart's base class has no nursery; Quart-Trio's has
        self, nursery: trio.Nursery, request: ObservedRequest, send: "ASGISendCallable"
    ) -> None:
        started = trio.current_time()
        self.headers = {}
        ending = Ending.FAILED
        try:
            await super().handle_request(nursery, request, send)
        except trio.Cancelled:
            draining = self.service.phase is Phase.DRAINING
            ending = Ending.SERVER_STOPPED if draining else Ending.CLIENT_LEFT
            raise
        finally:
            if request.emission is not None:
                request.emission.close(ending)
            self._observe(request, trio.current_time() - started, ending)

    async def _send_response(self, send: "ASGISendCallable", response: "ResponseTypes") -> None:
        self.status = response.status_code
        self.headers = {name.lower(): value for name, value in response.headers.items()}
        await super()._send_response(send, response)

    def _observe(self, request: ObservedRequest, took_s: float, ending: Ending) -> None:
        route = request.url_rule.rule if request.url_rule is not None else "unmatched"
        status = self.status or 499
        self.service.metrics.requests.labels(route, str(status)).inc()
        fields: dict[str, str | float] = {"method": request.method, "path": request.path, "status": status}
        for header, field in LOGGED.items():
            if header in self.headers:
                fields[field] = self.headers[header]
        if request.emission is not None:
            fields["frames"] = request.emission.delivered
            if not request.emission.completed:
                fields["ended"] = ending.value
        fields["took_ms"] = round(took_s * 1000, 1)
        level = logging.DEBUG if request.path in PROBES else logging.INFO
        log.log(level, "request", extra={"fields": fields})


def connection_class(service: Service) -> type[Connection]:
    """The connection class of an application that serves this pod."""
    return type("BoundConnection", (Connection,), {"service": service})


class NoWebSocket:
    """Refuses an upgrade, before it is accepted: no route speaks WebSocket, and Quart's own refusal is a traceback."""

    def __init__(self, app: object, scope: object) -> None:
        """Take what Quart gives every connection; neither is needed to refuse."""

    async def __call__(
        self, receive: Callable[[], Awaitable[object]], send: Callable[[dict[str, object]], Awaitable[None]]
    ) -> None:
        await receive()
        await send({"type": "websocket.close", "code": 1000})
