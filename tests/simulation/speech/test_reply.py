"""Replies: the answer first, the drawn length after it, and the cuts."""

import re
import time

import attrs
import pytest
from hypothesis import given as given_any
from hypothesis import strategies as st

from llmsim.distributions import Constant
from llmsim.profile import Latency, Profile, Style, Text
from llmsim.simulation.draws import Stream
from llmsim.simulation.speech.reply import compose, cut, fitted, given, stopper
from llmsim.simulation.tokens import Estimator
from llmsim.turn import FinishReason, Message, Role, placeholder

ESTIMATOR = Estimator()
PROSE = Profile(
    name="p",
    summary="",
    context_window=200_000,
    max_output=100_000,
    output_tokens=Constant(100),
    latency=Latency(Constant(0), Constant(0)),
)


def style(kind: Style, fixed: str | None = None) -> Profile:
    return attrs.evolve(PROSE, text=Text(style=kind, fixed=fixed))


def talk(*texts: str) -> list[Message]:
    """A conversation in which these are said by the user, and "ok" is said in between."""
    messages: list[Message] = []
    for text in texts:
        messages += [Message(Role.USER, text), Message(Role.ASSISTANT, "ok")]
    return messages[:-1]


def said(*texts: str, natural: int = 60, key: int = 0, profile: Profile = PROSE) -> str:
    assert given(profile, talk(*texts)) is None
    pieces = compose(profile, talk(*texts), Stream(bytes([key]) * 32), natural=natural, horizon=10**9)
    assert tuple(pieces) == ESTIMATOR.split("".join(pieces))
    return "".join(pieces)


@pytest.mark.parametrize(
    ("texts", "beginning"),
    [
        (["Hi, I'm Ada."], "Nice to meet you, Ada. "),
        (["My name is Ada.", "What is my name?"], "Your name is Ada. "),
        (["My name is Ada.", "And the weather?", "No, my name is Eve.", "What is my name?"], "Your name is Eve. "),
        (["What is my name?"], "You have not told me your name yet. "),
        (["Hi! What is my name?"], "Hi! You have not told me your name yet. "),
        (
            ["I live in Paris.", "I'm 34.", "Where do I live and how old am I?"],
            "You live in Paris. You are 34 years old. ",
        ),
        (["I'm Bob. I am a baker.", "What's my name and job?"], "Your name is Bob. You are a baker. "),
        (["The secret word is plum.", "What is the secret word?"], "The secret word is plum. "),
    ],
)
def test_prose_answers_first(texts: list[str], beginning: str) -> None:
    for key in range(5):
        assert said(*texts, key=key).startswith(beginning)


@pytest.mark.parametrize(
    ("texts", "whole"),
    [
        (["Hello!"], "Hello! How can I help you today?"),
        (["good morning"], "Good morning! How can I help you today?"),
        (["My name is Ada.", "Hello again"], "Hello, Ada! How can I help you today?"),
        (["My name is Ada.", "Thanks a lot!"], "You are welcome, Ada."),
        (["Goodbye"], "Goodbye."),
    ],
)
def test_courtesy_is_returned_and_that_is_all(texts: list[str], whole: str) -> None:
    assert {said(*texts, key=key) for key in range(5)} == {whole}


def test_prose_answers_a_question_by_naming_its_subject_and_not_as_a_recall() -> None:
    for key in range(8):
        first = said("What is the capital of France?", key=key).split(". ")[0]
        assert "the capital of France" in first
        assert "told me" not in first


def test_prose_greets_and_goes_on_to_the_question() -> None:
    for key in range(8):
        assert said("Hello! How do I boil an egg?", key=key).startswith("Hello! ")
        assert "boil an egg" in said("Hello! How do I boil an egg?", key=key)


def test_prose_answers_what_it_knows_and_goes_on_to_the_other_question() -> None:
    for key in range(8):
        text = said("My name is Ada.", "What is my name, and how do I boil an egg?", key=key)
        assert text.startswith("Your name is Ada. ")
        assert "boil an egg" in text.split(". ")[1] or "boil an egg" in text.split(". ")[2]


def test_prose_acknowledges_and_goes_on_to_the_question() -> None:
    text = said("My name is Grace. Can you tell me how to fix my bike?")
    assert text.startswith("Nice to meet you, Grace. ")
    assert "fix your bike" in text


def test_prose_hears_users_alone() -> None:
    context = [Message(Role.SYSTEM, "My name is Sys."), Message(Role.ASSISTANT, "My name is Bot.")]
    context.append(Message(Role.USER, "What is my name?"))
    text = "".join(compose(PROSE, context, Stream(bytes(32)), natural=20, horizon=99))
    assert text.startswith("You have not told me your name yet.")


@pytest.mark.parametrize("context", [[], [Message(Role.SYSTEM, "Be brief.")], talk("")])
def test_prose_of_a_conversation_without_words_says_something(context: list[Message]) -> None:
    assert compose(PROSE, context, Stream(bytes(32)), natural=50, horizon=99)[-1].endswith(".")


@pytest.mark.parametrize("kind", [Style.PROSE, Style.LOREM])
def test_length_is_met_on_average_and_ends_at_a_sentence(kind: Style) -> None:
    for natural in (80, 300):
        lengths = []
        for key in range(60):
            text = said("How do I boil an egg?", natural=natural, key=key, profile=style(kind))
            assert text.endswith(".")
            lengths.append(ESTIMATOR.count(text))
        assert sum(lengths) / 60 == pytest.approx(natural, rel=0.04)
        assert all(abs(length - natural) <= 40 for length in lengths)


def test_length_of_one_still_gives_the_answer() -> None:
    assert said("My name is Ada.", "What is my name?", natural=1) == "Your name is Ada."


def test_horizon_ends_a_text_without_changing_it() -> None:
    context, whole = talk("How do I boil an egg?"), said("How do I boil an egg?", natural=2000)
    short = compose(PROSE, context, Stream(bytes(32)), natural=2000, horizon=100)
    assert whole.startswith("".join(short))
    assert 100 < len(short) < 140


def test_horizon_is_reached_even_by_long_sentences() -> None:
    """Whatever is wanted of a text is there: a long subject must not end it early."""
    asked_for = talk(f"How do I sort {'9' * 900}?")
    for horizon in range(1, 400, 20):
        short = compose(PROSE, asked_for, Stream(bytes(32)), natural=2000, horizon=horizon)
        assert len(short) > horizon


def test_echo_says_the_last_user_message() -> None:
    assert given(style(Style.ECHO), talk("one", "  two\n")) == "  two\n"
    assert given(style(Style.ECHO), []) == ""


PICTURE = placeholder("image", b"0")


def test_reply_to_a_picture_never_shows_its_placeholder() -> None:
    other = placeholder("image", b"1")
    for content in (PICTURE, f"What is in this picture?{PICTURE}", f"{PICTURE}My name is Ada.", f"{PICTURE}{other}"):
        context = [Message(Role.USER, content)]
        for key in range(8):
            text = "".join(compose(PROSE, context, Stream(bytes([key]) * 32), natural=60, horizon=99))
            again = [Message(Role.USER, content.replace(PICTURE, other))]
            assert text == "".join(compose(PROSE, again, Stream(bytes([key]) * 32), natural=60, horizon=99))
            assert not re.search(r"<|[0-9a-f]{8}|\ufdd0", text)
    assert given(style(Style.ECHO), [Message(Role.USER, f"Look:{PICTURE}")]) == "Look:"
    assert given(style(Style.ECHO), [Message(Role.USER, PICTURE + other)]) == "<image> <image>"


@pytest.mark.parametrize(("kind", "noun"), [("image", "picture"), ("audio", "recording"), ("file", "file")])
def test_reply_to_a_picture_without_words_is_about_it(kind: str, noun: str) -> None:
    for key in range(8):
        context = [Message(Role.USER, placeholder(kind, b"0"))]
        text = "".join(compose(PROSE, context, Stream(bytes([key]) * 32), natural=60, horizon=99))
        assert f"the {noun}" in text.split(".")[0]


@pytest.mark.parametrize("unit", [" ", "\n", "? ", "hello ", ".", "I'm my ", "x", "\u2019"])
def test_reply_to_a_message_of_megabytes_takes_milliseconds(unit: str) -> None:
    context = [Message(Role.USER, unit * (3_000_000 // len(unit)))]
    begun = time.process_time()
    compose(PROSE, context, Stream(bytes(32)), natural=60, horizon=99)
    assert time.process_time() - begun < 0.05


def test_fixed_says_its_text() -> None:
    assert given(style(Style.FIXED, "Always this."), talk("one")) == "Always this."


def test_prose_of_sixteen_thousand_tokens_takes_no_quadratic_time() -> None:
    begun = time.process_time()
    text = said("How do I boil an egg?", natural=16_000)
    pieces, _finish = cut(ESTIMATOR.split(text), ("never said",), 100_000, ESTIMATOR)
    assert len(pieces) == pytest.approx(16_000, rel=0.01)
    assert time.process_time() - begun < 0.5


TEXT = "One two three. Four five six."


@pytest.mark.parametrize(
    ("stop", "ceiling", "sent", "finish"),
    [
        ((), 100, TEXT, FinishReason.STOP),
        ((), 8, TEXT, FinishReason.STOP),
        ((), 7, "One two three. Four five six", FinishReason.LENGTH),
        ((), 2, "One two", FinishReason.LENGTH),
        (("four",), 100, TEXT, FinishReason.STOP),
        (("Four",), 100, "One two three. ", FinishReason.STOP),
        (("ree. Fo",), 100, "One two th", FinishReason.STOP),
        (("six", "two"), 100, "One ", FinishReason.STOP),
        (("One",), 100, "", FinishReason.STOP),
        (("", "Four"), 100, "One two three. ", FinishReason.STOP),
        (("",), 100, TEXT, FinishReason.STOP),
        (("three",), 3, "One two ", FinishReason.STOP),
        (("three.",), 3, "One two three", FinishReason.LENGTH),
    ],
)
def test_cut_ends_at_stop_strings_and_at_the_ceiling(
    stop: tuple[str, ...], ceiling: int, sent: str, finish: FinishReason
) -> None:
    pieces, ended = cut(ESTIMATOR.split(TEXT), stop, ceiling, ESTIMATOR)
    assert ("".join(pieces), ended) == (sent, finish)
    if finish is FinishReason.LENGTH:
        assert len(pieces) == ceiling


class Greedy:
    """A counter whose pieces depend on what follows: pairs from the end of the text."""

    def split(self, text: str) -> tuple[str, ...]:
        head = len(text) % 2
        return ((text[:1],) if head else ()) + tuple(text[at : at + 2] for at in range(head, len(text), 2))

    def count(self, text: str) -> int:
        return len(self.split(text))


@given_any(st.text(max_size=30), st.integers(1, 20), st.lists(st.text(max_size=3), max_size=2))
def test_cut_text_sent_again_has_the_same_pieces(text: str, ceiling: int, stop: list[str]) -> None:
    for counter in (ESTIMATOR, Greedy()):
        pieces, finish = cut(counter.split(text), stop, ceiling, counter)
        sent = "".join(pieces)
        assert text.startswith(sent)
        assert all(word not in sent for word in stop if word)
        assert len(pieces) <= ceiling or finish is FinishReason.STOP
        again = fitted(sent, ceiling, counter) if finish is FinishReason.LENGTH else counter.split(sent)
        assert again == pieces


def test_fitted_joins_or_adds_at_the_end() -> None:
    assert fitted("abc", 3, Greedy()) == ("a", "bc", "")
    assert fitted("abcde", 2, Greedy()) == ("a", "bcde")
    assert fitted("", 2, Greedy()) == ("", "")


def test_stopper_is_the_string_that_comes_first_and_of_two_there_the_longer() -> None:
    pieces = ("one ", "two ", "three")
    assert stopper(pieces, ["three", "two"], 3) == "two"
    assert stopper(pieces, ["tw", "two", ""], 3) == "two"
    assert stopper(pieces, ["three"], 2) is None
    assert stopper(pieces, [], 3) is None


def heard(*messages: tuple[str, str]) -> str:
    """The reply to these messages, each with who says it."""
    context = [Message(Role(role), text) for role, text in messages]
    return "".join(compose(PROSE, context, Stream(bytes(32)), natural=60, horizon=10**9))


@pytest.mark.parametrize("role", ["system", "developer"])
def test_rules_tell_facts_and_give_form_and_name(role: str) -> None:
    assert heard((role, "The user's name is Ada."), ("user", "What is my name?")).startswith("Your name is Ada. ")
    opens = heard((role, "Be kind. The store opens at 9."), ("user", "When does the store open?"))
    assert opens.startswith("The store opens at 9. ")
    assert heard(("user", "The store opens at 9. When does the store open?")).startswith("The store opens at 9. ")
    assert heard((role, "You are Max, a bot."), ("user", "What is your name?")).startswith("My name is Max. ")
    assert heard((role, "Answer in upper case."), ("user", "Hello!")) == "HELLO! HOW CAN I HELP YOU TODAY?"
    assert heard((role, "Reply with exactly: PONG"), ("user", "Hi"), ("assistant", "PONG"), ("user", "Hi")) == "PONG"


def test_users_instruction_holds_for_its_turn() -> None:
    first = ("user", "Answer in upper case: what is a tree?")
    assert heard(first).isupper()
    assert not heard(first, ("assistant", "A TREE."), ("user", "And a bush?")).isupper()


def test_form_is_that_of_the_answer() -> None:
    told = (("user", "My name is Ada."), ("assistant", "ok"))
    assert heard(*told, ("user", "What is my name? Answer in one word.")) == "Ada"
    assert heard(*told, ("user", "What is my name? Reply with just the name.")) == "Ada"
    assert heard(("user", "What is the capital of France? Answer in one word.")) == "France"
    assert heard(("user", "My name is Ada. Respond in JSON with keys name and mood.")).startswith(
        '{"name":"Ada","mood":'
    )
    assert heard(("user", "Hello! Answer in one word.")) == "Hello"
    assert heard(("user", "Tell me about dogs. Answer in 3 bullets.")).count("\n- ") == 2
