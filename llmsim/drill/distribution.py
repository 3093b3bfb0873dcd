"""Many rounds of a scenario in one line: how often it passed, what was lost in all, and how RPO and RTO were spread.

Pure. Quantiles are values that were measured (the nearest rank), so that the largest is the worst that was seen.
"""

from collections.abc import Sequence
from math import ceil

import attrs

from llmsim.drill.outcome import Outcome


@attrs.frozen
class Spread:
    """Of some durations in seconds: median, nine in ten, and all."""

    p50_s: float
    p90_s: float
    max_s: float


@attrs.frozen
class Distribution:
    """All rounds of one scenario; `rpo` and `rto` are None where none was measured."""

    scenario: str
    rounds: int
    passed: int
    acknowledged: int
    lost: int
    rpo: Spread | None
    rto: Spread | None
    regenerated: int


def distributions(outcomes: Sequence[Outcome]) -> list[Distribution]:
    """One for each scenario, in the order in which they first ran."""
    found = []
    for name in dict.fromkeys(one.scenario for one in outcomes):
        rounds = [one for one in outcomes if one.scenario == name]
        found.append(
            Distribution(
                name,
                len(rounds),
                sum(one.passed for one in rounds),
                sum(one.acknowledged for one in rounds),
                sum(one.lost for one in rounds),
                spread([one.rpo_s for one in rounds]),
                spread([one.rto_s for one in rounds]),
                sum(one.regenerated for one in rounds),
            )
        )
    return found


def spread(values: Sequence[float | None]) -> Spread | None:
    """None where nothing was measured."""
    known = sorted(value for value in values if value is not None)
    return Spread(_rank(known, 0.5), _rank(known, 0.9), known[-1]) if known else None


def _rank(known: Sequence[float], share: float) -> float:
    return known[ceil(share * len(known)) - 1]
