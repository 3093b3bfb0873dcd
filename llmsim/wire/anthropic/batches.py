"""Message batches on the wire: what a request to make one says, and how a batch and its results are told.

Pure. What a batch is at a moment is decided elsewhere (`keeping.batches`); here it is put into words.
"""

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

import attrs
import orjson

from llmsim.errors import ClientError
from llmsim.wire.anthropic import http
from llmsim.wire.anthropic.messages import AnthropicMessages
from llmsim.wire.anthropic.models import rfc3339
from llmsim.wire.anthropic.validation import Fault, Items, Object, Table, Text
from llmsim.wire.base import Parsed

REQUESTS_MOST = 100_000
EXPIRES_S = 24 * 3600
REQUEST = Table(
    {"custom_id": Text(form=re.compile(r"[a-zA-Z0-9_-]{1,64}")), "params": Object()}, ("custom_id", "params")
)
BATCH = Table({"requests": Items(REQUEST, least=1, most=REQUESTS_MOST), "user_profile_id": Text()}, ("requests",))
COUNTED = ("processing", "succeeded", "errored", "canceled", "expired")


@attrs.frozen
class Told:
    """A batch at a moment. Times are unix seconds; None for what has not happened."""

    id: str
    created_s: float
    status: str
    counts: Mapping[str, int]
    ended_s: float | None
    canceled_s: float | None


def parse(body: bytes, headers: Mapping[str, str]) -> list[tuple[str, dict[str, Any]]]:
    """The requests of a batch by their custom ids; what each of them asks for is looked at by itself (`understood`).

    Raises:
        ClientError: what is asked for is no batch.
    """
    http.version_of(headers)
    asked = http.read_object(body)
    try:
        BATCH.check(asked)
    except Fault as fault:
        raise fault.told() from None
    names = [request["custom_id"] for request in asked["requests"]]
    if len(set(names)) < len(names):
        twice = Counter(names).most_common(1)[0][0]
        raise ClientError(f"requests: custom_id must be unique within a batch. Found more than once: {twice}")
    return [(request["custom_id"], request["params"]) for request in asked["requests"]]


def understood(wire: AnthropicMessages, params: Mapping[str, Any], headers: Mapping[str, str]) -> Parsed | ClientError:
    """One request of a batch that came with these headers, or what is wrong with it."""
    try:
        if params.get("thread") is not None:
            return ClientError("thread: Extra inputs are not permitted")
        if params.get("stream"):
            return ClientError("stream: Streaming is not supported in message batches")
        parsed = wire.parse_object(params, http.version_of(headers), http.betas_of(headers))
    except ClientError as error:
        return error
    kept = parsed.params | {"service_tier": "batch"}
    return wire.restore(kept, parsed.request.messages, parsed.request.digest)


def batch(told: Told, host_url: str) -> dict[str, Any]:
    """A batch; `host_url` is where its results are asked for, with a slash at the end."""
    return {
        "id": told.id,
        "type": "message_batch",
        "processing_status": told.status,
        "request_counts": {name: told.counts.get(name, 0) for name in COUNTED},
        "ended_at": None if told.ended_s is None else rfc3339(told.ended_s),
        "created_at": rfc3339(told.created_s),
        "expires_at": rfc3339(told.created_s + EXPIRES_S),
        "archived_at": None,
        "cancel_initiated_at": None if told.canceled_s is None else rfc3339(told.canceled_s),
        "results_url": None if told.ended_s is None else f"{host_url}v1/messages/batches/{told.id}/results",
    }


def result(custom_id: str, kind: str, **what: object) -> bytes:
    """A line of results: `succeeded` with `message`, `errored` with `error`, `canceled` alone."""
    return orjson.dumps({"custom_id": custom_id, "result": {"type": kind, **what}}) + b"\n"


def deleted(batch_id: str) -> dict[str, Any]:
    """What is said of a batch that is gone."""
    return {"id": batch_id, "type": "message_batch_deleted"}


def unknown(batch_id: str) -> ClientError:
    """There is no such batch."""
    return ClientError(f"Batch {batch_id} not found.", status=404)


def not_ended(batch_id: str) -> ClientError:
    """Results are asked for too early."""
    return ClientError(f"Batch {batch_id} has no available results.", status=404)


def running(batch_id: str) -> ClientError:
    """A batch is to be deleted before it has ended."""
    return ClientError(f"Batch {batch_id} cannot be deleted while it is being processed. Cancel it first.")
