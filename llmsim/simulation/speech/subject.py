"""What a message is about, and a first sentence that names it.

Subjects are found by the form of English requests ("how do I ...", "what is ...", "... about ..."); what has none of
these forms is quoted. Pure; knows nothing of facts, styles and lengths.
"""

import re
from collections.abc import Iterable

import attrs

from llmsim.simulation.draws import Stream
from llmsim.simulation.speech.facts import turned

READ_LIMIT = 1_000
"""Characters of a message that are read for its subject and terms, from its end, where requests are."""
QUOTE_LIMIT = 90
TERMS_WANTED, TERMS_LIMIT = 4, 12
PHRASE_WORDS = 4
NOTHING = "your message"
"""What a message is about that is about nothing."""

_COURTESY = re.compile(
    r"(?:\W|(?:hi|hello|hey|there|good (?:morning|afternoon|evening)|thanks|thank you|ok|okay|well|so|and|now|then|also"
    r"|please|(?:can|could|would|will) you|i(?: would|'d) like(?: you)? to(?: know)?|i want(?: you)? to(?: know)?"
    r"|i need(?: you)? to|let's|do you know|tell me|help me(?: with| to)?|i would like)\b)*",
    re.IGNORECASE,
)
_ORDER = re.compile(
    r"(?:explain(?: to me)?|describe|summari[sz]e|show(?: me)?|give(?: me)?|write(?: me)?|list|define|discuss|compare"
    r"|outline|translate|review|draft|make(?: me)?|create|suggest|recommend|plan|find|tell me)\s+",
    re.IGNORECASE,
)
_SENTENCES = re.compile(r"\s(?:(?<=[.!?]\s)\s*|(?<=[\n\r])[\n\r]*)")
_ABOUT = re.compile(r"\b(?:about|regarding|concerning|on the (?:topic|subject) of)\s+(.+)", re.IGNORECASE)
_HOW_TO = re.compile(r"how (?:to|(?:do|can|should|would|could|must) (?:i|we|you|one|they|people)) (.+)", re.IGNORECASE)
_HOW_DOES = re.compile(
    r"how (?:(?:do|does|did) )?(.+?) (?:works?|happens?|behaves?|compares?|fits? together)\b", re.IGNORECASE
)
_WHAT_IS = re.compile(r"(?:what|who)(?:'s| is| are| was| were| does) (?!there\b|it\b|this\b|that\b)(.+)", re.IGNORECASE)
_YES_OR_NO = re.compile(
    r"(?:is|are|was|were|do|does|did|can|could|should|will|would|has|have|may|must)\b", re.IGNORECASE
)
_QUESTION_MARKS = ("?", "\uff1f", "\u061f")
_WORD = re.compile(r"[^\W\d_][\w'-]{1,23}")
_WORD_OR_MARK = re.compile(r"[^\W_][\w'-]*|[^\w\s]")
_PHRASE_END = re.compile(r"[,;:]\s|\s(?:because|considering|given)\s")
_STOP_TEXT = """
a about above after again all also always am an and another any anything are around as ask at away back be
because been before being best better between both but by call called can cannot come could day describe did
different do does doing don't done down each else even ever every explain few find first for from get give go
goes going good got great had happens has have having hello help her here hers hey hi him his how i i'd i'll i'm
i've if in into is isn't it it's its just keep know last let let's like list little live lives living long look
lot made make makes many may maybe me mean might mine more most much must my name need never new next no not
nothing now of off ok okay on once one only or other our out over own part people please put question quite
rather really right run said same say see should show since so some something still such summarise summarize
sure take tell than thank thanks that that's the their them then there these they thing things think this those
though through time to today together too try two under understand until up us use used using very want wants
was way we well were what what's when where which while who whole whose why will with without word work works
would write yes yet you you're your yours
"""
STOP_WORDS = frozenset(_STOP_TEXT.split())
"""Words that carry no meaning of their own."""

_HOW_TO_OPENINGS = (
    "To {s}, the first thing to get right is the order of the steps.",
    "The short way to {s} is to begin small and to check each step before the next.",
    "There is more than one way to {s}, but most of them share the same few steps.",
    "If you want to {s}, start from what you already have.",
    "It takes three steps to {s}: prepare, try, and check the outcome.",
)
_NOUN_OPENINGS = (
    "The short answer on {s} fits into one sentence, and the details follow from it.",
    "What matters most about {s} can be said briefly.",
    "Here is a way to look at {s} that does not need much background.",
    "There are two sides to {s}, and it helps to take them one at a time.",
    "Let me begin with the core of {s} and then add what surrounds it.",
)
_CHOICE_OPENINGS = (
    'As for "{s}": yes, in most cases, with a few conditions.',
    'On "{s}", the honest answer is that it depends, mostly on how it is meant to be used.',
    'Asked "{s}", many would say no at first and come round to it later.',
    'To the question "{s}" the short answer is yes, as long as the limits are respected.',
)
_QUOTE_OPENINGS = (
    'As for "{s}": the answer has one main reason and several smaller ones.',
    'On the question "{s}", the usual explanation is also the simplest one.',
    'Taking "{s}" as it stands, a few points come to mind.',
    'Regarding "{s}", it is best to begin with what is certain.',
)
_REMARK_OPENINGS = (
    'You say "{s}", and that is a useful starting point.',
    'About "{s}": here are some thoughts.',
    'Thank you for the remark "{s}", which deserves a closer look.',
    'Let us take "{s}" one step at a time.',
)
_EMPTY_OPENINGS = ("Here is what comes to mind.", "Let us begin somewhere.", "There is always something to start from.")


@attrs.frozen
class Subject:
    """What a message is about: a noun phrase for use within sentences, and openings with the words that fill them."""

    phrase: str
    words: str
    openings: tuple[str, ...]

    def opening(self, stream: Stream) -> str:
        """A first sentence that names the subject."""
        return stream.pick(self.openings).replace("{s}", self.words)


def subject_of(message: str) -> Subject:
    """What a message is about: what it asks last, else its last sentence; of nothing, "your message"."""
    sentences = [text.strip() for text in _SENTENCES.split(message[-READ_LIMIT:]) if _WORD.search(text)]
    if not sentences:
        return Subject(NOTHING, "", _EMPTY_OPENINGS)
    asks = [text for text in sentences if text.endswith(_QUESTION_MARKS)]
    sentence = (asks or sentences)[-1]
    request = _bare(sentence)[_end_of(_COURTESY, _bare(sentence)) :]
    phrase = _longest_run(sentence)
    how_to = _HOW_TO.search(request)
    if how_to:
        return Subject(phrase, _shortened(how_to[1]), _HOW_TO_OPENINGS)
    noun = _HOW_DOES.search(request) or _ABOUT.search(request) or _WHAT_IS.match(request)
    ordered = _end_of(_ORDER, request)
    if noun or ordered:
        named = _shortened(noun[1] if noun else request[ordered:])
        return Subject(named if len(named.split()) <= PHRASE_WORDS else phrase, named, _NOUN_OPENINGS)
    if asks:
        return Subject(phrase, _shortened(request), _CHOICE_OPENINGS if _YES_OR_NO.match(request) else _QUOTE_OPENINGS)
    return Subject(phrase, _shortened(_bare(sentence)), _REMARK_OPENINGS)


def terms_of(messages: Iterable[str]) -> list[str]:
    """The words that carry the meaning of these messages, in order, each once; no more messages than give enough."""
    terms: dict[str, str] = {}
    for message in messages:
        for word in _WORD.findall(message[-READ_LIMIT:]):
            if word not in STOP_WORDS:
                folded = word.casefold()
                if folded not in STOP_WORDS:
                    terms.setdefault(folded, word)
        if len(terms) >= TERMS_WANTED:
            break
    return list(terms.values())[:TERMS_LIMIT]


def _longest_run(sentence: str) -> str:
    """The longest run of words that carry meaning (the last of equals), up to PHRASE_WORDS of them."""
    best: list[str] = []
    run: list[str] = []
    for word in _WORD_OR_MARK.findall(sentence):
        if word in STOP_WORDS or word.casefold() in STOP_WORDS or not word[0].isalnum():
            run = []
        else:
            run.append(word)
            best = run if len(run) >= len(best) else best
    return " ".join(best[-PHRASE_WORDS:]) or NOTHING


def _bare(sentence: str) -> str:
    return sentence.strip(" .!?;:,\"'\uff1f\u061f\u3002")


def _end_of(pattern: re.Pattern[str], text: str) -> int:
    """Where a pattern that matches at the beginning ends; 0 where it does not match."""
    match = pattern.match(text)
    return match.end() if match else 0


def _shortened(text: str) -> str:
    """A phrase as it is said back to the one who wrote it, cut at a clause or a word if it is long."""
    text = " ".join(text.split())[: 2 * QUOTE_LIMIT]  # said back, it has more than half of its length
    end = _PHRASE_END.search(text)
    text = turned(text[: end.start()] if end else text)
    return text if len(text) <= QUOTE_LIMIT else text[:QUOTE_LIMIT].rsplit(" ", 1)[0]
