"""OpenAI's embeddings: `POST /v1/embeddings`, from a body to what is asked, and from vectors to a body.

Pure. Nothing is streamed and nothing is kept. A body is put together vector by vector, so that whoever makes them can
let others have a turn in between.
"""

import base64
from array import array
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import attrs
import orjson

from llmsim.errors import ClientError, UnknownModel
from llmsim.simulation.embedding import MODELS, EmbeddingModel
from llmsim.wire.openai import errors
from llmsim.wire.openai.http import check_exactly, read_object
from llmsim.wire.openai.validation import Kind, Number, Text, check_keys, refuse_unknown

MOST_INPUTS = 2048
MOST_TOKENS = 300_000
"""Tokens of all inputs of a request together."""
DECIMALS = 1e8
"""A figure is written with eight decimals; as float32 it is as exact."""
TOKEN_MOST = 2**31 - 1
BAD_INPUT = "'$.input' is invalid. Please check the API reference: https://platform.openai.com/docs/api-reference."
KEYS: Mapping[str, Kind] = {
    "dimensions": Number(least=1, most=2**63 - 1),
    "encoding_format": Text(("float", "base64")),
    "user": Text(),
}
Input = str | list[int]


@attrs.frozen
class Embeddings:
    """What was asked: vectors of these inputs, of so many dimensions (None: all), as base64 or as numbers."""

    model: EmbeddingModel
    inputs: tuple[Input, ...]
    dimensions: int | None = None
    base64: bool = False


def parse(body: bytes, *, lenient: bool = False, model: str | None = None) -> Embeddings:
    """Read a request body; whether a model of another kind has the name is not asked here.

    `model`: the one of a deployment, whatever the body names.

    Raises:
        UnknownModel: no model of vectors is called so.
        ClientError: whatever else is wrong with it.
    """
    amend = partial(_of_model, model)
    asked = amend(read_object(body))
    check_exactly(asked, body, partial(_check, lenient=lenient), amend)
    found = MODELS.get(asked["model"])
    if found is None:
        raise UnknownModel(asked["model"])
    dimensions = asked.get("dimensions")
    if dimensions is not None and not found.resizable:
        raise ClientError("This model does not support specifying dimensions.")
    if dimensions is not None and dimensions > found.dimensions:
        raise ClientError(
            f"Invalid value for 'dimensions' = {dimensions}. Must be less than or equal to {found.dimensions}."
        )
    return Embeddings(found, _inputs(asked["input"]), dimensions, asked.get("encoding_format") == "base64")


def _of_model(model: str | None, asked: dict[str, Any]) -> dict[str, Any]:
    """A request for this model, where it is not the request's to say."""
    return asked if model is None else {**asked, "model": model}


def check_tokens(asked: Embeddings, counts: Sequence[int]) -> None:
    """Look at how many tokens the inputs have, one count for each.

    Raises:
        ClientError: one is longer than its model takes, or all together are more than a request may have.
    """
    longest = max(counts)
    if longest > asked.model.longest:
        raise ClientError(
            f"This model's maximum context length is {asked.model.longest} tokens, however you requested {longest} "
            f"tokens ({longest} in your prompt; 0 for the completion). Please reduce your prompt; or completion length."
        )
    total = sum(counts)
    if total > MOST_TOKENS:
        kind = "max_tokens_per_request"
        raise ClientError(f"Requested {total} tokens, max {MOST_TOKENS} tokens per request", kind=kind, code=kind)


def datum(index: int, vector: Sequence[float], *, as_base64: bool) -> bytes:
    """The JSON of one vector."""
    if as_base64:
        packed = array("f", vector)
        if not _LITTLE:
            packed.byteswap()
        told = b'"' + base64.b64encode(packed.tobytes()) + b'"'
    else:
        told = orjson.dumps([int(value * DECIMALS) / DECIMALS for value in vector])
    return b'{"object":"embedding","index":%d,"embedding":%b}' % (index, told)


def whole(asked: Embeddings, data: Sequence[bytes], tokens: int) -> bytes:
    """The body around the vectors."""
    return b'{"object":"list","data":[%b],"model":%b,"usage":{"prompt_tokens":%d,"total_tokens":%d}}' % (
        b",".join(data),
        orjson.dumps(asked.model.reported or asked.model.id),
        tokens,
        tokens,
    )


def _check(asked: Mapping[str, Any], *, lenient: bool) -> None:
    model = asked.get("model")
    if model is None or model == "":
        raise ClientError("you must provide a model parameter")
    if not isinstance(model, str):
        raise errors.wrong_type("model", "a string", model)
    if not lenient:
        refuse_unknown(asked, ("model", "input", *KEYS))
    if not _is_input(asked.get("input")):
        raise ClientError(BAD_INPUT)
    check_keys(asked, KEYS)


def _is_input(value: Any) -> bool:  # noqa: ANN401
    """Whether this is a text, token ids, or an array of either; nothing in it is empty."""
    if isinstance(value, str):
        return value != ""
    if not isinstance(value, list) or not 0 < len(value) <= (MOST_TOKENS if _are_ids(value) else MOST_INPUTS):
        return False
    if _are_ids(value):
        return True
    return all(isinstance(one, str) and one for one in value) or all(
        isinstance(one, list) and one and _are_ids(one) for one in value
    )


def _are_ids(values: list[Any]) -> bool:
    return all(type(value) is int and 0 <= value <= TOKEN_MOST for value in values)


def _inputs(value: Any) -> tuple[Input, ...]:  # noqa: ANN401
    return (value,) if isinstance(value, str) or isinstance(value[0], int) else tuple(value)


_LITTLE = array("H", b"\x01\x00")[0] == 1
"""Whether numbers of this machine begin with their lowest byte, as those of the wire do."""
