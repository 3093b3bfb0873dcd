"""Statements: found again by their words, said back to who asked, and never by chance."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmsim.simulation.speech.facts import known
from llmsim.simulation.speech.statements import answer, known_of, of_the_user


@pytest.mark.parametrize(
    ("stated", "asked", "said"),
    [
        ("The store opens at 9.", "When does the store open?", "The store opens at 9."),
        ("The store opens at 9.", "What time does the store open?", "The store opens at 9."),
        ("The meeting is on Friday, by the way.", "When is the meeting?", "The meeting is on Friday, by the way."),
        ("I parked the car on level 3.", "Where did I park the car?", "You parked the car on level 3."),
        ("We met Bob at the station.", "Who met Bob at the station?", None),
        ("The bridge is 300 metres long.", "How long is the bridge?", "The bridge is 300 metres long."),
        ("The bridge has 300 steps and 2 towers.", "How many steps does the bridge have?", None),
        ("Berlin has 3.7 million inhabitants.", "How many inhabitants does Berlin have?", None),
        ("Our refund policy allows returns within 30 days.", "What is the refund policy?", None),
        ("A ticket costs 12 euros.", "how much does a ticket cost?", "A ticket costs 12 euros."),
        ("Store hours: Monday to Friday, 9 to 5.", "What are the store hours?", None),
        (
            "Context: The Eiffel Tower is 330 m tall.",
            "Question: How tall is the Eiffel Tower?",
            "The Eiffel Tower is 330 m tall.",
        ),
        ("Note that the door is red", "What colour is the door?", "The door is red."),
        ("Hello there. The train leaves at noon! Thanks.", "When does the train leave?", "The train leaves at noon."),
    ],
)
def test_question_is_answered_with_the_statement_that_has_its_words(stated: str, asked: str, said: str | None) -> None:
    said = stated if said is None else said
    assert answer(asked, [stated], []) == said
    assert answer(asked, [], [stated]) == said


@pytest.mark.parametrize(
    ("stated", "asked"),
    [
        ("The store opens at 9.", "When does the library open?"),
        ("Python is my favourite language.", "How does Python work?"),
        ("Does the store open at 9?", "When does the store open?"),
        ("Answer questions about the store.", "What questions about the store can I ask?"),
        ("You are a helpful assistant.", "Are you a helpful assistant?"),
        ("The store opens at 9.", "The store opens when"),
        ("The store opens at 9.", "What is it?"),
        ("I want to know when the store opens.", "When does the store open?"),
        ("", "When does the store open?"),
    ],
)
def test_question_is_not_answered_by_chance(stated: str, asked: str) -> None:
    assert answer(asked, [stated], [stated]) == ""


def test_later_statement_counts_and_a_users_before_a_systems() -> None:
    early, late = "The store opens at 9.", "The store opens at 10."
    assert answer("When does the store open?", [early, late], []) == late
    assert answer("When does the store open?", [f"{early} {late}"], []) == late
    assert answer("When does the store open?", [early], [late]) == early


@pytest.mark.parametrize(
    ("rule", "key", "value"),
    [
        ("The user's name is Ada.", "name", "Ada"),
        ("You are a helpful assistant. The customer's name is Ada.", "name", "Ada"),
        ("You are talking to Ada.", "name", "Ada"),
        ("The user is called Ada.", "name", "Ada"),
        ("The user lives in Paris.", "home", "Paris"),
        ("The user is 34 years old.", "age", "34"),
        ("The user works at Acme.", "work", "Acme"),
        ("The user\u2019s favourite colour is blue.", "favorite color", "blue"),
    ],
)
def test_system_message_says_of_its_user_what_the_user_could_have_said(rule: str, key: str, value: str) -> None:
    assert known(known_of([rule]))[key].value == value


def test_system_message_without_a_user_says_nothing_of_one() -> None:
    assert of_the_user("You are a helpful assistant. My name is Max.") == ""


@given(st.text(), st.text())
def test_any_text_is_looked_through(stated: str, asked: str) -> None:
    assert isinstance(answer(asked, [stated], [asked]), str)
    assert isinstance(of_the_user(stated), str)


@pytest.mark.parametrize("text", ["the " * 2000, "a is " * 1600, "The user " * 900, "A" * 8000, "x is\n" * 1600])
def test_long_text_is_looked_through_in_no_time(text: str) -> None:
    begun = time.process_time()
    answer(text, [text], [text])
    of_the_user(text)
    assert time.process_time() - begun < 0.5
