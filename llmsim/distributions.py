"""Named distributions as profiles write them, drawn by inverse CDF: one uniform number in, one value out.

Pure and without state: `samples(us)` takes numbers u in (0, 1) from a named substream, and gives a value for each,
which depends on no other. Values are never negative and never above CEILING, so that no profile, however odd, gives a
delay or a length that is not a sane number. Units are the key's under which a distribution stands (`ttft_ms`).

Sources of the formulas: Devroye, Non-Uniform Random Variate Generation (1986), chapter II.2 (inversion: exponential,
Weibull, Pareto; truncation) and II.4 (mixtures); the normal quantile is Wichura's AS 241 (1988) as in `statistics`.
"""

import functools
import math
import operator
from collections.abc import Callable, Sequence
from statistics import NormalDist
from typing import Any, ClassVar

import attrs
from attrs.validators import ge, gt, optional
from cattrs import Converter
from cattrs.gen import make_dict_unstructure_fn

CEILING = 1e9
_STANDARD = NormalDist()
_Z95 = _STANDARD.inv_cdf(0.95)


class _Sampled:
    """What all distributions can do, each by its `samples`."""

    def samples(self, us: Sequence[float]) -> list[float]:
        """The value for each u."""
        raise NotImplementedError

    def sample(self, u: float) -> float:
        """The value for one u."""
        return self.samples((u,))[0]


def _capped(values: list[float]) -> list[float]:
    """The values, with CEILING in the place of what is above it; hardly ever is anything."""
    return values if not values or max(values) <= CEILING else [min(CEILING, value) for value in values]


@attrs.frozen
class Constant(_Sampled):
    """Always `value`."""

    kind: ClassVar[str] = "constant"
    value: float = attrs.field(validator=ge(0))

    def samples(self, us: Sequence[float]) -> list[float]:
        return [self.sample(0.0)] * len(us)

    def sample(self, _u: float) -> float:
        return min(CEILING, self.value)


@attrs.frozen
class Uniform(_Sampled):
    """Evenly between `low` and `high`: low + u (high - low)."""

    kind: ClassVar[str] = "uniform"
    low: float = attrs.field(validator=ge(0))
    high: float = attrs.field(validator=ge(0))

    def __attrs_post_init__(self) -> None:
        if self.high < self.low:
            raise ValueError(f"'high' ({self.high}) must not be below 'low' ({self.low})")

    def samples(self, us: Sequence[float]) -> list[float]:
        low, width = self.low, self.high - self.low
        return _capped([low + u * width for u in us])


@attrs.frozen
class Normal(_Sampled):
    """Normal with `mean` and standard deviation `sd`, truncated to values above 0: its CDF is cut and scaled."""

    kind: ClassVar[str] = "normal"
    mean: float = attrs.field(validator=gt(0))
    sd: float = attrs.field(validator=gt(0))

    def samples(self, us: Sequence[float]) -> list[float]:
        mean, sd, quantile = self.mean, self.sd, _STANDARD.inv_cdf
        below = _STANDARD.cdf(-mean / sd)
        return _capped([mean + sd * quantile(below + u * (1 - below)) for u in us])


@attrs.frozen
class LogNormal(_Sampled):
    """Log-normal by its median `p50` and either `p95` or `sigma`: p50 exp(sigma z), sigma = ln(p95 / p50) / z95."""

    kind: ClassVar[str] = "lognormal"
    p50: float = attrs.field(validator=gt(0))
    p95: float | None = attrs.field(default=None, validator=optional(gt(0)))
    sigma: float | None = attrs.field(default=None, validator=optional(gt(0)))

    def __attrs_post_init__(self) -> None:
        if (self.p95 is None) == (self.sigma is None):
            raise ValueError("give either 'p95' or 'sigma' beside 'p50'")
        if self.p95 is not None and self.p95 <= self.p50:
            raise ValueError(f"'p95' ({self.p95}) must be above 'p50' ({self.p50})")

    @property
    def spread(self) -> float:
        """The standard deviation of the logarithm."""
        if self.sigma is not None:
            return self.sigma
        return math.log((self.p95 or self.p50) / self.p50) / _Z95

    def samples(self, us: Sequence[float]) -> list[float]:
        median, spread, quantile, exp = self.p50, self.spread, _STANDARD.inv_cdf, math.exp
        return _capped([median * exp(min(spread * quantile(u), 700.0)) for u in us])


@attrs.frozen
class Exponential(_Sampled):
    """Exponential with `mean`: -mean ln(1 - u)."""

    kind: ClassVar[str] = "exponential"
    mean: float = attrs.field(validator=gt(0))

    def samples(self, us: Sequence[float]) -> list[float]:
        factor, log1p = -self.mean, math.log1p
        return _capped([factor * log1p(-u) for u in us])


@attrs.frozen
class Weibull(_Sampled):
    """Weibull with `shape` and `scale`: scale (-ln(1 - u)) ** (1 / shape)."""

    kind: ClassVar[str] = "weibull"
    shape: float = attrs.field(validator=ge(0.1))
    scale: float = attrs.field(validator=gt(0))

    def samples(self, us: Sequence[float]) -> list[float]:
        scale, power, log1p = self.scale, 1 / self.shape, math.log1p
        return _capped([scale * (-log1p(-u)) ** power for u in us])


@attrs.frozen
class Pareto(_Sampled):
    """Pareto with `shape` from `minimum` up: minimum (1 - u) ** (-1 / shape)."""

    kind: ClassVar[str] = "pareto"
    shape: float = attrs.field(validator=ge(0.1))
    minimum: float = attrs.field(validator=gt(0))

    def samples(self, us: Sequence[float]) -> list[float]:
        minimum, power = self.minimum, -1 / self.shape
        return _capped([minimum * (1 - u) ** power for u in us])


Simple = Constant | Uniform | Normal | LogNormal | Exponential | Weibull | Pareto


@attrs.frozen
class Mixture(_Sampled):
    """One of `components`, chosen with `weights`; the u that chose it, stretched over its share, draws from it."""

    kind: ClassVar[str] = "mixture"
    weights: tuple[float, ...]
    components: tuple[Simple, ...]

    def __attrs_post_init__(self) -> None:
        if not self.components or len(self.weights) != len(self.components):
            raise ValueError(f"{len(self.weights)} 'weights' for {len(self.components)} 'components'")
        if any(weight <= 0 for weight in self.weights) or abs(sum(self.weights) - 1) > 1e-9:
            raise ValueError("'weights' must be above 0 and add up to 1")

    def samples(self, us: Sequence[float]) -> list[float]:
        return [self.sample(u) for u in us]

    def sample(self, u: float) -> float:
        last = len(self.weights) - 1
        for index, weight in enumerate(self.weights):
            if u < weight or index == last:
                inner = min(max(u / weight, 2**-53), 1 - 2**-53)
                return self.components[index].sample(inner)
            u -= weight
        raise AssertionError


Distribution = Simple | Mixture
KINDS: dict[str, type[Distribution]] = {
    kind.kind: kind for kind in (Constant, Uniform, Normal, LogNormal, Exponential, Weibull, Pareto, Mixture)
}


def register(using: Converter) -> None:
    """Teach a converter to read and write distributions as tables with a `kind`."""
    for union in (Simple, Distribution):
        using.register_structure_hook_func(functools.partial(operator.eq, union), functools.partial(_structured, using))
    for kind in KINDS.values():
        using.register_unstructure_hook(kind, _tagged(kind, using))


def _structured(using: Converter, value: Any, wanted: Any) -> Any:  # noqa: ANN401
    known = [name for name in KINDS if wanted == Distribution or name != Mixture.kind]
    if not isinstance(value, dict) or value.get("kind") not in known:
        raise ValueError(f"expected a table with a 'kind' of {', '.join(known)}")
    rest = {key: item for key, item in value.items() if key != "kind"}
    return using.structure(rest, KINDS[value["kind"]])


def _tagged(kind: type[Distribution], using: Converter) -> Callable[[Any], dict[str, Any]]:
    fields = make_dict_unstructure_fn(kind, using)
    return lambda value: {"kind": kind.kind, **fields(value)}
