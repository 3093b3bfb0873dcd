"""When each token of a turn is there: the one thing that latency models fill and the emitter reads.

A timeline knows no bytes, frames know no time; the emitter joins the two on a clock.
"""

import attrs


@attrs.frozen
class Timeline:
    """`at_us[k - 1]` is when token k is there, in whole microseconds after the request arrived; never decreasing."""

    at_us: tuple[int, ...]

    def due_us(self, token: int) -> int:
        """When token number `token` is there; token 0 is there at once, and one past the end with the last."""
        if token <= 0 or not self.at_us:
            return 0
        return self.at_us[min(token, len(self.at_us)) - 1]

    @property
    def ttft_us(self) -> int:
        """Time to first token."""
        return self.due_us(1)

    @property
    def total_us(self) -> int:
        """When the last token is there."""
        return self.due_us(len(self.at_us))
