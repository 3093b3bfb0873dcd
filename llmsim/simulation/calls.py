"""Which of the offered tools a reply calls, how often, and with which arguments.

Pure. Under `auto` a tool is called when the last message of the user plausibly needs it: when it names the tool, when a
word of the tool's name stands in it, when two words of its description do, or when it has what a calculator takes.
After the results of tools the reply uses them and calls none; under `required` there is always a call. All that is
recognised stands in `docs/recognised.md`.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import attrs

from llmsim.simulation.draws import Label, Source
from llmsim.simulation.objects.hints import Hints, words_of
from llmsim.simulation.objects.instances import instance, written
from llmsim.simulation.objects.schemas import types_of
from llmsim.simulation.speech.subject import STOP_WORDS
from llmsim.turn import Choosing, Message, Role, Tool, ToolCall, TurnRequest

MOST = 8
"""Calls of one reply."""
_WORD = re.compile(r"[^\W\d_]{2,30}")
_FIRST = re.compile(
    r"(?:(?:please|can you|could you|would you|i want you to|now|then|and|ok|hey|hi)\W+)*([a-z]{2,20})\b"
)
"""The word that a request begins with, in lower case."""
_ARITHMETIC = re.compile(r"\d\s*(?:[-+*/x\u00d7\u00f7^%]|plus|minus|times|divided by)\s*\(?-?\d", re.IGNORECASE)
_CALCULATES = frozenset({"expression", "formula", "calculation", "equation"})
_GENERIC = frozenset(
    word
    for words in (
        "get set fetch lookup find search list create update delete remove make do run call send add check read write",
        "show query tool function data info information details current new by id api value values result results item",
        "items user users use using given return returns retrieve string number optional required name names text type",
    )
    for word in words.split()
)
"""Words of names and descriptions that say little: on their own they call no tool, unless one is the whole name."""


@attrs.frozen
class _Fit:
    """How well a tool fits: how much (0: not), where in the text, and whether the text names it."""

    score: int
    at: int
    named: bool


def wanted(
    request: TurnRequest, context: Sequence[Message], source: Source, labels: tuple[Label, ...], *, plausibly: bool
) -> tuple[ToolCall, ...]:
    """The calls of a reply, without ids; none where none is to be made.

    `plausibly`: a tool is also called where nobody insists, as it seems fit.
    """
    choice = request.tool_choice
    tools = [tool for tool in request.tools if not choice.names or tool.name in choice.names]
    if not tools or choice.how is Choosing.NONE:
        return ()
    forced = choice.how is Choosing.REQUIRED
    if not forced and (not plausibly or answered(context)):
        return ()
    texts = [message.text for message in context if message.role is Role.USER]
    hints = Hints.of(texts)
    chosen = _chosen(tools, hints.text, forced=forced)
    calls: list[ToolCall] = []
    for tool in chosen:
        for turn in range(_times(tool, hints) if choice.parallel else 1):
            stream = source.stream("arguments", *labels, len(calls))
            calls.append(ToolCall("", tool.name, _arguments(tool, hints.again(turn), stream)))
    return tuple(calls[: MOST if choice.parallel else 1])


def answered(context: Sequence[Message]) -> bool:
    """Whether the last thing that was said are results of tools."""
    return bool(context) and context[-1].role in (Role.TOOL, Role.FUNCTION)


def results(context: Sequence[Message]) -> Iterator[tuple[ToolCall | None, Message]]:
    """The results of tools that were said last, each with the call that it answers."""
    at = len(context)
    while at and context[at - 1].role in (Role.TOOL, Role.FUNCTION):
        at -= 1
    made = context[at - 1].tool_calls if at else ()
    for index, message in enumerate(context[at:]):
        by_id = next((call for call in made if call.id and call.id == message.tool_call_id), None)
        yield by_id or next((call for call in made[index : index + 1] if not call.id), None), message


def _chosen(tools: Sequence[Tool], text: str, *, forced: bool) -> list[Tool]:
    """The tools that are called, in the order in which the text comes to them."""
    fits = [(_fit(tool, text), tool) for tool in tools]
    fitting = sorted([entry for entry in fits if entry[0].score], key=lambda entry: -entry[0].score)
    if not fitting:
        return [tools[0]] if forced else []
    several_named = [entry for entry in fitting if entry[0].named or entry[0].score >= max(fitting[0][0].score, 4)]
    chosen = several_named or fitting[:1]
    return [tool for _, tool in sorted(chosen, key=lambda entry: entry[0].at)]


def _fit(tool: Tool, text: str) -> _Fit:
    """How well a tool fits what a user says."""
    lowered = text.lower()
    words = {_stem(word): match.start() for match in reversed(list(_WORD.finditer(lowered))) for word in (match[0],)}
    name = words_of(tool.name)
    spelled = lowered.find(tool.name.lower())
    if spelled >= 0 and (len(name) > 1 or tool.name.lower() in words or _stem(tool.name.lower()) in words):
        return _Fit(20, spelled, named=True)
    first = _FIRST.match(lowered)
    if first and _stem(first[1]) in {_stem(word) for word in name}:
        return _Fit(6, first.start(1), named=False)
    own = [_stem(word) for word in name]
    telling = [_stem(word) for word in name if word not in _GENERIC] or own
    at = min((words[word] for word in own if word in words), default=len(text))
    score = 4 * sum(word in words for word in telling) + sum(word in words for word in own if word not in telling)
    about = {_stem(word) for word in _WORD.findall(tool.description.lower()) if word not in STOP_WORDS | _GENERIC}
    described = [words[word] for word in about - set(own) if word in words]
    if telling and not any(word in words for word in telling) and len(described) < 2:
        score, described = 0, []
    parameters = tool.parameters or {}
    if score == 0 and _CALCULATES & set(_properties(parameters)) and _ARITHMETIC.search(text):
        return _Fit(4, 0, named=False)
    return (
        _Fit(score + len(described), min([at, *described]), named=False)
        if score or described
        else _Fit(0, 0, named=False)
    )


def _times(tool: Tool, hints: Hints) -> int:
    """How many calls of a tool are asked for: one for each thing that its first text wants, where several are named."""
    if tool.parameters is None:
        return 1
    properties = _properties(tool.parameters)
    required = [name for name in tool.parameters.get("required") or () if name in properties]
    texts = [
        name
        for name in required or properties
        if "string" in types_of(properties[name]) and "enum" not in properties[name]
    ]
    if len(texts) != 1:
        return 1
    return min(hints.several(words_of(texts[0]), str(properties[texts[0]].get("description", "")).lower()), MOST)


def _arguments(tool: Tool, hints: Hints, stream: Any) -> str:  # noqa: ANN401
    """The arguments of one call, as a model writes them."""
    if tool.parameters is None:
        return hints.string("input", "") or hints.text or "ok"
    made = instance(tool.parameters, stream, hints)
    return written(made if isinstance(made, dict) else {})


def _properties(parameters: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    found = parameters.get("properties")
    if not isinstance(found, Mapping):
        return {}
    return {name: schema for name, schema in found.items() if isinstance(schema, Mapping)}


def _stem(word: str) -> str:
    """A word without the ending that most often tells its forms apart."""
    for ending in ("ing", "ation", "s", "e"):
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            return word.removesuffix(ending)
    return word
