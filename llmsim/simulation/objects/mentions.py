"""What a text mentions: quotations, numbers, names of people, places and organisations, addresses, dates.

Pure. A name is a run of capitalised words; what it names follows from the words around it, in a fixed order of rules.
`docs/recognised.md` says what is recognised. Each pattern takes time in proportion to the text.
"""

import re

QUOTED = re.compile(
    r"\"([^\"\n]{1,200})\"|(?<!\w)'([^'\n]{1,200})'(?!\w)|`([^`\n]{1,200})`|\u201c([^\u201d\n]{1,200})\u201d"
)
EMAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}")
URL = re.compile(r"https?://[^\s\"'<>)\]]{1,300}")
PHONE = re.compile(r"(?<![\w.-])\+?\(?\d[\d ().-]{5,18}\d(?![\w-])")
PATH = re.compile(
    r"(?<![\w/.@:])(?:(?:~?/|\.{1,2}/)?(?:[\w.-]{1,60}/){0,12}[\w-]{1,60}\.[A-Za-z][A-Za-z0-9]{0,5}\b|~?/[\w./-]{1,200})"
)
TICKER = re.compile(r"(?<![\w$])\$?([A-Z]{2,5})(?![\w'])")
TIME = re.compile(r"\b([01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d)?\b")
EXPRESSION = re.compile(r"[\d(][\d\s().,*/+^%-]{0,80}[\d)]")
MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip
_MONTH = rf"(?P<month>{'|'.join(MONTHS)})"
_ISO = r"\b\d{4}-\d{2}-\d{2}\b"
_DATES = (
    re.compile(_ISO),
    re.compile(rf"\b{_MONTH} (?P<day>\d{{1,2}})(?:st|nd|rd|th)?,? (?P<year>\d{{4}})\b", re.IGNORECASE),
    re.compile(rf"\b(?P<day>\d{{1,2}})(?:st|nd|rd|th)? (?:of )?{_MONTH},? (?P<year>\d{{4}})\b", re.IGNORECASE),
)
_NUMBER = re.compile(r"(?<![\w.-])-?\d{1,15}(?:,\d{3})*(?:\.\d{1,10})?(?![\w-]|\.\d)")
_WORDS_FOR = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
}  # fmt: skip
_NUMBER_WORD = re.compile(rf"\b(?:{'|'.join(_WORDS_FOR)})\b", re.IGNORECASE)
_CAPITAL = r"[A-Z\u00c0-\u00de][\w'\u2019-]*"
_BETWEEN = r"(?:(?:de|la|del|of|the|do|da|di|am|an der|upon|los|las|van|von) )?"
PROPER = rf"{_CAPITAL}(?:[ -]{_BETWEEN}{_CAPITAL}){{0,3}}"
_TOWN = rf"{PROPER}(?:, [A-Z]{{2}}\b)?"
"""A name, with the two letters of its state or country."""
_ONE = re.compile(_TOWN)
_STARTS = re.compile(
    rf"(?:^|(?<=[.!?:;\n] ))[\"']?({PROPER})(?='s?\b|\u2019s?\b| (?:is|was|has|had|lives|lived|works|worked|wants|likes"
    r"|needs|will|would|can|and|who|said|says|ordered|bought|called|from|joined|runs|plays|moved|met)\b|, | \()",
    re.MULTILINE,
)
"""A name that begins a sentence: something is said of it."""
_WITHIN = re.compile(rf"(?<![.!?:;\n] )(?<!^)\b{PROPER}", re.MULTILINE)
_PLACES = re.compile(
    rf"\b(?P<before>(?i:in|at|to|from|for|near|around|visit(?:ing)?|between|of|is|are|and|or))\s+(?P<first>{_TOWN})"
    rf"(?P<more>(?:\s*,\s*(?:and\s+|or\s+)?{_TOWN}|\s+(?:and|or|vs\.?|versus)\s+{_TOWN})*)"
)
_SURELY = ("in", "for", "near", "around", "visit", "visiting")
"""What stands before a place and hardly before anything else that has a name."""
_PERSON = re.compile(
    r"\b(?:to|for|with|by|from|named|called|name is|am|i'm|I'm|email|call|message|invite|ask|tell|remind|user|customer)"
    rf"\s+(?P<first>{PROPER})"
)
COUNTRIES = frozenset({
    "Argentina", "Australia", "Austria", "Belgium", "Brazil", "Canada", "Chile", "China", "Colombia", "Croatia", "Cuba",
    "Denmark", "Egypt", "England", "Ethiopia", "Finland", "France", "Germany", "Ghana", "Greece", "Hungary", "Iceland",
    "India", "Indonesia", "Iran", "Iraq", "Ireland", "Israel", "Italy", "Japan", "Kenya", "Malaysia", "Mexico",
    "Morocco", "Nepal", "Netherlands", "New Zealand", "Nigeria", "Norway", "Pakistan", "Peru", "Philippines", "Poland",
    "Portugal", "Romania", "Russia", "Saudi Arabia", "Scotland", "Singapore", "South Africa", "South Korea", "Spain",
    "Sweden", "Switzerland", "Thailand", "Turkey", "UK", "US", "USA", "Ukraine", "United Kingdom", "United States",
    "Vietnam",
})  # fmt: skip
_ORGANIZATION = re.compile(
    rf"\b(?:work(?:s|ed|ing)?|employed|job|position|role|engineer|developer|manager|director|analyst|intern|joined|CEO|CTO)"
    rf"(?: (?:at|for|with|by|of))? (?P<at>{PROPER})|\b(?:company|firm|employer|startup|vendor|brand|organi[sz]ation)"
    rf"(?: (?:is|called|named))? (?P<called>{PROPER})|(?P<form>{PROPER},? (?:Inc|Corp|Ltd|LLC|GmbH|AG|PLC|Co)\b)"
)
_NO_NAME = frozenset(
    word
    for words in (
        "I I'm I'd I'll I've Monday Tuesday Wednesday Thursday Friday Saturday Sunday January February March April May",
        "June July August September October November December What When Where Which Who Why How Please The A An It Is",
        "Are Can Could Will Would Do Does Use Call Get Find Show Tell Give Send Book Search Look Add Set Create Make",
        "Then And Or But If JSON This That There These Those He She They We You My Your His Her Our Their Its Everyone",
        "Someone Nobody Hi Hello Hey Yes No Ok Okay Thanks Today Tomorrow Yesterday Now Also Extract Next Last First",
    )
    for word in words.split()
)
"""Capitalised words that name nobody."""


def quotations(text: str) -> list[str]:
    """What stands in quotation marks, each once."""
    return list(dict.fromkeys(next(filter(None, found)) for found in QUOTED.findall(text)))


def number(text: str) -> float:
    """A number as it is written in JSON everywhere: whole ones without a fraction."""
    value = float(text) if "." in text else int(text)
    return int(value) if value == int(value) else value


def undated(text: str) -> str:
    """A text without its addresses, dates and times, whose figures are no numbers of their own."""
    for pattern in (URL, *_DATES, TIME):
        text = pattern.sub(" ", text)
    return text


def numbers(text: str) -> list[float]:
    """The numbers of a text in its order, those written as words too."""
    text = undated(text)
    found = [(match.start(), number(match[0].replace(",", ""))) for match in _NUMBER.finditer(text)]
    found += [(match.start(), _WORDS_FOR[match[0].lower()]) for match in _NUMBER_WORD.finditer(text)]
    return [value for _, value in sorted(found, key=lambda entry: entry[0])]


def date(text: str) -> str | None:
    """The first date of a text, as ISO 8601 writes it; a day without a year is none."""
    for pattern in _DATES:
        found = pattern.search(text)
        if found and "month" in found.groupdict():
            return f"{found['year']}-{MONTHS.index(found['month'].lower()) + 1:02}-{int(found['day']):02}"
        if found:
            return found[0]
    return None


def organizations(text: str) -> list[str]:
    """Companies and their like, by what is said of them."""
    return list(dict.fromkeys(name for found in _ORGANIZATION.finditer(text) for name in found.groups() if name))


def places(text: str) -> list[str]:
    """Names that stand where places do; where some stand where hardly anything else does, those alone."""
    taken = set(organizations(text))
    surely: list[str] = []
    maybe: list[str] = []
    for found in _PLACES.finditer(text):
        for name in (found["first"], *_ONE.findall(found["more"])):
            if _is_name(name) and name not in taken:
                (surely if found["before"].lower() in _SURELY else maybe).append(name)
    return list(dict.fromkeys(surely or maybe))


def names(text: str) -> list[str]:
    """All that has a name: who begins a sentence, who is spoken to or of, and the rest in the order of the text."""
    found = [match[1] for match in _STARTS.finditer(text)]
    found += [match["first"] for match in _PERSON.finditer(text)]
    found += [match[0] for match in _WITHIN.finditer(text)]
    kept: list[str] = []
    for name in dict.fromkeys(found):
        if _is_name(name) and not any(name in whole.split() for whole in kept):
            kept.append(name)
    return kept


def _is_name(text: str) -> bool:
    return text.split(" ", maxsplit=1)[0] not in _NO_NAME
