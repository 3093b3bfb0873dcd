"""WebSockets: `/v1/responses`, where each message asks for a response and is told its events; any other is refused.

A connection remembers the last response of each lane, so that the next one may go on from it though it was not to be
stored. Every lane's response is a task of the connection's nursery: when the client leaves, all are settled.
"""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any, ClassVar

import attrs
import trio

from llmsim.admission import Slot
from llmsim.errors import ClientError
from llmsim.serving.connection import MAX_BODY_BYTES
from llmsim.serving.emitter import Emission
from llmsim.serving.inference import Answer, ask_of, session_headers, told
from llmsim.serving.observed import Exchange
from llmsim.serving.service import Phase, Service
from llmsim.store import sessions
from llmsim.store.schema import Ending, TurnKey
from llmsim.wire.base import Parsed
from llmsim.wire.dialects import RESPONSES
from llmsim.wire.openai.responses import socket as responses_socket
from llmsim.wire.openai.responses import wire as responses
from llmsim.wire.openai.responses.output import response_id

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
PATHS = frozenset({"/v1/responses", "/openai/v1/responses"})
LIMIT_S = 3600.0
"""How long a connection may last. Source: OpenAI's 60 minutes."""
MAX_LANES = 64
"""Lanes of one connection: each has a response at a time, and one that is remembered."""
GOING_AWAY, TOO_BIG, NORMAL = 1001, 1009, 1000
"""Close codes. Source: RFC 6455, 7.4.1."""


@attrs.frozen
class Said:
    """A response of this connection: where its turn is."""

    id: str
    session: str
    key: TurnKey


class Socket:
    """One WebSocket connection, for the one `service` that `socket_class` bound it to; called by Hypercorn."""

    service: ClassVar[Service]

    def __init__(self, _app: object, scope: Mapping[str, Any]) -> None:
        self._path: str = scope["path"]
        self._headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        self._busy: set[str | None] = set()
        self._said: dict[str | None, Said] = {}
        self._steered = 0
        self._sending = trio.Lock()

    async def __call__(self, receive: Receive, send: Send) -> None:
        """Serve the connection to its end.

        Cancellation: the server stops; every response that is under way is settled first.
        """
        await receive()
        if self._path not in PATHS:
            await send({"type": "websocket.close", "code": NORMAL})
            return
        await send({"type": "websocket.accept"})
        with trio.move_on_after(LIMIT_S) as limit:
            async with trio.open_nursery() as lanes:
                await self._listen(receive, send, lanes)
                lanes.cancel_scope.cancel()
        if limit.cancelled_caught:
            await self._tell(send, responses_socket.refusal(responses_socket.over(LIMIT_S), None))
            await send({"type": "websocket.close", "code": GOING_AWAY})

    async def _listen(self, receive: Receive, send: Send, lanes: trio.Nursery) -> None:
        """Take messages until the client leaves."""
        while True:
            message = await receive()
            if message["type"] != "websocket.receive":
                return
            data = message.get("bytes") or (message.get("text") or "").encode()
            if len(data) > MAX_BODY_BYTES:
                await send({"type": "websocket.close", "code": TOO_BIG})
                return
            try:
                asked = responses_socket.read(data)
                if isinstance(asked, responses_socket.Create):
                    self._take(asked.lane)
                    lanes.start_soon(self._answer, asked, send)
                    continue
            except ClientError as error:
                await self._tell(send, responses_socket.refusal(error, None))
                continue
            await self._tell(send, responses_socket.not_steered(asked, self._steered))
            self._steered += 1

    def _take(self, lane: str | None) -> None:
        """Make the lane busy; raises ClientError where it is, and where there are too many."""
        if lane in self._busy or (lane not in self._said and len(self._said.keys() | self._busy) >= MAX_LANES):
            raise responses_socket.busy()
        self._busy.add(lane)

    async def _answer(self, asked: responses_socket.Create, send: Send) -> None:
        """Answer one request: its events at their times, or an error.

        Cancellation: the client left, or the server stops; the turn is settled with what has left.
        """
        service = self.service
        exchange = Exchange("WS", self._path, self._path, trio.current_time())
        service.in_flight.begin()
        emission, ending = None, Ending.FAILED
        try:
            slot = await self._admitted(asked.body)
            exchange.answered(Answer(200, session_headers(slot), b""))
            emission = self._emission(slot, asked.lane, exchange.started)
            async for lines in emission:
                for line in lines.splitlines():
                    await self._tell(send, line)
            ending = Ending.COMPLETED
            self._said[asked.lane] = Said(response_id(slot.plan), slot.session, slot.key)
        except trio.Cancelled:
            ending = Ending.SERVER_STOPPED if service.phase is Phase.DRAINING else Ending.CLIENT_LEFT
            raise
        except Exception as error:  # noqa: BLE001  (told and logged)
            fault = responses.told(told(error, self._path))
            exchange.status = fault.status
            await self._tell(send, responses_socket.refusal(fault, asked.lane))
        finally:
            if emission is not None:
                emission.close(ending)
            self._busy.discard(asked.lane)
            exchange.ended(service.metrics, emission, ending)
            service.in_flight.end()

    async def _admitted(self, body: bytes) -> Slot:
        """The turn that answers a request; see `Simulator.admit`."""
        ask = ask_of(self._headers)
        wire = self.service.wire(RESPONSES)
        parsed = wire.parse(body, self._headers)
        before = next((said for said in self._said.values() if parsed.held and said.id == parsed.held.previous), None)
        if before is not None:
            parsed = self._going_on(parsed, before)
            ask = attrs.evolve(ask, session=before.session)
        return await self.service.simulator.admit(wire, parsed, ask)

    def _going_on(self, parsed: Parsed, before: Said) -> Parsed:
        """A request that goes on from a response of this connection, with what was said before in its place."""
        assert parsed.held is not None  # noqa: S101  (it names the response)
        with self.service.simulator.environment.read() as view:
            turn = sessions.turn(view, before.session, before.key)
            if turn is None:
                return parsed
            heard = sessions.context_of(view, turn)[len(responses.instructions_of(turn.params)) :]
        at, messages = parsed.held.at, parsed.request.messages
        messages = (*messages[:at], *heard, turn.replies[0].message, *messages[at:])
        held = attrs.evolve(parsed.held, previous=None)
        return attrs.evolve(parsed, request=attrs.evolve(parsed.request, messages=messages), held=held)

    def _emission(self, slot: Slot, lane: str | None, started: float) -> Emission:
        service = self.service
        return Emission(
            responses_socket.frames(slot.plan, slot.asked, lane),
            slot.plan.timeline,
            service.pace,
            started,
            partial(service.simulator.settle, slot),
            service.metrics.emitted,
            partial(service.simulator.seal, slot) if slot.seal is not None else None,
        )

    async def _tell(self, send: Send, event: bytes) -> None:
        """One message; whole, whatever other lanes say."""
        async with self._sending:
            await send({"type": "websocket.send", "text": event.decode()})


def socket_class(service: Service) -> type[Socket]:
    """The WebSocket class of an application that serves this pod."""
    return type("BoundSocket", (Socket,), {"service": service})
