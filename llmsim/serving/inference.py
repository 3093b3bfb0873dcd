"""A generating request from its bytes to its answer, apart from any web framework.

The one handler of every generating route, whichever door the request came through. Its invariant: nothing of an
answer exists before its turn is durable, and every answer that was made is settled by its `Emission`.
"""

import hashlib
from collections.abc import Mapping
from functools import partial

import attrs

from llmsim.errors import ClientError, StoreFull
from llmsim.serving.emitter import Emission
from llmsim.serving.service import Service
from llmsim.simulator import Ask, Slot
from llmsim.turn import Pod
from llmsim.wire.base import Frame, Wire

Headers = tuple[tuple[str, str], ...]
MAX_HEADER_CHARS = 255
"""Longest Idempotency-Key: as much as the providers allow."""


@attrs.frozen
class Answer:
    """A status, headers, and a body that is there at once (bytes) or in time (`Emission`)."""

    status: int
    headers: Headers
    body: bytes | Emission


async def infer(
    service: Service, wire: Wire, path: str, headers: Mapping[str, str], body: bytes, started: float
) -> Answer:
    """Answer one generating request that arrived at `started` (trio's clock, seconds).

    `headers` is looked up in lower case. Cancellation: see `Simulator.admit`; raises no error of the caller's doing,
    those are answers too.
    """
    try:
        ask = ask_of(headers)
        slot = await service.simulator.admit(wire, wire.parse(body), ask)
    except ClientError as error:
        return refuse(service, wire, error, path, body)
    except StoreFull as error:
        return refuse(service, wire, disk_full(error), path, body)
    plan, asked = slot.plan, slot.asked
    head = wire.headers(plan, asked) + session_headers(slot)
    if asked.request.stream:
        frames = wire.frames(plan, asked)
    else:
        whole = wire.whole(plan, asked)
        frames = iter((Frame(len(plan.timeline.at_us), whole),))
        head += (("content-length", str(len(whole))),)
    settle = partial(service.simulator.settle, slot)
    return Answer(200, head, Emission(frames, plan.timeline, service.pace, started, settle))


def refuse(service: Service, wire: Wire, error: ClientError, path: str, body: bytes) -> Answer:
    """An error in the wire's words, with a request id that follows from the request."""
    refusal = wire.refuse(error, request_id(service.simulator.pod, path, body))
    return Answer(refusal.status, refusal.headers, refusal.body)


def disk_full(error: StoreFull) -> ClientError:
    """What a caller is told whose write found no room; nothing of it was stored, and it may try again later."""
    return ClientError(f"The simulator's disk is full: {error}", status=507, kind="server_error", code="store_full")


def ask_of(headers: Mapping[str, str]) -> Ask:
    """What the caller said in headers of ours and in `Idempotency-Key`.

    Raises:
        ClientError: a value that is none of those documented.
    """
    history = headers.get("x-llmsim-history", "client")
    if history not in {"client", "server"}:
        raise ClientError(f"Invalid X-LLMSim-History header: expected 'client' or 'server', but got {history!r}")
    session = headers.get("x-llmsim-session")
    if history == "server" and session is None:
        raise ClientError("X-LLMSim-History: server needs the header X-LLMSim-Session to name the session")
    key = headers.get("idempotency-key")
    if key is not None and not 0 < len(key) <= MAX_HEADER_CHARS:
        raise ClientError(f"Invalid Idempotency-Key header: expected 1 to {MAX_HEADER_CHARS} characters")
    return Ask(session=session, server_history=history == "server", idempotency_key=key)


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
