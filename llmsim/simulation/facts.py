"""What a user told in a conversation, and what of it is asked for: the memory that a multi-turn test can see.

    told                                            asked
    my name is Ada; call me Ada; Hi, I'm Ada        what is my name? who am I?
    I live in Paris; I am from Peru                 where do I live? where am I from?
    I am 34 years old                               how old am I?
    I work as a nurse; I work at Acme               what do I do? where do I work?
    I like tea (love, enjoy, prefer)                what do I like?
    my favourite colour is blue; my X is Y          what is my favourite colour? do you remember my X?
    my dog is called Rex; my dog's name is Rex      what is my dog called? what is the name of my dog?
    the secret word is plum (code, password, pin)   what is the secret word?
    remember that the train leaves at 9             what did I tell you to remember? what do you know about me?

A later statement replaces an earlier one; a question tells nothing. Pure. Rules look at one clause at a time, clauses
are short, and of a long text only both ends are read, so that the work is bounded whatever the text.
"""

import functools
import re
from collections.abc import Iterable

import attrs

READ_LIMIT = 8_000
"""Of a longer text this many characters are read, half of them at either end."""
CLAUSE_LIMIT = 200
"""Longer clauses are no facts and no questions about facts."""
_SPLITS = 8
"""Texts whose clauses are remembered: what the last one asks is looked for right after what it tells."""
NAME, NOTE, NOTES, EVERYTHING = "name", "note ", "notes", "everything"

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
    r"\W*(?:and )?(?:what|who|where|how|when|which|whose|do you|can you|could you|tell me|remind me)\b", re.IGNORECASE
)
_HELLO_I_AM = re.compile(
    r"\W*(?:hi|hello|hey|good \w{5,9})(?: there| all)?\W{1,3}(?:i'm|i am|this is) "
    r"(?-i:(?P<value>[A-Z][\w'-]*(?: [A-Z][\w'-]*)?))(?=[.,!;\n]| and | from |$)",
    re.IGNORECASE,
)
_OWNED = r"(?P<attribute>[a-z][\w'-]*(?: [\w'-]+){0,4}?)"


@attrs.frozen
class _Rule:
    """A pattern for one clause, tried where the (lower-case) clause holds `hint`; forms of key and answer."""

    hint: str
    pattern: re.Pattern[str]
    key: str
    says: str = ""


def _rule(hint: str, pattern: str, key: str, says: str = "") -> _Rule:
    return _Rule(hint, re.compile(pattern, re.IGNORECASE), key, says)


_TOLD = (
    _rule("name", r"\bmy name(?:'s| is| was) (?P<value>.+)", NAME, "Your name is {value}."),
    _rule("call", r"\b(?:call me|i'm called|i am called) (?P<value>.+)", NAME, "Your name is {value}."),
    _rule(
        "name is", rf"\bmy {_OWNED}'s? name is (?P<value>.+)", "{attribute} name", "Your {attribute} is called {value}."
    ),
    _rule(
        "my ",
        rf"\bmy {_OWNED} is (?:called|named) (?P<value>.+)",
        "{attribute} name",
        "Your {attribute} is called {value}.",
    ),
    _rule(
        "my ",
        rf"\bmy {_OWNED} (?P<verb>is|are|was) (?!called |named )(?P<value>.+)",
        "{attribute}",
        "Your {attribute} {verb} {value}.",
    ),
    _rule(
        "i", r"\bi(?:'m| am) (?P<value>\d{1,3})(?: years? old| years of age)?\W*$", "age", "You are {value} years old."
    ),
    _rule(" in ", r"\bi(?:'m| am)? (?:live|living) in (?P<value>.+)", "home", "You live in {value}."),
    _rule("from ", r"\bi(?:'m| am| come) from (?P<value>.+)", "origin", "You are from {value}."),
    _rule("i work", r"\bi work as (?P<value>.+)", "job", "You work as {value}."),
    _rule("i work", r"\bi work (?P<verb>at|for|in) (?P<value>.+)", "work", "You work {verb} {value}."),
    _rule(
        "i ",
        r"\bi (?:really )?(?P<verb>like|love|enjoy|prefer) "
        r"(?!to\b|your|this|that|it\b|how|what|the way)(?P<value>.+)",
        "likes",
        "You {verb} {value}.",
    ),
    _rule(
        " is ",
        r"\bthe (?P<attribute>(?:[\w-]+ ){0,2}(?:word|code|password|passphrase|passcode|pin|secret|codename)) is "
        r"(?P<value>.+)",
        "the {attribute}",
        "The {attribute} is {value}.",
    ),
)
_REMEMBER = re.compile(r"(?<!you )\bremember(?: this)?:? (?P<value>(?!me\b|when\b|how\b).+)", re.IGNORECASE)
_REMEMBERED = (
    *_TOLD,
    _rule(
        " is ", r"\bthe (?P<attribute>[\w -]{1,40}?) is (?P<value>.+)", "the {attribute}", "The {attribute} is {value}."
    ),
    _rule(
        "the ",
        r"(?:this|remember):? the (?P<attribute>[\w-]+):? (?P<value>\S+)$",
        "the {attribute}",
        "The {attribute} is {value}.",
    ),
)
_ASKED = (
    _rule("am i", r"\b(?:who am i|what am i called)\b", NAME),
    _rule("live", r"\bwhere (?:do|did) i live\b", "home"),
    _rule("from", r"\bwhere (?:am i|do i come) from\b", "origin"),
    _rule("how old", r"\bhow old am i\b", "age"),
    _rule("i work", r"\b(?:where do i work|who do i work for)\b", "work"),
    _rule("i work", r"\bwhat do i work as\b", "job"),
    _rule("do i do", r"\bwhat do i do(?: for a living| for work)?$", "job"),
    _rule("what", r"\bwhat (?:do|did) i (?:like|love|enjoy|prefer)\b", "likes"),
    _rule("what", r"\bwhat (?:did|have) i (?:tell|told|ask|asked) you to (?:remember|keep in mind)\b", NOTES),
    _rule("about me", r"\bwhat (?:do|can) you (?:know|remember|recall|tell me) about me\b", EVERYTHING),
    _rule("what", r"\bwhat (?:did|have) i (?:tell|told) you\b", EVERYTHING),
    _rule("of my", rf"\bnames? of my {_OWNED}$", "{attribute} name"),
    _rule("my ", rf"\b(?:what|who|which)(?:'s|s| is| are| was| were) my {_OWNED}$", "{attribute}"),
    _rule(
        "my ",
        rf"\b(?:remember|recall|know|tell me|remind me|remind me of|say)(?: what| who)?(?: is)? my {_OWNED}"
        r"(?: is| are| was)?$",
        "{attribute}",
    ),
    _rule("my ", rf"^(?:and )?my {_OWNED}$", "{attribute}"),
    _rule(" the ", rf"\b(?:what|which)(?:'s|s| is| was) the {_OWNED}$", "the {attribute}"),
    _rule(" the ", rf"\b(?:remember|recall|know|tell me|remind me of|say) the {_OWNED}$", "the {attribute}"),
)
_UNTOLD = {
    NAME: "You have not told me your name yet.",
    "home": "You have not told me where you live yet.",
    "origin": "You have not told me where you are from yet.",
    "age": "You have not told me how old you are yet.",
    "work": "You have not told me where you work yet.",
    "job": "You have not told me what you do yet.",
    "likes": "You have not told me what you like yet.",
    NOTES: "You have not asked me to remember anything yet.",
    EVERYTHING: "You have not told me anything about yourself yet.",
}
_KIN = {"work": "job", "job": "work"}
_NO_FACT = frozenset(["question", "problem", "issue", "point", "guess", "understanding", "request", "concern", "task"])
_SPELLING = (
    ("favourite", "favorite"),
    ("colour", "color"),
    ("'s name", " name"),
    (" called", " name"),
    (" named", " name"),
)
_TAIL = re.compile(r"(?:,? (?:by the way|btw|please|again|now|too|though|for me))*[\s.!?;,:]*$", re.IGNORECASE)
_PLAIN_QUOTES = str.maketrans("\u2018\u2019\u201c\u201d", "''\"\"")
_TURNED = {
    "i": "you", "me": "you", "my": "your", "mine": "yours", "am": "are", "i'm": "you are", "myself": "yourself",
    "your": "my", "yours": "mine",
}  # fmt: skip
_PERSON = re.compile(rf"\b(?:{'|'.join(sorted(_TURNED, reverse=True))})\b", re.IGNORECASE)


@attrs.frozen
class Fact:
    """Something told: under which key it is asked for, and how it is said to the one who told it."""

    key: str
    says: str
    value: str


def told(text: str) -> list[Fact]:
    """What one message tells, in its order."""
    facts = []
    text = abridged(text).translate(_PLAIN_QUOTES)
    hello = _HELLO_I_AM.match(text)
    if hello:
        facts.append(Fact(NAME, f"Your name is {hello['value']}.", hello["value"]))
    for clause, question in _clauses(text):
        if not question:
            facts += _told_in(clause)
    return facts


def asked(text: str) -> tuple[list[str], str]:
    """The keys of the facts that one message asks for, in its order, each once; and its last question if it is another.

    "What is my name, and how do I boil an egg?" gives (["name"], "how do I boil an egg?").
    """
    keys: dict[str, None] = {}
    rest = ""
    for clause, question in _clauses(abridged(text).translate(_PLAIN_QUOTES)):
        if question:
            rule, match = _first(_ASKED, _TAIL.sub("", clause))
            rest = clause
            if rule and match:
                keys[_key(rule.key, match)] = None
                rest = ""
    return list(keys), rest


def known(texts: Iterable[str]) -> dict[str, Fact]:
    """Everything told in these messages, oldest first: a later statement replaces an earlier one."""
    return {fact.key: fact for text in texts for fact in told(text)}


def recall(key: str, facts: dict[str, Fact]) -> str:
    """The answer to what was asked for under a key; that it was not told, where it was not."""
    if key == EVERYTHING:
        said = list(facts.values())
    elif key == NOTES:
        said = [fact for name, fact in facts.items() if name.startswith(NOTE)]
    else:
        said = [facts[name] for name in (key, _KIN.get(key, key)) if name in facts][:1]
    if said:
        return " ".join(fact.says for fact in said)
    return _UNTOLD.get(key) or f"You have not told me {key if key.startswith('the ') else f'your {key}'} yet."


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
def _clauses(text: str) -> list[tuple[str, bool]]:
    """The clauses of a text that are short enough to look at, and whether each asks something."""
    found = []
    for sentence in _SENTENCE.split(text):
        clauses = _CLAUSE.split(sentence)
        asks = sentence.rstrip(" \"')").endswith("?")
        for index, clause in enumerate(clauses):
            if 0 < len(clause) <= CLAUSE_LIMIT:
                question = (asks and index == len(clauses) - 1) or _QUESTION.match(clause) is not None
                found.append((clause, question))
    return found


def _told_in(clause: str) -> list[Fact]:
    facts = []
    note = _REMEMBER.search(clause)
    if note:
        value = turned(_bare(note["value"]))
        facts.append(Fact(f"{NOTE}{value.lower()}", f"You asked me to remember {value}.", value))
    rule, match = _first(_REMEMBERED if note else _TOLD, clause)
    if rule and match and _bare(match["value"]) and match.groupdict().get("attribute") not in _NO_FACT:
        words = {**match.groupdict(), "value": turned(_bare(match["value"]))}
        facts.append(Fact(_key(rule.key, match), rule.says.format(**words), words["value"]))
    return facts


def _first(rules: tuple[_Rule, ...], clause: str) -> tuple[_Rule, re.Match[str]] | tuple[None, None]:
    """The first rule that fits a clause, and how."""
    lowered = clause.lower()
    for rule in rules:
        if rule.hint in lowered:
            match = rule.pattern.search(clause)
            if match:
                return rule, match
    return None, None


def _key(pattern: str, match: re.Match[str]) -> str:
    key = pattern.format(**match.groupdict()).lower()
    for variant, standard in _SPELLING:
        key = key.replace(variant, standard)
    return key


def _bare(value: str) -> str:
    """A value without what is around it: quotes, punctuation at the end, "by the way"."""
    return _TAIL.sub("", value).strip(" \"'*")


def _lowered(sentence: str) -> str:
    return sentence[0].lower() + sentence[1:]
