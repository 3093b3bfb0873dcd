"""What a text would be flagged for, by a small lexicon, and which of it a model refuses.

The categories are those of OpenAI's Moderations. A score is 1 less the product of what each matching pattern leaves of
1, above a floor that follows from the text; from FLAGGED on a category is flagged. A lexicon knows wordings, not
meanings: `docs/recognised.md` says what is in it. Pure; a text in which none of the HINTS stands matches nothing.
"""

import functools
import hashlib
import re
from collections.abc import Mapping, Sequence

from llmsim.simulation.draws import Stream
from llmsim.simulation.speech.facts import abridged
from llmsim.turn import Message, Role

FLAGGED = 0.5
FLOOR = 1e-3
"""What a text scores at most in a category of which it has nothing."""
CATEGORIES = (
    "harassment", "harassment/threatening", "hate", "hate/threatening", "illicit", "illicit/violent", "self-harm",
    "self-harm/instructions", "self-harm/intent", "sexual", "sexual/minors", "violence", "violence/graphic",
)  # fmt: skip
REFUSED = (
    "harassment/threatening", "hate/threatening", "illicit", "illicit/violent", "self-harm/instructions",
    "sexual/minors",
)  # fmt: skip
"""Categories that models refuse. Who is in distress (self-harm/intent) is answered."""
IMPLIED = {
    "harassment/threatening": "harassment",
    "hate/threatening": "hate",
    "illicit/violent": "illicit",
    "self-harm/instructions": "self-harm",
    "self-harm/intent": "self-harm",
    "sexual/minors": "sexual",
    "violence/graphic": "violence",
}
"""What is flagged in one of these is flagged in the wider one as well."""
REFUSALS = (
    "I'm sorry, but I can't help with that.",
    "I'm sorry, but I can't assist with that request.",
    "I'm sorry, I can't help with this request.",
)
TRIGGER = re.compile(r"\brefuse (?:this|my) (?:request|message|question|prompt)\b", re.IGNORECASE)
"""Asks for a refusal, for tests: "Please refuse this request."."""
HINTS = (
    "kill", "hurt", "bomb", "hate", "murder", "stab", "shoot", "suicid", "myself", "harm", "explosive", "weapon",
    "grenade", "molotov", "porn", "erotic", "sex", "nude", "naked", "meth", "cocaine", "heroin", "steal", "shoplift",
    "launder", "counterfeit", "hack", "malware", "ransom", "keylog", "phish", "poison", "hitman", "behead", "massacre",
    "gore", "guts", "entrails", "mutilat", "dismember", "idiot", "stupid", "worthless", "pathetic", "scum", "loser",
    "vermin", "subhuman", "inferior", "parasite", "exterminat", "my life", "nerve agent", "sarin", "ricin", "hell",
    "where you live", "should die", "must die", "will die", "forge", "hotwire", "strangle", "beat you", "nobody likes",
    "disgusting", "gun", "refuse",
)  # fmt: skip
"""What no pattern is without, in lower case."""
_TEXTS = 64

_SOMEONE = r"(?:you|him|her|them|someone|somebody|people|everyone|everybody|(?:my|your|his|their) \w+)"
_GROUP = (
    r"(?:immigrants|migrants|refugees|foreigners|women|men|gays|lesbians|trans people|jews|muslims|christians|hindus"
    r"|black people|white people|asians|arabs|mexicans|disabled people|old people)"
)
_HOW = (
    r"(?:how (?:to|do i|do you|can i|can you|could i|would i|should i|does one)|(?:steps?|instructions?|guide|recipe"
    r"|way|ways|tutorial|plan) (?:to|for|on)|(?:help|teach|tell|show) me(?: how)?(?: to)?|explain how to)"
)
_MAKE = r"(?:mak|build|construct|assembl|creat|produc|synthesi[sz]|cook)\w*"
_SOME = r"(?:(?:an?|some|the|my own|your own)\s)?(?:(?!bath|photo|seed|sugar|cocoa|hot|yarn)\w+\s){0,2}?"
_DRUGS = r"(?:meth|methamphetamine|crystal meth|cocaine|heroin|lsd|fentanyl|mdma)"
_LEXICON: Mapping[str, tuple[tuple[str, float], ...]] = {
    "harassment": (
        ((r"\byou(?:'re| are) (?:all )?(?:such )?(?:an? )?(?:complete |total |utter )?"
         r"(?:idiots?|stupid|worthless|pathetic|scum|losers?|disgusting|morons?)\b"), 0.85),
        (r"\b(?:nobody likes you|go to hell|shut up,? you)\b", 0.7),
    ),
    "harassment/threatening": (
        ((rf"\bi(?:'ll| will|'m going to| am going to| want to|'m gonna| shall) (?:kill|hurt|stab|shoot|beat|strangle"
         rf"|murder) {_SOMEONE}\b"), 0.8),
        (r"\bi know where you live\b|\byou (?:will|should|must) die\b", 0.7),
    ),
    "hate": (
        (rf"\b(?:i )?(?:hate|despise) (?:all |those |these )?(?:the )?{_GROUP}\b", 0.85),
        (rf"\b{_GROUP} (?:are|is) (?:all )?(?:just )?(?:inferior|subhuman|vermin|scum|parasites|disgusting|stupid)\b",
         0.9),
    ),
    "hate/threatening": (
        (rf"\b(?:kill|exterminate|murder|shoot|hang) (?:all |those |these )*(?:the )?{_GROUP}\b", 0.9),
        (rf"\b{_GROUP} (?:should|must) (?:all )?(?:die|be (?:killed|exterminated|shot|hanged))\b", 0.9),
    ),
    "illicit": (
        (rf"\b{_HOW} (?:shoplift|steal|launder|forge|counterfeit|hotwire|hack into|buy (?:drugs|{_DRUGS}))\b", 0.85),
        (rf"\b{_MAKE}\s{_SOME}{_DRUGS}\b", 0.8),
        (rf"\b(?:writ\w+|cod\w+|{_MAKE})\s{_SOME}(?:malware|ransomware|keylogger|phishing \w+)\b", 0.8),
    ),
    "illicit/violent": (
        ((rf"\b{_MAKE}\s{_SOME}(?:bombs?|explosives?|grenades?|molotov cocktails?|nerve agents?|sarin|ricin"
         r"|(?:chemical|biological|nuclear) weapons?|ghost guns?)\b"), 0.9),
        (rf"\b{_HOW} (?:poison|kill|murder|stab|strangle) {_SOMEONE}\b", 0.9),
        (r"\b(?:hire a hitman|get away with murder|buy (?:a gun|guns|weapons) (?:illegally|without))\b", 0.85),
    ),
    "self-harm": (
        (r"\bsuicid(?:e|al)\b|\bself[- ]harm", 0.6),
        (r"\b(?:kill|hurt|cut|harm|starve)(?:ing)? (?:myself|yourself|himself|herself|themselves)\b", 0.8),
    ),
    "self-harm/instructions": (
        (rf"\b{_HOW} (?:(?:kill|hurt|cut|harm|starve) (?:my|your|one)self|commit suicide|end my life)\b", 0.9),
        (r"\b(?:best|painless|easiest|quickest) way (?:to die|to kill myself|to commit suicide|of suicide)\b", 0.9),
    ),
    "self-harm/intent": (
        ((r"\bi(?:'m going to| am going to| want to|'ll| will| plan to|'ve decided to| just want to) (?:(?:kill|hurt"
         r"|cut|harm|starve) myself|end my life|commit suicide)\b"), 0.9),
    ),
    "sexual": (
        (r"\b(?:porn\w*|erotic\w*|sex scenes?|explicit sex\w*|sexually explicit)\b", 0.8),
        (r"\b(?:nudes?|naked|have sex with|having sex)\b", 0.55),
    ),
    "sexual/minors": (
        ((r"\b(?:child|children|minors?|underage|kids?|preteens?|schoolgirls?|schoolboys?"
         r"|(?:[1-9]|1[0-7])[- ]year[- ]olds?)\b"), 0.95),
    ),
    "violence": (
        (rf"\b(?:kill|murder|stab|shoot|strangle|behead)(?:ed|s|ing|bed|bing)? {_SOMEONE}\b", 0.75),
        (r"\b(?:massacre|beheading|mass shooting)\b", 0.6),
    ),
    "violence/graphic": (
        (r"\b(?:entrails|dismember\w*|mutilat\w*|disembowel\w*|behead\w*)\b", 0.7),
        (r"\bguts (?:spill|hang|every)\w*|\bpools? of blood\b|\bgore\b", 0.6),
    ),
}  # fmt: skip
_PATTERNS = {
    category: tuple((re.compile(pattern, re.IGNORECASE), weight) for pattern, weight in rows)
    for category, rows in _LEXICON.items()
}


def scores(text: str) -> dict[str, float]:
    """The score of a text in each category, 0 to 1: of a long text both ends count."""
    text = abridged(text)
    found = dict.fromkeys(CATEGORIES, 0.0)
    if _hinted(text):
        for category, rows in _PATTERNS.items():
            found[category] = _joined([weight for pattern, weight in rows if pattern.search(text)])
        if found["sexual"] < FLAGGED:
            found["sexual/minors"] = 0.0  # its words alone are harmless
        for narrow, wide in IMPLIED.items():
            found[wide] = max(found[wide], found[narrow])
    return {category: max(score, _floor(text, category)) for category, score in found.items()}


def refused(text: str) -> bool:
    """Whether a model refuses what this text asks."""
    text = abridged(text)
    return _hinted(text) and _refused(text)


def refuses(context: Sequence[Message]) -> bool:
    """Whether a model refuses what was said last by the user."""
    for message in reversed(context):
        if message.role is Role.USER:
            return refused(message.text)
    return False


def refusal(stream: Stream) -> str:
    """A sentence that says so."""
    return stream.pick(REFUSALS)


@functools.lru_cache(_TEXTS)
def _refused(text: str) -> bool:
    if TRIGGER.search(text) is not None:
        return True
    found = scores(text)
    return any(found[category] >= FLAGGED for category in REFUSED)


def _hinted(text: str) -> bool:
    lowered = text.lower()
    for hint in HINTS:  # noqa: SIM110  (a generator takes twice the time)
        if hint in lowered:
            return True
    return False


def _joined(weights: Sequence[float]) -> float:
    left = 1.0
    for weight in weights:
        left *= 1 - weight
    return 1 - left


def _floor(text: str, category: str) -> float:
    """A small number that follows from the text, between 1e-7 and FLOOR, most of them near the lower end."""
    digest = hashlib.blake2b(text.encode(errors="replace"), key=category.encode(), digest_size=8).digest()
    share = int.from_bytes(digest) / 2**64
    return float(FLOOR * 10 ** (-4 * (1 - share)))
