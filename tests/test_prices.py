"""What a turn would have cost."""

import math

from llmsim.prices import Prices
from llmsim.turn import Usage


def test_fresh_cached_and_answered_tokens_have_their_prices_for_a_million() -> None:
    cost = Prices(input_usd=2.0, output_usd=8.0, cached_input_usd=0.5).cost_usd(Usage(3000, 500, cached_tokens=1000))
    assert math.isclose(cost, (2000 * 2.0 + 1000 * 0.5 + 500 * 8.0) / 1e6)


def test_cached_tokens_without_a_price_cost_what_any_input_costs() -> None:
    assert math.isclose(Prices(input_usd=1.0, output_usd=0.0).cost_usd(Usage(2_000_000, 7, 1_500_000)), 2.0)


def test_thoughts_are_paid_for_once_as_part_of_what_was_answered() -> None:
    assert Prices(0.0, 1.0).cost_usd(Usage(9, 50, reasoning_tokens=40)) == Prices(0.0, 1.0).cost_usd(Usage(9, 50))
