"""How many pods a load needs, and how large: arithmetic on a profile's distributions and on measured costs.

Pure: a load, a profile and COSTS in, a size out. A pod is one process with one event loop, so what fills a pod is one
core, whatever its CPU limit says. Open requests follow from Little's law: those that arrive in a second, times the
seconds that each takes. Knows no command line and measures nothing; `nox -s capacity` does, and prints the table that
stands here beside what it found.
"""

import functools
import math
from collections.abc import Callable

import attrs

from llmsim.distributions import Distribution
from llmsim.errors import OperatorError
from llmsim.profile import Profile, Style
from llmsim.simulation.latency import ITL_LIMIT_MS, JITTER_LIMITS, TTFT_LIMIT_MS
from llmsim.simulation.plan import CACHE_MINIMUM
from llmsim.simulation.speech.thinking import EFFORTS
from llmsim.simulation.tokens import Estimator

QUANTILES = 4096
"""Into so many equal parts is a distribution cut for its mean; the tail of the shipped ones is in it to 0.1 %."""
PRODUCTION_PODS = 3
"""Fewest pods of an autoscaler: the disruption budget keeps two of them while the third moves."""
MOST_PODS = 10_000
HPA_CPU_SHARE = 0.7
"""Share of the CPU request at which the chart's autoscaler adds pods."""
MEMORY_MARGIN = 1.25
VOLUME_BYTES = 50 << 30
"""The volume that the chart claims for each pod."""
MIB, DAY_S = 1 << 20, 86_400
CPU_STEP_M, MEMORY_STEP_MIB = 50, 64


@attrs.frozen
class Costs:
    """What things cost: microseconds of CPU time, bytes of memory or disk. All of it is printed by `nox -s capacity`.

    A turn costs `turn_us`, `commit_us` where it is stored, and by its tokens: those of the question, of the history
    that came along, of the reply, and of the reply once more where each is sent by itself. An archive costs no CPU time
    that could be told from noise. `session_bytes` is memory, not disk; `snapshot_bytes` is what a snapshot takes while
    it is made. Figures are those of prose: an echo costs less.
    """

    turn_us: float
    commit_us: float
    prompt_token_us: float
    history_token_us: float
    reply_token_us: float
    stream_token_us: float
    turn_bytes: float
    prompt_token_bytes: float
    reply_token_bytes: float
    idle_bytes: float
    stream_bytes: float
    stream_token_bytes: float
    session_bytes: float
    snapshot_bytes: float


COSTS = Costs(
    turn_us=150,
    commit_us=85,
    prompt_token_us=6.2,
    history_token_us=0.4,
    reply_token_us=1.1,
    stream_token_us=46,
    turn_bytes=2_500,
    prompt_token_bytes=7,
    reply_token_bytes=7,
    idle_bytes=65_000_000,
    stream_bytes=16_800,
    stream_token_bytes=114,
    session_bytes=23,
    snapshot_bytes=120_000_000,
)


@attrs.frozen
class Preset:
    """Requests and limits of a pod by kind of use, as the chart has them: millicores and MiB."""

    name: str
    cpu_m: int
    cpu_limit_m: int
    memory_mib: int
    memory_limit_mib: int


PRESETS = (
    Preset("development", 250, 1000, 512, 2048),
    Preset("staging", 500, 2000, 1024, 4096),
    Preset("production-light", 1000, 4000, 2048, 8192),
    Preset("production-heavy", 2000, 8000, 4096, 16384),
    Preset("high-throughput", 4000, 16000, 8192, 32768),
)
WORKLOADS = {"optimised": 2000, "heavy": 1000, "medium": 500, "light": 100}
"""Requests a second for each pod that platform teams plan with, greatest first: a measure, not an assumption."""


@attrs.frozen
class Load:
    """What is asked of all pods together. Shares are 0 to 1; tokens are means of one request.

    `prompt_tokens` are new with the request, `history_tokens` were said before and come along, as from clients that
    send their whole conversation each time.
    """

    target_rps: float
    streamed: float = 1.0
    stored: float = 1.0
    prompt_tokens: float = 80
    history_tokens: float = 0


@attrs.frozen
class Means:
    """Means of one turn: tokens that are thought and said, milliseconds to the first token and to the last."""

    thought_tokens: float
    reply_tokens: float
    ttft_ms: float
    duration_ms: float


@attrs.frozen
class Size:
    """What a load needs. `pods` is with headroom, `pods_needed` without; `cpu_m` and `memory_mib` are for one pod.

    `turn_us` is CPU time. `concurrent` requests are open on average, in all pods. `volume_full_days` is how long a
    volume of VOLUME_BYTES lasts at this load, None where nothing is stored. `workload` is the kind of WORKLOADS that a
    pod reaches, None below all of them.
    """

    means: Means
    turn_us: float
    pod_rps: float
    workload: str | None
    pods_needed: int
    pods: int
    hpa_min: int
    hpa_max: int
    concurrent: float
    cpu_m: int
    memory_mib: int
    preset: str | None
    turn_disk_bytes: float
    disk_bytes_per_day: float
    volume_full_days: float | None


def size(load: Load, profile: Profile, *, headroom: float, pod_rps: float | None = None, costs: Costs = COSTS) -> Size:
    """What a load needs; `headroom` is a share on top (0.25: a quarter more pods).

    `pod_rps` is what somebody measured that one pod can do, instead of what follows from the costs.

    Raises:
        OperatorError: more than MOST_PODS pods.
    """
    about = means(profile, load)
    cost_us = turn_us(about, load, costs)
    reached = pod_rps or 1e6 / cost_us
    needed = whole(load.target_rps / reached)
    pods = whole(needed * (1 + headroom))
    if pods > MOST_PODS:
        raise OperatorError(
            f"{load.target_rps:g} requests a second take more than {MOST_PODS:,} pods of {reached:,.3g} each"
        )
    concurrent = load.target_rps * about.duration_ms / 1000
    busy = load.target_rps / pods / reached
    open_bytes = costs.stream_bytes + costs.stream_token_bytes * (about.thought_tokens + about.reply_tokens)
    used_bytes = costs.idle_bytes + costs.snapshot_bytes + concurrent / pods * open_bytes
    cpu_m = min(rounded(busy / HPA_CPU_SHARE * 1000, CPU_STEP_M), 1000)
    memory_mib = rounded(used_bytes * MEMORY_MARGIN / MIB, MEMORY_STEP_MIB)
    turn_disk_bytes = load.stored * disk_bytes(about, load, costs)
    per_day = turn_disk_bytes * load.target_rps * DAY_S
    hpa_min = max(pods, PRODUCTION_PODS)
    return Size(
        means=about,
        turn_us=cost_us,
        pod_rps=reached,
        workload=next((name for name, rps in WORKLOADS.items() if reached >= rps), None),
        pods_needed=needed,
        pods=pods,
        hpa_min=hpa_min,
        hpa_max=2 * hpa_min,
        concurrent=concurrent,
        cpu_m=cpu_m,
        memory_mib=memory_mib,
        preset=next((one.name for one in PRESETS if one.cpu_m >= cpu_m and one.memory_mib >= memory_mib), None),
        turn_disk_bytes=turn_disk_bytes,
        disk_bytes_per_day=per_day,
        volume_full_days=VOLUME_BYTES * pods / per_day if per_day else None,
    )


def turn_us(about: Means, load: Load, costs: Costs = COSTS) -> float:
    """CPU time of a mean turn, microseconds. What is thought is planned, but not sent token by token."""
    tokens_us = costs.prompt_token_us * load.prompt_tokens + costs.history_token_us * load.history_tokens
    planned_us = costs.reply_token_us * (about.thought_tokens + about.reply_tokens)
    sent_us = costs.stream_token_us * about.reply_tokens * load.streamed
    return costs.turn_us + tokens_us + planned_us + sent_us + costs.commit_us * load.stored


def disk_bytes(about: Means, load: Load, costs: Costs = COSTS) -> float:
    """Bytes on disk of a mean turn: what is new of it, as history was stored with the turns that said it."""
    said = costs.reply_token_bytes * (about.thought_tokens + about.reply_tokens)
    return costs.turn_bytes + costs.prompt_token_bytes * load.prompt_tokens + said


def means(profile: Profile, load: Load) -> Means:
    """The means of a profile's turns with a prompt of this length; a history from 1,024 tokens on is cached."""
    latency = profile.latency
    thought = 0.0
    if profile.reasoning is not None:
        factor = EFFORTS[profile.reasoning.effort]
        thought = mean(profile.reasoning.tokens, lambda tokens: round(tokens * factor))
    said = reply_tokens(profile, load)
    uncached = load.prompt_tokens + (load.history_tokens if load.history_tokens < CACHE_MINIMUM else 0)
    prefill_ms = uncached * latency.uncached_token_us / 1000
    ttft_ms = mean(latency.ttft_ms, lambda ms: min(ms, TTFT_LIMIT_MS)) + prefill_ms
    itl_ms = mean(latency.itl_ms, lambda ms: min(ms, ITL_LIMIT_MS))
    jitter = mean(latency.jitter, lambda factor: min(max(factor, JITTER_LIMITS[0]), JITTER_LIMITS[1]))
    gaps = max(thought + said - 1, 0)
    return Means(thought, said, ttft_ms, ttft_ms + gaps * itl_ms * jitter)


def reply_tokens(profile: Profile, load: Load) -> float:
    """Mean tokens of a reply: what is drawn, or what the styles `fixed` and `echo` have to say."""
    if profile.text.style is Style.FIXED:
        return Estimator().count(profile.text.fixed or "")
    if profile.text.style is Style.ECHO:
        return load.prompt_tokens
    return mean(profile.output_tokens, lambda tokens: min(max(round(tokens), 1), profile.max_output))


def mean(distribution: Distribution, limited: Callable[[float], float]) -> float:
    """The mean of a distribution after `limited` was applied to each value, from its quantiles."""
    return math.fsum(map(limited, distribution.samples(_middles()))) / QUANTILES


@functools.cache
def _middles() -> tuple[float, ...]:
    return tuple((index + 0.5) / QUANTILES for index in range(QUANTILES))


def whole(pods: float) -> int:
    """So many pods, at least one; what arithmetic adds in the ninth place makes none more."""
    return max(math.ceil(round(pods, 9)), 1)


def rounded(amount: float, step: int) -> int:
    """The multiple of a step that is enough."""
    return max(math.ceil(round(amount / step, 9)), 1) * step
