"""When the tokens of a turn come, for a turn that has a model to itself: prefill gives the TTFT, decode the ITLs.

    token 1      TTFT drawn + uncached prompt tokens x cost of one
    token k + 1  token k + ITL drawn x the turn's jitter, drawn once

Pure: draws in, whole microseconds out, never decreasing. The first draws never depend on how long the reply is.
"""

from itertools import accumulate

from llmsim.profile import Latency
from llmsim.simulation import draws
from llmsim.simulation.timeline import Timeline
from llmsim.turn import Place, Pod

TTFT_LIMIT_MS = 600_000.0
"""Longest time to first token that is simulated: ten minutes, the read timeout of the official SDKs."""
ITL_LIMIT_MS = 60_000.0
"""Longest gap between two tokens that is simulated."""
JITTER_LIMITS = (0.1, 10.0)
"""Least and greatest factor on the ITLs of one turn."""
US_PER_MS = 1000


def timeline(latency: Latency, pod: Pod, place: Place, *, uncached_tokens: int, steps: int) -> Timeline:
    """When each of `steps` tokens is there (at least one: the end of an empty reply takes a TTFT too)."""
    ttft_ms = min(draws.stream(pod, place, "ttft").draw(latency.ttft_ms), TTFT_LIMIT_MS)
    jitter = draws.stream(pod, place, "jitter").draw(latency.jitter)
    scale = min(max(jitter, JITTER_LIMITS[0]), JITTER_LIMITS[1]) * US_PER_MS
    sample = latency.itl_ms.sample
    gaps = draws.stream(pod, place, "itl").uniforms(max(steps, 1) - 1)
    first_us = round(ttft_ms * US_PER_MS + uncached_tokens * latency.uncached_token_us)
    return Timeline(tuple(accumulate((round(min(sample(u), ITL_LIMIT_MS) * scale) for u in gaps), initial=first_us)))
