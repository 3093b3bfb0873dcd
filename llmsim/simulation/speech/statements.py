"""What was stated in a conversation, found again by its words, and what a system message says of its user.

    stated                                          asked
    The store opens at 9. (anyone)                  When does the store open? What time does the store open?
    I parked the car on level 3. (user)             Where did I park the car?
    The user's name is Ada. (system)                What is my name?

A question is answered with the last statement that has all of its words that carry meaning, endings aside. Nothing is
concluded from statements. Pure; of each message as much is read as `facts.py` reads.
"""

import functools
import re
from collections.abc import Iterable, Sequence

from llmsim.simulation.speech.facts import abridged, clauses, turned
from llmsim.simulation.speech.subject import STOP_WORDS

MESSAGES = 64
"""Messages that are looked through, from the last one back."""
_TEXTS = 512
"""Texts whose statements are remembered: a client sends its whole conversation with every turn."""
_SUBJECT_WORDS = 4
"""Where a question has a single word of meaning, the statement must have it among so many first ones."""

_STATES = re.compile(
    r"(?:\W|(?:also|and|but|so|note|fact|context|passage|please|remember|(?<=note )that|(?<=remember )that)\b)*"
    r"(?P<said>(?:the|our|this|that|these|those|all|every|each|my|his|her|their|no|an?|some|i|we|(?-i:[A-Z0-9][\w'-]*))"
    r"\s(?:\S+\s+){0,8}?(?:is|are|was|were|has|have|had|can|will|must|should|\w{2,}(?:s|ed)|met|made|saw|went|took|put"
    r"|left|got|kept|hid|bought|sold|found|lost|gave|told|won|ran|ate|built|wrote|sent|paid|cost|began|chose|grew)\s.+"
    r"|(?-i:[A-Z])[\w' -]{1,40}: \S.+)",
    re.IGNORECASE,
)
_ORDERS = re.compile(
    r"\W*(?:answer|reply|respond|tell|write|explain|describe|give|list|use|be|keep|please|do|don't|never|always|say"
    r"|speak"
    r"|make|start|end|begin|summari[sz]e|translate|help|let|show|ignore|follow|act|pretend|you|your|if|when|what|who"
    r"|where"
    r"|how|why|which|return|output|print|repeat|i (?:want|need|would|think|guess|have a|am|'m)|thanks|hello|hi)\b",
    re.IGNORECASE,
)
_QUESTION = re.compile(
    r"\W*(?:(?:question:|q:|and|so|then|but|ok|okay|hey|well|now|please|can you tell me|do you know|tell me|could"
    r" you tell me),? )*"
    r"(?P<how>what|who|where|when|which|how|is|are|was|were|does|do|did|has|have)\b(?P<rest>.*)",
    re.IGNORECASE,
)
_KIND = re.compile(r"^\s+([\w-]+)(?=\s+(?:is|are|was|were|do|does|did|has|have|will|can|should|must)\b)", re.IGNORECASE)
"""After "what", "which" and "how": the kind of thing that is asked for, which a statement need not name."""
_BE = re.compile(r"^\s+(?:is|are|was|were|'s)\b", re.IGNORECASE)
_WORD = re.compile(r"\w[\w'-]*")
_THE_USER = re.compile(
    r"\b(?:the|this|our|your) (?:user|customer|client|caller)(?:(?P<of>['\u2019]s)|(?: (?P<verb>is|has|was|lives|likes"
    r"|loves|enjoys|prefers|works|comes|speaks|drives|owns|plays|hates|studies|collects))?)\b",
    re.IGNORECASE,
)
_TALKS_TO = re.compile(
    r"\b(?:you are|you're) (?:now )?(?:talking|speaking|chatting) (?:to|with) (?-i:(?P<name>[A-Z][\w'-]*))",
    re.IGNORECASE,
)
_AS_ME = {"is": "am", "has": "have", "was": "was", "studies": "study"}


def answer(question: str, stated: Sequence[str], ruled: Sequence[str]) -> str:
    """The statement that answers a question, as it is said to who asked; nothing where none does.

    `stated` are the messages of the user, `ruled` those of system and developer, both oldest first; of two answers the
    user's counts, else the later one.
    """
    texts = (*stated[: -MESSAGES - 1 : -1], *ruled[: -MESSAGES - 1 : -1])
    known = [statement for text in texts for statement in reversed(_statements(text))]
    found = _QUESTION.match(question) if known else None
    if found is None:
        return ""
    rest = found["rest"]
    kind = _KIND.match(rest) if found["how"].lower() in {"what", "which", "how"} else None
    wanted = [_stems(rest)] + ([_stems(rest[kind.end() :])] if kind else [])
    is_what = _BE.match(rest[kind.end() :] if kind else rest) is not None
    alone = is_what and (kind is not None or found["how"].lower() != "how")
    for stems in wanted:
        if stems and (len(stems) > 1 or alone):
            for statement, words, first in known:
                if stems <= words and (len(stems) > 1 or stems <= first):
                    return statement
    return ""


@functools.lru_cache(_TEXTS)
def of_the_user(rule: str) -> str:
    """A system message as if its user had said what it says of them."""
    rule = abridged(rule)
    said = _TALKS_TO.sub(r"My name is \g<name>", rule)
    said = _THE_USER.sub(_first_person, said)
    return said if said != rule else ""


def _first_person(found: re.Match[str]) -> str:
    if found["of"]:
        return "my"
    verb = (found["verb"] or "").lower()
    return f"I {_AS_ME.get(verb, verb.removesuffix('s'))}".rstrip()


@functools.lru_cache(_TEXTS)
def _statements(text: str) -> tuple[tuple[str, frozenset[str], frozenset[str]], ...]:
    """What a text states: each statement as it is said back, its words of meaning, and those of its beginning."""
    found = []
    for clause, question in clauses(abridged(text)):
        if question or _ORDERS.match(clause):
            continue
        states = _STATES.match(clause)
        if states is not None:
            said = turned(states["said"].strip(" \"'")).rstrip(".!;, ")
            first = _stems(" ".join(said.split()[:_SUBJECT_WORDS]))
            found.append((f"{said[:1].upper()}{said[1:]}.", _stems(said), first))
    return tuple(found)


def _stems(text: str) -> frozenset[str]:
    """The words of a text that carry meaning, without their endings."""
    words = [word.lower() for word in _WORD.findall(text)]
    return frozenset([_stem(word) for word in words if word not in STOP_WORDS])


def _stem(word: str) -> str:
    word = word.removesuffix("'s")
    if word.endswith("s") and not word.endswith("ss") and len(word) > 3:
        word = word[:-1]
    for ending in ("ing", "ed"):
        if word.endswith(ending) and len(word) > len(ending) + 2:
            word = word.removesuffix(ending)
            break
    return word.removesuffix("e")


def known_of(rules: Iterable[str]) -> list[str]:
    """What system messages say of their user, as texts of that user."""
    return [said for said in map(of_the_user, rules) if said]
