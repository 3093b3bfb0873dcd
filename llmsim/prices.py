"""What the tokens of a model cost, and with that what a turn would have cost.

A simulator bills nobody: these are the figures of the provider, as a profile has them. Knows neither profile nor turn.
"""

import attrs
from attrs.validators import ge, optional

from llmsim.turn import Usage

MILLION = 1_000_000


@attrs.frozen
class Prices:
    """US dollars for a million tokens; where it has no price, what a prefix cache held costs as much as any input."""

    input_usd: float = attrs.field(validator=ge(0))
    output_usd: float = attrs.field(validator=ge(0))
    cached_input_usd: float | None = attrs.field(default=None, validator=optional(ge(0)))

    def cost_usd(self, usage: Usage) -> float:
        """What a turn would have cost, US dollars."""
        cached_usd = self.input_usd if self.cached_input_usd is None else self.cached_input_usd
        fresh = usage.prompt_tokens - usage.cached_tokens
        total = fresh * self.input_usd + usage.cached_tokens * cached_usd + usage.completion_tokens * self.output_usd
        return total / MILLION
