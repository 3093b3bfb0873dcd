"""What the model is called: who gave it a name, and whether its name is asked for.

Pure. Anyone may give the name (system, developer or user) and the last one counts; without one, none is made up.
"""

import functools
import re
from collections.abc import Iterable

from llmsim.simulation.speech.facts import abridged

NAMELESS = "I am a simulated model and have not been given a name."
_TEXTS = 512
"""Texts of which is remembered how they call the model."""
_HINTS = ("your name", "call you", "are called", "are named", "you are ", "you're ", "yourself", "go by")
_NAME = r"(?-i:(?P<name>[A-Z][\w'-]*(?: [A-Z][\w'-]*){0,2}|[\"'\u201c][^\"'\u201d\n]{1,40}[\"'\u201d]))"
_NAMED = re.compile(
    rf"\b(?:your name(?: is|'s| shall be| will be)(?: now)?|you(?: are|'re)(?: now)?(?: an? (?:[\w-]+ ){{1,6}}?)?"
    r" ?(?:called|named)"
    rf"|(?:i(?:'ll| will| shall)?|we|people) call you|call yourself|go by(?: the name)?(?: of)?) {_NAME}"
    rf"|(?:^|[.!\n]\s*)you(?: are|'re) {_NAME.replace('name', 'other')}(?=[,.!;\n]|$| and\b| from\b| the\b)",
    re.IGNORECASE,
)
_ASKED = re.compile(
    r"\b(?:what(?:'s| is| was) your (?:first |full )?name|who are you|what (?:are you|do (?:they|people|you) call"
    r" you)\b"
    r"(?: called| named|$|\?)|what (?:should|do|can|may|shall) (?:i|we) call you|(?:tell me|say|state|know) your"
    r" name)\b",
    re.IGNORECASE,
)


def asked_for(text: str) -> bool:
    """Whether a text asks for the name of the one who reads it."""
    return ("you" in text or "You" in text) and _ASKED.search(abridged(text)) is not None


def answer(texts: Iterable[str]) -> str:
    """The sentence with the name that these texts give, oldest first."""
    name = ""
    for text in texts:
        name = _named(text) or name
    return f"My name is {name}." if name else NAMELESS


@functools.lru_cache(_TEXTS)
def _named(text: str) -> str:
    """The last name that a text gives."""
    lowered = text.lower()
    if not any(hint in lowered for hint in _HINTS):
        return ""
    names = [found["name"] or found["other"] for found in _NAMED.finditer(abridged(text))]
    return names[-1].strip("\"'\u201c\u201d") if names else ""
