"""What of a long conversation a model still hears, where its caller lets the beginning go.

Pure. System and developer messages that stand first stay; of the others the newest stay, as many as there is room for
beside the reply; an output of a tool does not stay without its call.
"""

from collections.abc import Sequence

from llmsim.simulation.tokens import PRIMING, TokenCounter, prompt_counts
from llmsim.turn import Message, Role

REPLY_SHARE = 4
"""A reply has at most one in so many tokens of the window kept free for it."""
STANDING = (Role.SYSTEM, Role.DEVELOPER)


def newest(
    context: Sequence[Message], window: int, ahead: int, most_said: int, counter: TokenCounter
) -> Sequence[Message]:
    """As much of a context as fits into a window (tokens), with `ahead` tokens before it and a reply behind it.

    All of it, where it fits; at least its last message.
    """
    counts = prompt_counts(context, counter)
    if ahead + sum(counts) + PRIMING < window:
        return context
    first = next((at for at, message in enumerate(context) if message.role not in STANDING), len(context))
    room = window - min(most_said, window // REPLY_SHARE) - ahead - PRIMING - sum(counts[:first])
    begin = len(context)
    while begin > first and counts[begin - 1] <= room:
        begin -= 1
        room -= counts[begin]
    while begin < len(context) and context[begin].role is Role.TOOL:
        begin += 1
    return [*context[:first], *context[max(first, min(begin, len(context) - 1)) :]]
