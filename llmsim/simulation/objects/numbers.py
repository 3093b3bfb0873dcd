"""Numbers for properties of JSON schemas: within bounds, of a multiple, small where nothing says otherwise.

Pure. Bounds are those of the schema, exclusive ones brought to inclusive ones.
"""

import math
from collections.abc import Mapping
from typing import Any

from llmsim.simulation.draws import Stream

SPREAD = 100
"""Of so many numbers one is drawn, where a schema allows more."""
_LARGEST = 2**53 - 1


def fits(schema: Mapping[str, Any], value: float, *, whole: bool) -> bool:
    """Whether a number is one that the schema allows; `whole`: it must be an integer."""
    bounds = _bounds(schema, whole=whole)
    step = schema.get("multipleOf")
    if bounds is None or not bounds[0] <= value <= bounds[1] or (step is not None and value % step != 0):
        return False
    return not whole or float(value).is_integer()


def drawn(schema: Mapping[str, Any], stream: Stream, *, whole: bool) -> float | None:
    """A number that the schema allows; None where it allows none."""
    bounds = _bounds(schema, whole=whole)
    if bounds is None:
        return None
    low, high = _range(*bounds)
    step = schema.get("multipleOf")
    if step is not None and step > 0:
        high = max(high, low + step) if math.isinf(bounds[1]) else high
        first, last = math.ceil(low / step), math.floor(high / step)
        if first > last:
            return None
        factor = _drawn(stream, first, last)
        return factor * step if not whole or isinstance(step, int) else int(factor * step)
    first, last = math.ceil(low), math.floor(high)
    if first <= last and (whole or last - first >= 1):
        return _drawn(stream, first, last)
    # Between numbers too large for halves, the sum is rounded, and may be rounded past the bound.
    return None if whole else min(max(low + (high - low) * stream.uniform(), low), high)


def _bounds(schema: Mapping[str, Any], *, whole: bool) -> tuple[float, float] | None:
    """The least and the greatest number that a schema allows, both included; None where it allows none."""
    low, high = schema.get("minimum", -math.inf), schema.get("maximum", math.inf)
    above, below = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
    if above is not None and above >= low:
        low = math.floor(above) + 1 if whole else math.nextafter(above, math.inf)
    if below is not None and below <= high:
        high = math.ceil(below) - 1 if whole else math.nextafter(below, -math.inf)
    if low > high:
        return None
    return low, high


def _range(low: float, high: float) -> tuple[float, float]:
    """Of all numbers that are allowed those of which one is drawn: small ones, where there are no bounds."""
    if math.isinf(low) and math.isinf(high):
        return 1, SPREAD
    if math.isinf(low):
        return (min(0, high - SPREAD) if abs(high) < _LARGEST else high), high
    if math.isinf(high):
        return low, (max(SPREAD, low + SPREAD) if abs(low) < _LARGEST else low)
    return low, high


def _drawn(stream: Stream, first: int, last: int) -> int:
    """A whole number of a range, a small one where there are small ones."""
    if first <= 0 < last:
        first = 1 if last >= 1 else first
    return first + stream.below(min(last - first + 1, SPREAD))
