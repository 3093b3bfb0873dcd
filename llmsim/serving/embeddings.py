"""`POST /v1/embeddings`, also at Azure's deployments: vectors of texts.

Nothing is stored, and nothing is simulated of the time it takes. A request may have two thousand inputs: between them
everybody else has a turn, and long ones are read in a thread.
"""

from collections.abc import Callable
from functools import partial
from typing import TypeVar

import trio
from quart import Response
from quart_trio import QuartTrio

from llmsim.errors import ClientError, UnknownModel
from llmsim.serving.connection import asked, body_of
from llmsim.serving.inference import request_id
from llmsim.serving.service import Service
from llmsim.simulation.embedding import MODELS, embed
from llmsim.wire.ids import request_id as request_id_text
from llmsim.wire.openai import embeddings
from llmsim.wire.openai.azure import DEPLOYMENTS, require_version
from llmsim.wire.openai.embeddings import Embeddings, Input
from llmsim.wire.openai.http import JSON, STANDARD, visible

T = TypeVar("T")
SMALLEST = "text-embedding-3-small"
"""What stands behind a deployment with a name of its own."""
LONG = 4_000
"""Characters, or token ids, of an input that is read in a thread."""
TURN_S = 0.005
"""After so long others have a turn."""


def add_embeddings(app: QuartTrio, service: Service) -> None:
    """Register the routes."""

    @app.post("/v1/embeddings")
    async def embeddings_of() -> Response:
        """A vector of each text: `input`, `dimensions`, `encoding_format`."""
        body = await body_of(asked())
        return await answered(service, body, read(service, body))

    @app.post(f"{DEPLOYMENTS}<deployment>/embeddings")
    async def embeddings_of_deployment(deployment: str) -> Response:
        """The same at a deployment of Azure's, which names the model; a name of its own stands for the smallest."""
        require_version(asked().query_string.decode("latin-1"))
        body = await body_of(asked())
        return await answered(service, body, read_deployed(service, body, deployment))


async def answered(service: Service, body: bytes, request: Embeddings) -> Response:
    """The response to a request for vectors."""
    began = trio.current_time()
    answer, tokens = await made(service, request)
    took_ms = int((trio.current_time() - began) * 1000)
    whole = embeddings.whole(request, answer, tokens)
    response = Response(whole)
    response.headers.clear()
    response.headers.extend(
        (
            ("content-type", JSON),
            ("content-length", str(len(whole))),
            ("access-control-allow-origin", "*"),
            *STANDARD,
            ("openai-model", visible(request.model.reported or request.model.id)),
            ("openai-processing-ms", str(took_ms)),
            ("vary", "Origin"),
            ("x-request-id", request_id_text(request_id(service.simulator.pod, asked().path, body))),
        )
    )
    return response


def read(service: Service, body: bytes) -> Embeddings:
    """What a body asks; raises ClientError, and for a model that speaks, one that says so."""
    try:
        return embeddings.parse(body, lenient=service.manners.lenient)
    except UnknownModel as error:
        if service.simulator.profiles.for_model(error.model) is None:
            raise
        raise ClientError("You are not allowed to generate embeddings from this model", status=403) from None


def read_deployed(service: Service, body: bytes, deployment: str) -> Embeddings:
    """What a body asks of a deployment; with strict models its name must be a model's. Raises ClientError."""
    named = deployment if deployment in MODELS or service.simulator.strict_models else SMALLEST
    return embeddings.parse(body, lenient=service.manners.lenient, model=named)


async def made(service: Service, request: Embeddings) -> tuple[list[bytes], int]:
    """The JSON of each vector, and how many tokens the inputs have.

    Cancellation: between two inputs, or when the thread of a long one is done.

    Raises:
        ClientError: the inputs have too many tokens.
    """
    simulator = service.simulator
    count = simulator.counters(simulator.profiles.default.tokens.counter).count
    turns = Turns()
    counts = [await turns.do(text, partial(tokens_in, text, count)) for text in request.inputs]
    embeddings.check_tokens(request, counts)
    data = []
    for index, text in enumerate(request.inputs):
        vector = await turns.do(text, partial(embed, request.model, text, request.dimensions))
        data.append(embeddings.datum(index, vector, as_base64=request.base64))
    return data, sum(counts)


def tokens_in(text: Input, count: Callable[[str], int]) -> int:
    """How many tokens an input has."""
    return count(text) if isinstance(text, str) else len(text)


class Turns:
    """Work on many inputs, with turns for others in between."""

    def __init__(self) -> None:
        self._since = trio.current_time()

    async def do(self, text: Input, work: Callable[[], T]) -> T:
        """What `work` makes of this input."""
        if len(text) > LONG:
            return await trio.to_thread.run_sync(work)
        if trio.current_time() - self._since > TURN_S:
            await trio.lowlevel.checkpoint()
            self._since = trio.current_time()
        return work()
