"""What a user told in a conversation, and what of it is asked for: the memory that a multi-turn test can see.

    told                                            asked
    my name is Ada; call me Ada; Hi, I'm Ada        what is my name? who am I?
    I live in Paris; I am from Peru                 where do I live? where am I from?
    I am 34 years old; I was born in Lima           how old am I? where was I born?
    I work as a nurse; I am a nurse                 what do I do? what is my job?
    I like tea (love, enjoy, prefer)                what do I like?
    my favourite colour is blue; my X is Y          what is my favourite colour? do you remember my X?
    my dog is called Rex; I have a dog named Rex    what is my dog called? what is the name of my dog?
    the secret word is plum (code, password, pin)   what is the secret word?
    remember that the train leaves at 9             what did I tell you to remember? what do you know about me?

A later statement replaces an earlier one (likes add up); a question tells nothing. Pure. Rules (`forms.py`) look at
one clause at a time, and of a long text only both ends are read, so that the work is bounded whatever the text.
"""

import functools
import re
from collections.abc import Iterable, Iterator, Mapping

import attrs

from llmsim.simulation.speech.forms import (
    ASKED,
    EVERYTHING,
    LIKE,
    LIKES,
    NAME,
    NOTE,
    NOTES,
    REMEMBER,
    REMEMBERED,
    TOLD,
    Rule,
)

READ_LIMIT = 8_000
"""Of a longer text this many characters are read, half of them at either end."""
CLAUSE_LIMIT = 200
"""Longer clauses are no facts and no questions about facts."""
_SPLITS = 8
"""Texts whose clauses are remembered: what the last one asks is looked for right after what it tells."""
_TEXTS = 512
"""Texts of which is remembered what they tell: a client sends its whole conversation with every turn."""

_SENTENCE = re.compile(
    r"\s(?:(?<=[!?;]\s)\s*|(?<=\.\s)(?<!\b[DM]r\.\s)(?<!\bMs\.\s)(?<!\bSt\.\s)(?<!\bMrs\.\s)\s*|(?<=[\n\r])[\n\r]*)"
)
_AFTER_AND = r"(?:also |that )?(?:i|my|we|please|remember|what|where|who|how|can|could|do|you|the)\b"
_AFTER_COMMA = r"(?:and |but )?(?:i|my|what|where|who|how|can|could|do|please|nice|thanks|remember)\b"
_CLAUSE = re.compile(
    rf"[,\s](?:(?<=,)\s(?:(?:and|but|so)\s(?={_AFTER_AND})|(?={_AFTER_COMMA}))"
    rf"|(?<!,)(?:and|but|so)\s(?={_AFTER_AND}))",
    re.IGNORECASE,
)
"""Both begin with the character that they look for, which finds the next one much faster than looking behind first."""
_QUESTION = re.compile(
    r"\W*(?:(?:and|so|then|but|ok|okay|hey|well|now|please),? )*"
    r"(?:what|who|where|how|when|which|whose|do you|can you|could you|would you|tell me|remind me|am i|do i)\b",
    re.IGNORECASE,
)
_HELLO_I_AM = re.compile(
    r"\W*(?:hi|hello|hey|good \w{5,9})(?: there| all)?\W{1,3}(?:i'm|i am|this is) "
    r"(?-i:(?P<value>[A-Z][\w'-]*(?: [A-Z][\w'-]*)?))(?=[.,!;\n]| and | from |$)",
    re.IGNORECASE,
)

_UNTOLD = {
    NAME: "You have not told me your name yet.",
    "home": "You have not told me where you live yet.",
    "origin": "You have not told me where you are from yet.",
    "age": "You have not told me how old you are yet.",
    "work": "You have not told me where you work yet.",
    "job": "You have not told me what you do yet.",
    "birth": "You have not told me when or where you were born yet.",
    LIKES: "You have not told me what you like yet.",
    NOTES: "You have not asked me to remember anything yet.",
    EVERYTHING: "You have not told me anything about yourself yet.",
}
_SEVERAL = {NOTES: NOTE, LIKES: LIKE}
_KIN = {"work": "job", "job": "work"}
_NO_FACTS = ("question", "problem", "issue", "point", "guess", "understanding", "request", "concern", "task", "idea")
_NO_FACT = frozenset(word + ending for word in _NO_FACTS for ending in ("", "s"))
_SPELLING = (
    ("favourite", "favorite"),
    ("colour", "color"),
    ("'s name", " name"),
    (" called", " name"),
    (" named", " name"),
)
_SAME = {
    "first name": NAME, "full name": NAME, "profession": "job", "occupation": "job", "hometown": "origin",
    "home town": "origin", "home country": "origin", "email address": "email", "e-mail": "email",
    "e-mail address": "email", "phone": "phone number", "telephone number": "phone number",
}  # fmt: skip
"""Keys that stand for another one."""
_TAIL = re.compile(
    r"(?:,? (?:by the way|btw|please|again|too|though|for me|instead|exactly|(?:right |from )?now(?: on)?|these days"
    r"|at the moment|currently|in short|in (?:a|one|two|three|a few|a single) (?:words?|sentences?)"
    r"|if you (?:can|remember)|do you (?:know|remember)))*[\s.!?;,:]*$",
    re.IGNORECASE,
)
_WHICH_I_TOLD = re.compile(
    r"(?<!\bdid)(?<!\bhave)(?<!\bhad) (?:that |which )?i (?:just |have |had |already )*"
    r"(?:told|gave|given|mentioned|said)(?: to)?(?: you)?(?: about| of)?(?: earlier| before| just now)?$",
    re.IGNORECASE,
)
_OUR = re.compile(r"\bour\b", re.IGNORECASE)
_PLAIN_QUOTES = str.maketrans("\u2018\u2019\u201c\u201d", "''\"\"")
_TURNED = {
    "i": "you", "me": "you", "my": "your", "mine": "yours", "am": "are", "i'm": "you are", "myself": "yourself",
    "your": "my", "yours": "mine", "i was": "you were", "was i": "were you",
}  # fmt: skip
_PERSON = re.compile(rf"(?=[aimwy])\b(?:{'|'.join(sorted(_TURNED, reverse=True))})\b", re.IGNORECASE)
"""Begins with the letters that all of them begin with: elsewhere nothing more is looked at."""


@attrs.frozen
class Fact:
    """Something told: under which key it is asked for, and how it is said to the one who told it."""

    key: str
    says: str
    value: str


def told(text: str) -> list[Fact]:
    """What one message tells, in its order."""
    return list(_told(abridged(text)))


@functools.lru_cache(_TEXTS)
def _told(text: str) -> tuple[Fact, ...]:
    facts = []
    text = text.translate(_PLAIN_QUOTES)
    hello = _HELLO_I_AM.match(text)
    if hello:
        facts.append(Fact(NAME, f"Your name is {hello['value']}.", hello["value"]))
    for clause, question in clauses(text):
        if not question:
            facts += [fact for fact in _told_in(clause) if fact not in facts]
    return tuple(facts)


def asked(text: str, facts: Mapping[str, Fact]) -> tuple[list[str], str]:
    """The keys of the facts that one message asks for, in its order, each once; and its last question if it is another.

    "What is my name, and how do I boil an egg?" gives (["name"], "how do I boil an egg?"). `facts` are those known.
    """
    keys: dict[str, None] = {}
    rest = ""
    for clause, question in clauses(abridged(text).translate(_PLAIN_QUOTES)):
        if question:
            rest = clause
            for rule, match in _matches(ASKED, _WHICH_I_TOLD.sub("", _TAIL.sub("", clause))):
                key = _key(rule.key, match.groupdict())
                if rule.sure or found(key, facts):
                    keys |= dict.fromkeys(_parts(key, facts))
                    rest = ""
                    break
    return list(keys), rest


def known(texts: Iterable[str]) -> dict[str, Fact]:
    """Everything told in these messages, oldest first: a later statement replaces an earlier one."""
    return {fact.key: fact for text in texts for fact in told(text)}


def recall(key: str, facts: Mapping[str, Fact]) -> str:
    """The answer to what was asked for under a key; that it was not told, where it was not."""
    said = found(key, facts)
    if said:
        return " ".join(fact.says for fact in said)
    return _UNTOLD.get(key) or f"You have not told me {key if key.startswith('the ') else f'your {key}'} yet."


def found(key: str, facts: Mapping[str, Fact]) -> list[Fact]:
    """The facts that answer what is asked for under a key."""
    if key == EVERYTHING:
        return list(facts.values())
    if key in _SEVERAL:
        return [fact for name, fact in facts.items() if name.startswith(_SEVERAL[key])]
    return [facts[name] for name in (key, _KIN.get(key, key)) if name in facts][:1]


def _parts(key: str, facts: Mapping[str, Fact]) -> list[str]:
    """The keys in one: "name and age" is two, unless something is called so."""
    if " and " not in key or found(key, facts):
        return [key]
    return [_key("{part}", {"part": part.removeprefix("my ")}) for part in key.split(" and ")]


def acknowledge(facts: list[Fact]) -> str:
    """What a listener says to facts just told, in one or two sentences; nothing to no facts."""
    names = [fact.value for fact in facts if fact.key == NAME]
    notes = [fact for fact in facts if fact.key.startswith(NOTE)]
    others = [fact for fact in facts if fact.key != NAME and fact not in notes]
    said = [f"Nice to meet you, {names[-1]}."] if names else []
    if notes:
        said += [fact.says.replace("You asked me to", "I will", 1) for fact in notes]
    elif others:
        said.append(f"Noted: {', and '.join(_lowered(fact.says).rstrip('.') for fact in others)}.")
    return " ".join(said)


def turned(text: str) -> str:
    """What someone says, as it is said back to them: "I like my tea" is "you like your tea", "your cup" is "my cup"."""
    return _PERSON.sub(lambda match: _TURNED.get(match[0].lower(), match[0]), text)  # "\u0130" is an "i", too


def abridged(text: str) -> str:
    """A text as far as anything looks at it: of a longer one both ends, on lines of their own."""
    if len(text) <= READ_LIMIT:
        return text
    return f"{text[: READ_LIMIT // 2]}\n{text[1 - READ_LIMIT // 2 :]}"


@functools.lru_cache(_SPLITS)
def clauses(text: str) -> list[tuple[str, bool]]:
    """The clauses of a text that are short enough to look at, and whether each asks something."""
    found = []
    for sentence in _SENTENCE.split(text):
        parts = _CLAUSE.split(sentence)
        asks = sentence.rstrip(" \"')").endswith("?")
        for index, clause in enumerate(parts):
            if 0 < len(clause) <= CLAUSE_LIMIT:
                question = (asks and index == len(parts) - 1) or _QUESTION.match(clause) is not None
                found.append((clause, question))
    return found


def _told_in(clause: str) -> list[Fact]:
    facts = []
    note = REMEMBER.search(clause)
    if note:
        value = turned(_bare(note["value"]))
        facts.append(Fact(f"{NOTE}{value.lower()}", f"You asked me to remember {value}.", value))
    for rule, match in _matches(REMEMBERED if note else TOLD, clause):
        words = {**match.groupdict(), "value": turned(_bare(match["value"]))}
        if words["value"] and (words.get("attribute") or "").lower() not in _NO_FACT:
            facts.append(Fact(_key(rule.key, words), rule.says.format(**words), words["value"]))
        break
    return facts


def _matches(rules: tuple[Rule, ...], clause: str) -> Iterator[tuple[Rule, re.Match[str]]]:
    """The rules that fit a clause, and how; what is ours is mine."""
    lowered = clause.lower()
    if "our " in lowered:
        clause = _OUR.sub("my", clause)
        lowered = clause.lower()
    for rule in rules:
        if rule.hint in lowered:
            match = rule.pattern.search(clause)
            if match:
                yield rule, match


def _key(pattern: str, words: Mapping[str, str | None]) -> str:
    key = pattern.format(**words).lower()
    for variant, standard in _SPELLING:
        key = key.replace(variant, standard)
    return _SAME.get(key, key)


def _bare(value: str) -> str:
    """A value without what is around it: quotes, punctuation at the end, "by the way"."""
    return _TAIL.sub("", value).strip(" \"'*")


def _lowered(sentence: str) -> str:
    return sentence[0].lower() + sentence[1:]
