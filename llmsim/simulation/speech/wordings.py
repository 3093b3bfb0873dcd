"""The wordings of English in which the form of a reply is ordered, as patterns; who reads them is `instructions.py`.

Pure data, and the two readings that go with it: what a value is, and what a list names. No pattern repeats what may
match in two ways, so none takes more than a few steps for each character.
"""

import re

MOST = 2_000
"""Larger counts of words, sentences or items are no orders."""
VALUE_LIMIT = 4_000
"""Characters of a reply that is given word for word."""
HINTS = (
    "exactly", "only", "just", "say", "repeat", "echo", "upper", "lower", "capital", "caps", "json", "word", "sentence",
    "bullet", "list", "character", "brief", "concise", "short", " with", "yes or no", "true or false", "yes/no",
    "one of", "either", "count", "classify", " be ", "true/false", "name ", "give me", " steps", " points", " items",
    "verbatim",
)  # fmt: skip
"""What no order is without, in lower case."""
COUNTS = {
    "a": 1, "an": 1, "a single": 1, "one": 1, "single": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6,
    "seven": 7, "eight": 8, "nine": 9, "ten": 10, "twelve": 12, "fifteen": 15, "twenty": 20, "fifty": 50,
    "a hundred": 100, "one hundred": 100,
}  # fmt: skip


def _of(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


_COUNT = r"(?P<count>\d{1,4}|" + "|".join(sorted(COUNTS, key=len, reverse=True)) + ")"
_VERB = (
    r"\b(?:answer|reply|respond|speak|write|talk|say|type|output|return|print|be|format|produce|provide|generate|use)"
)
_FILL = (
    r"(?:\s(?:me|us|to|the|your|my|all|every|each|this|that|these|everything|reply|replies|response|responses|answers?"
    r"|messages?|text|user|questions?|only|always|entirely|completely|exclusively|back|it|them|following|next|please"
    r"|from|now|on|written|fully|strictly|just|as|output)){0,8}"
)
_SUBJECT = r"\b(?:repl(?:y|ies)|responses?|answers?|messages?|output|everything)\b"
_CAPS = r"(?:all )?(?:upper[ -]?case|capital letters|capitals|all[ -]caps|caps|block letters|block capitals)"
_SMALL = r"(?:all )?lower[ -]?case"
_QUOTED = (
    r"(?:\"(?P<a>[^\"\n]+)\"|'(?P<b>(?:[^'\n]|'(?=\w))+)'(?!\w)|\u201c(?P<c>[^\u201d\n]+)\u201d"
    r"|\u2018(?P<d>(?:[^\u2019\n]|\u2019(?=\w))+)\u2019(?!\w)|`(?P<e>[^`\n]+)`)"
)
_THE_THING = (
    r"(?:(?:the|this) (?:exact |single |following |one )?"
    r"(?:words?|phrase|text|sentence|string|message|line|letters?|number|prefix|suffix|emoji|token|code|value|name):? )"
)
_THING = _THE_THING + "?"


def _cased(kind: str) -> re.Pattern[str]:
    return _of(
        rf"{_VERB}{_FILL}\s(?:in |only )*{kind}(?: letters| only| text| characters)?\b"
        rf"|{_SUBJECT}[^.?!]{{0,40}}?\b(?:in|be) {kind}\b"
        rf"|^\W*(?:please |only |in |use )*{kind}(?: only| please| letters)*\W*$"
        rf"|[,:;-] ?(?:please )?in {kind}\W*$|^\W*in {kind}[,:]"
    )


UPPER, LOWER = _cased(_CAPS), _cased(_SMALL)
JSON = _of(
    r"\b(?:answer|reply|respond|output|return|format|write|produce|provide|generate|give|speak)\b[^.?!\n]{0,60}?"
    r"\b(?:as|in|with|only|using|valid|a|an|raw|pure)\s(?:\w+\s){0,2}?json\b(?: (?:object|format|only|document))*"
    r"(?:[^.?!\n]{0,40}?\b(?:keys?|fields?|properties|property|attributes?)\b(?: named|"
    r" called)?:?\s(?P<keys>[^.?!\n]{1,300}))?"
    r"|^\W*(?:use |in )?json(?: format)?(?: only)?(?: please)?\W*$"
)
_BOUND = (
    r"(?P<bound>at least |a minimum of |at most |no more than |not more than |less than |fewer than |under |below "
    r"|up to |exactly |about "
    r"|around |roughly |maximum of |a maximum of |max |just |only |within )?"
)
LENGTH = _of(
    rf"(?:\b(?:in|with|to|using|use|is|be) |(?=\b(?:at least|at most|no more than|not more than|exactly|up to"
    rf"|fewer than|less than|under|below|within|maximum|max|only|just)\b)|(?<![\w-])(?=(?:one|single|two|three|\d+)["
    rf" -]\w+"
    rf" (?:or (?:less|fewer)|max|maximum|at most|only|answers?|repl|response))|^\W*(?:please )?)"
    rf"{_BOUND}{_COUNT}[ -](?:short |brief |bullet[ -]|numbered |simple |complete )?"
    r"(?P<unit>words?|sentences?|characters?|points?|bullets?|items?|steps?)\b"
    r"(?P<after> or less| or fewer| max(?:imum)?| at most)?(?: only| answers?| repl(?:y|ies)| responses?)?"
)
_ALONE = (
    r"(?:answer|name|number|value|word|city|code|result|date|day|time|place|colou?r|country|age|year|price|amount"
    r"|password"
    r"|address|email)"
)
SHORT = _of(
    rf"\b(?:only|just|nothing but)(?: with)? the (?:\w+ )?{_ALONE}(?: \w+)?\W*(?:$|,| and nothing else| nothing else"
    rf"| itself)"
    rf"|\bwith (?:the|my) (?:\w+ )?{_ALONE} (?:only|alone)\b"
)
BRIEF = _of(
    r"\b(?:be|keep (?:it|this|your (?:answers?|repl(?:y|ies)|responses?))) (?:very |really |as )?(?:brief|concise|short"
    r"|terse)\b|\b(?:answer|reply|respond) (?:very )?(?:concisely|briefly)\b"
    r"|\b(?:give|provide|write)(?: me)? an? (?:short|brief|concise) (?:answer|reply|response)\b"
)
LIST = _of(
    r"\b(?:as|in|with|use|using|into|make|write|create|produce|return|give)(?: me| it)?\s(?:an? |the )?"
    r"(?:(?:short|brief|simple|markdown|plain) )?"
    r"(?P<kind>bullet(?:ed)?(?:[ -]point)?s?(?: list)?|(?:numbered|ordered|enumerated|unordered) list)\b"
    rf"(?: (?:of|with) (?:exactly |at most )?{_COUNT}\b(?: items?| points?| bullets?| steps?| entries)?)?"
)
SEVERAL = _of(
    rf"^\W*(?:please |can you |could you |would you )*(?:(?:list|name) {_COUNT} (?=\w)"
    r"|(?:give me|suggest) (?P<n>\d{1,3}|two|three|four|five|six|seven|eight|nine|ten) (?:\w+ )?"
    r"(?:ideas|examples|reasons|tips|ways|things|options|facts|names|steps|points|items|suggestions)\b)"
)
YES_OR_NO = _of(
    rf"(?:{_VERB}\b[^.?!\n]{{0,40}}?|^\W*)(?P<list>['\"]?\byes['\"]?(?: or |/)['\"]?no\b['\"]?"
    r"|['\"]?\btrue['\"]?(?: or |/)['\"]?false\b['\"]?)"
)
ONE_OF = _of(
    rf"{_VERB}\b[^.?!\n:]{{0,60}}?\bone of(?: the| these| the following)?(?: \w+){{0,2}}?:?"
    rf" ?(?P<list>[^.?!\n]{{3,300}})"
)
CLASSIFY = _of(r"\bclassify\b[^.?!\n:]{0,80}?\b(?:as|into) (?:either |one of )?(?P<list>[^.?!\n:]{3,200})")
EITHER = _of(
    rf"{_VERB}\b[^.?!\n]{{0,40}}?(?:\beither (?:with )?(?P<list>[^.?!\n]{{3,80}})"
    r"|\bwith (?:only )?(?P<quoted>(?:'[^'\n]{1,40}'|\"[^\"\n]{1,40}\")(?:, ?(?:'[^'\n]{1,40}'|\"[^\"\n]{1,40}\"))*"
    r",? or (?:'[^'\n]{1,40}'|\"[^\"\n]{1,40}\")))"
)
_NEXT = r"(?= and (?:end|finish|close|start|begin|answer|reply|respond|use|keep|be|do|then|always|never)\b|[.;\n]|$)"
_PLACED = (
    r"\b(?: (?:your|each|every|the|all|any|of|my|its|it|them|with a)){0,3}"
    r"(?: (?:repl(?:y|ies)|responses?|answers?|messages?|sentences?|outputs?|text))? (?:with|by saying|by) "
    rf"{_THING}(?:{_QUOTED}|(?P<plain>[^\n]{{1,200}}?){_NEXT})"
)
STARTS = _of(r"\b(?:start|begin|open|prefix|preface)(?:ing)?" + _PLACED)
ENDS = _of(r"\b(?:end|finish|close|conclude|sign off)(?:ing)?" + _PLACED)
INCLUDES = _of(
    r"\b(?:include|mention|contains?|use)\b(?: \w+){0,4}? the (?:exact )?(?:words?|phrase|name|string|text|emoji"
    r"|number) "
    rf"(?:{_QUOTED}|(?P<plain>[\w-]+))"
    r"|\b(?:include|mention|use)\b(?: the)?(?: following)? key ?words?:? (?P<list>[^.?!\n:]{1,200}?)"
    r"(?= in (?:the|your)\b|[.!?]|$)"
    r"|\bthe word ['\"]?(?P<word>[\w-]+)['\"]? (?:should|must) (?:appear|occur|be)\b"
)
_NOUN = r"(?<!your )(?<!the )(?<!each )(?<!every )(?<!any )(?<!my )"
"""What does not stand before a verb."""
_SAYING = _NOUN + r"\b(?:answer|reply|respond)"
_WITH = (
    r"(?: back)?(?: to (?:me|this|everything|(?:all|every|any|each) (?:\w+ )?(?:messages?|questions?|requests?|prompts?"
    r"|inputs?|users?)))?"
)
_EXACT_VERB = _NOUN + r"\b(?:answer|reply|respond|say|output|return|print|write|type|state)"
_FOLLOWING = (
    r"(?: (?:this|the following|these|with)(?: (?:words?|text|phrase|sentence|string|message|line))?"
    r"| as follows| one line)?"
)
_AND_NOTHING = r"(?:,? (?:and nothing (?:else|more)|only|please|as your only (?:reply|answer|response)))?"
_DESCRIBED = (
    r"(?!(?:the|an?|your|my|his|her|its|their|valid|json|plain|raw|no|if|when|whatever|what|how|code|markdown|numbers?"
    r"|each|all|any|one|two|three|four|five|yes or no|yes/no|true or false|true/false|either|in|as|to|at|about"
    r"|something"
    r"|anything|nothing|it|that|more|why|upper|lower|capital|caps|bullets?|english|french|german|spanish|words?"
    r"|sentences?|like|so|facts|care|respect|text|html|xml|yaml|csv|python|\d+ \w+)\b)"
)
"""With these begins what is described, not given."""
_UNSAID = (
    r"(?![^\n]* in (?:\w+ ){0,3}(?:sentences?|letters|case|caps|\w+case)\b)"
    r"(?!(?:something|anything|nothing|it|that|more|why|how|what|when|where|who|whether|if|hello to|hi to|goodbye to"
    r"|sorry|cheese|about|in|no more|[^\n]* in (?:english|french|german|spanish|italian|latin|japanese|chinese"
    r"|[a-z]+ish"
    r"|[a-z]+ese))\b)"
)
COUNT_UP = _of(
    r"(?:^|[.!?:,]\s+|\b(?:please|can you|could you|now|then|and|just) )count (?:up )?(?:from (?P<first>\d{1,4}) )?"
    r"(?:up )?to (?P<last>\d{1,4})\b(?! (?:in|by)\b)"
)
EXACTLY = (
    _of(
        rf"{_EXACT_VERB}{_WITH}(?: (?:only|just|simply|always))*(?: with| using)?(?: (?:only|just))? "
        rf"(?:exactly|precisely|verbatim|literally)(?: with)?{_FOLLOWING}"
        rf"(?:(?P<colon>:)\s*|\s+{_DESCRIBED}|\s+(?={_THE_THING})|\s+(?=['\"`\u2018\u201c])){_THING}"
        rf"(?:{_QUOTED}\W*$|(?P<plain>.{{1,{VALUE_LIMIT}}}))"
    ),
    _of(
        rf"{_EXACT_VERB}{_WITH}(?: (?:only|just|always|simply))* with (?:only |just |nothing but |nothing else than )?"
        rf"(?:the following|a single word|one word|this|these words)(?: (?:only|text|message|words?))?:\s*"
        rf"(?:{_QUOTED}|(?P<plain>.{{1,{VALUE_LIMIT}}}))"
    ),
    _of(
        rf"(?:{_SAYING}{_WITH}(?: only| just| always| simply)* with(?: only| just)?"
        r"|\b(?:say|output|return|print|write|type)(?: only| just| nothing but)) "
        rf"(?:{_THING}{_QUOTED}(?!,? ?['\"`]|,? or\b)|{_THE_THING}(?P<plain>[^\n.;,]{{1,80}})"
        r"|(?-i:(?P<capitals>[A-Z][A-Z0-9_-]+))[.!]?$)"
    ),
    _of(
        rf"(?:{_SAYING}{_WITH}(?: (?:only|just|nothing but) with| with (?:only|just|nothing but))"
        rf"|\b(?:say|output|return|print|write|type) (?:only|just|nothing but)"
        rf"|\b(?:only|just|simply) (?:(?:answer|reply|respond) with|say|output|return|print|type))"
        rf"(?:(?P<colon>:)\s*|\s+{_DESCRIBED})(?P<plain>[\w'!?-]+(?: [\w'!?-]+){{0,3}})(?=[.;,\n]|$)"
    ),
    _of(
        rf"(?:{_NOUN}\b(?:answer|reply|respond|output|print|return)(?: only| just| simply)?"
        rf"|\b(?:repl(?:y|ies)|responses?|answers?) (?:should|must)(?: only| always)? be(?: exactly| only)?:?) "
        rf"{_QUOTED}(?!,? ?['\"`]|,? or\b){_AND_NOTHING}[.!]?(?=\s|$)"
    ),
    _of(
        r"\b(?:repeat|echo|copy)(?: back)?(?: to me)?(?: after me| (?:this|the following)(?: (?:text|sentence|words?"
        r"|phrase|message))?"
        r"(?: back)?(?: to me)?(?: exactly| verbatim| word for word)?)?"
        rf"(?P<colon>:)\s*(?:{_QUOTED}\W*$|(?P<plain>.{{1,{VALUE_LIMIT}}}))"
    ),
    _of(
        r"^\W*(?:please |can you |could you |now )*(?:just |simply )?(?:say|echo):? "
        rf"(?:{_QUOTED}{_AND_NOTHING}\W*$|{_UNSAID}(?P<plain>[\w',!-]+(?: [\w',!-]+){{0,11}}?)"
        r"(?: in (?:just |only |exactly )?(?:a single|\w+) words?\W*$|[.!]?$))"
    ),
)
"""The forms of a reply given word for word, the surest first."""
REPLY_TO = _of(
    r"\b(?:if|when|whenever) (?:the user|someone|anyone|somebody|a user|i|they)? ?(?:says?|asks?(?: about| for)?|types?"
    rf"|writes?|sends?|mentions?) (?:the word"
    rf" )?['\"\u201c\u2018`](?P<cue>[^'\"\u201c\u201d\u2018\u2019`\n]{{1,200}})['\"\u201d\u2019`],?"
    r" (?:then |you |must |should |always |please )*(?:answer|reply|respond|say)(?: with)?(?: only| just| exactly)?:? "
    rf"(?:{_QUOTED}|(?P<plain>[^\n.]{{1,200}}))[.!]?"
)
NEGATED = _of(r"\b(?:don't|do not|never|not|no longer|stop|without|avoid|instead of)\b[^.?!\n]{0,30}$")
ASKS = _of(r"\W*(?:what|who|where|how|which|why|whose|is|are|was|were|does|did|has|have)\b")
"""Such a clause orders something only at its end: "What is a tree, in one sentence?"."""
TELLS = _of(
    r"\W*(?:(?:my|he|she|they|there|we|if|when|whenever|unless|yesterday|today)\b"
    r"|i\b(?! want| need| would like|'d like))"
)
"""Such a clause orders nothing."""
LEFT_OVER = _of(
    r"\W*(?:(?:please|answer|reply|respond|give|keep|make|do not|don't|your|my|an?|the|also|and|then|you|must|always"
    r"|should|only"
    r"|to|me|it|in|from|now|on|be|answers?|repl(?:y|ies)|responses?|about|shall|but|so|with|never)\b\W*)*"
)
"""What is left of a clause besides its orders, where it says nothing, and what it then begins with."""
LOOSE = re.compile(r"[\s,]+([.?!,]|$)")
_TRAILING = _of(
    r"(?:[,;]? (?:and|with) (?:nothing else|no other text|nothing more|no punctuation|no quotes)\b.*"
    r"|\s+only|,? please|(?<=[.!?])\s+(?:do not|don't|no |nothing|without|just|only|and|please|then|include|never"
    r"|not|this is"
    r"|that is|it is)\b[^\n]*)$"
)


def value_of(found: re.Match[str]) -> str:
    """What a match gives, without its quotes, or without what is said about it behind it."""
    groups = found.groupdict()
    quoted = next((groups[name] for name in "abcde" if groups.get(name)), None)
    if quoted is not None:
        return quoted.strip()
    value = (groups.get("plain") or groups.get("capitals") or "").strip()
    value = _TRAILING.sub("", value).rstrip()
    return value if groups.get("colon") or not value.endswith(".") else value[:-1]


def names_in(text: str) -> tuple[str, ...]:
    """The names of a list such as `'a', b and "c"`, at most 20."""
    parts = re.split(r",\s*(?:and |or )?|\s+(?:and|or)\s+|\s*/\s*", text[:400].strip(" .:()[]{}"))
    names = [part.strip().removesuffix(" only").strip(" '\"`.:()[]{}\u201c\u201d\u2018\u2019") for part in parts[:20]]
    return tuple(dict.fromkeys(name for name in names if 0 < len(name) <= 40 and len(name.split()) <= 4))
