"""Gemini's responses, from a plan: the whole one, and the ones that a stream is made of.

Pure; knows no time. Each response of a stream is whole in itself and says what is new: some tokens of a candidate, and
the usage so far. The first one has the first token alone, the others up to STEP; a function call is a part of its own
and never in pieces, and thoughts that nobody asked for are not there. Key order and nulls are those of recorded
responses, as is the odd spacing of events.
"""

import base64
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import attrs
import orjson

from llmsim.simulation.plan import Choice, Plan
from llmsim.simulation.tokens import PART_TOKENS
from llmsim.turn import FinishReason
from llmsim.wire.base import Frame
from llmsim.wire.gemini.http import pretty
from llmsim.wire.gemini.likelihoods import average, likelihoods, result

STEP = 16
"""Most tokens of one response of a stream; recorded ones have some 25, after a first one of fewer."""
FINISHED = {FinishReason.STOP: "STOP", FinishReason.LENGTH: "MAX_TOKENS", FinishReason.TOOL_CALLS: "STOP"}
CALLED = "Model generated function call(s)."
SIGNATURE_BYTES = 192
RATINGS = [
    {"category": "HARM_CATEGORY_HATE_SPEECH", "probability": "NEGLIGIBLE"},
    {"category": "HARM_CATEGORY_DANGEROUS_CONTENT", "probability": "HIGH", "blocked": True},
    {"category": "HARM_CATEGORY_HARASSMENT", "probability": "NEGLIGIBLE"},
    {"category": "HARM_CATEGORY_SEXUALLY_EXPLICIT", "probability": "NEGLIGIBLE"},
]
"""What a filter says of what it held back."""
ID_BYTES = 13
"""A response id is the time, 4 bytes, and as many of chance."""
EVENT = (b"data: ", b"\r\n\r\n")
ARRAY = (b"[", b",\r\n", b"]\n")


@attrs.frozen
class Step:
    """What one response of a stream says of a candidate: parts that are there once the token `token` is."""

    token: int
    index: int
    parts: tuple[dict[str, Any], ...]
    last: bool = False
    more: dict[str, Any] = attrs.field(factory=dict)
    """What else the candidate says here."""


def whole(plan: Plan, params: Mapping[str, Any]) -> bytes:
    """The body of a response that is not streamed."""
    candidates = []
    said = 0
    for index, choice in enumerate(plan.choices):
        parts = _parts(plan, params, index, choice)
        tokens = [] if _blocked(choice, params) else likelihoods(plan, params, index, choice) or []
        more = {**average(tokens), **result(tokens)}
        candidates.append(_candidate(choice, params, index, parts, last=True) | more)
        said += 0 if _blocked(choice, params) else choice.tokens - len(choice.reasoning)
    return pretty(_response(plan, params, candidates, plan.usage.reasoning_tokens, said))


def frames(plan: Plan, params: Mapping[str, Any]) -> Iterator[Frame]:
    """The frames of a stream, as events or as the elements of an array."""
    events = params["framing"] == "sse"
    thought = [0] * len(plan.choices)
    said = [0] * len(plan.choices)
    steps = sorted(
        [step for index, choice in enumerate(plan.choices) for step in _steps(plan, params, index, choice)],
        key=lambda step: (step.token, step.index),
    )
    for at, step in enumerate(steps, 1):
        choice = plan.choices[step.index]
        thought[step.index] = min(step.token, len(choice.reasoning))
        said[step.index] = (
            0 if _blocked(choice, params) else max(min(step.token, choice.tokens) - len(choice.reasoning), 0)
        )
        candidate = _candidate(choice, params, step.index, step.parts, last=step.last) | step.more
        response = _response(plan, params, [candidate], sum(thought), sum(said))
        ended = at == len(steps)
        if events:
            data = EVENT[0] + spaced(response) + EVENT[1]
        else:
            data = ARRAY[0 if at == 1 else 1] + pretty(response) + (ARRAY[2] if ended else b"")
        yield Frame(step.token, data, sealed=ended)


def response_id(plan: Plan) -> str:
    """23 characters: seconds, little-endian, and chance."""
    chance = hashlib.blake2b(plan.unique, digest_size=ID_BYTES, person=b"gemini response").digest()
    stamp = (plan.created & 0xFFFFFFFF).to_bytes(4, "little")
    return base64.urlsafe_b64encode(stamp + chance).rstrip(b"=").decode()


def spaced(value: Any) -> bytes:  # noqa: ANN401
    """JSON with a blank behind each colon and none behind a comma, as events have it."""
    if isinstance(value, dict):
        return b"{%b}" % b",".join([orjson.dumps(key) + b": " + spaced(item) for key, item in value.items()])
    if isinstance(value, list):
        return b"[%b]" % b",".join([spaced(item) for item in value])
    return orjson.dumps(value)


def _response(
    plan: Plan, params: Mapping[str, Any], candidates: list[dict[str, Any]], thought: int, said: int
) -> dict[str, Any]:
    return {
        "candidates": candidates,
        "usageMetadata": _usage(plan, params, thought, said),
        "modelVersion": plan.model,
        "responseId": response_id(plan),
    }


def _usage(plan: Plan, params: Mapping[str, Any], thought: int, said: int) -> dict[str, Any]:
    """Token counts, of what is there so far; what is zero is not told."""
    prompt, cached = plan.usage.prompt_tokens, plan.usage.cached_tokens
    found: dict[str, Any] = {"promptTokenCount": prompt}
    if said:
        found["candidatesTokenCount"] = said
    found["totalTokenCount"] = prompt + said + thought
    if cached:
        found["cachedContentTokenCount"] = cached
    found["promptTokensDetails"] = details(prompt, params["media"])
    if cached:
        found["cacheTokensDetails"] = details(cached, {})
    if thought:
        found["thoughtsTokenCount"] = thought
    found["serviceTier"] = params["tier"]
    return found


def details(tokens: int, media: Mapping[str, int]) -> list[dict[str, Any]]:
    """Tokens by modality; `media` are numbers of parts that are not text."""
    other = {modality: PART_TOKENS * count for modality, count in media.items()}
    counts = {"TEXT": max(tokens - sum(other.values()), 0), **other}
    return [{"modality": modality, "tokenCount": count} for modality, count in counts.items()]


def _candidate(
    choice: Choice, params: Mapping[str, Any], index: int, parts: Sequence[dict[str, Any]], *, last: bool
) -> dict[str, Any]:
    """A candidate with these parts; the `last` one says why there are no more."""
    blocked = _blocked(choice, params)
    content: dict[str, Any] = {"parts": list(parts)} if parts else {}
    found: dict[str, Any] = {"content": content if blocked else content | {"role": "model"}}
    if not last:
        return found | {"index": index}
    if blocked:
        return found | {
            "finishReason": "SAFETY",
            "index": index,
            "safetyRatings": RATINGS,
            "finishMessage": choice.text,
        }
    found |= {"finishReason": FINISHED[choice.finish_reason], "index": index}
    if choice.finish_reason is FinishReason.TOOL_CALLS:
        found["finishMessage"] = CALLED
    return found


def _parts(plan: Plan, params: Mapping[str, Any], index: int, choice: Choice) -> list[dict[str, Any]]:
    """What one candidate says, whole."""
    if _blocked(choice, params):
        return []
    parts: list[dict[str, Any]] = []
    if choice.reasoning and params["thinking"]["shown"]:
        parts.append({"text": "".join(choice.reasoning), "thought": True})
    spoken = [{"text": choice.text}] if choice.text else []
    calls = [part for _, part in _calls(choice)]
    _sign(calls or spoken, plan, params, index, choice)
    return parts + spoken + calls


def _steps(plan: Plan, params: Mapping[str, Any], index: int, choice: Choice) -> list[Step]:
    """The responses that tell one candidate, the last of them marked."""
    end = max(choice.tokens, 1)
    if _blocked(choice, params):
        return [Step(end, index, (), last=True)]
    found: list[Step] = []
    if params["thinking"]["shown"]:
        found += [Step(at, index, ({"text": text, "thought": True},)) for at, text in _runs(choice.reasoning, 0)]
    thought = len(choice.reasoning)
    spoken = [(at, {"text": text}) for at, text in _runs(choice.pieces, thought, alone=not found)]
    calls = [(thought + len(choice.pieces) + at, part) for at, part in _calls(choice)]
    _sign([part for _, part in calls or spoken], plan, params, index, choice)
    tokens = likelihoods(plan, params, index, choice) or []
    told = 0
    for at, part in spoken:
        found.append(Step(at, index, (part,), more=result(tokens[told : at - thought])))
        told = at - thought
    found += [Step(at, index, (part,)) for at, part in calls]
    if not found or found[-1].token < end:
        found.append(Step(end, index, ()))
    last = found.pop()
    return [*found, attrs.evolve(last, last=True, more={**average(tokens), **last.more})]


def _runs(pieces: Sequence[str], before: int, *, alone: bool = True) -> Iterator[tuple[int, str]]:
    """Texts of some tokens each, with the number of the last one; `alone`: the first is a run of its own."""
    start = 0
    while start < len(pieces):
        end = min(start + (1 if alone and not start else STEP), len(pieces))
        text = "".join(pieces[start:end])
        if text:
            yield before + end, text
        start = end


def _calls(choice: Choice) -> list[tuple[int, dict[str, Any]]]:
    """A part for each call, with the number of its last token among those of the calls; one that was cut is none."""
    found = []
    at = 0
    for call in choice.calls:
        at += len(call.pieces)
        try:
            arguments = orjson.loads(call.arguments)
        except orjson.JSONDecodeError:
            continue
        found.append((at, {"functionCall": {"name": call.name, "args": arguments}}))
    return found


def _sign(parts: Sequence[dict[str, Any]], plan: Plan, params: Mapping[str, Any], index: int, choice: Choice) -> None:
    """What a model that thinks before it may call wants to have back: on the first part that is no thought."""
    if parts and choice.reasoning and params["tools"]:
        key = plan.unique[:64]
        rounds = range(SIGNATURE_BYTES // 64)
        made = [hashlib.blake2b(b"%d/%d" % (index, at), key=key, person=b"gemini thought").digest() for at in rounds]
        parts[0]["thoughtSignature"] = base64.b64encode(b"".join(made)).decode()


def _blocked(choice: Choice, params: Mapping[str, Any]) -> bool:
    """Whether a refusal is the filter's, and none of its words leave; a caller who lets them through reads them."""
    return choice.refused and not params["lets_through"]
