"""Prose by the sentence, without end: a small grammar around a subject and the terms of a conversation.

Sentences are frames whose slots are filled from decks; a deck gives each of its cards once before it gives one again,
so neither frames nor phrases come back soon. Pure; knows nothing of conversations, lengths or tokens: whoever reads
the sentences stops when there are enough. Texts that open a reply are `subject.py`'s and `facts.py`'s.
"""

import re
from collections.abc import Iterator, Sequence

import attrs

from llmsim.simulation.draws import Stream

_ASPECTS = (
    "the cost of a mistake", "the order of the steps", "the way the parts fit together", "how often things change",
    "what happens when something fails", "how much of it is really needed", "the time it takes to learn",
    "the set of limits that everyone knows", "the view of those who live with it", "what can be undone later",
    "the first impression it leaves", "how it will be explained to others", "the gap between plan and practice",
    "what was tried before", "the reason it was wanted at all", "the odd case that nobody lists",
    "who decides in case of doubt", "how success will be recognised", "what can be left out",
    "what it depends on", "the discipline it asks for", "the point at which it is good enough",
    "the difference between rare and impossible", "how quickly an answer is needed",
)  # fmt: skip
_ADJECTIVES = (
    "simple", "clear", "small", "steady", "careful", "modest", "plain", "reliable", "practical", "short", "patient",
    "well-chosen", "concrete", "balanced", "fresh", "realistic", "generous", "sound", "tidy", "deliberate",
)  # fmt: skip
_NOUNS = (
    "example", "draft", "plan", "rule", "question", "habit", "measurement", "sketch", "comparison", "list", "note",
    "boundary", "review", "experiment", "summary", "default", "routine", "starting point", "second opinion", "map",
)  # fmt: skip
_ACTIONS = (
    "write down what you expect", "compare two versions side by side", "start with the smallest case",
    "ask what would change your mind", "leave room for corrections", "measure before changing anything",
    "name the parts that matter", "keep the first version short", "look at the edges first",
    "come back to it after a day", "explain it to someone else", "separate what is known from what is assumed",
    "set a limit and keep to it", "follow one case from beginning to end", "ask someone who has done it before",
    "remove one thing and see what happens", "work backwards from the result", "agree on what the words mean",
    "decide what will not be done", "try the cheap option first", "put the doubts into one list",
    "check the oldest assumption again", "change one thing at a time", "stop when the next step adds little",
)  # fmt: skip
_EFFECTS = (
    "saves time later", "keeps surprises small", "makes the next step easier", "shows where the effort goes",
    "leaves less to guess", "pays off within days", "keeps the discussion on course", "settles most of the doubts",
    "turns a vague worry into a decision", "survives a change of plans", "helps newcomers find their way",
    "brings the weak spots to light", "holds up under pressure", "answers more than it seems to",
    "gives everyone the same picture", "lets you stop at any point",
)  # fmt: skip
_PEOPLE = (
    "most teams", "many people", "experienced hands", "newcomers", "careful planners", "quite a few practitioners",
    "teachers and students alike", "people in a hurry", "those who come back to it", "both sides of the debate",
    "readers of the literature", "the more cautious among us",
)  # fmt: skip
_TIMES = (
    "at first", "after a while", "in the first week", "over time", "before long", "from the start", "towards the end",
    "on a quiet day", "under pressure", "once the basics are in place", "early on", "from time to time",
)  # fmt: skip
_OPENERS = (
    "In practice, ", "For that reason, ", "Even so, ", "As a rule, ", "By contrast, ", "More often than not, ",
    "To put it differently, ", "On the other hand, ", "In the end, ", "Broadly speaking, ", "Besides, ",
    "At the same time, ", "With that in mind, ", "Seen this way, ", "In other words, ", "Fortunately, ",
    "To be fair, ", "Strictly speaking, ", "From experience, ", "As it happens, ",
)  # fmt: skip
ALONE = "="
"""In front of a frame: it takes no opener, it has one or would not read well after one."""
_LIST_LEADS = (
    "A few things help with {s}:", "In short, for {t}:", "Three steps are usually enough:", "What to do about {s}:",
    "A checklist for {t} could read:", "This comes down to a handful of habits:",
)  # fmt: skip
_FRAMES = (
    "when it comes to {s}, {people} begin with a {adjective} {noun} and build from there",
    "the part of {s} that deserves most attention is {aspect}",
    "={time}, it helps to {action}",
    "{people} find that a {adjective} {noun} {effect}",
    "there is a trade-off between {t} and {aspect}",
    "if {t} should matter to you, {action} before anything else",
    "the usual mistake with {s} is to overlook {aspect}",
    "a {adjective} {noun} {effect}, and it costs little",
    "=nothing about {s} has to be decided at once; {action}, then look again",
    "it is worth asking what {t} has to do with {aspect}",
    "one way to think about {s} is to picture a {adjective} {noun}",
    "{people} disagree about {aspect}, but few would argue against a {adjective} {noun}",
    "what works for {t} does not always carry over to the rest",
    "keep a {adjective} {noun} at hand, because it {effect}",
    "the question behind {s} is often {aspect}",
    "={time}, {t} can look harder than expected",
    "to make progress with {s}, {action} and {action}",
    "when {t} and {aspect} pull in different directions, prefer the one that {effect}",
    "a {adjective} {noun} today is worth more than a perfect {noun} next month",
    "it is a good sign for {s} when a {adjective} {noun} {effect}",
    "some of this depends on {aspect}, which only you can judge",
    "people who deal with {t} every day tend to {action}",
    "=in matters of {t}, a {adjective} {noun} is enough",
    "=that leaves {aspect}, and here it pays to {action}",
    "none of this is specific to {t}, although it is easier to see there",
    "the simplest test is to {action} and see what that does to {t}",
    "too much planning hurts {s} more than a {adjective} {noun} ever could",
    "if you are unsure about {aspect}, {action}",
    "treat {t} as a {adjective} {noun} rather than a finished answer",
    "two things set the pace here: {aspect} and {aspect}",
    "with {s}, patience is rewarded, especially {time}",
    "a second look at {t} usually reveals {aspect}",
    "=in the case of {s}, a {adjective} {noun} {effect}",
    "=before going further, {action}; it {effect}",
    "the difference between a good and a poor result lies in {aspect}",
    "{t} may be where {people} spend most of their time",
    "=it may sound obvious, but {aspect} decides more than {t}",
    "a {adjective} {noun} for {s} fits on one page",
    "should {t} change later, the {noun} can change with it",
    "=the reverse holds too: without a {adjective} {noun}, work on {s} can drift",
    "{people} would rather {action} than argue about {aspect}",
    "once {aspect} is settled, the rest can follow quickly",
    "for {t}, the safest course is to {action}",
    "=there are exceptions, and {t} may be one of them",
    "a common approach to {s} has three parts: a {adjective} {noun}, some patience, and a clear end",
    "the point about {t} is this: {action}",
    "what remains is {aspect}, and that can wait",
    "look at {s} from the other side, and {aspect} becomes the main concern",
    "the effort that goes into a {adjective} {noun} comes back as soon as someone questions {t}",
    "={time}, compare {t} with {aspect} and note what surprises you",
    "good advice on {s} tends to be short: {action}",
    "with a {adjective} {noun} in place, {t} can be left alone for a while",
    "=that said, {aspect} should not be allowed to hide {t}",
    "it is easy to underestimate {aspect} when {s} is still unfamiliar ground",
    "an early {noun} shows whether {t} belongs here at all",
    "if time is short, leave {aspect} aside and {action}",
    "the details of {t} matter less than {aspect}",
    "most questions about {s} come back to {aspect} sooner or later",
    "=so the first thing to settle is {aspect}",
    "{people} go back and forth between {t} and {aspect} for a long time",
    "a {noun} of this kind {effect}, whatever becomes of {t}",
    "you do not need much for {s}: a {adjective} {noun}, and the will to {action}",
)
_LOREM = (
    "lorem", "ipsum", "dolor", "sit", "amet", "consectetur", "adipiscing", "elit", "sed", "do", "eiusmod", "tempor",
    "incididunt", "ut", "labore", "et", "dolore", "magna", "aliqua", "enim", "ad", "minim", "veniam", "quis",
    "nostrud", "exercitation", "ullamco", "laboris", "nisi", "aliquip", "ex", "ea", "commodo", "consequat", "duis",
    "aute", "irure", "in", "reprehenderit", "voluptate", "velit", "esse", "cillum", "eu", "fugiat", "nulla",
    "pariatur", "excepteur", "sint", "occaecat", "cupidatat", "non", "proident", "sunt", "culpa", "qui", "officia",
    "deserunt", "mollit", "anim", "id", "est", "laborum",
)  # fmt: skip
_LOREM_BEGINNING = "Lorem ipsum dolor sit amet, consectetur adipiscing elit."

Segment = tuple[str, str]
"""A piece of a frame: the words before a slot, and the slot (empty at the end of the frame)."""


def _compile(frame: str) -> tuple[Segment, ...]:
    parts = [*re.split(r"\{(\w+)\}", frame.removeprefix(ALONE)), ""]
    return tuple((parts[index], parts[index + 1]) for index in range(0, len(parts), 2))


_COMPILED = tuple((_compile(frame), frame.startswith(ALONE)) for frame in _FRAMES)
_COMPILED_LEADS = tuple(_compile(lead) for lead in _LIST_LEADS)
_LEXICON = {
    "aspect": _ASPECTS,
    "adjective": _ADJECTIVES,
    "noun": _NOUNS,
    "action": _ACTIONS,
    "effect": _EFFECTS,
    "people": _PEOPLE,
    "time": _TIMES,
    "opener": _OPENERS,
}


@attrs.define
class _Deck:
    """Cards in a drawn order: each once before any comes again."""

    cards: list[str]
    left: int = 0

    def deal(self, stream: Stream) -> str:
        if not self.left:
            self.left = len(self.cards)
        at = stream.below(self.left)
        self.left -= 1
        cards = self.cards
        cards[at], cards[self.left] = cards[self.left], cards[at]
        return cards[self.left]


def prose(stream: Stream, subject: str, terms: Sequence[str]) -> Iterator[str]:
    """Sentences about a subject (a noun phrase) and terms (words), without end, each with the space before it."""
    decks = {name: _Deck(list(cards)) for name, cards in _LEXICON.items()}
    decks["s"] = _Deck([subject])
    decks["t"] = _Deck([*terms] or [subject])
    order = list(range(len(_COMPILED)))
    left = 0
    room = 2 + stream.below(3)
    while True:
        if room == 0:
            room = 3 + stream.below(3)
            separator = "\n\n"
            if stream.below(5) == 0:
                yield "\n\n" + _bullets(stream, decks)
        else:
            separator = " "
        room -= 1
        left = left or len(order)
        at = stream.below(left)
        left -= 1
        order[at], order[left] = order[left], order[at]
        frame, alone = _COMPILED[order[left]]
        text = _filled(stream, frame, decks)
        if not alone and stream.below(3) == 0:
            opener = decks["opener"].deal(stream)
            yield f"{separator}{opener}{text}."
        else:
            yield f"{separator}{text[0].upper()}{text[1:]}."


def lorem(stream: Stream) -> Iterator[str]:
    """Lorem ipsum by the sentence, without end, each but the first with the space before it."""
    yield _LOREM_BEGINNING
    while True:
        words = [stream.pick(_LOREM) for _ in range(6 + stream.below(9))]
        yield f" {' '.join(words).capitalize()}."


def _bullets(stream: Stream, decks: dict[str, _Deck]) -> str:
    lead = _filled(stream, stream.pick(_COMPILED_LEADS), decks)
    items = (decks["action"].deal(stream) for _ in range(3))
    return lead + "\n\n" + "\n".join(f"- {item.capitalize()}." for item in items)


def _filled(stream: Stream, frame: tuple[Segment, ...], decks: dict[str, _Deck]) -> str:
    parts = []
    for words, slot in frame:
        parts.append(words)
        if slot:
            parts.append(decks[slot].deal(stream))
    return "".join(parts)
