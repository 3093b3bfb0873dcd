"""`/v1/models` and its members: what the profiles say they serve, in the words of whose client asks.

A model that is served only because a pattern or the default profile takes it is not in the list.
"""

from quart import Response
from quart_trio import QuartTrio

from llmsim.profile import Model
from llmsim.serving import anthropic, gemini
from llmsim.serving.connection import asked
from llmsim.serving.openai import answer
from llmsim.serving.service import Service
from llmsim.wire.base import Wire
from llmsim.wire.dialects import GEMINI, MESSAGES, refusing
from llmsim.wire.openai.models import known, listing, not_found, not_yours, one


def add_models(app: QuartTrio, service: Service) -> None:
    """Register the routes."""

    @app.get("/v1/models")
    async def models() -> Response:
        """Every model that a profile names, and those of embeddings and moderations."""
        if asked_of() is GEMINI:
            return gemini.list_models(service)
        if asked_of() is MESSAGES:
            return anthropic.list_models(service)
        return answer(listing(known(service.simulator.profiles.models())))

    @app.get("/v1/models/<path:model>")
    async def model(model: str) -> Response:
        """One model; 404 in the provider's words when no profile names it."""
        if asked_of() is GEMINI:
            return gemini.show_model(service, model, "v1")
        if asked_of() is MESSAGES:
            return anthropic.show_model(service, model)
        return answer(one(named(service, model)))

    @app.delete("/v1/models/<path:model>")
    async def delete_model(model: str) -> Response:
        """Refused: only fine-tuned models can be deleted, and there are none."""
        raise not_yours(named(service, model).id)


def named(service: Service, name: str) -> Model:
    """The model of this name; raises ClientError where there is none."""
    for model in known(service.simulator.profiles.models()):
        if model.id == name:
            return model
    raise not_found(name)


def asked_of() -> Wire:
    """A dialect of the provider whose client makes the request that is being answered; keys in queries are Google's."""
    request = asked()
    if "key" in request.args:
        return GEMINI
    return refusing(request.path, {name.lower(): value for name, value in request.headers.items()})
