"""OpenAI's stored responses: show, stream again, cancel, delete, and the items of their input.

What a response is in the store is `keeping.responses`'; a background response is what the clock says (`background`).
Whoever sees that one is over makes that durable first. What is told again has the bytes and the numbers of the first
time, whichever process tells it.
"""

from collections.abc import Iterator
from functools import partial
from itertools import takewhile
from typing import Any, cast

import attrs
from quart import Response
from quart_trio import QuartTrio

from llmsim.admission import Slot
from llmsim.clock import Pace
from llmsim.keeping import background
from llmsim.keeping import responses as keeping
from llmsim.keeping.base import Moment
from llmsim.serving.connection import asked, respond
from llmsim.serving.emitter import Emission
from llmsim.serving.inference import Answer
from llmsim.serving.openai import answer, included, page
from llmsim.serving.service import Service
from llmsim.store.schema import Ending, Resource
from llmsim.wire.base import Frame
from llmsim.wire.openai.responses import errors as responses_errors
from llmsim.wire.openai.responses.partial import partial_items
from llmsim.wire.openai.responses.requests import look_of, paged
from llmsim.wire.openai.responses.resource import CANCELLED, IN_PROGRESS, QUEUED, final_status, resource
from llmsim.wire.openai.responses.wire import OpenAIResponses

ROOT = "/v1/responses"
AT_ONCE = Pace(None)


def add_responses(app: QuartTrio, service: Service) -> None:
    """Register the routes."""
    simulator = service.simulator

    @app.get(f"{ROOT}/<response>")
    async def show_response(response: str) -> Response:
        """A stored response as it is now; `stream` tells its events again, those behind `starting_after`."""
        look, wanted = look_of(asked().args), included()
        found, slot, moment = await seen(service, response)
        if look.stream:
            return respond(told_again(service, found, slot, look.after), asked())
        params = slot.asked.params | {"include": [*slot.asked.params["include"], *wanted]}
        return answer(shown(found, attrs.evolve(slot, asked=attrs.evolve(slot.asked, params=params)), moment))

    @app.delete(f"{ROOT}/<response>")
    async def delete_response(response: str) -> Response:
        """Remove a response and its turn; what goes on from it stays."""
        with simulator.environment.read() as view:
            found = keeping.response(view, simulator.pod, response)
        if await simulator.writer.commit(keeping.Delete(response)) is None:
            raise responses_errors.response_not_found(response)
        service.following.cut(found.session, found.turn)
        return answer({"id": response, "object": "response", "deleted": True})

    @app.post(f"{ROOT}/<response>/cancel")
    async def cancel_response(response: str) -> Response:
        """Cancel a background response; one that is over stays as it is."""
        found, slot, moment = await seen(service, response)
        if not slot.asked.params["background"]:
            raise responses_errors.not_cancellable()
        if background.running(found):
            tokens = background.tokens_there(found, slot.plan.timeline, moment)
            cancel = background.Cancel(response, tokens, partial_items(slot.plan, slot.asked, tokens))
            service.following.cut(found.session, found.turn)
            cancelled: Resource | None = await simulator.writer.commit(cancel)
            if cancelled is None:
                raise responses_errors.response_not_found(response)
            found = cancelled
        return answer(shown(found, slot, moment))

    @app.get(f"{ROOT}/<response>/input_items")
    async def list_input_items(response: str) -> Response:
        """A page of the items of a response's input: `limit`, `order`, `after`."""
        wanted = page()
        _, slot, _ = await seen(service, response)
        return answer(paged(keeping.inputs(slot.plan, slot.asked), wanted))


async def seen(service: Service, response: str) -> tuple[Resource, Slot, Moment]:
    """A response as it is at a moment, and its turn; that it is over is durable, if it is.

    Raises:
        ClientError: 404, there is none; 421, it is another pod's.
    """
    simulator = service.simulator
    moment = simulator.moment()
    with simulator.environment.read() as view:
        found = keeping.response(view, simulator.pod, response)
        slot = keeping.slot_of(view, found)
    if background.due(found, moment):
        ended = await simulator.writer.commit(background.End(response, moment))
        if ended is None:
            raise responses_errors.response_not_found(response)
        found = ended
    return found, slot, moment


def shown(found: Resource, slot: Slot, moment: Moment) -> dict[str, Any]:
    """A response as it is told at a moment."""
    plan, request = slot.plan, slot.asked
    if "output" in found.body:
        return resource(plan, request, CANCELLED) | {"output": found.body["output"]}
    if not background.running(found):
        return resource(plan, request, final_status(plan))
    there = background.tokens_there(found, plan.timeline, moment)
    return resource(plan, request, IN_PROGRESS if there else QUEUED)


def told_again(service: Service, found: Resource, slot: Slot, after: int) -> Answer:
    """The events of a background response behind a number: those that are due at once, the others at their times.

    Raises:
        ClientError: it was not made in the background, or not as a stream.
    """
    plan, request = slot.plan, slot.asked
    if not (request.params["background"] and request.request.stream):
        raise responses_errors.not_resumable(background=request.params["background"])
    wire = cast("OpenAIResponses", service.simulator.wires[OpenAIResponses().dialect])
    frames: Iterator[Frame] = wire.resumed(plan, request, after)
    if "tokens" in found.body:
        frames = takewhile(lambda frame: frame.token <= found.body["tokens"], frames)
    head = wire.headers(plan, request)
    if not background.running(found):
        emission = Emission(frames, plan.timeline, AT_ONCE, 0.0, unsettled)
        return Answer(200, head, emission, streams=True)
    started = service.simulator.on_clock(found.body["started_s"])
    seal = partial(service.simulator.seal, attrs.evolve(slot, seal=background.End(found.id, None)))
    emission = Emission(frames, plan.timeline, service.pace, started, unsettled, seal=seal)
    service.following.add(emission, found.session, found.turn)
    return Answer(200, head, emission, streams=True)


def unsettled(_ending: Ending, _delivered: int, _late_s: float) -> None:
    """Telling a response again settles nothing."""
