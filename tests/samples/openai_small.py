"""Samples of the fields of OpenAI's smaller endpoints: legacy completions, embeddings, moderations."""

from functools import partial

from llmsim.wire.dialects import COMPLETIONS
from llmsim.wire.openai import embeddings, moderations
from llmsim.wire.openai.completions import schema as completions_schema
from tests.fields import Endpoint, Sample
from tests.samples.base import ON, PICTURE, SAMPLING, parsed


def completions() -> Endpoint:
    """Legacy completions."""
    samples = (
        Sample("model", "davinci-002"),
        Sample("prompt", "Bye!"),
        Sample("prompt", ["Bye!", "Hello!"], label="`prompt`, several"),
        Sample("prompt", [[1, 2], [3]], label="`prompt` of token ids"),
        Sample("max_tokens", 3),
        Sample("stop", ["two"]),
        Sample("n", 2),
        Sample("best_of", 3),
        Sample("echo", ON),
        Sample("logprobs", 2),
        Sample("seed", 7),
        Sample("stream", ON),
        Sample("stream_options.include_usage", ON, {"stream": True}),
        Sample("suffix", "!"),
        *SAMPLING,
        Sample("presence_penalty", 1),
        Sample("frequency_penalty", 1),
        Sample("logit_bias", {"50256": -100}),
        Sample("user", "u"),
    )
    base = {"model": "gpt-3.5-turbo-instruct", "prompt": "Hello!"}
    known = ("model", *completions_schema.KEYS)
    return Endpoint("`POST /v1/completions`", partial(parsed, COMPLETIONS, {}), base, samples, known, COMPLETIONS)


def vectors() -> Endpoint:
    """Embeddings."""
    samples = (
        Sample("model", "text-embedding-3-large"),
        Sample("input", ["a", "b"]),
        Sample("input", [[1, 2], [3]], label="`input` of token ids"),
        Sample("dimensions", 8),
        Sample("encoding_format", "base64"),
        Sample("user", "u"),
    )
    base = {"model": "text-embedding-3-small", "input": "Hello!"}
    return Endpoint("`POST /v1/embeddings`", embeddings.parse, base, samples, ("model", "input", *embeddings.KEYS))


def moderated() -> Endpoint:
    """Moderations."""
    samples = (
        Sample("model", "omni-moderation-2024-09-26"),
        Sample("input", ["a", "b"]),
        Sample("input", [{"type": "image_url", "image_url": {"url": PICTURE}}], label="`image_url` parts"),
    )
    return Endpoint("`POST /v1/moderations`", moderations.parse, {"input": "Hello!"}, samples, ("model", "input"))


OPENAI_SMALL = (completions(), vectors(), moderated())
