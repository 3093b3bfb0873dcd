"""Plans of replies that think, speak, call and refuse, in pieces of any kind."""

import attrs
from hypothesis import strategies as st

from llmsim.simulation.plan import Call, Choice, Plan
from llmsim.simulation.timeline import Timeline
from llmsim.turn import FinishReason, Usage
from tests.wire.plans import PIECES, plan_of

ARGUMENTS = st.sampled_from([('{"city":', '"Paris"', "}"), ("{}",), ('{"a', ""), ()])
CALLS = st.builds(Call, st.sampled_from(["toolu_01a", "toolu_01b"]), st.just("weather"), ARGUMENTS)
CHOICES = st.builds(
    Choice,
    PIECES.map(tuple),
    st.sampled_from(FinishReason),
    PIECES.map(tuple),
    st.lists(CALLS, max_size=3).map(tuple),
    st.booleans(),
    st.none() | st.just("END"),
)
"""Any reply at all: more of them than are ever planned."""


def planned(choice: Choice, prompt_tokens: int = 2000, cached_tokens: int = 1920, unique: bytes = bytes(32)) -> Plan:
    """A plan of this reply."""
    plan = plan_of([""], unique=unique, model="claude-sonnet-4-6")
    usage = Usage(prompt_tokens, choice.tokens, cached_tokens, len(choice.reasoning))
    times = Timeline(tuple(1000 * step for step in range(1, max(choice.tokens, 1) + 1)))
    return attrs.evolve(plan, choices=(choice,), usage=usage, timeline=times)
