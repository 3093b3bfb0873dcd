"""The model's name: given by anyone, asked for in several ways, never made up."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmsim.simulation.speech.naming import NAMELESS, answer, asked_for


@pytest.mark.parametrize(
    "text",
    [
        "You are called Max.",
        "Your name is Max.",
        "From now on your name is Max, and you help with maths.",
        "You are Max, a helpful assistant.",
        "Be kind. You are Max.",
        "You are a helpful assistant named Max.",
        "I'll call you Max",
        "Call yourself 'Max'.",
        "You go by the name of Max.",
        "Your name is Eve. Your name is Max.",
    ],
)
def test_name_is_what_it_was_called(text: str) -> None:
    assert answer(["You are called Bob.", text]) == "My name is Max."


@pytest.mark.parametrize(
    "text", ["You are a helpful assistant.", "You are welcome.", "What is your name?", "", "My name is Ada."]
)
def test_name_is_not_made_up(text: str) -> None:
    assert answer([text]) == NAMELESS


@pytest.mark.parametrize(
    "text",
    ["What is your name?", "what's your name", "Who are you?", "What should I call you?", "Please tell me your name."],
)
def test_question_for_the_name_is_heard(text: str) -> None:
    assert asked_for(text)


@pytest.mark.parametrize("text", ["What is my name?", "Do you know him?", "Your name is Max.", ""])
def test_other_question_is_none_for_the_name(text: str) -> None:
    assert not asked_for(text)


@given(st.text())
def test_any_text_is_read(text: str) -> None:
    assert isinstance(answer([text]), str)
    assert isinstance(asked_for(text), bool)
