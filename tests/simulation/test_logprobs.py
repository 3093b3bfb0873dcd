"""Log probabilities: plausible, in order, and the same however many tokens follow and however many are listed."""

import math

from hypothesis import given
from hypothesis import strategies as st

from llmsim.simulation.draws import Stream
from llmsim.simulation.logprobs import LEAST_LIKELY, MOST, logprobs

PIECES = st.lists(st.text(max_size=4) | st.sampled_from([" the", ",", ""]), max_size=20)


def stream() -> Stream:
    return Stream(bytes(32))


@given(PIECES, st.integers(0, MOST))
def test_tokens_are_likely_and_alternatives_are_in_order(pieces: list[str], top: int) -> None:
    said = logprobs(stream(), pieces, top)
    assert [one.token for one in said] == pieces
    for one in said:
        assert math.log(LEAST_LIKELY) - 1e-6 <= one.logprob <= 0
        assert len(one.top) == top
        assert [other.logprob for other in one.top] == sorted((other.logprob for other in one.top), reverse=True)
        assert len({other.token for other in one.top}) == top
        assert sum(math.exp(other.logprob) for other in one.top) <= 1 + 1e-6
        assert all(other.logprob == one.logprob for other in one.top if other.token == one.token)


@given(PIECES, st.integers(0, MOST))
def test_figures_do_not_depend_on_what_follows_or_how_many_are_listed(pieces: list[str], top: int) -> None:
    whole = logprobs(stream(), pieces, top)
    half = logprobs(stream(), pieces[: len(pieces) // 2], MOST)
    assert [one.logprob for one in half] == [one.logprob for one in whole[: len(half)]]
    for one, other in zip(half, whole, strict=False):
        assert one.top[:top] == other.top


def test_bytes_are_those_of_the_token() -> None:
    assert logprobs(stream(), ["é", ""], 0)[0].bytes == [195, 169]
    assert logprobs(stream(), [""], 0)[0].bytes == []


def test_most_tokens_are_likely() -> None:
    said = logprobs(stream(), ["x"] * 1000, 0)
    assert 0.6 < sum(math.exp(one.logprob) for one in said) / 1000 < 0.95
