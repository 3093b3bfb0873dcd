"""Gemini's embeddings: `POST /v1beta/models/{model}:embedContent` and `:batchEmbedContents`.

Pure. Nothing is streamed and nothing is kept. Of a content its texts are embedded, up to what a model takes; what is
beyond that is left out in silence, as the live API does.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from llmsim.errors import ClientError, UnknownModel
from llmsim.simulation.embedding import EmbeddingModel
from llmsim.wire.gemini import errors
from llmsim.wire.gemini.http import pretty
from llmsim.wire.gemini.protos import read_body
from llmsim.wire.gemini.requests import BATCH_EMBED, EMBED

MODELS: Mapping[str, EmbeddingModel] = {
    model.id: model
    for model in (
        EmbeddingModel("gemini-embedding-001", 3072, 1_752_451_200, "google", longest=2048),
        EmbeddingModel("text-embedding-004", 768, 1_715_644_800, "google", longest=2048),
    )
}
"""Source of names and sizes: Google, embeddings guide and list of models."""
METHODS = ["embedContent", "batchEmbedContents"]
BATCH_MOST = 100
CHARS_OF_A_TOKEN = 8
"""More than any text's tokens have on average: what is beyond so many is beyond what a model takes."""
DECIMALS = 8


@attrs.frozen
class Embedding:
    """A text to be embedded, and in how many dimensions; None: in all."""

    text: str
    dimensions: int | None


def model_of(name: str) -> EmbeddingModel:
    """The model that is called so.

    Raises:
        UnknownModel: it embeds nothing.
    """
    found = MODELS.get(name)
    if found is None:
        raise UnknownModel(name)
    return found


def parse_one(body: bytes, model: EmbeddingModel, *, lenient: bool = False) -> Embedding:
    """What an embedContent request asks for.

    Raises:
        ClientError: whatever is wrong with it.
    """
    return _asked(read_body(body, EMBED, lenient=lenient), model, "EmbedContentRequest")


def parse_batch(body: bytes, model: EmbeddingModel, *, lenient: bool = False) -> list[Embedding]:
    """What a batchEmbedContents request asks for; raises as `parse_one`."""
    requests = read_body(body, BATCH_EMBED, lenient=lenient).get("requests", [])
    where = "BatchEmbedContentsRequest.requests"
    if not requests:
        raise ClientError(f"* {where}: requests is not specified\n")
    if len(requests) > BATCH_MOST:
        raise ClientError(f"* {where}: at most {BATCH_MOST} requests can be in one batch\n")
    for at, asked in enumerate(requests):
        if asked.get("model") != f"models/{model.id}":
            raise ClientError(f"* {where}[{at}].model: unexpected model name format\n")
    return [_asked(asked, model, f"{where}[{at}]") for at, asked in enumerate(requests)]


def answer_one(vector: Sequence[float]) -> bytes:
    """The body of an embedContent response."""
    return pretty({"embedding": _told(vector)})


def answer_batch(vectors: Sequence[Sequence[float]]) -> bytes:
    """The body of a batchEmbedContents response."""
    return pretty({"embeddings": [_told(vector) for vector in vectors]})


def shown(model: EmbeddingModel) -> dict[str, Any]:
    """A model in the list of models."""
    return {
        "name": f"models/{model.id}",
        "version": "001",
        "displayName": " ".join([word.capitalize() for word in model.id.split("-")]),
        "description": "Obtain a distributed representation of a text.",
        "inputTokenLimit": model.longest,
        "outputTokenLimit": 1,
        "supportedGenerationMethods": METHODS,
    }


def _asked(asked: Mapping[str, Any], model: EmbeddingModel, where: str) -> Embedding:
    texts = [part["text"] for part in asked.get("content", {}).get("parts", ()) if part.get("text")]
    if not texts:
        raise errors.invalid("content", "content is not specified", of=where)
    dimensions = asked.get("outputDimensionality")
    if dimensions is not None and not 1 <= dimensions <= model.dimensions:
        told = f"output_dimensionality must be in the range [1, {model.dimensions}]."
        raise errors.invalid("output_dimensionality", told, of=where)
    return Embedding("\n".join(texts)[: model.longest * CHARS_OF_A_TOKEN], dimensions)


def _told(vector: Sequence[float]) -> dict[str, list[float]]:
    return {"values": [round(value, DECIMALS) for value in vector]}
