"""A generating request from its bytes to its answer, apart from any web framework and any socket.

The one handler of every generating route, whichever door the request came through: `infer` where a task waits for the
answer, `infer_soon` where none does. Its invariant: nothing of an answer exists before its turn is durable, and every
answer that was made is settled by its `Emission`.
"""

import hashlib
import logging
from collections.abc import Callable, Mapping
from functools import partial

import attrs

from llmsim.admission import Ask, Slot
from llmsim.errors import ClientError, StoreError, StoreFull
from llmsim.serving.emitter import Emission
from llmsim.serving.service import Service
from llmsim.store.schema import Ending
from llmsim.turn import Pod
from llmsim.wire.base import Frame, Wire

Headers = tuple[tuple[str, str], ...]
MAX_HEADER_CHARS = 255
"""Longest Idempotency-Key: as much as the providers allow."""
OURS = ("x-llmsim-history", "x-llmsim-session", "x-llmsim-store", "idempotency-key")
NOTHING_SAID = Ask()
log = logging.getLogger("llmsim.http")


@attrs.frozen
class Answer:
    """A status, headers, and a body that is there at once (bytes) or in time (`Emission`).

    `streams`: the length of the body is not among the headers. `instead`: what is answered where an emission fails
    before anything of it has left; None where its head leaves at once.
    """

    status: int
    headers: Headers
    body: bytes | Emission
    streams: bool = False
    instead: "Callable[[Exception], Answer] | None" = None


@attrs.frozen
class Inquiry:
    """One generating request. `path` is the route; `headers` is looked up in lower case.

    `started` is when it arrived, on trio's clock, in seconds.
    """

    wire: Wire
    path: str
    headers: Mapping[str, str]
    body: bytes
    started: float


async def infer(service: Service, inquiry: Inquiry) -> Answer:
    """Answer one generating request.

    Cancellation: see `Simulator.admit`; raises no error, those are answers too.
    """
    try:
        ask = ask_of(inquiry.headers)
        slot = await service.simulator.admit(inquiry.wire, inquiry.wire.parse(inquiry.body, inquiry.headers), ask)
    except Exception as error:  # noqa: BLE001  (told and logged)
        return failed(service, inquiry, error)
    return answer_to(service, inquiry, slot)


def infer_soon(service: Service, inquiry: Inquiry, answered: Callable[[Answer], None]) -> bool:
    """Answer one generating request without waiting: `answered` is called now, or when the turn is durable.

    False, and nothing was done, where the request may have to wait for another one with its Idempotency-Key: then it
    needs a task, and `infer`. `answered` awaits nothing and raises nothing.
    """

    def admitted(outcome: Slot | Exception) -> None:
        answered(answer_to(service, inquiry, outcome))

    try:
        ask = ask_of(inquiry.headers)
        if ask.idempotency_key is not None:
            return False
        parsed = inquiry.wire.parse(inquiry.body, inquiry.headers)
        service.simulator.admit_soon(inquiry.wire, parsed, ask, admitted)
    except Exception as error:  # noqa: BLE001  (told and logged)
        answered(failed(service, inquiry, error))
    return True


def answer_to(service: Service, inquiry: Inquiry, outcome: Slot | Exception) -> Answer:
    """The answer to a turn that was admitted, or to what came instead of it."""
    if isinstance(outcome, Exception):
        return failed(service, inquiry, outcome)
    try:
        return respond(service, inquiry, outcome)
    except Exception as error:  # noqa: BLE001  (told and logged)
        service.simulator.settle(outcome, Ending.FAILED, 0)
        return failed(service, inquiry, error)


def respond(service: Service, inquiry: Inquiry, slot: Slot) -> Answer:
    """The answer to a turn that was admitted."""
    wire, plan, asked = inquiry.wire, slot.plan, slot.asked
    head = wire.headers(plan, asked) + session_headers(slot)
    if asked.request.stream:
        frames = wire.frames(plan, asked)
    else:
        whole = wire.whole(plan, asked)
        due = 0 if slot.background else len(plan.timeline.at_us)
        frames = iter((Frame(due, whole, sealed=not slot.background),))
        head += (("content-length", str(len(whole))),)
    settle = partial(service.simulator.settle, slot)
    late = service.metrics.emitted
    seal = partial(service.simulator.seal, slot) if slot.seal is not None else None
    started = service.simulator.on_clock(slot.begun_s) if slot.background else inquiry.started
    emission = Emission(frames, plan.timeline, service.pace, started, settle, late, seal)
    if slot.background:
        service.following.add(emission, slot.session, slot.key)
    instead = None if asked.request.stream else partial(failed, service, inquiry)
    return Answer(200, head, emission, streams=asked.request.stream, instead=instead)


def failed(service: Service, inquiry: Inquiry, error: Exception) -> Answer:
    """The answer to a request that became no turn; what is no fault of the caller's is logged."""
    return refuse(service, inquiry.wire, told(error, inquiry.path), inquiry.path, inquiry.body)


def told(error: Exception, path: str) -> ClientError:
    """What a caller is told of any error; what is no fault of the caller's is logged."""
    if isinstance(error, ClientError):
        return error
    if isinstance(error, StoreFull):
        message = f"The simulator's disk is full: {error}"
        return ClientError(message, status=507, kind="server_error", code="store_full")
    if isinstance(error, StoreError):
        log.error("store error", extra={"fields": {"path": path, "error": str(error)}})
        message = f"The simulator's store failed: {error}. `llmsim check` says what is wrong with it."
        return ClientError(message, status=500, kind="server_error", code="store_error")
    log.error("bug", exc_info=error, extra={"fields": {"path": path}})
    message = "The server had an error while processing your request. Sorry about that!"
    return ClientError(message, status=500, kind="server_error")


def refuse(service: Service, wire: Wire, error: ClientError, path: str, body: bytes) -> Answer:
    """An error in the wire's words, with a request id that follows from the request."""
    refusal = wire.refuse(error, request_id(service.simulator.pod, path, body))
    return Answer(refusal.status, refusal.headers, refusal.body)


def ask_of(headers: Mapping[str, str]) -> Ask:
    """What the caller said in headers of ours and in `Idempotency-Key`.

    Raises:
        ClientError: a value that is none of those documented.
    """
    if not any([name in headers for name in OURS]):  # noqa: C419  (a list is faster, and they are four)
        return NOTHING_SAID
    history = headers.get("x-llmsim-history", "client")
    if history not in {"client", "server"}:
        raise ClientError(f"Invalid X-LLMSim-History header: expected 'client' or 'server', but got {history!r}")
    session = headers.get("x-llmsim-session")
    if history == "server" and session is None:
        raise ClientError("X-LLMSim-History: server needs the header X-LLMSim-Session to name the session")
    store = headers.get("x-llmsim-store", "yes")
    if store not in {"yes", "no"}:
        raise ClientError(f"Invalid X-LLMSim-Store header: expected 'yes' or 'no', but got {store!r}")
    key = headers.get("idempotency-key")
    if key is not None and not 0 < len(key) <= MAX_HEADER_CHARS:
        raise ClientError(f"Invalid Idempotency-Key header: expected 1 to {MAX_HEADER_CHARS} characters")
    if key is not None and store == "no":
        raise ClientError("X-LLMSim-Store: no keeps nothing that an Idempotency-Key could be answered from")
    return Ask(session=session, server_history=history == "server", idempotency_key=key, store=store == "yes")


def session_headers(slot: Slot) -> Headers:
    """Which turn this answer is."""
    return (
        ("x-llmsim-session", slot.session),
        ("x-llmsim-turn", str(slot.key.number)),
        ("x-llmsim-turn-id", str(slot.key)),
    )


def request_id(pod: Pod, path: str, body: bytes) -> bytes:
    """16 bytes for a request that became no turn: the same request to the same pod has the same id."""
    head = f"{pod.root_seed}/{pod.ordinal}/{path}".encode()
    return hashlib.blake2b(body, key=hashlib.blake2b(head, digest_size=32).digest(), digest_size=16).digest()
