"""What a model means to do with a turn, before anything is cut: think, say, call tools, or refuse.

The order in which it is decided: a refusal, then calls of tools, then a reply in JSON where one was asked for, then a
text. Pure; each decision has a module of its own, this one only asks them in turn.
"""

from collections.abc import Sequence

import attrs

from llmsim.profile import Profile, Style
from llmsim.simulation import moderation
from llmsim.simulation.calls import answered, wanted
from llmsim.simulation.draws import Label, Source
from llmsim.simulation.objects.hints import Hints
from llmsim.simulation.objects.instances import text_of
from llmsim.simulation.speech import reply, results, thinking
from llmsim.simulation.tokens import Estimator, TokenCounter
from llmsim.turn import CallNames, Format, Message, Role, Scripted, ToolCall, TurnRequest

HORIZON_MARGIN = 64
"""Room, with as much again as the ceiling, for counters that find half as many tokens in a text as the estimator."""


@attrs.frozen
class Intent:
    """A reply that nothing has cut: in the counter's pieces, its calls whole."""

    pieces: tuple[str, ...]
    reasoning: tuple[str, ...] = ()
    calls: tuple[ToolCall, ...] = ()
    refused: bool = False


def scripted(
    script: Scripted, source: Source, request: TurnRequest, index: int, attempt: int, counter: TokenCounter
) -> Intent:
    """What a session script says here; its calls get ids."""
    calls = named(script.calls, source, request, index, attempt)
    return Intent(counter.split(script.text), counter.split(script.reasoning), calls, script.refused)


def intent(
    profile: Profile,
    source: Source,
    request: TurnRequest,
    context: Sequence[Message],
    index: int,
    attempt: int,
    ceiling: int,
    counter: TokenCounter,
) -> Intent:
    """What one choice would be if nothing cut it; beyond the ceiling (tokens) its text may end early."""
    labels = (index, request.model, request.seed, attempt if profile.text.resample else None)
    thought = counter.split(thinking.thought(profile, source, request, context, labels))
    if profile.text.style is Style.PROSE and moderation.refuses(context):
        refusal = moderation.refusal(source.stream("refusal", *labels))
        return Intent(counter.split(refusal), thought, refused=True)
    if request.tools:
        plausibly = profile.text.style is Style.PROSE
        calls = wanted(request, context, source, labels, plausibly=plausibly)
        if calls:
            return Intent((), thought, named(calls, source, request, index, attempt))
    if request.format is not None and profile.text.style is not Style.FIXED:
        return Intent(counter.split(_formatted(profile, request.format, context, source, labels)), thought)
    return Intent(_said(profile, source, context, labels, ceiling, counter), thought)


def named(
    calls: Sequence[ToolCall], source: Source, request: TurnRequest, index: int, attempt: int
) -> tuple[ToolCall, ...]:
    """These calls with ids in the dialect's shape: others for each pod, place, request, attempt, choice and call."""
    if not calls:
        return ()
    return tuple(
        attrs.evolve(call, id=call_id(source.key("call", request.digest, attempt, index, at), request.call_names))
        for at, call in enumerate(calls)
    )


def call_id(key: bytes, names: CallNames) -> str:
    """The id of a call from 32 bytes."""
    if not names.characters:
        return ""
    value = int.from_bytes(key)
    digits = []
    for _ in range(names.characters):
        value, digit = divmod(value, len(names.alphabet))
        digits.append(names.alphabet[digit])
    return names.prefix + "".join(digits)


def _formatted(
    profile: Profile, asked: Format, context: Sequence[Message], source: Source, labels: tuple[Label, ...]
) -> str:
    """A reply in JSON: an instance of the schema, else an object of what would be said."""
    stream = source.stream("format", *labels)
    if asked.schema is None:
        return reply.object_of(profile, context, stream)
    texts = [message.text for message in context if message.role is Role.USER]
    if answered(context):
        texts.append(f"{texts[-1] if texts else ''}\n{results.values(context)}")
    return text_of(asked.schema, stream, Hints.of(texts))


def _said(
    profile: Profile,
    source: Source,
    context: Sequence[Message],
    labels: tuple[int | str | None, ...],
    ceiling: int,
    counter: TokenCounter,
) -> tuple[str, ...]:
    """The text, in the counter's pieces."""
    text = reply.given(profile, context)
    if text is not None:
        return counter.split(text)
    estimated = isinstance(counter, Estimator)
    drawn = source.value(profile.output_tokens, "length", *labels)
    pieces = reply.compose(
        profile,
        context,
        source.stream("text", *labels),
        natural=min(max(round(drawn), 1), profile.max_output),
        horizon=ceiling if estimated else 2 * ceiling + HORIZON_MARGIN,
    )
    return tuple(pieces) if estimated else counter.split("".join(pieces))
