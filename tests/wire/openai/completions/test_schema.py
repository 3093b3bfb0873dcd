"""Prompts: a word for each token id, another one for each, and one token by the estimator."""

from hypothesis import given
from hypothesis import strategies as st

from llmsim.simulation.tokens import Estimator
from llmsim.wire.openai.completions.schema import OPENED, check_completion, messages_of, word_of

IDS = st.integers(0, 800_000)


@given(st.lists(IDS, min_size=1))
def test_prompt_of_ids_has_a_token_for_each(ids: list[int]) -> None:
    [message] = messages_of(ids)
    assert Estimator().count(message.content) == len(ids)


def test_words_of_the_vocabulary_differ() -> None:
    assert len({word_of(token) for token in range(200_000)}) == 200_000


def test_lenient_check_takes_unknown_keys() -> None:
    check_completion({"model": "m", "zzz": 1, "stream": True, "stream_options": {"zzz": 1}}, lenient=True)
    assert set(OPENED) >= {"prompt", "n"}
