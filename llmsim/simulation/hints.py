"""What a conversation offers as values: quoted texts, numbers, names, places, dates, addresses, and whose they may be.

Pure. A value is offered to a property by its name and description, in a fixed order of rules; one that fits nowhere is
offered nowhere. `docs/recognised.md` says what is recognised. Bounded: of each message both ends are read.
"""

import re
from collections.abc import Iterable, Sequence

import attrs

from llmsim.simulation.facts import abridged, known
from llmsim.simulation.forms import NAME

LONGEST = 2_000
"""Of a longer text its end counts: that is where requests are."""
_QUOTED = re.compile(
    r"\"([^\"\n]{1,200})\"|(?<!\w)'([^'\n]{1,200})'(?!\w)|`([^`\n]{1,200})`|\u201c([^\u201d\n]{1,200})\u201d"
)
_EMAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}")
_URL = re.compile(r"https?://[^\s\"'<>)\]]{1,300}")
_DATE = re.compile(r"\b\d{4}-\d{2}-\d{2}\b")
_TIME = re.compile(r"\b([01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d)?\b")
_NUMBER = re.compile(r"(?<![\w.-])-?\d{1,15}(?:,\d{3})*(?:\.\d{1,10})?(?![\w-]|\.\d)")
_WORDS_FOR = {
    "one": 1,
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "eight": 8,
    "nine": 9,
    "ten": 10,
}
_NUMBER_WORD = re.compile(rf"\b(?:{'|'.join(_WORDS_FOR)})\b", re.IGNORECASE)
_CAPITAL = r"[A-Z\u00c0-\u00de][\w'\u2019-]*"
_BETWEEN = r"(?:(?:de|la|del|of|the|do|da|di|am|an der|upon|los|las) )?"
_PROPER = rf"{_CAPITAL}(?:[ -]{_BETWEEN}{_CAPITAL}){{0,3}}"
_NAME = re.compile(rf"(?<![.!?\n] )(?<!^)\b{_PROPER}", re.MULTILINE)
_PLACES = re.compile(
    rf"\b(?:in|at|to|from|for|near|around|visit(?:ing)?|between|of|is|are|and|or)\s+(?P<first>{_PROPER})"
    rf"(?P<more>(?:\s*,\s*(?:and\s+|or\s+)?{_PROPER}|\s+(?:and|or|vs\.?|versus)\s+{_PROPER})*)"
)
_PERSON = re.compile(
    r"\b(?:to|for|with|by|from|named|called|name is|am|i'm|I'm|email|call|message|invite|ask|tell|remind|user|customer)"
    rf"\s+(?P<first>{_PROPER})"
)
_ONE = re.compile(_PROPER)
_NO_NAME = frozenset(
    word
    for words in (
        "I I'm I'd I'll I've Monday Tuesday Wednesday Thursday Friday Saturday Sunday January February March April May",
        "June July August September October November December What When Where Which Who Why How Please The A An It Is",
        "Are Can Could Will Would Do Does Use Call Get Find Show Tell Give Send Book Search Look Add Set Create Make",
        "Then And Or But If JSON",
    )
    for word in words.split()
)
"""Capitalised words that name nobody."""
_PLACE_WORDS = (
    "city",
    "location",
    "place",
    "town",
    "country",
    "region",
    "state",
    "destination",
    "origin",
    "address",
    "where",
    "airport",
    "station",
    "timezone",
)
_NAME_WORDS = (
    "name",
    "person",
    "user",
    "customer",
    "author",
    "recipient",
    "contact",
    "attendee",
    "guest",
    "owner",
    "assignee",
    "artist",
    "who",
)
_TEXT_WORDS = (
    "query", "text", "message", "content", "title", "subject", "prompt", "question", "keyword", "term", "topic", "body",
    "note", "description", "input", "search", "phrase", "word", "sentence", "comment", "reason", "summary", "item",
    "task", "q",
)  # fmt: skip
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[_\-\s.]+")
SUBJECT_CHARS = 120
_ASKING = re.compile(
    r"(?:(?:please|hey|hi|hello|ok|can you|could you|would you|i (?:want|need|would like|'d like)(?: you)? to)\W+)*"
    r"(?:(?:do a )?(?:web )?(?:search|look(?:ing)? up|find(?: out)?|google|query|check|tell me|show me|give me"
    r"|what(?:'s| is| are)|who(?:'s| is)|where(?:'s| is))(?: (?:the web|online|the internet|for|about))*\s+)?",
    re.IGNORECASE,
)
_BEHIND = r"\b{}s?\b\W{{0,3}}(?:is|are|of|to)?\W{{0,3}}(-?\d{{1,15}}(?:\.\d{{1,10}})?)"
_BEFORE = r"(?<![\w.-])(-?\d{{1,15}}(?:\.\d{{1,10}})?) (?:[a-z]+ )?{}s?\b"
_EXPRESSION = re.compile(r"[\d(][\d\s().,*/+^%-]{0,80}[\d)]")


@attrs.frozen
class Hints:
    """What is offered. `turn` counts calls of one tool: each takes the next of several places, names or quotations."""

    text: str
    quoted: tuple[str, ...]
    numbers: tuple[float, ...]
    names: tuple[str, ...]
    places: tuple[str, ...]
    turn: int = 0

    @classmethod
    def of(cls, messages: Sequence[str]) -> "Hints":
        """What the messages of a user offer, the last one first."""
        last = abridged(messages[-1])[-LONGEST:] if messages else ""
        quoted = tuple(dict.fromkeys(next(filter(None, found)) for found in _QUOTED.findall(last)))
        bare = _QUOTED.sub(" ", last)
        numbers = _numbers(bare)
        places = tuple(dict.fromkeys(_places(bare)))
        names = tuple(dict.fromkeys(_names(bare)))
        told = known(messages).get(NAME)
        if told is not None and told.value not in names:
            names += (told.value,)
        return cls(last, quoted, numbers, names, places)

    def again(self, turn: int) -> "Hints":
        """The same for the call of this number."""
        return attrs.evolve(self, turn=turn)

    def string(self, name: str, about: str) -> str | None:
        """A text for a property of this name and description; None where nothing fits."""
        words = words_of(name)
        said = self._said(words)
        if said is not None:
            return said
        for wanted, pattern in (
            ("email", _EMAIL),
            ("mail", _EMAIL),
            ("url", _URL),
            ("uri", _URL),
            ("link", _URL),
            ("website", _URL),
        ):
            if wanted in words:
                found = pattern.search(self.text)
                return found[0] if found else None
        for wanted, pattern in (("date", _DATE), ("day", _DATE), ("time", _TIME)):
            if wanted in words:
                found = pattern.search(self.text)
                return found[0] if found else None
        if "expression" in words or "formula" in words or "calculation" in words or "equation" in words:
            found = _EXPRESSION.search(self.text)
            return found[0].strip() if found else None
        return self._fitting(words, about.lower())

    def number(self, name: str) -> float | None:
        """The number that the text says of a property of this name: `age 36`, `36 pages`, `count: 3`."""
        for word in words_of(name):
            stem = re.escape(word.removesuffix("s"))
            for pattern in (_BEHIND, _BEFORE):
                found = re.search(pattern.format(stem), self.text, re.IGNORECASE)
                if found:
                    return _number(found[1])
        return None

    def flag(self, name: str) -> bool | None:
        """True or false for a property of this name, where the text says one of them with it."""
        words = [word.lower() for word in _CAMEL.split(name) if len(word) > 2]
        lowered = self.text.lower()
        for word in words:
            at = lowered.find(word)
            if at >= 0:
                before = lowered[max(at - 24, 0) : at]
                return not re.search(r"\b(?:no|not|without|don't|do not|never|disable)\b[^.]*$", before)
        return None

    def chosen(self, values: Iterable[object]) -> object | None:
        """The first of some values that stands in the text as a word; None where none does."""
        lowered = self.text.lower()
        found = []
        for value in values:
            if isinstance(value, str) and value and value.lower().replace("_", " ") in lowered:
                at = re.search(rf"(?<!\w){re.escape(value.lower().replace('_', ' '))}s?(?!\w)", lowered)
                if at is not None:
                    found.append((at.start(), value))
        found.sort(key=lambda entry: entry[0])
        return found[min(self.turn, len(found) - 1)][1] if found else None

    def subject(self) -> str:
        """What the last message wants, without the words that ask for it."""
        line = next((line for line in reversed(self.text.splitlines()) if line.strip()), "")
        return _ASKING.sub("", line.strip())[:SUBJECT_CHARS].strip(" ?.!\"'")

    def _said(self, words: Sequence[str]) -> str | None:
        """What the text itself says under this name: `city: Oslo`, `the title is "X"`, `from Paris to London`."""
        named = r"[ _-]".join(map(re.escape, words))
        if not named:
            return None
        found = re.search(
            rf"\b{named}\"?\s*(?:is|=|:)\s*(?:\"([^\"\n]{{1,200}})\"|'([^'\n]{{1,200}})'|([\w@./+-]{{1,80}}))",
            self.text,
            re.IGNORECASE,
        )
        if found:
            return str(next(filter(None, found.groups()))).rstrip(".,;")
        for prepositions, wanted in (
            (("from",), {"from", "origin", "source", "departure", "start"}),
            (("to",), {"to", "destination", "target", "arrival", "end"}),
        ):
            if wanted & set(words):
                for preposition in prepositions:
                    there = re.search(rf"\b{preposition}\s+({_PROPER})", self.text)
                    if there:
                        return there[1]
        return None

    def _fitting(self, words: Sequence[str], about: str) -> str | None:
        """By the kind of property: a place, a name, or a text."""
        if _any_of(words, _PLACE_WORDS) or (
            not _any_of(words, _NAME_WORDS + _TEXT_WORDS) and _in(about, _PLACE_WORDS[:6])
        ):
            return self._next(self.places or self.names or self.quoted)
        if _any_of(words, _TEXT_WORDS):
            return self._next(self.quoted) or self.subject() or None
        if _any_of(words, _NAME_WORDS):
            return self._next(self.quoted or self.names if "name" in words else self.names or self.quoted)
        return self._next(self.quoted) or (self._next(self.names) if _in(about, _NAME_WORDS[:4]) else None)

    def _next(self, values: Sequence[str]) -> str | None:
        return values[min(self.turn, len(values) - 1)] if values else None


def several(hints: Hints, words: Sequence[str], about: str) -> int:
    """How many things of the kind of a property are named: a call of the tool for each."""
    if hints.string("_".join(words), about) is None:
        return 1
    if _any_of(words, _PLACE_WORDS) or _in(about, _PLACE_WORDS[:6]):
        return max(len(hints.places), 1)
    if _any_of(words, _TEXT_WORDS) or _any_of(words, _NAME_WORDS):
        return max(len(hints.quoted), 1)
    return 1


def words_of(name: str) -> list[str]:
    """The words of a name in camel or snake case, in lower case."""
    return [word.lower() for word in _CAMEL.split(name) if word]


def _number(text: str) -> float:
    """A number as it is written in JSON everywhere: whole ones without a fraction."""
    value = float(text) if "." in text else int(text)
    return int(value) if value == int(value) else value


def _numbers(text: str) -> tuple[float, ...]:
    without = _TIME.sub(" ", _DATE.sub(" ", _URL.sub(" ", text)))
    found = [(match.start(), _number(match[0].replace(",", ""))) for match in _NUMBER.finditer(without)]
    found += [(match.start(), _WORDS_FOR[match[0].lower()]) for match in _NUMBER_WORD.finditer(without)]
    return tuple(value for _, value in sorted(found, key=lambda entry: entry[0]))


def _places(text: str) -> Iterable[str]:
    for found in _PLACES.finditer(text):
        for name in (found["first"], *_ONE.findall(found["more"])):
            if _is_name(name):
                yield name


def _names(text: str) -> Iterable[str]:
    for found in _PERSON.finditer(text):
        if _is_name(found["first"]):
            yield found["first"]
    for found in _NAME.finditer(text):
        if _is_name(found[0]):
            yield found[0]


def _is_name(text: str) -> bool:
    return text.split(" ", maxsplit=1)[0] not in _NO_NAME


def _any_of(words: Sequence[str], wanted: Sequence[str]) -> bool:
    return any(word in wanted or word.removesuffix("s") in wanted for word in words)


def _in(text: str, wanted: Sequence[str]) -> bool:
    return any(re.search(rf"\b{word}\b", text) for word in wanted)
