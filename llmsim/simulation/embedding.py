"""Embeddings: unit vectors in which texts that share words, and parts of words, are closer than texts that do not.

A text is a bag of features: its words, the letters of its words by threes, and pairs of words that follow one another.
Each feature is a few signed places of the vector, by its hash (a sparse random projection), and weighs by what it is.
All vectors of a model share a direction, as those of real ones do. Pure; nothing is learned and nothing is drawn: a
text has one vector in each model, on every pod.
"""

import functools
import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from itertools import pairwise

import attrs

from llmsim.simulation.draws import uniforms
from llmsim.simulation.speech.subject import STOP_WORDS

WORD_PLACES, LETTERS_PLACES, PAIR_PLACES = 24, 6, 8
"""How many places of a vector a feature has, by its kind."""
WORD, LETTERS, PAIR = 1.0, 0.35, 0.25
"""What a feature weighs, by its kind."""
COMMON, MARK = 0.12, 0.05
"""What a word that carries no meaning, and a mark that is none, weigh of a word."""
SHARED = 0.4
"""The length of the direction that all texts share, beside 1 for what is their own."""
LETTERS_LIMIT = 40
"""Letters of a word that are looked at by threes."""
_FEATURES = 20_000
_DIRECTIONS = 32
"""Features, and models in each of their sizes, whose places are remembered."""
_ALONE = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af"
"""Characters of scripts that put no space between words, or few: each is a word here."""
_WORDS = re.compile(rf"[^\W{_ALONE}]+|[{_ALONE}]|[^\w\s]")
_ENDINGS = ("ingly", "edly", "ing", "ed", "ly", "es", "s")


@attrs.frozen
class EmbeddingModel:
    """A model of vectors: `created` is unix seconds, `longest` input in tokens, `reported` the name in responses."""

    id: str
    dimensions: int
    created: int
    owned_by: str = "system"
    resizable: bool = True
    longest: int = 8192
    reported: str = ""


MODELS: Mapping[str, EmbeddingModel] = {
    model.id: model
    for model in (
        EmbeddingModel("text-embedding-3-large", 3072, 1_705_953_180),
        EmbeddingModel("text-embedding-3-small", 1536, 1_705_948_997),
        EmbeddingModel(
            "text-embedding-ada-002", 1536, 1_671_217_299, "openai-internal", resizable=False,
            reported="text-embedding-ada-002-v2",
        ),
    )
}  # fmt: skip
"""Source of names, sizes and stamps: OpenAI, embeddings guide and list of models."""


def embed(model: EmbeddingModel, text: str | Sequence[int], dimensions: int | None = None) -> list[float]:
    """The vector of a text, or of token ids, of length 1; with `dimensions` the first so many, made as long again."""
    own: dict[int, float] = {}
    for feature, weight in _weighed(text):
        for place, value in _places(model.id, model.dimensions, feature):
            own[place] = own.get(place, 0.0) + weight * value
    length = math.hypot(*own.values()) or 1.0
    vector = _shared(model.id, model.dimensions).copy()
    for place, value in own.items():
        vector[place] += value / length
    vector = vector[:dimensions]
    length = math.hypot(*vector)
    return [value / length for value in vector]


def similarity(one: Sequence[float], other: Sequence[float]) -> float:
    """The cosine between two vectors of length 1."""
    return sum([a * b for a, b in zip(one, other, strict=True)])


def _weighed(text: str | Sequence[int]) -> Iterable[tuple[str, float]]:
    """The features of a text, each once, and what each weighs: the more often the more, but ever less so."""
    if isinstance(text, str):
        words = [word.lower() for word in _WORDS.findall(text)]
    else:
        words = [f"\0{token}" for token in text]
    counts = Counter(words)
    for word, count in counts.items():
        yield word, _weight(word) * (1 + math.log(count))
    for (first, second), count in Counter(pairwise(words)).items():
        both = _weight(first) * _weight(second)
        yield f"{first}\0{second}", PAIR * math.sqrt(both) * (1 + math.log(count))


def _weight(word: str) -> float:
    if word in STOP_WORDS:
        return COMMON
    return WORD if word[0].isalnum() or word[0] in "\0_" else MARK


@functools.lru_cache(_FEATURES)
def _places(model: str, dimensions: int, feature: str) -> tuple[tuple[int, float], ...]:
    """The places of a feature in a vector, and what stands there."""
    if "\0" in feature:
        many = PAIR_PLACES if feature.rfind("\0") > 0 else WORD_PLACES
        return tuple(_signed(model, dimensions, feature, many, 1.0))
    places = _signed(model, dimensions, _stem(feature), WORD_PLACES, WORD)
    marked = f"<{feature[:LETTERS_LIMIT]}>"
    threes = [marked[at : at + 3] for at in range(len(marked) - 2)]
    for three in threes:
        length = 1 / math.sqrt(len(threes))
        places += [(place, value * length) for place, value in _letters(model, dimensions, three)]
    return tuple(places)


@functools.lru_cache(_FEATURES)
def _letters(model: str, dimensions: int, three: str) -> list[tuple[int, float]]:
    """The places of three letters."""
    return _signed(model, dimensions, f"\1{three}", LETTERS_PLACES, LETTERS)


def _signed(model: str, dimensions: int, name: str, places: int, length: float) -> list[tuple[int, float]]:
    """So many places by the hash of a name; all together they have this length."""
    digest = blake2b(name.encode(errors="replace"), digest_size=2 * places, key=model.encode()).digest()
    value = length / math.sqrt(places)
    words = [int.from_bytes(digest[at : at + 2]) for at in range(0, len(digest), 2)]
    return [((word >> 1) % dimensions, value if word & 1 else -value) for word in words]


def _stem(word: str) -> str:
    """A word without its ending, roughly."""
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) > len(ending) + 2:
            return word.removesuffix(ending).removesuffix("e")
    return word.removesuffix("e")


@functools.lru_cache(_DIRECTIONS)
def _shared(model: str, dimensions: int) -> list[float]:
    """The direction that all texts of a model share."""
    drawn = [share - 0.5 for share in uniforms(blake2b(model.encode(), digest_size=32).digest(), dimensions)]
    scale = SHARED / math.hypot(*drawn)
    return [value * scale for value in drawn]
