"""One HTTP exchange on Quart-Trio, with its end observed: however it ends, the answer is settled and one line logged.

Knows Quart's internals just enough to stand around `handle_request`; what is answered is decided elsewhere.
"""

from typing import TYPE_CHECKING, Any, ClassVar, Self, cast

import attrs
import trio
from quart import Response, request
from quart_trio.asgi import TrioASGIHTTPConnection
from quart_trio.wrappers import TrioRequest

from llmsim.serving.emitter import Emission
from llmsim.serving.inference import Answer
from llmsim.serving.observed import Exchange
from llmsim.serving.service import Phase, Service
from llmsim.store.schema import Ending
from llmsim.wire.dialects import served

if TYPE_CHECKING:
    from hypercorn.typing import ASGISendCallable, HTTPScope
    from quart.typing import ResponseTypes


MAX_BODY_BYTES = 8 * 1024 * 1024
"""Largest request body: the largest context window of a shipped profile in characters, with room for JSON."""
LARGER_BODIES_BYTES = {"/llmsim/v1/sessions/import": 64 * 1024 * 1024, "/v1/messages/batches": 64 * 1024 * 1024}
"""What some routes take instead: an export of some 30,000 turns, which is read into memory. Larger ones are for the
command line beside a store that nobody serves, which reads them line by line."""


class ObservedRequest(TrioRequest):
    """A request that knows the largest body of its route, and the emission which answers it, once there is one."""

    emission: Emission | None = None

    def __init__(self, method: str, scheme: str, path: str, *rest: Any, **named: Any) -> None:  # noqa: ANN401
        self.body_max_bytes = LARGER_BODIES_BYTES.get(path, MAX_BODY_BYTES)
        super().__init__(method, scheme, path, *rest, **named | {"max_content_length": self.body_max_bytes})


def asked() -> ObservedRequest:
    """The request that is being answered."""
    return cast("ObservedRequest", request)


async def body_of(of: ObservedRequest) -> bytes:
    """Its body; raises werkzeug's HTTPException when it is too large or too slow."""
    return cast("bytes", await of.get_data(cache=False, as_text=False))


def respond(answer: Answer, request: ObservedRequest, body: "Resumed | None" = None) -> Response:
    """A Quart response; an emission is tied to its request, whose connection will settle it.

    `body`: the emission, where it has begun.
    """
    request.emission = answer.body if isinstance(answer.body, Emission) else None
    response = Response(body or answer.body, status=answer.status)
    response.headers.clear()
    response.headers.extend(answer.headers)
    response.timeout = None
    return response


async def begun(answer: Answer, request: ObservedRequest) -> Response:
    """A Quart response whose body has begun, or the one that is told instead where it cannot.

    Cancellation: the client left, or the server stops; the request's connection settles the turn.
    """
    if answer.instead is None or not isinstance(answer.body, Emission):
        return respond(answer, request)
    request.emission = answer.body
    try:
        first = await anext(answer.body)
    except Exception as error:  # noqa: BLE001  (told)
        answer.body.close(Ending.FAILED)
        return respond(answer.instead(error), request)
    return respond(answer, request, Resumed(first, answer.body))


@attrs.define
class Resumed:
    """An emission of which a part was taken already: that part, and the rest at its times."""

    first: bytes | None
    rest: Emission

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        """What is next; cancellation as that of the emission."""
        if self.first is None:
            return await anext(self.rest)
        first, self.first = self.first, None
        return first


class Connection(TrioASGIHTTPConnection):
    """Quart-Trio's connection, for the one `service` that `connection_class` bound it to.

    Cancellation (the client left, or the server stops) ends the response where it is; the turn is settled first.
    """

    service: ClassVar[Service]
    exchange: Exchange

    def __init__(self, app: Any, scope: Any) -> None:  # noqa: ANN401  (as Quart-Trio calls it)
        super().__init__(app, cast("HTTPScope", {**scope, "path": served(scope["path"])}))

    async def handle_request(  # type: ignore[override]  # Quart's base class has no nursery; Quart-Trio's has
        self, nursery: trio.Nursery, request: ObservedRequest, send: "ASGISendCallable"
    ) -> None:
        self.exchange = Exchange(request.method, request.path, "unmatched", trio.current_time())
        self.service.in_flight.begin()
        ending = Ending.FAILED
        try:
            await super().handle_request(nursery, request, send)
            ending = Ending.COMPLETED
        except trio.Cancelled:
            draining = self.service.phase is Phase.DRAINING
            ending = Ending.SERVER_STOPPED if draining else Ending.CLIENT_LEFT
            raise
        finally:
            if request.emission is not None:
                request.emission.close(ending)
            if request.url_rule is not None:
                self.exchange.route = request.url_rule.rule
            self.exchange.ended(self.service.metrics, request.emission, ending)
            self.service.in_flight.end()

    async def _send_response(self, send: "ASGISendCallable", response: "ResponseTypes") -> None:
        self.exchange.status = response.status_code
        self.exchange.headers = tuple((name.lower(), value) for name, value in response.headers.items())
        await super()._send_response(send, response)


def connection_class(service: Service) -> type[Connection]:
    """The connection class of an application that serves this pod."""
    return type("BoundConnection", (Connection,), {"service": service})
