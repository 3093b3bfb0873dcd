"""What a model says: one text, from the style of its profile, the conversation and the draws.

The style `prose` answers first (a greeting, what was told or asked for, else the subject of the message) and goes on
around the terms of the conversation until the drawn length is reached, at the end of a sentence. Pure. A text does not
depend on who counts tokens, nor on `max_tokens` or `stop`: those cut what is said here.
"""

import re
from collections.abc import Iterable, Sequence

import attrs
import orjson

from llmsim.profile import Profile, Style
from llmsim.simulation.calls import answered
from llmsim.simulation.draws import Stream
from llmsim.simulation.speech import instructions, naming, results, statements
from llmsim.simulation.speech.facts import Fact, abridged, acknowledge, asked, found, known, recall, told
from llmsim.simulation.speech.forms import NAME
from llmsim.simulation.speech.obeying import Matter, obey
from llmsim.simulation.speech.prose import lorem, prose
from llmsim.simulation.speech.statements import known_of
from llmsim.simulation.speech.subject import NOTHING, subject_of, terms_of
from llmsim.simulation.tokens import Estimator, TokenCounter, estimated
from llmsim.turn import FinishReason, Message, Role

TERM_MESSAGES = 4
"""How many of the last user messages give the terms that prose is made around."""
OBJECT_TOKENS = 60
"""How long the text in a JSON object is, about, where nobody says."""
RULING = (Role.SYSTEM, Role.DEVELOPER)
"""Whose instructions hold for the whole conversation."""
NOUNS = {"image": "picture", "audio": "recording", "file": "file"}
"""What a reply calls the parts that are not text."""
_GREETING = re.compile(r"\W*(hi|hello|hey|greetings|good (?:morning|afternoon|evening))\b", re.IGNORECASE)
_COURTESIES = tuple(
    (re.compile(pattern, re.IGNORECASE), said)
    for pattern, said in (
        (
            r"\W*(?:hi|hello|hey|greetings|good (?:morning|afternoon|evening))\b[^?.]{0,12}$",
            "How can I help you today?",
        ),
        (r"\W*(?:thanks|thank you|cheers)\b[^?]{0,60}$", "You are welcome{name}."),
        (r"\W*(?:bye|goodbye|good night|see you)\b[^?]{0,40}$", "Goodbye{name}."),
    )
)


def given(profile: Profile, context: Sequence[Message]) -> str | None:
    """What this profile says after this conversation if its style leaves nothing to be drawn; else None."""
    match profile.text.style:
        case Style.FIXED:
            return profile.text.fixed or ""
        case Style.ECHO:
            last = next((message for message in reversed(context) if message.role is Role.USER), None)
            return (last.text or " ".join(f"<{kind}>" for kind in last.parts)) if last else ""
        case _:
            return None


def compose(profile: Profile, context: Sequence[Message], stream: Stream, *, natural: int, horizon: int) -> list[str]:
    """What this profile says after this conversation.

    Args:
        profile: whose style it is, prose or lorem.
        context: every message before the reply.
        stream: where the text is drawn from; its draws do not depend on the lengths.
        natural: how long the reply would be, tokens.
        horizon: how much of it will be wanted at most, tokens; the text may stop beyond, it does not change before.

    Returns:
        The text, as the estimator's pieces of it.
    """
    if profile.text.style is Style.LOREM:
        return _filled("", lorem(stream), natural, horizon)
    heard = _Heard.of(context)
    orders, said = instructions.orders(heard.rules, heard.texts[-1] if heard.texts else "")
    if answered(context):
        return estimated(_reported(orders, context, stream, natural))
    if orders is instructions.PLAIN:
        opening, subject = _opening(heard, said, stream)
        if opening.whole:
            return estimated(opening.text)
        return _filled(opening.text, prose(stream, subject, heard.terms()), natural, horizon)
    return estimated(_ordered(orders, heard, said, stream, natural))


def object_of(profile: Profile, context: Sequence[Message], stream: Stream) -> str:
    """What this profile says after this conversation as a JSON object, with the keys that were named, if any were."""
    text = given(profile, context)
    if text is None and profile.text.style is Style.LOREM:
        text = next(lorem(stream)).strip()
    if text is None:
        heard = _Heard.of(context)
        orders, said = instructions.orders(heard.rules, heard.texts[-1] if heard.texts else "")
        orders = attrs.evolve(orders, json=True)
        if answered(context):
            text = _reported(orders, context, stream, OBJECT_TOKENS)
        else:
            text = _ordered(orders, heard, said, stream, OBJECT_TOKENS)
    try:
        if isinstance(orjson.loads(text), dict):
            return text
    except orjson.JSONDecodeError:
        pass
    return orjson.dumps({"answer": text.encode(errors="replace").decode()}).decode()


def _reported(orders: instructions.Orders, context: Sequence[Message], stream: Stream, natural: int) -> str:
    """What the results of tools are, in the form that was ordered, and no more."""
    report = results.told(context)
    if orders is instructions.PLAIN:
        return report
    return obey(orders, Matter(report, iter(()), report), stream, natural)


def muse(context: Sequence[Message], stream: Stream, *, natural: int) -> list[str]:
    """What goes through a model's mind after this conversation: about so many of the estimator's pieces."""
    texts = [abridged(_words(message)) for message in context if message.role is Role.USER]
    subject = subject_of(texts[-1] if texts else "")
    return _filled("", prose(stream, subject.phrase, terms_of(reversed(texts[-TERM_MESSAGES:]))), natural, natural)


@attrs.frozen
class _Heard:
    """What was said to the model, oldest first: by users, and by system and developer."""

    texts: list[str]
    rules: list[str]

    @classmethod
    def of(cls, context: Sequence[Message]) -> "_Heard":
        texts, rules = [], []
        for message in context:
            if message.role is Role.USER:
                texts.append(abridged(_words(message)))
            elif message.role in RULING:
                rules.append(message.text)
        return cls(texts, rules)

    def facts(self) -> dict[str, Fact]:
        """What is known of the user; what they say themselves counts more."""
        ruled = known_of(self.rules) if self.rules else []
        return known([*ruled, *self.texts]) if ruled else known(self.texts)

    def terms(self) -> list[str]:
        """The words that carry the meaning of the last messages."""
        return terms_of(reversed(self.texts[-TERM_MESSAGES:]))


@attrs.frozen
class _Opening:
    """What a reply says first, and the answer in it, in a few words. `whole`: there is nothing to go on about."""

    text: str
    short: str
    whole: bool = False


def _ordered(orders: instructions.Orders, heard: _Heard, said: str, stream: Stream, natural: int) -> str:
    """The reply in the form that was ordered."""
    if orders.exactly is not None:
        return orders.exactly
    opening, subject = _opening(heard, said, stream)
    values = {key: fact.value for key, fact in heard.facts().items()} if orders.keys else {}
    terms = terms_of([said, *reversed(heard.texts[-TERM_MESSAGES:-1])])
    matter = Matter(opening.text, prose(stream, subject, terms), opening.short, values)
    return obey(orders, matter, stream, 0 if opening.whole else natural)


def _words(message: Message) -> str:
    """What a user says; one who shows something without a word wants to hear about it."""
    if message.parts and not message.text.strip():
        return f"Describe the {NOUNS[message.parts[0]]}."
    return message.text


def cut(
    pieces: tuple[str, ...], stop: Sequence[str], ceiling: int, counter: TokenCounter
) -> tuple[tuple[str, ...], FinishReason]:
    """The pieces of a text that are sent, and why it ends: at a stop string, at the ceiling (tokens), or by itself.

    A stop string counts when it is complete below the ceiling; nothing of it is sent. What was cut at the ceiling has
    exactly that many pieces.
    """
    finish = FinishReason.STOP
    if len(pieces) > ceiling:
        pieces, finish = pieces[:ceiling], FinishReason.LENGTH
    if stop:
        text = "".join(pieces)
        found = [at for at in (text.find(word) for word in stop if word) if at >= 0]
        if found:
            return counter.split(text[: min(found)]), FinishReason.STOP
    if finish is FinishReason.LENGTH and not isinstance(counter, Estimator):
        pieces = fitted("".join(pieces), ceiling, counter)
    return pieces, finish


def stopper(pieces: Sequence[str], stop: Sequence[str], ceiling: int) -> str | None:
    """The stop string before which `cut` ends these pieces: the first to come, of several at one place the longest."""
    text = "".join(pieces[:ceiling])
    found = [(text.find(word), -len(word), word) for word in stop if word and word in text]
    return min(found)[2] if found else None


def fitted(text: str, count: int, counter: TokenCounter) -> tuple[str, ...]:
    """Exactly `count` pieces of a text that was cut at a piece: the same ones whoever asks, and whenever.

    Where a vocabulary splits a beginning otherwise than the whole, the last pieces are joined, or empty ones added. The
    estimator does not.
    """
    pieces = counter.split(text)
    if len(pieces) > count:
        return (*pieces[: count - 1], "".join(pieces[count - 1 :]))
    return pieces + ("",) * (count - len(pieces))


def _filled(opening: str, sentences: Iterable[str], natural: int, horizon: int) -> list[str]:
    """The opening and as many sentences as bring the text nearest to its natural length; less, beyond the horizon.

    Each ends with a mark and the next begins with a space, so that the pieces of all are those of the whole.
    """
    pieces = estimated(opening)
    for sentence in sentences:
        more = estimated(sentence)
        if pieces and (len(pieces) + len(more) / 2 > natural or len(pieces) > horizon):
            break
        pieces += more
    return pieces


def _opening(heard: _Heard, last: str, stream: Stream) -> tuple[_Opening, str]:
    """What the last message calls for before anything else, and the subject of the rest.

    That is a greeting, what was just told, what was asked of things told earlier, and a word on the subject of the
    message unless it is dealt with. `last` is that message without its instructions.
    """
    facts = heard.facts()
    (keys, rest), new = asked(last, facts), told(last)
    greeting = _GREETING.match(last)
    courtesy = next((said for pattern, said in _COURTESIES if pattern.match(last)), "")
    name = f", {facts[NAME].value}" if NAME in facts else ""
    subject = subject_of(rest if keys and rest else last)
    parts = [f"{greeting[1].capitalize()}{name}!"] if greeting and all(fact.key != NAME for fact in new) else []
    parts += [acknowledge(new)] if new else []
    parts += [recall(key, facts) for key in keys]
    answers, short = _answers(heard, rest), ""
    parts += answers
    polite = bool(courtesy) and not keys and not new
    if polite:
        parts.append(courtesy.format(name=name))
    elif not answers and (rest or not (keys or new)):
        parts.append(subject.opening(stream))
    if keys:
        short = " ".join([fact.value for key in keys for fact in found(key, facts)])
    elif answers:
        short = answers[-1].rstrip(".").rpartition(" ")[2]
    elif subject.phrase == NOTHING:
        short = greeting[1].capitalize() if greeting else "Yes"
    return _Opening(" ".join(parts), short or subject.phrase.rpartition(" ")[2], polite), subject.phrase


def _answers(heard: _Heard, question: str) -> list[str]:
    """What was said of what a question asks for: the model's name, or a statement."""
    if not question:
        return []
    if naming.asked_for(question):
        return [naming.answer([*heard.rules, *heard.texts])]
    stated = statements.answer(question, heard.texts, heard.rules)
    return [stated] if stated else []
