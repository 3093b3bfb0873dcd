"""Anthropic's endpoints that make no turn: token counts, and the models for clients that name a version of the API.

Nothing here is stored. What both lists of models are is decided in `models`, by whose client asks.
"""

from collections.abc import Mapping
from typing import Any, cast

import orjson
from quart import Response
from quart_trio import QuartTrio

from llmsim.errors import UnknownModel
from llmsim.serving.connection import asked, body_of
from llmsim.serving.inference import request_id
from llmsim.serving.service import Service
from llmsim.simulation.plan import prompt_usage
from llmsim.simulation.tokens import request_tokens
from llmsim.wire.anthropic import http, models
from llmsim.wire.anthropic.messages import AnthropicMessages
from llmsim.wire.anthropic.paging import page
from llmsim.wire.dialects import MESSAGES


def add_anthropic(app: QuartTrio, service: Service) -> None:
    """Register the routes."""

    @app.post("/v1/messages/count_tokens")
    async def count_message_tokens() -> Response:
        """How many tokens a message would take in."""
        simulator = service.simulator
        body = await body_of(asked())
        request = messages_of(service).parse_count(body, headers_of())
        counter = simulator.counters(simulator.profile_for(request.model).tokens.counter)
        tokens, _ = prompt_usage(request.messages, counter, request_tokens(request, counter))
        return answer(service, {"input_tokens": tokens}, body)


def messages_of(service: Service) -> AnthropicMessages:
    """The dialect as this server speaks it."""
    return cast("AnthropicMessages", service.simulator.wires[MESSAGES.dialect])


def list_models(service: Service) -> Response:
    """A page of the models that Anthropic owns, newest first, to the request that is being answered."""
    http.version_of(headers_of())
    simulator = service.simulator
    known = [model for model in simulator.profiles.models() if model.owned_by == models.OWNER]
    known.sort(key=lambda model: (-model.created, model.id))
    things = [models.one(model, simulator.profile_for(model.id)) for model in known]
    return answer(service, page(things, asked().args))


def show_model(service: Service, name: str) -> Response:
    """One model, to the request that is being answered; raises UnknownModel."""
    http.version_of(headers_of())
    for known in service.simulator.profiles.models():
        if known.id == name:
            return answer(service, models.one(known, service.simulator.profile_for(name)))
    raise UnknownModel(name)


def headers_of() -> Mapping[str, str]:
    """The headers of the request that is being answered, by their names in lower case."""
    return {name.lower(): value for name, value in asked().headers.items()}


def answer(service: Service, value: dict[str, Any], body: bytes = b"") -> Response:
    """A JSON response, with an id that follows from the request."""
    response = Response(orjson.dumps(value), content_type=http.JSON)
    response.headers.extend(standard(service, body))
    return response


def standard(service: Service, body: bytes = b"") -> tuple[tuple[str, str], ...]:
    """The headers that every response has; `body` is the request's."""
    digest = request_id(service.simulator.pod, asked().full_path, body)
    return http.standard(http.request_id(digest))
