"""OpenAI's moderations: `POST /v1/moderations`, from a body to what is asked, and from there to its answer.

Pure. Strings have a result each; an array of parts (texts and images) has one for all of them. Images are accepted and
not looked at.
"""

import hashlib
from collections.abc import Mapping
from functools import partial
from typing import Any

import attrs
import orjson

from llmsim.errors import ClientError
from llmsim.simulation.moderation import CATEGORIES, FLAGGED, scores
from llmsim.wire.openai import errors
from llmsim.wire.openai.http import canonical, check_exactly, read_object
from llmsim.wire.openai.validation import Items, Kind, Table, Tagged, Text, TextOr, check_keys, opened, refuse_unknown

DEFAULT = "omni-moderation-latest"
MODELS = {
    "omni-moderation-latest": 1_731_689_265,
    "omni-moderation-2024-09-26": 1_732_734_466,
    "text-moderation-latest": 0,
    "text-moderation-stable": 0,
    "text-moderation-007": 0,
}
"""The models there are, and since when (unix seconds) the list of models has them; 0: it has them no more."""
OF_IMAGES = frozenset(
    {"self-harm", "self-harm/instructions", "self-harm/intent", "sexual", "violence", "violence/graphic"}
)
"""Categories in which images are looked at. Source: OpenAI, moderation guide."""
MOST_INPUTS = 2048
PARTS = Tagged(
    "type",
    {
        "text": Table({"type": Text(), "text": Text()}, ("text",), closed=True),
        "image_url": Table(
            {"type": Text(), "image_url": Table({"url": Text()}, ("url",))}, ("image_url",), closed=True
        ),
    },
)
STRINGS = TextOr(Items(Text(), "strings", least=1, most=MOST_INPUTS))
OBJECTS = Items(PARTS, least=1, most=MOST_INPUTS)


@attrs.frozen
class Moderated:
    """One thing to be looked at: its text, and whether there is a text and an image."""

    text: str
    said: bool = True
    shown: bool = False


@attrs.frozen
class Moderations:
    """What was asked; `digest` (16 bytes) stands for the request."""

    model: str
    inputs: tuple[Moderated, ...]
    digest: bytes


def parse(body: bytes, *, lenient: bool = False) -> Moderations:
    """Read a request body.

    Raises:
        ClientError: whatever is wrong with it.
    """
    asked = read_object(body)
    check_exactly(asked, body, partial(_check, lenient=lenient))
    digest = hashlib.blake2b(canonical(asked), digest_size=16).digest()
    return Moderations(asked.get("model") or DEFAULT, _inputs(asked["input"]), digest)


def result(moderated: Moderated) -> dict[str, Any]:
    """The result of one thing."""
    found = scores(moderated.text)
    flags = {category: found[category] >= FLAGGED for category in CATEGORIES}
    return {
        "flagged": any(flags.values()),
        "categories": flags,
        "category_scores": found,
        "category_applied_input_types": {
            category: ["text"] * moderated.said + ["image"] * (moderated.shown and category in OF_IMAGES)
            for category in CATEGORIES
        },
    }


def whole(asked: Moderations, results: list[dict[str, Any]], unique: bytes) -> bytes:
    """The body; `unique` is 16 bytes for the id."""
    return orjson.dumps({"id": f"modr-{unique.hex()}", "model": asked.model, "results": results})


def _check(asked: Mapping[str, Any], *, lenient: bool) -> None:
    if not lenient:
        refuse_unknown(asked, ("input", "model"))
    value = asked.get("input")
    kind: Kind = OBJECTS if isinstance(value, list) and value and isinstance(value[0], dict) else STRINGS
    check_keys(asked, {"input": opened(kind) if lenient else kind, "model": Text()}, ("input",))
    model = asked.get("model")
    if model is not None and model not in MODELS:
        message = f"Invalid value for 'model' = {model[: errors.QUOTED_CHARS]}. Please check the OpenAPI documentation"
        raise ClientError(f"{message} and try again.", param="model")


def _inputs(value: Any) -> tuple[Moderated, ...]:  # noqa: ANN401
    if isinstance(value, str):
        return (Moderated(value),)
    if isinstance(value[0], str):
        return tuple(map(Moderated, value))
    texts = [part["text"] for part in value if part["type"] == "text"]
    return (Moderated("\n".join(texts), bool(texts), len(texts) < len(value)),)
