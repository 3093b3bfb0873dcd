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
from llmsim.simulation import conduct, latency, prompts
from llmsim.simulation.conduct import Intent
from llmsim.simulation.draws import Source
from llmsim.simulation.speech import reply
from llmsim.simulation.timeline import Timeline
from llmsim.simulation.tokens import PRIMING, TokenCounter, prompt_counts, request_tokens
from llmsim.simulation.windows import newest
from llmsim.turn import (
    FinishReason,
    Message,
    Place,
    Pod,
    Reply,
    Role,
    Scripted,
    ToolCall,
    TurnRequest,
    Usage,
)

PLAN_VERSION = 3
CACHE_MINIMUM = 1024
CACHE_STEP = 128
_FINGERPRINTS = 64
"""Profiles whose fingerprints are remembered: more than are shipped."""


@attrs.frozen
class Call:
    """One call of a tool: the token-sized pieces of its arguments, in order."""

    id: str
    name: str
    pieces: tuple[str, ...]

    @property
    def arguments(self) -> str:
        return "".join(self.pieces)


@attrs.frozen
class Choice:
    """One reply: its token-sized pieces in order (a piece may be empty where a character spans tokens).

    First come the tokens of `reasoning`, then those of the text (`pieces`), then those of each of the `calls`.
    `refused`: the text says that the model will not. `stopped_by`: the stop string before which the text ends.
    """

    pieces: tuple[str, ...]
    finish_reason: FinishReason
    reasoning: tuple[str, ...] = ()
    calls: tuple[Call, ...] = ()
    refused: bool = False
    stopped_by: str | None = None

    @property
    def text(self) -> str:
        return "".join(self.pieces)

    @property
    def tokens(self) -> int:
        """How many tokens the choice has."""
        return len(self.reasoning) + len(self.pieces) + sum([len(call.pieces) for call in self.calls])

    @property
    def reply(self) -> Reply:
        """The choice as it is stored."""
        calls = tuple([ToolCall(call.id, call.name, call.arguments) for call in self.calls])
        return Reply(self.text, self.finish_reason, "".join(self.reasoning), calls, self.refused, self.stopped_by)


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
    script: Scripted | None = None,
    counter: TokenCounter,
) -> Plan:
    """Decide a turn. `context` is every message before the reply; `script` puts a reply into the model's mouth.

    Raises:
        ContextOverflow: the context leaves no room for one token.
    """
    if request.prompts:
        contexts = prompts.separate(context, request.prompts)
        prompt, cached = prompts.tokens(profile, request, contexts, counter), 0
    else:
        ahead = request_tokens(request, counter)
        if request.forgets:
            most = request.max_tokens or profile.max_output
            context = newest(context, profile.context_window, ahead, most, counter)
        contexts = (context,)
        prompt, cached = prompt_usage(context, counter, ahead)
        if prompt >= profile.context_window:
            raise ContextOverflow(prompt, profile.context_window)
    ceiling = _ceiling(profile, request, prompt)
    source = Source(pod, place)
    choices = []
    for index in range(request.n * len(contexts)):
        if script is None:
            heard = contexts[index // request.n]
            intent = conduct.intent(profile, source, request, heard, index, attempt, ceiling, counter)
        else:
            intent = conduct.scripted(script, source, request, index, attempt, counter)
        choices.append(fitted(intent, request, ceiling, counter))
    return _assemble(
        profile,
        source,
        request,
        tuple(choices),
        _usage(choices, prompt, cached),
        attempt=attempt,
        created_s=created_s,
    )


def plan_again(
    profile: Profile,
    pod: Pod,
    place: Place,
    request: TurnRequest,
    *,
    replies: Sequence[Reply],
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
    choices = tuple([_again(said, ceiling, counter) for said in replies])
    plan = _assemble(profile, Source(pod, place), request, choices, usage, attempt=attempt, created_s=created_s)
    return attrs.evolve(plan, fingerprint=_fingerprint(profile.digest, plan_version))


def fitted(intent: Intent, request: TurnRequest, ceiling: int, counter: TokenCounter) -> Choice:
    """What of an intent fits below a ceiling of tokens and before the stop strings of a request.

    Thought comes out of the same tokens as what is said. A stop string ends the reply, calls included.
    """
    thought = intent.reasoning
    if len(thought) >= ceiling:
        return Choice((), FinishReason.LENGTH, reply.fitted("".join(thought[:ceiling]), ceiling, counter))
    pieces, finish = reply.cut(intent.pieces, request.stop, ceiling - len(thought), counter)
    if not intent.calls or finish is FinishReason.LENGTH or len(pieces) < len(intent.pieces):
        stopped_by = reply.stopper(intent.pieces, request.stop, ceiling - len(thought)) if request.stop else None
        return Choice(pieces, finish, thought, refused=intent.refused, stopped_by=stopped_by)
    room = ceiling - len(thought) - len(pieces)
    calls = []
    for call in intent.calls:
        arguments = counter.split(call.arguments)
        if len(arguments) > room:
            if room:
                cut_off = reply.fitted("".join(arguments[:room]), room, counter)
                calls.append(Call(call.id, call.name, cut_off))
            return Choice(pieces, FinishReason.LENGTH, thought, tuple(calls))
        calls.append(Call(call.id, call.name, arguments))
        room -= len(arguments)
    return Choice(pieces, FinishReason.TOOL_CALLS, thought, tuple(calls))


def prompt_usage(context: Sequence[Message], counter: TokenCounter, ahead: int = 0) -> tuple[int, int]:
    """The prompt's tokens, and how many of them a prefix cache held; `ahead` of the messages stand as many more.

    Cached is the prompt up to and including the last assistant message, if it has at least 1,024 tokens, rounded down
    to a multiple of 128. Source: OpenAI, prompt caching guide.
    """
    counts = prompt_counts(context, counter)
    replies = [index for index, message in enumerate(context) if message.role is Role.ASSISTANT]
    prefix = ahead + sum(counts[: replies[-1] + 1]) if replies else 0
    return ahead + sum(counts) + PRIMING, prefix - prefix % CACHE_STEP if prefix >= CACHE_MINIMUM else 0


def _usage(choices: Sequence[Choice], prompt: int, cached: int) -> Usage:
    thought = sum([len(choice.reasoning) for choice in choices])
    return Usage(prompt, sum([choice.tokens for choice in choices]), cached, thought)


def _again(said: Reply, ceiling: int, counter: TokenCounter) -> Choice:
    """A choice from what is stored of it. What was cut off at the ceiling has exactly as many tokens."""
    parts = [said.reasoning, said.text, *[call.arguments for call in said.calls]]
    pieces = [counter.split(part) for part in parts]
    if said.finish_reason is FinishReason.LENGTH:
        last = max((at for at, part in enumerate(parts) if part), default=1)
        before = sum([len(split) for split in pieces[:last]])
        pieces[last] = reply.fitted(parts[last], ceiling - before, counter)
    calls = [Call(call.id, call.name, split) for call, split in zip(said.calls, pieces[2:], strict=True)]
    return Choice(pieces[1], said.finish_reason, pieces[0], tuple(calls), said.refused, said.stopped_by)


def _ceiling(profile: Profile, request: TurnRequest, prompt: int) -> int:
    """The most tokens that one choice may have."""
    limits = [profile.max_output]
    if not request.prompts:
        limits.append(profile.context_window - prompt)
    if request.max_tokens is not None:
        limits.append(request.max_tokens)
    return min(limits)


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
            steps=max([choice.tokens for choice in choices]),
        ),
    )


@functools.lru_cache(_FINGERPRINTS)
def _fingerprint(profile_digest: bytes, plan_version: int) -> bytes:
    return hashlib.blake2b(profile_digest + plan_version.to_bytes(4), digest_size=5).digest()
