"""Gemini's endpoints that make no turn: countTokens, embeddings and models.

Who asks is looked at first, as where text is generated. Nothing here is stored.
"""

from collections.abc import Callable, Coroutine
from operator import itemgetter
from typing import Any

import trio
from quart import Response
from quart_trio import QuartTrio

from llmsim.serving.connection import asked, body_of
from llmsim.serving.service import Service
from llmsim.simulation.embedding import embed
from llmsim.simulation.plan import prompt_usage
from llmsim.simulation.tokens import request_tokens
from llmsim.tokenizers import counter_named
from llmsim.wire.gemini import counting, embeddings, models
from llmsim.wire.gemini.generate import check_key
from llmsim.wire.gemini.http import JSON, STANDARD, pretty, query_of

View = Callable[..., Coroutine[Any, Any, Response]]
VERSIONS = ("v1beta", "v1")


def add_gemini(app: QuartTrio, service: Service) -> None:
    """Register the routes."""
    for version in VERSIONS:
        views = {
            "countTokens": counting_view(service),
            "embedContent": embedding_view(service),
            "batchEmbedContents": batch_view(service),
        }
        for method, view in views.items():
            path = f"/{version}/models/<model>:{method}"
            app.add_url_rule(path, endpoint=path, view_func=view, methods=["POST"])
    add_models(app, service)


def add_models(app: QuartTrio, service: Service) -> None:
    """Register the list of models and its members, under the version that nobody else has."""

    @app.get("/v1beta/models")
    async def gemini_models() -> Response:
        """A page of the models that Google owns: `pageSize`, `pageToken`."""
        return list_models(service)

    @app.get("/v1beta/models/<path:model>")
    async def gemini_model(model: str) -> Response:
        """One model; 404 in Google's words when no profile names it."""
        return show_model(service, model, "v1beta")


def list_models(service: Service) -> Response:
    """A page of the models that Google owns, to the request that is being answered."""
    query = identified()
    simulator = service.simulator
    known = [model for model in simulator.profiles.models() if model.owned_by == models.OWNER]
    listed = [models.one(model, simulator.profile_for(model.id)) for model in known]
    listed += [embeddings.shown(model) for model in embeddings.MODELS.values()]
    listed.sort(key=itemgetter("name"))
    return answer(pretty(models.page(listed, query)))


def show_model(service: Service, name: str, version: str) -> Response:
    """One model, to the request that is being answered; raises ClientError 404."""
    identified()
    for known in service.simulator.profiles.models():
        if known.id == name:
            return answer(pretty(models.one(known, service.simulator.profile_for(name))))
    if name in embeddings.MODELS:
        return answer(pretty(embeddings.shown(embeddings.MODELS[name])))
    raise models.not_found(name, version)


def counting_view(service: Service) -> View:
    """The view of countTokens."""

    async def view(model: str) -> Response:
        """How many tokens a request would have."""
        identified()
        request, media = counting.parse(await body_of(asked()), model, lenient=service.manners.lenient)
        counter = counter_named(service.simulator.profile_for(model).tokens.counter)
        tokens, _ = prompt_usage(request.messages, counter, request_tokens(request, counter))
        return answer(counting.answer(tokens, media))

    return view


def embedding_view(service: Service) -> View:
    """The view of embedContent."""

    async def view(model: str) -> Response:
        """The vector of a content."""
        identified()
        of = embeddings.model_of(model)
        asked_for = embeddings.parse_one(await body_of(asked()), of, lenient=service.manners.lenient)
        return answer(embeddings.answer_one(embed(of, asked_for.text, asked_for.dimensions)))

    return view


def batch_view(service: Service) -> View:
    """The view of batchEmbedContents."""

    async def view(model: str) -> Response:
        """The vectors of several contents."""
        identified()
        of = embeddings.model_of(model)
        vectors = []
        for asked_for in embeddings.parse_batch(await body_of(asked()), of, lenient=service.manners.lenient):
            await trio.lowlevel.checkpoint()
            vectors.append(embed(of, asked_for.text, asked_for.dimensions))
        return answer(embeddings.answer_batch(vectors))

    return view


def identified() -> dict[str, str]:
    """The query of the request that is being answered, once it says who asks; raises ClientError."""
    request = asked()
    query = query_of(request.query_string.decode("latin-1"))
    check_key({name.lower(): value for name, value in request.headers.items()}, query)
    return query


def answer(body: bytes) -> Response:
    """A JSON response with the headers of Google's front end."""
    response = Response(body)
    response.headers.clear()
    response.headers.extend((("content-type", JSON), ("content-length", str(len(body))), *STANDARD))
    return response
