"""`POST /v1/moderations`: what texts would be flagged for.

Nothing is stored, and nothing is simulated of the time it takes. Between two texts everybody else has a turn.
"""

import trio
from quart import Response
from quart_trio import QuartTrio

from llmsim.serving.connection import asked, body_of
from llmsim.serving.inference import request_id
from llmsim.serving.service import Service
from llmsim.wire.openai import moderations
from llmsim.wire.openai.http import JSON, STANDARD


def add_moderations(app: QuartTrio, service: Service) -> None:
    """Register the route."""

    @app.post("/v1/moderations")
    async def moderations_of() -> Response:
        """Categories and scores of texts: `input` (strings, or texts and images), `model`."""
        body = await body_of(asked())
        request = moderations.parse(body, lenient=service.manners.lenient)
        results = []
        for moderated in request.inputs:
            results.append(moderations.result(moderated))
            await trio.lowlevel.checkpoint()
        whole = moderations.whole(request, results, request_id(service.simulator.pod, asked().path, body))
        response = Response(whole)
        response.headers.clear()
        response.headers.extend((("content-type", JSON), ("content-length", str(len(whole))), *STANDARD))
        return response
