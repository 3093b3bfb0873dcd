"""What a model did, as the items of a response's output: thought, said, called; each with its id and its end.

Pure. One item for what was thought (where anything was), one for what was said (unless a model only calls, or was cut
while it thought), one for each call. An item knows at which tokens of the plan it begins and ends.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any

import attrs

from llmsim.simulation.draws import Source
from llmsim.simulation.logprobs import Likely, logprobs
from llmsim.simulation.plan import Call, Choice, Plan
from llmsim.turn import FinishReason
from llmsim.wire.base import Parsed
from llmsim.wire.ids import keyed_id, partition_key
from llmsim.wire.openai.responses.sealed_content import seal
from llmsim.wire.openai.responses.tools import namespaces

ENCRYPTED = "reasoning.encrypted_content"
LOGPROBS = "message.output_text.logprobs"
"""What a response is to include only where it is asked for."""
CONCISE = "concise"
PHASED = re.compile(r"gpt-(?:5\.[3-9]|[6-9])")
"""Models whose messages say their phase; seen in recorded responses."""


@attrs.frozen
class Output:
    """One item, as it looks at its end. `before`: tokens before its first; `pieces`: one for each of its tokens.

    `shown` are the pieces that a stream shows of it, `likely` says of each how likely it was, where that is asked for.
    """

    kind: str
    before: int
    pieces: tuple[str, ...]
    item: dict[str, Any]
    shown: tuple[str, ...]
    likely: tuple[dict[str, Any], ...] = ()

    @property
    def after(self) -> int:
        """The number of its last token; that of the one before it where it has none."""
        return self.before + len(self.pieces)


def response_id(plan: Plan) -> str:
    """`resp_`, with the partition key of the session."""
    return _id(plan, "resp", "response")


def outputs(plan: Plan, asked: Parsed) -> tuple[Output, ...]:
    """The items of a response, in their order."""
    return tuple(_outputs(plan, asked, plan.choices[0]))


def output_items(plan: Plan, asked: Parsed) -> list[dict[str, Any]]:
    """The items as a response that has ended shows them."""
    return [output.item for output in outputs(plan, asked)]


def incomplete(plan: Plan) -> bool:
    """Whether the response was cut off."""
    return plan.choices[0].finish_reason is FinishReason.LENGTH


def _outputs(plan: Plan, asked: Parsed, choice: Choice) -> Iterator[Output]:
    at = index = 0
    if choice.reasoning:
        yield _thought(plan, asked, choice)
        at, index = len(choice.reasoning), 1
    cut = incomplete(plan)
    if choice.pieces or not (choice.calls or (cut and choice.reasoning)):
        likely = likelihoods(plan, asked, choice) if LOGPROBS in asked.params["include"] else ()
        yield _said(plan, choice, index, at, likely, cut=cut and not choice.calls)
        at, index = at + len(choice.pieces), index + 1
    for order, call in enumerate(choice.calls):
        last = order == len(choice.calls) - 1
        yield _called(plan, asked, call, index + order, at, cut=cut and last)
        at += len(call.pieces)


def _thought(plan: Plan, asked: Parsed, choice: Choice) -> Output:
    style = asked.params["reasoning"]["summary"]
    shown = choice.reasoning if style is not None else ()
    if style == CONCISE:
        ends = [number for number, piece in enumerate(shown, 1) if piece.rstrip().endswith((".", "?", "!"))]
        shown = shown[: ends[0]] if ends else shown
    text = "".join(shown)
    item: dict[str, Any] = {"id": _id(plan, "rs", 0), "type": "reasoning", "content": []}
    if ENCRYPTED in asked.params["include"]:
        item["encrypted_content"] = seal({"reasoning": "".join(choice.reasoning)}, plan.created)
    item["summary"] = [{"type": "summary_text", "text": text}] if text else []
    return Output("reasoning", 0, choice.reasoning, item, shown if text else ())


def likelihoods(plan: Plan, asked: Parsed, choice: Choice) -> tuple[dict[str, Any], ...]:
    """How likely each piece of the text was, as a part says it."""
    stream = Source(plan.pod, plan.place).stream("logprobs", 0)
    said = logprobs(stream, choice.pieces, asked.params["top_logprobs"])
    return tuple({**_likely(one), "top_logprobs": [_likely(other) for other in one.top]} for one in said)


def _likely(one: Likely) -> dict[str, Any]:
    return {"token": one.token, "bytes": one.bytes, "logprob": one.logprob}


def _said(
    plan: Plan, choice: Choice, index: int, before: int, likely: tuple[dict[str, Any], ...], *, cut: bool
) -> Output:
    part = text_part(choice.text, likely)
    if choice.refused:
        part = {"type": "refusal", "refusal": choice.text}
    item: dict[str, Any] = {
        "id": _id(plan, "msg", index),
        "type": "message",
        "status": "incomplete" if cut else "completed",
        "content": [part],
    }
    if PHASED.match(plan.model):
        item["phase"] = "commentary" if choice.calls else "final_answer"
    item["role"] = "assistant"
    return Output("refusal" if choice.refused else "message", before, choice.pieces, item, choice.pieces, likely)


def _called(plan: Plan, asked: Parsed, call: Call, index: int, before: int, *, cut: bool) -> Output:
    custom = any(tool.name == call.name and tool.parameters is None for tool in asked.request.tools)
    kind, prefix, key = ("custom_tool_call", "ctc", "input") if custom else ("function_call", "fc", "arguments")
    item: dict[str, Any] = {
        "id": _id(plan, prefix, index),
        "type": kind,
        "status": "incomplete" if cut else "completed",
        key: call.arguments,
        "call_id": call.id,
        "name": call.name,
    }
    namespace = namespaces(asked.params["tools"]).get(call.name)
    if namespace is not None:
        item["namespace"] = namespace
    return Output(kind, before, call.pieces, item, call.pieces)


def text_part(text: str, likely: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """A part of a message that says something."""
    return {"type": "output_text", "annotations": [], "logprobs": list(likely), "text": text}


def _id(plan: Plan, prefix: str, label: int | str) -> str:
    key = partition_key(plan.pod.ordinal, plan.place.session)
    return keyed_id(prefix, key, plan.created, plan.unique, label)
