"""Distributions: quantiles against closed forms, bounds, and what a table may not say."""

import math
from collections.abc import Callable

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmsim import strict
from llmsim.distributions import (
    CEILING,
    KINDS,
    Constant,
    Distribution,
    Exponential,
    LogNormal,
    Mixture,
    Normal,
    Pareto,
    Uniform,
    Weibull,
    register,
)
from llmsim.errors import OperatorError

QUANTILES = (0.001, 0.05, 0.25, 0.5, 0.75, 0.95, 0.999)
uniforms = st.floats(2**-53, 1 - 2**-53)
lengths = st.floats(0.01, 1e6)


@attrs.frozen
class Holder:
    drawn: Distribution


def normal_cdf(x: float) -> float:
    return 0.5 * (1 + math.erf(x / math.sqrt(2)))


CASES: list[tuple[Distribution, Callable[[float], float]]] = [
    (Uniform(2, 6), lambda x: (x - 2) / 4),
    (Normal(10, 3), lambda x: (normal_cdf((x - 10) / 3) - normal_cdf(-10 / 3)) / (1 - normal_cdf(-10 / 3))),
    (Normal(1, 5), lambda x: (normal_cdf((x - 1) / 5) - normal_cdf(-0.2)) / (1 - normal_cdf(-0.2))),
    (LogNormal(100, sigma=0.5), lambda x: normal_cdf(math.log(x / 100) / 0.5)),
    (Exponential(7), lambda x: 1 - math.exp(-x / 7)),
    (Weibull(1.6, 12), lambda x: 1 - math.exp(-((x / 12) ** 1.6))),
    (Pareto(2.5, 3), lambda x: 1 - (3 / x) ** 2.5),
]


@pytest.mark.parametrize(("distribution", "cdf"), CASES)
@pytest.mark.parametrize("u", QUANTILES)
def test_sample_is_the_inverse_of_the_cdf(distribution: Distribution, cdf: Callable[[float], float], u: float) -> None:
    assert cdf(distribution.sample(u)) == pytest.approx(u, rel=1e-9, abs=1e-12)


def test_lognormal_by_p95_has_that_median_and_that_95th_percentile() -> None:
    drawn = LogNormal(536, p95=844)
    assert drawn.sample(0.5) == pytest.approx(536)
    assert drawn.sample(0.95) == pytest.approx(844)


def test_constant_is_its_value() -> None:
    assert Constant(3).sample(0.2) == 3


def test_mixture_draws_from_each_component_by_its_weight() -> None:
    mixture = Mixture((0.75, 0.25), (Uniform(0, 1), Uniform(10, 11)))
    assert mixture.sample(0.375) == pytest.approx(0.5)
    assert mixture.sample(0.875) == pytest.approx(10.5)
    assert sum(mixture.sample((step + 0.5) / 1000) >= 10 for step in range(1000)) == 250


@given(
    u=uniforms,
    distribution=st.one_of(
        st.builds(Constant, st.floats(0, 1e12)),
        st.builds(Normal, lengths, lengths),
        st.builds(LogNormal, lengths, sigma=st.floats(0.01, 50)),
        st.builds(Exponential, lengths),
        st.builds(Weibull, st.floats(0.1, 20), lengths),
        st.builds(Pareto, st.floats(0.1, 20), lengths),
        st.builds(lambda a, b: Mixture((0.5, 0.5), (LogNormal(a, sigma=9), Pareto(0.1, b))), lengths, lengths),
    ),
)
def test_sample_of_any_distribution_is_between_zero_and_the_ceiling(u: float, distribution: Distribution) -> None:
    assert 0 <= distribution.sample(u) <= CEILING


@pytest.mark.parametrize(("distribution", "_cdf"), CASES)
def test_sample_never_falls_when_u_rises(distribution: Distribution, _cdf: object) -> None:
    drawn = [distribution.sample(step / 200) for step in range(1, 200)]
    assert drawn == sorted(drawn)


def test_register_reads_and_writes_every_kind() -> None:
    using = strict.converter()
    register(using)
    shapes = [case[0] for case in CASES] + [Constant(1), Mixture((0.5, 0.5), (Constant(1), Exponential(2)))]
    assert {type(shape).kind for shape in shapes} == set(KINDS)
    for shape in shapes:
        table = using.unstructure(shape, unstructure_as=type(shape))
        assert table["kind"] == shape.kind
        assert strict.structure({"drawn": _as_json(table)}, Holder, "x.toml", using) == Holder(shape)


def _as_json(value: object) -> object:
    if isinstance(value, dict):
        return {key: _as_json(item) for key, item in value.items()}
    return [_as_json(item) for item in value] if isinstance(value, tuple) else value


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"kind": "uniform", "low": 3, "high": 2}, "'high' (2.0) must not be below 'low' (3.0)"),
        ({"kind": "lognormal", "p50": 3}, "give either 'p95' or 'sigma' beside 'p50'"),
        ({"kind": "lognormal", "p50": 3, "p95": 4, "sigma": 1}, "give either 'p95' or 'sigma' beside 'p50'"),
        ({"kind": "lognormal", "p50": 3, "p95": 3}, "'p95' (3.0) must be above 'p50' (3.0)"),
        ({"kind": "normal", "mean": 0, "sd": 1}, "'mean' must be > 0"),
        ({"kind": "exponential", "mean": -1}, "'mean' must be > 0"),
        ({"kind": "weibull", "shape": 0, "scale": 1}, "'shape' must be >= 0.1"),
        ({"kind": "pareto", "shape": 1, "minimum": 0}, "'minimum' must be > 0"),
        ({"kind": "mixture", "weights": [1], "components": []}, "1 'weights' for 0 'components'"),
        (
            {"kind": "mixture", "weights": [0.5, 0.4], "components": [{"kind": "constant", "value": 1}] * 2},
            "'weights' must be above 0 and add up to 1",
        ),
        ({"kind": "mixture", "weights": [1], "components": [{"kind": "mixture"}]}, "expected a table with a 'kind' of"),
        ({"kind": "gauss"}, "expected a table with a 'kind' of constant, uniform, normal"),
        ({"value": 3}, "expected a table with a 'kind' of"),
        (3, "expected a table with a 'kind' of"),
    ],
)
def test_structure_of_a_wrong_distribution_says_what_is_wrong(table: object, said: str) -> None:
    using = strict.converter()
    register(using)
    with pytest.raises(OperatorError) as caught:
        strict.structure({"drawn": table}, Holder, "x.toml", using)
    assert said in str(caught.value)
