"""What a model thinks before it speaks: how much, by the effort that was asked for, and in which words.

Pure. A profile without `reasoning` does not think. The words are drawn from the conversation like those of a reply,
from a substream of their own, so that thinking changes no word of what is said.
"""

from collections.abc import Sequence

from llmsim.profile import Profile
from llmsim.simulation.draws import Label, Source
from llmsim.simulation.speech import reply
from llmsim.turn import Message, TurnRequest

EFFORTS = {"none": 0.0, "minimal": 0.1, "low": 0.4, "medium": 1.0, "high": 2.5, "xhigh": 4.0, "max": 6.0}
"""How much is thought at each effort, as a factor on the profile's figure; estimates, in the order of the names."""

UNSEEN = " so"
"""A thought of one token, by any counter: where nobody sees what is thought, it is only counted."""


def thought(
    profile: Profile, source: Source, request: TurnRequest, context: Sequence[Message], labels: tuple[Label, ...]
) -> str:
    """What is thought; nothing where the profile or the caller wants none."""
    if profile.reasoning is None:
        return ""
    factor = EFFORTS.get(request.reasoning.effort or profile.reasoning.effort, 1.0)
    count = round(source.value(profile.reasoning.tokens, "reasoning length", *labels) * factor)
    if request.reasoning.most_tokens is not None:
        count = min(count, request.reasoning.most_tokens)
    if count < 1:
        return ""
    if not request.reasoning.shown:
        return UNSEEN * count
    pieces = reply.muse(context, source.stream("reasoning", *labels), natural=count)
    return "".join(pieces[:count])
