"""When the tokens of a turn come, for a turn that has a model to itself: prefill gives the TTFT, decode the ITLs.

    token 1      TTFT drawn + uncached prompt tokens x cost of one
    token k + 1  token k + ITL drawn x the turn's jitter, drawn once

Pure: draws in, whole microseconds out, never decreasing. The first draws never depend on how long the reply is.
"""

from itertools import accumulate

from llmsim.distributions import Constant
from llmsim.profile import Latency
from llmsim.simulation.draws import Source
from llmsim.simulation.timeline import Timeline

TTFT_LIMIT_MS = 600_000.0
"""Longest time to first token that is simulated: ten minutes, the read timeout of the official SDKs."""
ITL_LIMIT_MS = 60_000.0
"""Longest gap between two tokens that is simulated."""
JITTER_LIMITS = (0.1, 10.0)
"""Least and greatest factor on the ITLs of one turn."""
US_PER_MS = 1000


def timeline(latency: Latency, source: Source, *, uncached_tokens: int, steps: int) -> Timeline:
    """When each of `steps` tokens is there (at least one: the end of an empty reply takes a TTFT too)."""
    ttft_ms = min(source.value(latency.ttft_ms, "ttft"), TTFT_LIMIT_MS)
    first_us = round(ttft_ms * US_PER_MS + uncached_tokens * latency.uncached_token_us)
    jitter = source.value(latency.jitter, "jitter")
    scale = min(max(jitter, JITTER_LIMITS[0]), JITTER_LIMITS[1]) * US_PER_MS
    steps = max(steps, 1)
    if isinstance(latency.itl_ms, Constant):
        gap_us = round(min(latency.itl_ms.value, ITL_LIMIT_MS) * scale)
        return Timeline(tuple(range(first_us, first_us + gap_us * steps, gap_us)) if gap_us else (first_us,) * steps)
    gaps_ms = source.values(latency.itl_ms, steps - 1, "itl")
    if gaps_ms and max(gaps_ms) > ITL_LIMIT_MS:
        gaps_ms = [min(gap_ms, ITL_LIMIT_MS) for gap_ms in gaps_ms]
    return Timeline(tuple(accumulate(map(round, [gap_ms * scale for gap_ms in gaps_ms]), initial=first_us)))
