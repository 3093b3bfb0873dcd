"""Many rounds in one line for each scenario."""

from llmsim.drill.distribution import Distribution, Spread, distributions, spread
from llmsim.drill.outcome import Outcome


def test_spread_is_of_values_that_were_measured() -> None:
    assert spread([]) is None
    assert spread([None, None]) is None
    assert spread([3.0]) == Spread(3.0, 3.0, 3.0)
    assert spread([float(number) for number in range(10, 0, -1)]) == Spread(5.0, 9.0, 10.0)
    assert spread([0.0, None, 2.0]) == Spread(0.0, 2.0, 2.0)


def test_distribution_adds_up_the_rounds_of_each_scenario() -> None:
    outcomes = [
        Outcome("volume-loss", 10, 1, 0.5, 1.0, 12),
        Outcome("rollback", 7, 3, None, 1.0, 9),
        Outcome("volume-loss", 20, 0, 0.0, 3.0, 25, problems=("something differs",)),
    ]
    assert distributions(outcomes) == [
        Distribution("volume-loss", 2, 1, 30, 1, Spread(0.0, 0.5, 0.5), Spread(1.0, 3.0, 3.0), 37),
        Distribution("rollback", 1, 1, 7, 3, None, Spread(1.0, 1.0, 1.0), 9),
    ]
