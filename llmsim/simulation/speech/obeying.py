"""A text in the form that was ordered: so many words or sentences, a list, in capitals, as JSON.

Pure. What there is to say comes in as an opening and sentences without end; which form it gets is `instructions.py`'s.
A reply given word for word is left as it is, and of options one is drawn; else lengths are met first, then come
beginning, end and case, and JSON around it all.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice

import attrs
import orjson

from llmsim.simulation.draws import Stream
from llmsim.simulation.speech.instructions import Orders
from llmsim.simulation.tokens import estimated

ITEMS = 5
"""How long a list is where nobody says."""
_SENTENCE = re.compile(r"(?<=[.!?])\s+")
_MARKS = " .,;:!?\"'"


@attrs.frozen
class Matter:
    """What there is to say: first the answer (`opening`), then `sentences` without end.

    `short` is the answer in a word; `known` are the values of what was told, by name.
    """

    opening: str
    sentences: Iterator[str]
    short: str
    known: Mapping[str, str] = attrs.field(factory=dict)


def obey(orders: Orders, matter: Matter, stream: Stream, natural: int) -> str:
    """The reply in the form that was ordered, about `natural` tokens long where no length was."""
    if orders.exactly is not None:
        return orders.exactly
    if orders.options:
        text = cased(orders, stream.pick(orders.options))
    elif orders.json and len(orders.keys) > 1:
        return _object(orders, matter)
    else:
        text = _dressed(orders, cased(orders, _sized(orders, matter, natural)))
    return _json({(orders.keys or ("answer",))[0]: text}) if orders.json else text


def _sized(orders: Orders, matter: Matter, natural: int) -> str:
    """As much of what there is to say as was asked for."""
    if orders.short:
        return matter.short.strip(_MARKS) or _first(matter.short)
    if orders.items is not None:
        lines = islice(_each(matter), orders.items or ITEMS)
        marks = ((f"{at}." if orders.numbered else "-") for at in range(1, (orders.items or ITEMS) + 1))
        return "\n".join(f"{mark} {_worded(line, orders)}" for mark, line in zip(marks, lines, strict=False))
    if orders.sentences is not None:
        text = " ".join(islice(_each(matter), orders.sentences))
        return text if orders.words is None else _worded(text, orders)
    if orders.words is not None:
        return _words(orders.words, matter, exact=orders.exact)
    if orders.characters is not None:
        return _within(orders.characters, matter)
    text = matter.opening
    count = len(estimated(text))
    for sentence in matter.sentences:
        more = len(estimated(sentence))
        if text and count + more / 2 > natural:
            break
        text, count = text + sentence, count + more
    return text.strip()


def _each(matter: Matter) -> Iterator[str]:
    """The sentences one by one, without those that are lists."""
    yield from filter(None, _SENTENCE.split(matter.opening.strip()))
    for sentence in matter.sentences:
        if "\n" not in sentence.strip():
            yield sentence.strip()


def _worded(text: str, orders: Orders) -> str:
    """A text of no more words than were ordered."""
    words = text.split()
    return text if orders.words is None or len(words) <= orders.words else _ended(words[: orders.words])


def _words(most: int, matter: Matter, *, exact: bool) -> str:
    """A text of at most so many words: whole sentences as far as they fit, the answer in a word where none does."""
    if most == 1:
        return _first(matter.short)
    words: list[str] = []
    for sentence in _each(matter):
        more = sentence.split()
        if not exact and len(words) + len(more) > most:
            break
        words += more
        if len(words) >= most:
            break
    if not words:
        short = matter.short.split()
        words = short if len(short) <= most else matter.opening.split()
    return _ended(words[:most])


def _within(most: int, matter: Matter) -> str:
    """A text of at most so many characters, cut between words."""
    text = ""
    for sentence in _each(matter):
        if len(text) + 1 + len(sentence) > most:
            break
        text = f"{text} {sentence}".strip()
    if text:
        return text
    words = matter.opening[: most + 1].rpartition(" ")[0]
    return words.rstrip(_MARKS) or _first(matter.short)[:most]


def _ended(words: Iterable[str]) -> str:
    """Words as a sentence."""
    text = " ".join(words)
    return text if text.endswith((".", "!", "?")) else text.rstrip(_MARKS) + "."


def _first(short: str) -> str:
    """One word: the first of a name, the last of what something is about."""
    words = short.split()
    return words[0].strip(_MARKS) if words else "Yes"


def _dressed(orders: Orders, text: str) -> str:
    """A text with the beginning and the end that were ordered, and what it must include, as they were given."""
    for word in orders.includes:
        if word.lower() not in text.lower():
            text = f"{text} One more word: {word}."
    if orders.starts and not text.startswith(orders.starts):
        text = f"{orders.starts} {text}"
    if orders.ends and not text.endswith(orders.ends):
        text = f"{text} {orders.ends}"
    return text


def cased(orders: Orders, text: str) -> str:
    """A text in the ordered case."""
    if orders.upper is None:
        return text
    return text.upper() if orders.upper else text.lower()


def _object(orders: Orders, matter: Matter) -> str:
    """An object with the keys that were named: what is known of them, else a sentence for each."""
    sentences = _each(matter)
    fields: dict[str, str | int] = {}
    for key in orders.keys:
        value = matter.known.get(key.lower().replace("_", " "))
        if value is not None and value.isascii() and value.isdecimal() and len(value) < 16:
            fields[key] = int(value)
        else:
            fields[key] = cased(orders, value or next(sentences, ""))
    return _json(fields)


def _json(fields: Mapping[str, str | int]) -> str:
    """JSON, whatever the text: a lone surrogate is none."""
    clean = {
        key.encode(errors="replace").decode(): value.encode(errors="replace").decode()
        if isinstance(value, str)
        else value
        for key, value in fields.items()
    }
    return orjson.dumps(clean).decode()
