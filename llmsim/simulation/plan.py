"""The plan of a turn: all that a model would say, and when, decided before the first byte leaves.

Pure. The same (profile, pod, place, request) give the same plan on every machine; the attempt changes only the
identity of the response, unless the profile resamples. Raise PLAN_VERSION whenever output changes.
"""

import functools
import hashlib
from collections.abc import Sequence

import attrs

from llmsim.errors import ContextOverflow
from llmsim.profile import Profile
from llmsim.simulation import latency, reply
from llmsim.simulation.draws import Source
from llmsim.simulation.timeline import Timeline
from llmsim.simulation.tokens import PRIMING, Estimator, TokenCounter, prompt_counts
from llmsim.turn import FinishReason, Message, Place, Pod, Role, TurnRequest, Usage

PLAN_VERSION = 2
CACHE_MINIMUM = 1024
CACHE_STEP = 128
HORIZON_MARGIN = 64
"""Room, with as much again as the ceiling, for counters that find half as many tokens in a text as the estimator."""
_FINGERPRINTS = 64
"""Profiles whose fingerprints are remembered: more than are shipped."""


@attrs.frozen
class Choice:
    """One reply: its token-sized pieces in order (a piece may be empty where a character spans tokens)."""

    pieces: tuple[str, ...]
    finish_reason: FinishReason

    @property
    def text(self) -> str:
        return "".join(self.pieces)


@attrs.frozen
class Plan:
    """What one response says (`choices`), counts (`usage`), is called (`unique`), and when its tokens are there.

    `unique` is 32 bytes, different for every (pod, session, place, request, attempt): a wire shapes its ids from them,
    with `pod.ordinal` and the session in front. `created` is unix seconds. `fingerprint` is 5 bytes of the profile.
    """

    pod: Pod
    place: Place
    attempt: int
    unique: bytes
    created: int
    model: str
    fingerprint: bytes
    choices: tuple[Choice, ...]
    usage: Usage
    timeline: Timeline


def plan_turn(
    profile: Profile,
    pod: Pod,
    place: Place,
    request: TurnRequest,
    context: Sequence[Message],
    *,
    attempt: int = 0,
    created_s: int,
    script: str | None = None,
    counter: TokenCounter,
) -> Plan:
    """Decide a turn. `context` is every message before the reply; `script` puts a reply into the model's mouth.

    Raises:
        ContextOverflow: the context leaves no room for one token.
    """
    prompt, cached = prompt_usage(context, counter)
    if prompt >= profile.context_window:
        raise ContextOverflow(prompt, profile.context_window)
    ceiling = _ceiling(profile, request, prompt)
    source = Source(pod, place)
    choices = []
    for index in range(request.n):
        if script is None:
            pieces = _said(profile, source, request, context, index, attempt, ceiling, counter)
        else:
            pieces = counter.split(script)
        choices.append(Choice(*reply.cut(pieces, request.stop, ceiling, counter)))
    usage = Usage(prompt, sum([len(choice.pieces) for choice in choices]), cached)
    return _assemble(profile, source, request, tuple(choices), usage, attempt=attempt, created_s=created_s)


def plan_again(
    profile: Profile,
    pod: Pod,
    place: Place,
    request: TurnRequest,
    *,
    replies: Sequence[tuple[str, FinishReason]],
    usage: Usage,
    attempt: int,
    created_s: int,
    counter: TokenCounter,
    plan_version: int = PLAN_VERSION,
) -> Plan:
    """The plan of a turn whose replies and usage are known: nothing is drawn but when its tokens come.

    `plan_version` is the one that the turn was planned by, which the fingerprint of its response says.
    """
    ceiling = _ceiling(profile, request, usage.prompt_tokens)
    choices = tuple(
        Choice(
            reply.fitted(text, ceiling, counter) if finish is FinishReason.LENGTH else counter.split(text),
            finish,
        )
        for text, finish in replies
    )
    plan = _assemble(profile, Source(pod, place), request, choices, usage, attempt=attempt, created_s=created_s)
    return attrs.evolve(plan, fingerprint=_fingerprint(profile.digest, plan_version))


def prompt_usage(context: Sequence[Message], counter: TokenCounter) -> tuple[int, int]:
    """The prompt's tokens, and how many of them a prefix cache held.

    Cached is the prompt up to and including the last assistant message, if it has at least 1,024 tokens, rounded down
    to a multiple of 128. Source: OpenAI, prompt caching guide.
    """
    counts = prompt_counts(context, counter)
    replies = [index for index, message in enumerate(context) if message.role is Role.ASSISTANT]
    prefix = sum(counts[: replies[-1] + 1]) if replies else 0
    return sum(counts) + PRIMING, prefix - prefix % CACHE_STEP if prefix >= CACHE_MINIMUM else 0


def _ceiling(profile: Profile, request: TurnRequest, prompt: int) -> int:
    """The most tokens that one choice may have."""
    limits = [profile.max_output, profile.context_window - prompt]
    if request.max_tokens is not None:
        limits.append(request.max_tokens)
    return min(limits)


def _said(
    profile: Profile,
    source: Source,
    request: TurnRequest,
    context: Sequence[Message],
    index: int,
    attempt: int,
    ceiling: int,
    counter: TokenCounter,
) -> tuple[str, ...]:
    """What one choice would say if nothing cut it, in the counter's pieces; beyond the ceiling it may end early."""
    text = reply.given(profile, context)
    if text is not None:
        return counter.split(text)
    estimated = isinstance(counter, Estimator)
    labels = (index, request.model, request.seed, attempt if profile.text.resample else None)
    drawn = source.value(profile.output_tokens, "length", *labels)
    pieces = reply.compose(
        profile,
        context,
        source.stream("text", *labels),
        natural=min(max(round(drawn), 1), profile.max_output),
        horizon=ceiling if estimated else 2 * ceiling + HORIZON_MARGIN,
    )
    return tuple(pieces) if estimated else counter.split("".join(pieces))


def _assemble(
    profile: Profile,
    source: Source,
    request: TurnRequest,
    choices: tuple[Choice, ...],
    usage: Usage,
    *,
    attempt: int,
    created_s: int,
) -> Plan:
    """A plan around choices that are decided: its names, and when its tokens are there."""
    return Plan(
        pod=source.pod,
        place=source.place,
        attempt=attempt,
        unique=source.key("identity", request.digest, attempt),
        created=created_s,
        model=profile.reported(request.model),
        fingerprint=_fingerprint(profile.digest, PLAN_VERSION),
        choices=choices,
        usage=usage,
        timeline=latency.timeline(
            profile.latency,
            source,
            uncached_tokens=usage.prompt_tokens - usage.cached_tokens,
            steps=max([len(choice.pieces) for choice in choices]),
        ),
    )


@functools.lru_cache(_FINGERPRINTS)
def _fingerprint(profile_digest: bytes, plan_version: int) -> bytes:
    return hashlib.blake2b(profile_digest + plan_version.to_bytes(4), digest_size=5).digest()
