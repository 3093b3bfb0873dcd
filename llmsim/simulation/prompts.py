"""Plain prompts: texts to be completed, each by itself, where a conversation has messages to be answered.

Pure. A plain prompt is counted as its text alone, without what a chat puts around a message.
"""

from collections.abc import Sequence

from llmsim.errors import ContextOverflow
from llmsim.profile import Profile
from llmsim.simulation.tokens import TokenCounter, prompt_counts
from llmsim.turn import Message, TurnRequest


def separate(context: Sequence[Message], prompts: int) -> tuple[Sequence[Message], ...]:
    """What is before the reply to each of so many plain prompts at the end of a context."""
    before = context[:-prompts]
    return tuple((*before, prompt) for prompt in context[-prompts:])


def tokens(profile: Profile, request: TurnRequest, contexts: Sequence[Sequence[Message]], counter: TokenCounter) -> int:
    """The tokens of all prompts together: those of their texts, and of what is before each.

    Raises:
        ContextOverflow: one of them and the completion that is wanted are more than the window holds.
    """
    counts = [sum(prompt_counts(context[:-1], counter)) + counter.count(context[-1].text) for context in contexts]
    wanted = request.max_tokens or 0
    if max(counts) + wanted > profile.context_window:
        raise ContextOverflow(max(counts), profile.context_window, wanted)
    return sum(counts)
