"""Embeddings: of length 1, the same each time, and nearer to what says the same than to anything else."""

import itertools
import math
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmsim.simulation.embedding import MODELS, EmbeddingModel, embed, similarity

SMALL = MODELS["text-embedding-3-small"]
PARAPHRASES = (
    ("How do I reset my password?", "I forgot my password, how can I reset it?"),
    ("The cat sat on the mat.", "A cat is sitting on a mat."),
    ("Stock prices fell sharply on Monday.", "On Monday the prices of stocks were falling sharply."),
    ("What is the capital of France?", "Tell me the French capital: which city is the capital of France?"),
    ("She plays the violin in an orchestra.", "An orchestra in which she is a violin player."),
    ("Install the package with pip.", "pip installs packages."),
    ("Der Zug nach Berlin ist verspätet.", "Der Zug aus Berlin war verspätet."),
    ("今日は天気がいいですね", "今日の天気はいいです"),
)
models = pytest.mark.parametrize("model", MODELS.values(), ids=lambda model: model.id)


@models
def test_paraphrases_are_nearer_than_any_other_texts(model: EmbeddingModel) -> None:
    vectors = [[embed(model, text) for text in pair] for pair in PARAPHRASES]
    nearest = min(similarity(*pair) for pair in vectors)
    others = [similarity(one[0], other[1]) for one, other in itertools.permutations(vectors, 2)]
    assert max(others) + 0.1 < nearest
    assert nearest > 0.4
    assert -0.1 < sum(others) / len(others) < 0.3


def test_paraphrases_stay_near_in_fewer_dimensions() -> None:
    for dimensions in (256, 512):
        for at, (one, other) in enumerate(PARAPHRASES):
            third = PARAPHRASES[at - 1][0]
            near = similarity(embed(SMALL, one, dimensions), embed(SMALL, other, dimensions))
            assert near > similarity(embed(SMALL, one, dimensions), embed(SMALL, third, dimensions)) + 0.1


def test_token_ids_that_are_shared_bring_lists_near() -> None:
    one, near, far = [10, 20, 30, 40], [10, 20, 30, 50], [1, 2, 3, 4]
    assert similarity(embed(SMALL, one), embed(SMALL, near)) > 0.5
    assert similarity(embed(SMALL, one), embed(SMALL, far)) < 0.3


def test_order_of_words_counts_a_little() -> None:
    near = similarity(embed(SMALL, "dog bites man"), embed(SMALL, "man bites dog"))
    assert 0.8 < near < 0.999


@given(st.text() | st.lists(st.integers(0, 200_000), min_size=1), st.integers(1, 1536))
def test_any_text_has_one_vector_of_length_one(text: str | list[int], dimensions: int) -> None:
    vector = embed(SMALL, text, dimensions)
    assert len(vector) == dimensions
    assert math.hypot(*vector) == pytest.approx(1, abs=1e-5)
    assert embed(SMALL, text, dimensions) == vector


@models
def test_vectors_are_dense_and_the_models_own(model: EmbeddingModel) -> None:
    vector = embed(model, "hello")
    assert len(vector) == model.dimensions
    assert sum(value != 0 for value in vector) > 0.99 * model.dimensions
    for other in MODELS.values():
        if other is not model and other.dimensions == model.dimensions:
            assert similarity(vector, embed(other, "hello")) < 0.5


def test_vector_is_what_it_always_was() -> None:
    assert embed(SMALL, "hello world", 4) == pytest.approx([0.64936985, -0.52205982, -0.13092232, 0.53724453], abs=1e-8)


def test_long_text_takes_no_time() -> None:
    begun = time.process_time()
    embed(SMALL, " ".join(map(str, range(8000))))
    embed(SMALL, "a" * 100_000)
    assert time.process_time() - begun < 2
