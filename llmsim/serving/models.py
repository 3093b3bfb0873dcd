"""`GET /v1/models` and `GET /v1/models/{id}`: what the profiles say they serve.

A model that is served only because a pattern or the default profile takes it is not in the list.
"""

import orjson
from quart import Response
from quart_trio import QuartTrio

from llmsim.errors import UnknownModel
from llmsim.serving.service import Service
from llmsim.wire.openai.models import listing, one

JSON = "application/json"


def add_models(app: QuartTrio, service: Service) -> None:
    """Register the two routes."""

    @app.get("/v1/models")
    async def models() -> Response:
        """Every model that a profile names."""
        body = listing(service.simulator.profiles.models())
        return Response(orjson.dumps(body), content_type=JSON)

    @app.get("/v1/models/<path:model>")
    async def model(model: str) -> Response:
        """One model; 404 in OpenAI's words when no profile names it."""
        for known in service.simulator.profiles.models():
            if known.id == model:
                return Response(orjson.dumps(one(known)), content_type=JSON)
        raise UnknownModel(model)
