"""Anthropic's message batches: create, list, poll, results, cancel, delete.

What a batch is at a moment is `keeping.batches`'; here it is asked for and answered. One request at a time makes or
changes batches, so that none overtakes another between reading the store and writing it.
"""

import hashlib
from collections.abc import AsyncIterator, Mapping, Sequence

import trio
from quart import Response
from quart_trio import QuartTrio

from llmsim.admission import Ask, Slot, session_named
from llmsim.errors import ClientError
from llmsim.keeping import batches as keeping
from llmsim.keeping.base import All, Moment
from llmsim.keeping.batches import Batch, DeleteBatch, Entry
from llmsim.serving.anthropic import answer, headers_of, messages_of, standard
from llmsim.serving.connection import asked, body_of
from llmsim.serving.inference import ask_of, told
from llmsim.serving.service import Service
from llmsim.store import resources, sessions
from llmsim.store.batch import Operation
from llmsim.store.resources import Count, PutResource
from llmsim.turn import ROOT, Place
from llmsim.wire.anthropic import batches, http, paging, reply
from llmsim.wire.anthropic.errors import body_of as error_body

PATH = "/v1/messages/batches"
JSON_LINES = "application/x-jsonl"


def add_batches(app: QuartTrio, service: Service) -> None:
    """Register the routes."""
    environment = service.simulator.environment
    changing = trio.Lock()

    @app.post(PATH)
    async def create_batch() -> Response:
        """A new batch: each request is a turn, over when its own time has passed."""
        body = await body_of(asked())
        async with changing:
            made = await created(service, body, headers_of())
        return shown(service, made, body)

    @app.get(PATH)
    async def list_batches() -> Response:
        """A page of batches, newest first: `limit`, `after_id`, `before_id`."""
        http.version_of(headers_of())
        now_s = service.simulator.moment().now_s
        wanted = paging.wanted(asked().args)
        with environment.read() as view:
            known, more = keeping.listed(view, wanted)
        things = [batches.batch(each.told(now_s), asked().host_url) for each in known]
        return answer(service, paging.told(things, more=more))

    @app.get(f"{PATH}/<batch>")
    async def show_batch(batch: str) -> Response:
        """One batch, as it is now."""
        return shown(service, found(service, batch))

    @app.delete(f"{PATH}/<batch>")
    async def delete_batch(batch: str) -> Response:
        """Remove a batch that has ended, with its turns; durable when answered."""
        async with changing:
            known = found(service, batch)
            if not known.ended(service.simulator.moment().now_s):
                raise batches.running(batch)
            await service.simulator.writer.commit(DeleteBatch(known))
        return answer(service, batches.deleted(batch))

    @app.post(f"{PATH}/<batch>/cancel")
    async def cancel_batch(batch: str) -> Response:
        """Cancel what of a batch is not over yet; a batch that has ended stays as it is."""
        async with changing:
            known = found(service, batch)
            cancelled = known.cancelled(service.simulator.moment())
            if cancelled != known:
                await service.simulator.writer.commit(PutResource(cancelled.record()))
        return shown(service, cancelled)

    @app.get(f"{PATH}/<batch>/results")
    async def batch_results(batch: str) -> Response:
        """The results of a batch that has ended, as JSON Lines."""
        known = found(service, batch)
        if not known.ended(service.simulator.moment().now_s):
            raise batches.not_ended(batch)
        response = Response(results(service, known), content_type=JSON_LINES)
        response.headers.extend(standard(service))
        response.timeout = None
        return response


async def created(service: Service, body: bytes, headers: Mapping[str, str]) -> Batch:
    """The batch that a body asks for, once it is durable.

    Raises:
        ClientError: it asks for none.
        StoreFull: the disk is full; nothing was stored.
    """
    simulator = service.simulator
    wire = messages_of(service)
    requests = batches.parse(body, headers)
    ask = ask_of(headers)
    digest = hashlib.blake2b(body, digest_size=16).digest()
    session = keeping.session_of(digest) if ask.session is None else session_named(ask.session)
    with simulator.environment.read() as view:
        number = resources.counted(view, digest)
    moment = simulator.moment()
    made: list[Batch] = []

    def also(planned: Sequence[Slot | ClientError]) -> Operation:
        names = [custom_id for custom_id, _ in requests]
        entries = tuple(entry(name, each, moment) for name, each in zip(names, planned, strict=True))
        batch_id = keeping.batch_id(simulator.pod, session, digest, number)
        stamp_s = simulator.clock.stamp(Place(session, 1, ROOT))
        made.append(Batch(batch_id, session, stamp_s, moment.now_s, None, None, entries))
        return All((PutResource(made[0].record()), Count(digest, number + 1)))

    parsed = (batches.understood(wire, params, headers) for _, params in requests)
    await simulator.admit_all(wire, parsed, Ask(session=session), also)
    return made[0]


def entry(custom_id: str, planned: Slot | ClientError, moment: Moment) -> Entry:
    """One request of a batch that begins now."""
    if isinstance(planned, ClientError):
        return Entry(custom_id, None, moment.now_s, error_body(planned, None))
    return Entry(custom_id, planned.key, keeping.over_s(planned.plan, moment))


def found(service: Service, batch_id: str) -> Batch:
    """The batch of this id, to a request with a version and a key; raises ClientError."""
    http.version_of(headers_of())
    with service.simulator.environment.read() as view:
        return keeping.find(view, service.simulator.pod, batch_id)


def shown(service: Service, batch: Batch, body: bytes = b"") -> Response:
    """A batch as it is now, to the request that is being answered."""
    told_now = batch.told(service.simulator.moment().now_s)
    return answer(service, batches.batch(told_now, asked().host_url), body)


async def results(service: Service, batch: Batch) -> AsyncIterator[bytes]:
    """The results of a batch, a line for each request; other requests are answered meanwhile."""
    for each in batch.entries:
        await trio.lowlevel.checkpoint()
        yield result(service, batch, each)


def result(service: Service, batch: Batch, of: Entry) -> bytes:
    """The result of one request."""
    fate = of.fate(batch.cancel_s)
    if fate == "errored":
        return batches.result(of.custom_id, fate, error=of.error)
    if fate == "canceled" or of.turn is None:
        return batches.result(of.custom_id, "canceled")
    simulator = service.simulator
    with simulator.environment.read() as view:
        turn = sessions.turn(view, batch.session, of.turn)
    if turn is None:
        gone = ClientError(f"The turn {of.turn} of session '{batch.session}' is gone.", status=404)
        return batches.result(of.custom_id, "errored", error=error_body(gone, None))
    try:
        slot = simulator.slot_of(turn)
    except Exception as error:  # noqa: BLE001  (told and logged)
        return batches.result(of.custom_id, "errored", error=error_body(told(error, PATH), None))
    return batches.result(of.custom_id, fate, message=reply.whole(slot.plan, slot.asked.params))
