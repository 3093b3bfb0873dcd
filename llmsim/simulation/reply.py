"""What a model says: from the style of its profile, the conversation and the draws, as one text.

Pure. Texts do not depend on who counts tokens, nor on `max_tokens` or `stop`: those cut what is said here (`cut`).
"""

from collections.abc import Sequence

from llmsim.simulation.draws import Stream
from llmsim.simulation.tokens import TokenCounter
from llmsim.turn import FinishReason

_LOREM = (
    "Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor incididunt ut labore et dolore "
    "magna aliqua."
)


def lorem(draws: Stream, tokens: int) -> str:
    """A placeholder."""
    return " ".join([_LOREM] * (1 + tokens // 30))


def cut(
    text: str, stop: Sequence[str], ceiling: int, counter: TokenCounter
) -> tuple[tuple[str, ...], FinishReason]:
    """The pieces of a text that leave, and why it ends: at a stop string, at the ceiling (tokens), or by itself."""
    pieces = counter.split(text)
    finish = FinishReason.STOP
    if len(pieces) > ceiling:
        pieces, finish = pieces[:ceiling], FinishReason.LENGTH
        text = "".join(pieces)
    found = [at for at in (text.find(word) for word in stop if word) if at >= 0]
    if found:
        return counter.split(text[: min(found)]), FinishReason.STOP
    return pieces, finish
