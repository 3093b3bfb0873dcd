"""What form a reply is to have, as system, developer and user say it: which instructions there are, and who wins.

`docs/recognised.md` lists what is understood. What a system or developer message says holds for the whole conversation,
what a user says for that turn; of two instructions of one kind the later one counts. Nothing here makes a text
(`obeying.py` does), and nothing knows what the words mean. Pure. Clauses are short, and each pattern is tried only
where one of its words stands in the text, so that the work is bounded and a plain message costs a few searches.
"""

import functools
import re
from collections.abc import Callable, Sequence
from typing import Any

import attrs

from llmsim.simulation.speech import wordings
from llmsim.simulation.speech.facts import abridged, clauses
from llmsim.simulation.speech.wordings import COUNTS, HINTS

_TEXTS = 512
"""Texts of which is remembered what they order: a client sends its system message with every turn."""

COUNT_LIMIT = 1_000
"""Numbers that are counted up at most."""


@attrs.frozen
class Orders:
    """The form that a reply is to have; what is None or empty was not asked for.

    `words` and `characters` are the most there may be (with `exact`: as many words as there are). `items` make a list,
    of so many items or (0) of as many as it takes; `short` wants the answer alone. `keys` are those of a JSON object.
    Of `options` one is the reply.
    """

    exactly: str | None = None
    upper: bool | None = None
    json: bool = False
    keys: tuple[str, ...] = ()
    words: int | None = None
    exact: bool = False
    characters: int | None = None
    sentences: int | None = None
    items: int | None = None
    numbered: bool = False
    options: tuple[str, ...] = ()
    starts: str = ""
    ends: str = ""
    includes: tuple[str, ...] = ()
    short: bool = False


PLAIN = Orders()


@attrs.frozen
class Order:
    """What one text orders: fields of `Orders`, replies to certain words, and what the text says besides."""

    fields: dict[str, Any]
    replies: tuple[tuple[str, str], ...]
    rest: str


def orders(rules: Sequence[str], said: str) -> tuple[Orders, str]:
    """The form of the reply to what a user said last, and that without its instructions.

    `rules` are the texts of the system and developer messages, oldest first.
    """
    ruled = [order for order in map(_remembered, rules) if order is not None]
    order = read(said)
    if not ruled and order is None:
        return PLAIN, said
    fields: dict[str, Any] = {}
    for rule in ruled:
        fields.update(rule.fields)
        for cue, reply in rule.replies:
            if cue in said.lower():
                fields["exactly"] = reply
    if order is not None:
        fields.update(order.fields)
        if "exactly" not in order.fields and _OVERRULES & order.fields.keys():
            fields.pop("exactly", None)
        said = order.rest
    return (Orders(**fields), said) if fields else (PLAIN, said)


_OVERRULES = {"options", "words", "sentences", "items", "json", "short"}
"""What a user may want instead of the words that the system gave."""


def read(text: str) -> Order | None:
    """What one message orders; None where it orders nothing."""
    text = abridged(text)
    lowered = text.lower()
    for hint in HINTS:
        if hint in lowered:
            return _read(text)
    return None


_remembered = functools.lru_cache(_TEXTS)(read)


def _read(text: str) -> Order | None:
    fields: dict[str, Any] = {}
    replies = tuple([(found["cue"].lower(), wordings.value_of(found)) for found in wordings.REPLY_TO.finditer(text)])
    unconditional = wordings.REPLY_TO.sub(" ", text)
    whole, rest = _exactly(unconditional)
    if whole is not None:
        fields["exactly"] = whole
    kept = [_from_clause(clause, fields) for clause, _question in clauses(rest)]
    if not fields and not replies:
        return None
    return Order(fields, replies, " ".join(filter(None, kept)))


def _exactly(text: str) -> tuple[str | None, str]:
    """The words that are to be the whole reply, and the text without them."""
    counted = wordings.COUNT_UP.search(text)
    if counted is not None:
        first, last = int(counted["first"] or 1), int(counted["last"])
        if 0 < last - first < COUNT_LIMIT:
            return ", ".join(map(str, range(first, last + 1))), text[: counted.start()]
    for pattern in wordings.EXACTLY:
        found = pattern.search(text)
        if found is not None and not wordings.NEGATED.search(text[: found.start()]):
            value = wordings.value_of(found)
            if value:
                return value, text[: found.start()]
    return None, text


def _from_clause(clause: str, fields: dict[str, Any]) -> str:
    """Add what one clause orders; returns what it says besides."""
    if wordings.TELLS.match(clause):
        return clause
    lowered = clause.lower()
    asks = wordings.ASKS.match(clause) is not None
    rest = clause
    for hint, pattern, understood in _RULES:
        if hint not in lowered:
            continue
        found = pattern.search(clause)
        if found is None or (asks and (understood not in _OF_ANSWERS or clause[found.end() :].strip(" .?!"))):
            continue
        changes = understood(found)
        if changes.get("items") == 0 and fields.get("items"):
            del changes["items"]  # how many was said before
        if changes:
            negated = wordings.NEGATED.search(clause[: found.start()]) is not None
            fields.update({name: getattr(PLAIN, name) for name in changes} if negated else changes)
            rest = rest.replace(found[0], " ", 1)
    left = wordings.LEFT_OVER.match(rest)
    return clause if rest == clause or left is None else wordings.LOOSE.sub(r"\1", rest[left.end() :])


def _upper(_found: re.Match[str]) -> dict[str, Any]:
    return {"upper": True}


def _lower(_found: re.Match[str]) -> dict[str, Any]:
    return {"upper": False}


def _json(found: re.Match[str]) -> dict[str, Any]:
    return {"json": True, "keys": wordings.names_in(found["keys"] or "")}


def _length(found: re.Match[str]) -> dict[str, Any]:
    count, unit = number(found["count"]), found["unit"].lower()
    if count is None:
        return {}
    if unit.startswith("word"):
        bound = (found["bound"] or "").lower() + (found["after"] or "").lower()
        exact = bound.strip() in {"", "exactly", "at least", "a minimum of"}
        return {"words": count, "exact": exact, "sentences": None}
    if unit.startswith("character"):
        return {"characters": count}
    if unit.startswith("sentence"):
        return {"sentences": count, "words": None}
    return {"items": count, "numbered": unit.startswith("step")}


def _brief(_found: re.Match[str]) -> dict[str, Any]:
    return {"sentences": 2}


def _short(_found: re.Match[str]) -> dict[str, Any]:
    return {"short": True}


def _list(found: re.Match[str]) -> dict[str, Any]:
    numbered = not found["kind"].lower().startswith(("bullet", "unordered"))
    return {"items": number(found["count"] or "") or 0, "numbered": numbered}


def _several(found: re.Match[str]) -> dict[str, Any]:
    count = number(found["count"] or found["n"])
    return {} if count is None or count < 2 else {"items": count, "numbered": True}


def _options(found: re.Match[str]) -> dict[str, Any]:
    options = wordings.names_in(found["list"] or found.groupdict().get("quoted") or "")
    return {} if len(options) < 2 else {"options": options}


def _starts(found: re.Match[str]) -> dict[str, Any]:
    return {"starts": wordings.value_of(found)}


def _ends(found: re.Match[str]) -> dict[str, Any]:
    return {"ends": wordings.value_of(found)}


def _includes(found: re.Match[str]) -> dict[str, Any]:
    named = wordings.names_in(found["list"]) if found["list"] else (found["word"] or wordings.value_of(found),)
    return {"includes": named}


def number(text: str) -> int | None:
    """A number in digits or words; None for what is none, or none that a reply could have."""
    count = int(text) if text.isascii() and text.isdecimal() else COUNTS.get(text.lower())
    return count if count is not None and 0 < count <= wordings.MOST else None


_RULES: tuple[tuple[str, re.Pattern[str], Callable[[re.Match[str]], dict[str, Any]]], ...] = (
    ("cap", wordings.UPPER, _upper),
    ("upper", wordings.UPPER, _upper),
    ("lower", wordings.LOWER, _lower),
    ("json", wordings.JSON, _json),
    ("yes", wordings.YES_OR_NO, _options),
    ("true", wordings.YES_OR_NO, _options),
    ("of", wordings.ONE_OF, _options),
    (" or ", wordings.EITHER, _options),
    ("list", wordings.LIST, _list),
    ("bullet", wordings.LIST, _list),
    ("word", wordings.LENGTH, _length),
    ("sentence", wordings.LENGTH, _length),
    ("bullet", wordings.LENGTH, _length),
    ("character", wordings.LENGTH, _length),
    ("step", wordings.LENGTH, _length),
    ("item", wordings.LENGTH, _length),
    ("point", wordings.LENGTH, _length),
    ("list", wordings.SEVERAL, _several),
    ("name", wordings.SEVERAL, _several),
    ("give", wordings.SEVERAL, _several),
    ("brief", wordings.BRIEF, _brief),
    ("concise", wordings.BRIEF, _brief),
    ("short", wordings.BRIEF, _brief),
    ("terse", wordings.BRIEF, _brief),
    (" the ", wordings.SHORT, _short),
    ("with", wordings.STARTS, _starts),
    ("with", wordings.ENDS, _ends),
    ("classify", wordings.CLASSIFY, _options),
    ("the ", wordings.INCLUDES, _includes),
    ("word", wordings.INCLUDES, _includes),
)
_OF_ANSWERS = (_length, _list)
"""What may stand in a question: "What is a tree, in one sentence?"."""
