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
from llmsim.simulation.objects.mentions import undated
from llmsim.simulation.objects.schemas import types_of
from llmsim.simulation.speech.subject import STOP_WORDS
from llmsim.simulation.speech.synonyms import ASKING, DOING, LOOKING, STANDING_FOR
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
    """How well a tool fits: how much (0: not), where in the text, by which words, and whether the text names it."""

    score: int
    at: int
    words: frozenset[str]
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
    """The tools that are called, in the order in which the text comes to them.

    The one that fits best, and beside it those that the text names and those that fit by words of their own.
    """
    heard = _Heard.of(text)
    fits = [(_fit(tool, heard), tool) for tool in tools]
    fitting = sorted([entry for entry in fits if entry[0].score], key=lambda entry: -entry[0].score)
    if not fitting:
        return [tools[0]] if forced else []
    chosen, covered = [fitting[0]], set(fitting[0][0].words)
    for fit, tool in fitting[1:]:
        if fit.named or fit.words - covered:
            chosen.append((fit, tool))
            covered |= fit.words
    return [tool for _, tool in sorted(chosen, key=lambda entry: entry[0].at)]


@attrs.frozen
class _Heard:
    """What a user says last: the places of its words and of what they may stand for, and how it begins."""

    text: str
    words: Mapping[str, int]
    first: str
    at: int
    asks: bool

    @classmethod
    def of(cls, text: str) -> "_Heard":
        lowered = text.lower()
        words: dict[str, int] = {}
        for match in _WORD.finditer(lowered):
            for word in (match[0], *STANDING_FOR.get(match[0], ())):
                words.setdefault(_stem(word), match.start())
        first = _FIRST.match(lowered)
        asks = text.rstrip().endswith("?") or (first is not None and first[1] in ASKING)
        return cls(lowered, words, _stem(first[1]) if first else "", first.start(1) if first else 0, asks)


def _fit(tool: Tool, heard: _Heard) -> _Fit:
    """How well a tool fits what a user says."""
    words, name = heard.words, words_of(tool.name)
    own = [_stem(word) for word in name]
    spelled = heard.text.find(tool.name.lower())
    if spelled >= 0 and (len(name) > 1 or own[0] in words):
        return _Fit(20, spelled, frozenset(own), named=True)
    telling = [_stem(word) for word in name if word not in _GENERIC | STOP_WORDS] or own
    manner = int((name[0] in LOOKING) if heard.asks else (name[0] in DOING))
    found = frozenset(word for word in telling if word in words)
    if heard.first in own and (heard.first in telling or not found):
        return _Fit(6 + 4 * len(found), heard.at, found | {heard.first}, named=False)
    about = {_stem(word) for word in _WORD.findall(tool.description.lower()) if word not in STOP_WORDS | _GENERIC}
    described = [words[word] for word in about - set(own) if word in words]
    if found:
        score = 4 * len(found) + sum(word in words for word in own if word not in telling) + len(described) + manner
        return _Fit(score, min([words[word] for word in found]), found, named=False)
    if len(described) >= 2:
        return _Fit(len(described) + manner, min(described), frozenset(), named=False)
    if _CALCULATES & set(_properties(tool.parameters or {})) and _ARITHMETIC.search(undated(heard.text)):
        return _Fit(4, 0, frozenset({"calculate"}), named=False)
    return _Fit(0, 0, frozenset(), named=False)


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
