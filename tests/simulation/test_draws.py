"""Named substreams: golden values, independence, unbiased choices."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmsim.distributions import Constant, Exponential
from llmsim.simulation import draws
from llmsim.turn import Place, Pod

POD = Pod(root_seed=7, ordinal=0)
PLACE = Place(session="s", number=1, said=bytes(16))
SOURCE = draws.Source(POD, PLACE)

labels = st.lists(st.one_of(st.none(), st.text(), st.binary(), st.integers()), max_size=4).map(tuple)


def test_draws_have_the_values_they_always_had() -> None:
    assert draws.seed(POD).hex() == "175fd19721e9932ff962d20024a947c83360d4ad82ccffa9f914ae5f12f07334"
    assert (
        SOURCE.key("text", 0, "gpt-4o", None).hex()
        == "e9ae6b7e60783d9b94999cff79e9c2321699828f3b0353c30ec765bf5a8b1b0a"
    )
    stream = SOURCE.stream("text", 0, "gpt-4o", None)
    assert [stream.word() for _ in range(3)] == [5793481707927292411, 7473043365896388907, 1148090440260128216]
    assert [stream.uniform() for _ in range(2)] == [0.3576790550859025, 0.06998370014200506]
    assert [stream.below(10) for _ in range(8)] == [2, 7, 0, 3, 2, 8, 4, 7]


@pytest.mark.parametrize(
    ("pod", "place", "purpose", "label"),
    [
        (Pod(8, 0), PLACE, "text", None),
        (Pod(7, 1), PLACE, "text", None),
        (POD, Place("t", 1, bytes(16)), "text", None),
        (POD, Place("s", 2, bytes(16)), "text", None),
        (POD, Place("s", 1, b"1" * 16), "text", None),
        (POD, PLACE, "ttft", None),
        (POD, PLACE, "text", ""),
        (POD, PLACE, "text", 0),
    ],
)
def test_key_changes_with_every_part_of_its_name(pod: Pod, place: Place, purpose: str, label: str | int | None) -> None:
    assert draws.Source(pod, place).key(purpose, label) != SOURCE.key("text", None)


@given(labels, labels)
def test_key_of_different_labels_differs(first: tuple[draws.Label, ...], second: tuple[draws.Label, ...]) -> None:
    same = [(type(label), label) for label in first] == [(type(label), label) for label in second]
    assert (SOURCE.key("x", *first) == SOURCE.key("x", *second)) == same


def test_key_where_parts_join_to_the_same_text_differs() -> None:
    assert SOURCE.key("ab", "c") != SOURCE.key("a", "bc")
    assert SOURCE.key("x", "1") != SOURCE.key("x", 1)
    assert SOURCE.key("x", "\udc80") != SOURCE.key("x", b"\x80")


@given(st.integers(0, 40))
def test_uniforms_are_the_numbers_that_single_draws_give(count: int) -> None:
    stream = draws.Stream(bytes(32))
    assert draws.uniforms(bytes(32), count) == [stream.uniform() for _ in range(count)]


def test_uniform_never_reaches_either_end(monkeypatch: pytest.MonkeyPatch) -> None:
    for block, bound in ((b"\x00" * 64, 0.0), (b"\xff" * 64, 1.0)):
        monkeypatch.setattr(draws, "_block", lambda _keyed, _number, block=block: block)
        for drawn in (draws.Stream(bytes(32)).uniform(), *draws.uniforms(bytes(32), 3)):
            assert 0 < drawn < 1
            assert drawn == pytest.approx(bound, abs=1e-15)


def test_uniforms_are_spread_evenly() -> None:
    drawn = draws.uniforms(bytes(32), 20_000)
    tenths = Counter(int(u * 10) for u in drawn)
    assert sum((tenths[tenth] - 2000) ** 2 / 2000 for tenth in range(10)) < 27.9  # chi-square, 9 degrees, p = 0.001


def test_streams_of_two_purposes_are_not_correlated() -> None:
    first, second = (draws.uniforms(SOURCE.key(purpose), 5000) for purpose in ("ttft", "itl"))
    covariance = sum((a - 0.5) * (b - 0.5) for a, b in zip(first, second, strict=True)) / 5000
    assert abs(covariance * 12) < 0.05


def test_below_is_even() -> None:
    stream = draws.Stream(bytes(32))
    counts = Counter(stream.below(7) for _ in range(7000))
    assert sum((counts[value] - 1000) ** 2 / 1000 for value in range(7)) < 22.5  # chi-square, 6 degrees, p = 0.001


def test_below_passes_over_words_beyond_the_last_full_multiple(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(draws, "_words", lambda _key: iter([2**64 - 1, 5]))
    assert draws.Stream(bytes(32)).below(3) == 2


@pytest.mark.parametrize("bound", [0, -1, 2**64 + 1])
def test_below_an_impossible_bound_raises(bound: int) -> None:
    with pytest.raises(ValueError, match="expected a bound"):
        draws.Stream(bytes(32)).below(bound)


def test_values_are_the_distribution_at_the_first_numbers_of_the_stream() -> None:
    stream = SOURCE.stream("ttft", 1)
    expected = [Exponential(5).sample(stream.uniform()) for _ in range(9)]
    assert SOURCE.values(Exponential(5), 9, "ttft", 1) == expected
    assert SOURCE.value(Exponential(5), "ttft", 1) == expected[0]
    assert SOURCE.values(Exponential(5), 0, "ttft", 1) == []


def test_values_of_a_constant_draw_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(draws, "uniforms", lambda _key, _count: pytest.fail("drawn"))
    assert SOURCE.values(Constant(5), 3, "ttft") == [5, 5, 5]


def test_pick_reaches_every_item() -> None:
    stream = draws.Stream(bytes(32))
    assert {stream.pick("abc") for _ in range(50)} == set("abc")
