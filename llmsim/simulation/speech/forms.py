"""The forms of English in which things are told and asked for, as tables of rules; who reads them is `facts.py`.

A rule is a pattern for one short clause, and the key under which what it finds is kept. Rules are tried in order and
the first that fits counts, so that a special form stands before the general one. Pure data.
"""

import re

import attrs

NAME, NOTE, NOTES, LIKE, LIKES, EVERYTHING = "name", "note ", "notes", "like ", "likes", "everything"


@attrs.frozen
class Rule:
    """A pattern, tried where the (lower-case) clause holds `hint`; forms of key and answer.

    A question that fits a rule that is not `sure` asks for the fact only where it is known.
    """

    hint: str
    pattern: re.Pattern[str]
    key: str
    says: str = ""
    sure: bool = True


def _rule(hint: str, pattern: str, key: str, says: str = "") -> Rule:
    return Rule(hint, re.compile(pattern, re.IGNORECASE), key, says)


def _maybe(hint: str, pattern: str, key: str) -> Rule:
    return Rule(hint, re.compile(pattern, re.IGNORECASE), key, sure=False)


_OWNED = r"(?P<attribute>[a-z][\w'-]*(?: [\w'-]+){0,4}?)"
_THING = r"(?P<attribute>[\w-]+(?: [\w-]+)?)"
_WATCHWORD = r"(?:word|code|password|passphrase|passcode|pin|secret|codename)"
_KIN = (
    r"(?P<attribute>dog|cat|horse|pet|wife|husband|partner|girlfriend|boyfriend|fianc\w+|sister|brother|son|daughter"
    r"|mother|father|mom|mum|dad|aunt|uncle|cousin|friend|boss|manager|teacher|colleague|neighbou?r|roommate)"
)
_MANY = r"(?:\d+|two|three|four|five|six|seven|eight|nine|ten|twelve|several)"
_JOB = (
    r"an? (?:[\w-]+ ){0,2}(?!under|over|after|other|never|either|rather|bigger|better|larger|newer|older|younger)"
    r"(?:\w{2,}(?:er|or|ist|ian|eer|ant)|nurse|student|chef|cook|pilot|judge|clerk|coach|intern|surgeon|priest|mechanic"
    r"|architect)"
)
_STATE = (
    r"(?P<attribute>allergic to|married to|engaged to|learning|studying|afraid of|interested in|good at|bad at"
    r"|vegetarian|vegan|left-handed|right-handed|diabetic|colou?r-?blind|retired|single|married|pregnant)"
)
_HABIT = r"(?P<attribute>drive|own|play|speak|study|teach|collect|hate|dislike|support|ride|wear|drink|eat)"
_NO_NAME = (
    r"(?!(?:American|Australian|Austrian|Belgian|Brazilian|British|Canadian|Chinese|Danish|Dutch|English|Finnish|French"
    r"|German|Greek|Indian|Irish|Italian|Japanese|Korean|Mexican|Norwegian|Polish|Portuguese|Russian|Scottish|Spanish"
    r"|Swedish|Swiss|Turkish|Ukrainian|Back|Here|Ready|Done|Fine|Good|Sorry|Ok|Okay|Lost|Stuck|Not|In|Out)\b)"
)
_CALLED = "Your {attribute} is called {value}."

TOLD = (
    _rule(
        "my name",
        r"\bmy name(?:'s not| is not| isn't) .+?[,;](?: but| rather)?(?: it's| it is)? (?P<value>.+)",
        NAME,
        "Your name is {value}.",
    ),
    _rule("my name", r"\bmy name(?:'s| is| was) (?!not\b)(?P<value>.+)", NAME, "Your name is {value}."),
    _rule("call", r"\b(?:call me|i'm called|i am called) (?P<value>.+)", NAME, "Your name is {value}."),
    _rule(
        "i",
        rf"^\W*(?:i'm|i am) (?-i:{_NO_NAME}(?P<value>[A-Z][a-z'-]+(?: [A-Z][\w'-]+)?))[\s.!]*$",
        NAME,
        "Your name is {value}.",
    ),
    _rule("name is", rf"\bmy {_OWNED}'s? name is (?P<value>.+)", "{attribute} name", _CALLED),
    _rule("my ", rf"\bmy {_OWNED} is (?:called|named) (?P<value>.+)", "{attribute} name", _CALLED),
    _rule("my ", rf"\bmy {_KIN},? (?-i:(?P<value>[A-Z]\w+))\b", "{attribute} name", _CALLED),
    _rule(
        "my fav",
        r"^(?P<value>.+?) (?P<verb>is|are) my (?P<attribute>favou?rite [\w' -]+)",
        "{attribute}",
        "Your {attribute} {verb} {value}.",
    ),
    _rule(
        "my ",
        rf"\bmy {_OWNED} (?P<verb>is|are|was) (?!called |named |not\b)(?P<value>.+)",
        "{attribute}",
        "Your {attribute} {verb} {value}.",
    ),
    _rule(
        "i", r"\bi(?:'m| am) (?P<value>\d{1,3})(?: years? old| years of age)?\W*$", "age", "You are {value} years old."
    ),
    _rule(" in ", r"\bi(?:'m| am)? (?:live|living|based) in (?P<value>.+)", "home", "You live in {value}."),
    _rule(
        "moved to",
        r"\bi(?:'ve| have)?(?: just| recently)? moved to (?-i:(?P<value>[A-Z].*))",
        "home",
        "You moved to {value}.",
    ),
    _rule("from ", r"\bi(?:'m| am| come) from (?P<value>.+)", "origin", "You are from {value}."),
    _rule("born", r"\bi was born (?P<value>(?:in|on|at) .+)", "birth", "You were born {value}."),
    _rule("i work", r"\bi work as (?P<value>.+)", "job", "You work as {value}."),
    _rule("i work", r"\bi work (?P<verb>at|for|in) (?P<value>.+)", "work", "You work {verb} {value}."),
    _rule("i", rf"\bi(?:'m| am) (?P<value>{_STATE}\b.*)", "am {attribute}", "You are {value}."),
    _rule("i", rf"\bi(?:'m| am) (?P<value>{_JOB}\b(?! of\b).*)", "job", "You are {value}."),
    _rule(
        "i ",
        r"\bi (?:really |also )?(?P<verb>like|love|enjoy|prefer) "
        r"(?!to\b|your|this|that|it\b|how|what|the way)(?P<value>.+)",
        LIKE + "{value}",
        "You {verb} {value}.",
    ),
    _rule(
        "i ",
        rf"\bi (?:really |also )?{_HABIT} (?!to\b|your|this|that|it\b|how|what|when|with\b|too\b)(?P<value>.+)",
        "do {attribute}",
        "You {attribute} {value}.",
    ),
    _rule(
        "i",
        rf"\bi(?:'ve got| have| own) an? {_OWNED},? (?:named|called|whose name is) (?P<value>.+)",
        "{attribute} name",
        _CALLED,
    ),
    _rule(
        "i",
        rf"\bi(?:'ve got| have| own) (?P<value>{_MANY} {_THING})[\s.!]*$",
        "many {attribute}",
        "You have {value}.",
    ),
    _rule(
        " is ",
        rf"\bthe (?P<attribute>(?:[\w-]+ ){{0,2}}{_WATCHWORD}) is (?P<value>.+)",
        "the {attribute}",
        "The {attribute} is {value}.",
    ),
    _rule(
        "the ",
        rf"\bthe {_THING} is (?:called|named) (?-i:(?P<value>[A-Z\"'].*))",
        "the {attribute} name",
        "The {attribute} is called {value}.",
    ),
)
REMEMBER = re.compile(
    r"(?<!you )\b(?:remember|(?:don't|do not) forget|keep in mind|make a note|please note)(?: this)?:? "
    r"(?P<value>(?!me\b|when\b|how\b|the following).+)",
    re.IGNORECASE,
)
REMEMBERED = (
    *TOLD,
    _rule(
        " is ", r"\bthe (?P<attribute>[\w -]{1,40}?) is (?P<value>.+)", "the {attribute}", "The {attribute} is {value}."
    ),
    _rule(
        "",
        r"(?:remember|forget|mind|note)(?: this| the| my)?:? (?:the )?"
        rf"(?P<attribute>(?:[\w-]+ )?(?:number|{_WATCHWORD})):? (?P<value>\S+)$",
        "the {attribute}",
        "The {attribute} is {value}.",
    ),
    _rule(
        "the ",
        r"(?:this|remember):? the (?P<attribute>[\w-]+):? (?P<value>\S+)$",
        "the {attribute}",
        "The {attribute} is {value}.",
    ),
)
"""What is told in a clause that asks to remember something."""

_I_SAID = r" (?:did|have) i (?:say|said|tell you|told you|mention|mentioned)(?: that)?"
_PLACE = r"(?:what|which) (?:city|town|village|country|place|state)"
_WHAT = r"\b(?:what|which|who)(?: [\w-]+){0,2}"
_LIKED = r"(?:like|love|enjoy|prefer)"
_FOR_MEMORY = r"(?:remember|keep in mind|note)"

ASKED = (
    _rule("i", r"\b(?:who am i|what am i called)$|\b(?:who i am|what i'm called|what i am called)\b", NAME),
    _rule("call me", r"\bwhat (?:should|do|can|would|could|shall|will) \w+(?: \w+)? call me\b", NAME),
    _rule("live", rf"\bwhere(?: (?:do|did) i live|{_I_SAID} i lived?)\b", "home"),
    _rule("live", rf"\b{_PLACE}(?: (?:do|did) i live|{_I_SAID} i lived?) in$", "home"),
    _rule("from", rf"\b(?:where|{_PLACE})(?: (?:am i|do i come)|{_I_SAID} i(?:'m| am| was| come)) from\b", "origin"),
    _rule("born", r"\b(?:where|when|what (?:year|day|city|country)) was i born\b", "birth"),
    _rule("how old", rf"\bhow old(?: am i|{_I_SAID} i (?:am|was))\b", "age"),
    _rule("i work", r"\b(?:where do i work|who do i work for)\b", "work"),
    _rule("i work", r"\bwhat do i work as\b", "job"),
    _rule("do i do", r"\bwhat do i do(?: for a living| for work)?$", "job"),
    _maybe(" i ", rf"{_WHAT} am i {_STATE}$", "am {attribute}"),
    _maybe("am i ", rf"\bam i {_STATE}$", "am {attribute}"),
    _maybe(
        "do i ",
        rf"\b(?:what|which) (?P<attribute>[\w-]+) do i {_LIKED} (?:the )?(?:best|most)$",
        "favorite {attribute}",
    ),
    _rule("what", rf"\bwhat (?:do|did) i {_LIKED}\b", LIKES),
    _maybe(" i ", rf"{_WHAT} (?:do|did) i {_LIKED}\b", LIKES),
    _maybe("do i ", rf"^\W*(?:and |so )?do i {_LIKED}\b", LIKES),
    _maybe(" i ", rf"{_WHAT} (?:do|did) i {_HABIT}$", "do {attribute}"),
    _maybe("how many", rf"\bhow many {_THING} (?:do|did) i (?:have|own)$", "many {attribute}"),
    _rule("what", rf"\bwhat (?:did|have) i (?:tell|told|ask|asked) you to {_FOR_MEMORY}\b", NOTES),
    _maybe(
        " i ",
        rf"\b(?:what|which) {_THING} (?:did|have) i (?:tell|told|ask|asked|give|gave|given|say|said)(?: you)?"
        rf"(?: to {_FOR_MEMORY})?$",
        "the {attribute}",
    ),
    _rule("about me", r"\bwhat (?:do|can) you (?:know|remember|recall|tell me) about me\b", EVERYTHING),
    _rule("what", r"\bwhat (?:did|have) i (?:tell|told) you\b", EVERYTHING),
    _rule("of my", rf"\bnames? of my {_OWNED}$", "{attribute} name"),
    _maybe("of the", rf"\bnames? of the {_OWNED}$", "the {attribute} name"),
    _rule(
        "my ",
        rf"\b(?:what|who|which)(?:'s|s| is| are| was| were|{_I_SAID}) my {_OWNED}(?: is| are| was)?$",
        "{attribute}",
    ),
    _maybe("my ", rf"\b(?:when|where)(?:'s| is| are| was| were) my {_OWNED}$", "{attribute}"),
    _rule(
        "my ",
        rf"\b(?:remember|recall|know|tell me|remind me|remind me of|say)(?: what| who)?(?: is)? my {_OWNED}"
        r"(?: is| are| was)?$",
        "{attribute}",
    ),
    _rule("my ", rf"^(?:and )?my {_OWNED}$", "{attribute}"),
    _maybe(" the ", rf"\b(?:what|which|who|when|where)(?:'s|s| is| was) the {_OWNED}$", "the {attribute}"),
    _maybe(" the ", rf"\b(?:remember|recall|know|tell me|remind me of|say) the {_OWNED}$", "the {attribute}"),
)
