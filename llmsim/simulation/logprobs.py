"""How likely each token was, as a model would say it: a probability drawn for each, and what else might have come.

Pure. The same pieces at the same place have the same figures; the first tokens have the same ones however many follow.
Probabilities are made up: most tokens are likely, a few are not, and what is left of 1 goes to common words.
"""

import math
from collections.abc import Sequence

import attrs

from llmsim.simulation.draws import Stream

MOST = 20
"""Most alternatives that are listed."""
LEAST_LIKELY = 0.1
"""What the least likely token that is said has at least."""
NEXT_SHARE = 0.6
"""How much of what is left of 1 goes to each further alternative."""
_COMMON = (
    " the", " a", " and", " of", " to", " in", " is", " it", " for", " that", " as", " with", " on", " this", " are",
    " be", " or", " an", ".", ",", " by", " you", " from", " at", " not", " which",
)  # fmt: skip


@attrs.frozen
class Likely:
    """A token and the natural logarithm of its probability."""

    token: str
    logprob: float

    @property
    def bytes(self) -> list[int]:
        """The token in UTF-8."""
        return list(self.token.encode(errors="replace"))


@attrs.frozen
class Said(Likely):
    """A token that was said; `top` are the likeliest ones at its place, likeliest first, mostly with it among them."""

    top: tuple[Likely, ...] = ()


def logprobs(stream: Stream, pieces: Sequence[str], top: int) -> list[Said]:
    """Of each piece how likely it was, with `top` (0 to MOST) of the likeliest tokens at its place.

    `stream` is to be of the choice's own name, so that no other draw depends on it: two words for each piece.
    """
    said = []
    for piece in pieces:
        likely = 1 - (1 - LEAST_LIKELY) * stream.uniform() ** 3
        first = stream.below(len(_COMMON))
        said.append(Said(piece, _log(likely), _top(piece, likely, first, top) if top else ()))
    return said


def _top(piece: str, likely: float, first: int, top: int) -> tuple[Likely, ...]:
    others = [token for token in (*_COMMON[first:], *_COMMON[:first]) if token != piece]
    found = [Likely(piece, _log(likely))]
    left = 1 - likely
    for token in others[:top]:
        found.append(Likely(token, _log(left * NEXT_SHARE)))
        left *= 1 - NEXT_SHARE
    found.sort(key=lambda one: -one.logprob)
    return tuple(found[:top])


def _log(share: float) -> float:
    return round(math.log(max(share, 1e-30)), 8)
