"""Subjects: the words of a request that a reply names first, and the terms it goes on around."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmsim.simulation.draws import Stream
from llmsim.simulation.speech.subject import QUOTE_LIMIT, TERMS_LIMIT, subject_of, terms_of


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ("How do I boil an egg?", "boil an egg"),
        ("Hello! Could you please tell me how to fix my bike?", "fix your bike"),
        ("What is group commit in LMDB?", "group commit in LMDB"),
        ("Who was Ada Lovelace?", "Ada Lovelace"),
        ("Explain how DNS works", "DNS"),
        ("How does a heat pump work?", "a heat pump"),
        ("Write a poem about the sea.", "the sea"),
        ("Please summarize our plan for the move, considering the rain.", "our plan for the move"),
        ("Why is the sky blue?", "Why is the sky blue"),
        ("Is it safe to swim here?", "Is it safe to swim here"),
        ("The deployment failed with error 137.", "The deployment failed with error 137"),
        ("I saw a bird. What is its name? Thanks!", "its name"),
        ("What is your name?", "my name"),
        ("今天的天气怎么样\uff1f", "今天的天气怎么样"),
        ("", ""),
        ("?!", ""),
    ],
)
def test_opening_names_what_the_message_is_about(message: str, words: str) -> None:
    subject = subject_of(message)
    assert subject.words == words
    for key in range(8):
        opening = subject.opening(Stream(bytes([key]) * 32))
        assert words in opening
        assert opening.endswith(".")
        assert "{" not in opening


@pytest.mark.parametrize(
    ("message", "phrase"),
    [
        ("What is group commit in LMDB?", "group commit in LMDB"),
        ("Is it safe to run Kubernetes StatefulSets on spot instances?", "spot instances"),
        ("What is the best way to teach a very young child to swim in the sea?", "young child"),
        ("", "your message"),
        ("and so on", "your message"),
    ],
)
def test_phrase_is_short_enough_to_stand_in_a_sentence(message: str, phrase: str) -> None:
    assert subject_of(message).phrase == phrase


def test_terms_are_the_words_that_carry_meaning() -> None:
    assert terms_of(["How does LMDB make a group commit durable, and why is LMDB fast?"]) == [
        "LMDB",
        "group",
        "commit",
        "durable",
        "fast",
    ]


def test_terms_come_from_earlier_messages_where_the_last_has_few() -> None:
    assert terms_of(["Go on.", "Tell me about whales and ships in winter storms.", "Cats."]) == [
        "whales",
        "ships",
        "winter",
        "storms",
    ]


@given(st.lists(st.text(), max_size=4))
def test_any_message_has_a_subject_and_terms(messages: list[str]) -> None:
    assert len(terms_of(messages)) <= TERMS_LIMIT
    for message in messages:
        subject = subject_of(message)
        assert subject.phrase
        assert len(subject.words) <= QUOTE_LIMIT
        assert subject.opening(Stream(bytes(32)))


@pytest.mark.parametrize("unit", ["please ", "a b", "how do i ", "what is about ", "x", "?", ", "])
def test_long_message_is_read_in_bounded_time(unit: str) -> None:
    begun = time.process_time()
    subject_of(unit * (1_000_000 // len(unit)))
    assert time.process_time() - begun < 0.2
