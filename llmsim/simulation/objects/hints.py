"""What a conversation offers to which property: of the things that a text mentions, the one that a name asks for.

Pure. A value is offered to a property by its name and description, in a fixed order of rules; one that fits nowhere is
offered nowhere. `docs/recognised.md` says what is recognised. Bounded: of each message both ends are read.
"""

import re
from collections.abc import Iterable, Sequence

import attrs

from llmsim.simulation.objects import mentions
from llmsim.simulation.objects.mentions import EMAIL, EXPRESSION, PATH, PHONE, PROPER, QUOTED, TICKER, TIME, URL
from llmsim.simulation.speech.facts import abridged, known
from llmsim.simulation.speech.forms import NAME
from llmsim.simulation.speech.subject import terms_of

LONGEST = 2_000
"""Of a longer text its end counts: that is where requests are."""
_PLACE_WORDS = (
    "city", "location", "place", "town", "country", "region", "state", "destination", "origin", "address", "where",
    "airport", "station", "timezone",
)  # fmt: skip
_NAME_WORDS = (
    "name", "person", "user", "customer", "author", "recipient", "contact", "attendee", "guest", "owner", "assignee",
    "artist", "who",
)  # fmt: skip
_COMPANY_WORDS = (
    "company", "organization", "organisation", "employer", "business", "firm", "brand", "vendor", "workplace",
)  # fmt: skip
_TAG_WORDS = ("tag", "label", "keyword", "hashtag", "category")
_TEXT_WORDS = (
    "query", "text", "message", "content", "title", "subject", "prompt", "question", "term", "topic", "body",
    "note", "description", "input", "search", "phrase", "word", "sentence", "comment", "reason", "summary", "item",
    "task", "q",
)  # fmt: skip
_KINDS: tuple[tuple[tuple[str, ...], re.Pattern[str]], ...] = (
    (("email", "mail"), EMAIL),
    (("url", "uri", "link", "website"), URL),
    (("phone", "telephone", "mobile", "tel"), PHONE),
    (("path", "file", "filename", "filepath"), PATH),
    (("ticker", "symbol"), TICKER),
    (("time",), TIME),
    (("expression", "formula", "calculation", "equation"), EXPRESSION),
)
"""Words of a name that ask for what has a form of its own."""
_CODE_WORDS = ("id", "number", "code", "no", "reference", "sku")
_CODE = r"\b{}\s+(?:(?:id|number|no\.?|code|is)\s+)?#?\s*((?=[\w-]*\d)[A-Za-z0-9][\w-]{{1,40}})"
_WAYS = (
    ("from", frozenset({"from", "origin", "source", "departure", "start"})),
    ("to", frozenset({"to", "destination", "target", "arrival", "end"})),
)
_FROM_TO = re.compile(
    rf"\bfrom (?:(?:my|the) )?(?P<from>{PROPER}|[\w-]{{2,40}}) to (?:(?:my|the) )?(?P<to>{PROPER}|[\w-]{{2,40}})"
)
_REST = r"([^.?!\n\"]{2,200})"
_CLAUSES: tuple[tuple[frozenset[str], re.Pattern[str]], ...] = (
    (frozenset({"reason", "cause"}), re.compile(rf"\b(?:because(?: of)?|due to) {_REST}", re.IGNORECASE)),
    (
        frozenset({"message", "body", "task", "reminder", "text"}),
        re.compile(
            rf"\b(?:saying(?: that)?|remind (?:me|us|him|her|them) (?:to|about|that)) {_REST}"
            rf"|\b(?:tell|inform|notify|let)\b.{{1,40}}?\bthat {_REST}",
            re.IGNORECASE,
        ),
    ),
    (frozenset({"topic", "title", "subject"}), re.compile(rf"\babout {_REST}", re.IGNORECASE)),
)
"""What stands behind some words is wanted by properties of some names."""
_ADDRESSED = ("to", "recipient", "cc", "bcc", "attendee", "participant", "sender")
_AGE = re.compile(r"\b(\d{1,3})[- ]years?[- ]old\b|\baged? (\d{1,3})\b", re.IGNORECASE)
_SUM = r"(\d{1,3}(?:,\d{3})+(?:\.\d{1,2})?|\d{1,12}(?:\.\d{1,2})?)"
_PRICE = re.compile(rf"[$\u20ac\u00a3]\s?{_SUM}|\b{_SUM} ?(?:dollars|euros|pounds|usd|eur|gbp)\b", re.IGNORECASE)
_NUMBERS: tuple[tuple[tuple[str, ...], re.Pattern[str]], ...] = (
    (("age",), _AGE),
    (("price", "cost", "amount", "budget", "total", "fee"), _PRICE),
)
"""Words of a name that ask for a number that is told in a way of its own."""
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[_\-\s.]+")
SUBJECT_CHARS = 120
MOST, FEW = 6, 3
"""Items of a list that is filled from a text: of things that it names, and of its own words."""
_ASKING = re.compile(
    r"(?:(?:please|hey|hi|hello|ok|can you|could you|would you|i (?:want|need|would like|'d like)(?: you)? to)\W+)*"
    r"(?:(?:do a )?(?:web )?(?:search|look(?:ing)? up|find(?: out)?|google|query|check|tell me|show me|give me"
    r"|what(?:'s| is| are)|who(?:'s| is)|where(?:'s| is))(?: (?:the web|online|the internet|for|about))*\s+)?",
    re.IGNORECASE,
)
_BEHIND = r"\b{}s?\b\W{{0,3}}(?:is|are|of|to)?\W{{0,3}}(-?\d{{1,15}}(?:\.\d{{1,10}})?)"
_BEFORE = r"(?<![\w.-])(-?\d{{1,15}}(?:\.\d{{1,10}})?) (?:[a-z]+ )?{}s?\b"


@attrs.frozen
class Hints:
    """What is offered. `turn` counts calls of one tool: each takes the next of several places, names or quotations."""

    text: str
    quoted: tuple[str, ...]
    numbers: tuple[float, ...]
    names: tuple[str, ...]
    places: tuple[str, ...]
    companies: tuple[str, ...] = ()
    turn: int = 0

    @classmethod
    def of(cls, messages: Sequence[str]) -> "Hints":
        """What the messages of a user offer, the last one first."""
        last = abridged(messages[-1])[-LONGEST:] if messages else ""
        bare = QUOTED.sub(" ", last)
        companies, places, names = mentions.organizations(bare), mentions.places(bare), mentions.names(bare)
        told = known(messages).get(NAME)
        if told is not None and told.value not in names:
            names.append(told.value)
        return cls(
            last,
            tuple(mentions.quotations(last)),
            tuple(mentions.numbers(bare)),
            tuple(sorted(names, key=lambda name: name in companies or name in places)),
            tuple(places),
            tuple(companies),
        )

    def again(self, turn: int) -> "Hints":
        """The same for the call of this number."""
        return attrs.evolve(self, turn=turn)

    def beside(self, names: Iterable[str]) -> "Hints":
        """The same without the quotations that the text itself gives to properties of these names."""
        given = {self._said(words_of(name)) for name in names} if len(self.quoted) > 1 else frozenset[str]()
        return attrs.evolve(self, quoted=tuple(text for text in self.quoted if text not in given)) if given else self

    def without(self, value: object) -> "Hints":
        """The same for what comes after a property that took this; the last name and the last place may serve again."""
        quoted = tuple(text for text in self.quoted if text != value)
        names = tuple(name for name in self.names if name != value) or self.names
        places = tuple(place for place in self.places if place != value) or self.places
        return attrs.evolve(self, quoted=quoted, names=names, places=places)

    def several(self, words: Sequence[str], about: str) -> int:
        """How many things of the kind of a property are named: a call of the tool for each."""
        if self.string("_".join(words), about) is None:
            return 1
        if _any_of(words, _PLACE_WORDS) or _in(about, _PLACE_WORDS[:6]):
            return max(len(self._regional(words)), 1)
        if _any_of(words, _TEXT_WORDS) or _any_of(words, _NAME_WORDS):
            return max(len(self.quoted), 1)
        return 1

    def least(self, names: Sequence[str]) -> int:
        """How many things the text has, each with a text for all of these names that it has any for; 0 to MOST."""
        ahead = [self.again(turn) for turn in range(MOST)]
        counts = [len({hints.string(name, "") for hints in ahead} - {None}) for name in names]
        return min([count for count in counts if count], default=0)

    def string(self, name: str, about: str) -> str | None:
        """A text for a property of this name and description; None where nothing fits."""
        words = words_of(name)
        said = self._said(words)
        if said is not None:
            return said
        if _any_of(words, ("date", "day", "birthday", "deadline")):
            return mentions.date(self.text)
        for wanted, pattern in _KINDS:
            if _any_of(words, wanted):
                found = pattern.search(self.text)
                return found[0].strip(" $") if found else None
        return self._fitting(words, about.lower())

    def moment(self) -> str | None:
        """The date of the text with its time, or with midnight, as RFC 3339 writes it."""
        date, time = mentions.date(self.text), TIME.search(self.text)
        hour, minute, second = [*(time[0] if time else "0:00").split(":"), "00"][:3]
        return f"{date}T{hour.zfill(2)}:{minute}:{second}Z" if date else None

    def number(self, name: str) -> float | None:
        """The number that the text says of a property of this name: `age 36`, `36 pages`, `count: 3`."""
        words = words_of(name)
        for wanted, pattern in _NUMBERS:
            found = pattern.search(self.text) if _any_of(words, wanted) else None
            if found:
                return mentions.number(next(filter(None, found.groups())).replace(",", ""))
        for word in words:
            stem = re.escape(word.removesuffix("s"))
            for form in (_BEHIND, _BEFORE):
                found = re.search(form.format(stem), self.text, re.IGNORECASE)
                if found:
                    return mentions.number(found[1])
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
            rf"\b{named}\"?\s*(?:(?:is|=|:|of|to|as)?\s*(?:\"([^\"\n]{{1,200}})\"|'([^'\n]{{1,200}})')"
            r"|(?:is|=|:)\s*([\w@./+-]{1,80}))",
            self.text,
            re.IGNORECASE,
        )
        if found:
            return str(next(filter(None, found.groups()))).rstrip(".,;" if found[3] else "")
        if words[-1] in _CODE_WORDS:
            coded = re.search(_CODE.format(re.escape(words[0])), self.text, re.IGNORECASE)
            return coded[1] if coded else None
        for preposition, wanted in _WAYS:
            if not wanted.isdisjoint(words):
                there = re.search(rf"\b{preposition}\s+({PROPER})", self.text)
                way = _FROM_TO.search(self.text)
                return str(there[1]) if there else str(way[preposition]) if way else None
        for asked, pattern in _CLAUSES:
            clause = pattern.search(self.text) if not asked.isdisjoint(words) else None
            if clause:
                return str(next(filter(None, clause.groups()))).strip()
        return None

    def _fitting(self, words: Sequence[str], about: str) -> str | None:
        """By the kind of property: a company, a word, a place, a text, a name, or somebody's address."""
        found: Sequence[str]
        if _any_of(words, _COMPANY_WORDS):
            found = self.companies
        elif _any_of(words, _TAG_WORDS):
            found = self.quoted or terms_of([self.text])[:FEW]
        elif _any_of(words, _PLACE_WORDS) or (
            not _any_of(words, _NAME_WORDS + _TEXT_WORDS) and _in(about, _PLACE_WORDS[:6])
        ):
            found = self._regional(words) or self.names or self.quoted
        elif _any_of(words, _TEXT_WORDS):
            found = self.quoted or [self.subject()]
        elif _any_of(words, _ADDRESSED):
            found = EMAIL.findall(self.text) or self.names
        elif _any_of(words, _NAME_WORDS):
            found = self.quoted or self.names if "name" in words else self.names or self.quoted
        else:
            found = self.quoted or (self.names if _in(about, _NAME_WORDS[:4]) else ())
        return self._next(found) or None

    def _regional(self, words: Sequence[str]) -> Sequence[str]:
        """Places of the size that a property asks for, where there are any: countries, or what lies in them."""
        wanted = "country" in words
        places = [place for place in self.places if (place in mentions.COUNTRIES) is wanted] or self.places
        return [place.partition(",")[0] for place in places] if {"city", "town"} & set(words) else places

    def _next(self, values: Sequence[str]) -> str | None:
        return values[min(self.turn, len(values) - 1)] if values else None


def words_of(name: str) -> list[str]:
    """The words of a name in camel or snake case, in lower case."""
    return [word.lower() for word in _CAMEL.split(name) if word]


def _any_of(words: Sequence[str], wanted: Sequence[str]) -> bool:
    return any(word in wanted or word.removesuffix("s") in wanted for word in words)


def _in(text: str, wanted: Sequence[str]) -> bool:
    return any(re.search(rf"\b{word}\b", text) for word in wanted)
