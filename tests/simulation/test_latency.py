"""Timelines: TTFT, prefill, gaps and jitter, in whole microseconds that never fall."""

import attrs
from hypothesis import given
from hypothesis import strategies as st

from llmsim.distributions import Constant, LogNormal, Pareto, Uniform, Weibull
from llmsim.profile import Latency
from llmsim.simulation.draws import Source
from llmsim.simulation.latency import ITL_LIMIT_MS, TTFT_LIMIT_MS, timeline
from llmsim.simulation.timeline import Timeline
from llmsim.turn import Place, Pod

POD = Pod(1, 0)
PLACE = Place("s", 1, bytes(16))
FLAT = Latency(ttft_ms=Constant(100), itl_ms=Constant(10), uncached_token_us=2.5)
REAL = Latency(LogNormal(500, p95=900), Weibull(1.6, 12), jitter=LogNormal(1, p95=1.2))


def of(latency: Latency, *, uncached: int = 0, steps: int = 5, place: Place = PLACE) -> Timeline:
    return timeline(latency, Source(POD, place), uncached_tokens=uncached, steps=steps)


def test_timeline_of_constants_is_arithmetic() -> None:
    assert of(FLAT, uncached=7, steps=3).at_us == (100_018, 110_018, 120_018)


def test_timeline_of_no_tokens_has_the_first_step() -> None:
    assert of(FLAT, steps=0).at_us == (100_000,)


def test_timeline_of_no_delay_is_all_zero() -> None:
    assert of(Latency(Constant(0), Constant(0)), steps=3).at_us == (0, 0, 0)


def test_timeline_of_constant_gaps_is_that_of_gaps_drawn_as_constants() -> None:
    for gap_ms in (0.0, 0.0004, 7.7, 1e9):
        drawn = attrs.evolve(FLAT, itl_ms=Uniform(gap_ms, gap_ms))
        assert of(drawn, steps=9) == of(attrs.evolve(FLAT, itl_ms=Constant(gap_ms)), steps=9)


def test_timeline_of_a_longer_reply_begins_the_same() -> None:
    assert of(REAL, steps=200).at_us[:50] == of(REAL, steps=50).at_us


def test_timeline_of_another_place_differs() -> None:
    assert of(REAL).at_us != of(REAL, place=Place("s", 1, b"x" * 16)).at_us


def test_timeline_takes_ttft_and_gaps_from_streams_of_their_own() -> None:
    slower = attrs.evolve(REAL, ttft_ms=Constant(0))
    gaps = [[b - a for a, b in zip(line.at_us, line.at_us[1:], strict=False)] for line in (of(REAL), of(slower))]
    assert gaps[0] == gaps[1]


def test_jitter_scales_the_gaps_and_not_the_first_token() -> None:
    twice = attrs.evolve(FLAT, jitter=Constant(2))
    assert of(twice, steps=3).at_us == (100_000, 120_000, 140_000)
    assert of(attrs.evolve(FLAT, jitter=Constant(1000)), steps=2).at_us == (100_000, 200_000)
    assert of(attrs.evolve(FLAT, jitter=Constant(0)), steps=2).at_us == (100_000, 101_000)


def test_timeline_of_a_wild_profile_is_cut() -> None:
    wild = Latency(Constant(1e9), Constant(1e9))
    assert of(wild, steps=2).at_us == (int(TTFT_LIMIT_MS * 1000), int((TTFT_LIMIT_MS + ITL_LIMIT_MS) * 1000))


@given(st.integers(0, 2**64 - 1), st.integers(0, 60))
def test_timeline_is_whole_and_never_falls(root_seed: int, steps: int) -> None:
    latency = Latency(Pareto(0.2, 1), Pareto(0.2, 1), jitter=Pareto(0.2, 0.01))
    line = timeline(latency, Source(Pod(root_seed, 0), PLACE), uncached_tokens=0, steps=steps)
    assert list(line.at_us) == sorted(line.at_us)
    assert all(type(at) is int for at in line.at_us)
    assert len(line.at_us) == max(steps, 1)
