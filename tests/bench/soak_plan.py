"""What the clients of a soak do, by chance that is the same in every run: pure."""

from enum import StrEnum

import attrs

READ_EVERY_S = 0.1
SLOW_READ, FLOOD_READ = 600, 65_536
"""Bytes that a slow reader takes at a time: slower than its stream is made; and one whose answer is there at once."""


class Manner(StrEnum):
    """How a client takes an answer: to its end, not at all, up to somewhere, slowly, or slowly and all at once."""

    STAY = "stays"
    UNHEARD = "unheard"
    MIDWAY = "midway"
    SLOW = "slow"
    FLOOD = "flooded"

    @property
    def reads_slowly(self) -> bool:
        return self in {Manner.SLOW, Manner.FLOOD}


SHARES = {Manner.UNHEARD: 30, Manner.MIDWAY: 60, Manner.SLOW: 30}
"""Of a thousand clients; those that are not streamed to only leave, or stay. The rest stay."""


@attrs.define
class Dice:
    """Numbers without a pattern that anyone would notice, the same ones for the same seed (Knuth's 64-bit LCG)."""

    _state: int

    def roll(self, sides: int) -> int:
        """0 to sides - 1."""
        self._state = (self._state * 6364136223846793005 + 1442695040888963407) % 2**64
        return (self._state >> 33) % sides


def manner_of(dice: Dice, *, streamed: bool) -> Manner:
    """How the next client will behave."""
    rolled = dice.roll(1000)
    for manner, share in SHARES.items() if streamed else [(Manner.UNHEARD, SHARES[Manner.UNHEARD])]:
        if rolled < share:
            return manner
        rolled -= share
    return Manner.STAY
