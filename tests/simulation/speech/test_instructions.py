"""Instructions: what is one and what only looks like one, who wins, and that any text is read in no time."""

import time
from typing import Any

import attrs
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from llmsim.simulation.speech.instructions import PLAIN, orders, read
from llmsim.simulation.speech.wordings import HINTS


def ordered(*rules: str, said: str = "What is a tree?") -> dict[str, Any]:
    found, _ = orders(rules, said)
    return {
        field.name: getattr(found, field.name)
        for field in attrs.fields(type(found))
        if getattr(found, field.name) != getattr(PLAIN, field.name)
    }


@pytest.mark.parametrize(
    ("said", "form"),
    [
        ("Answer in upper case.", {"upper": True}),
        ("Please respond in ALL CAPS", {"upper": True}),
        ("You must always answer in capital letters.", {"upper": True}),
        ("Can you answer in uppercase?", {"upper": True}),
        ("UPPERCASE only!", {"upper": True}),
        ("Your replies must be in lower case.", {"upper": False}),
        ("Reply with exactly: PONG", {"exactly": "PONG"}),
        ("Reply with exactly: the end.", {"exactly": "the end."}),
        ("Reply with exactly: I am here. Do not add anything else.", {"exactly": "I am here."}),
        ("Say exactly 'hello world'.", {"exactly": "hello world"}),
        ("Say exactly the following: It's me.", {"exactly": "It's me."}),
        ("Respond only with OK.", {"exactly": "OK"}),
        ("Respond only with 'OK.'", {"exactly": "OK."}),
        ("Reply with only the word banana.", {"exactly": "banana"}),
        ('Respond with "I don\'t know".', {"exactly": "I don't know"}),
        ("Respond with PONG", {"exactly": "PONG"}),
        ("Respond with a single word: yes", {"exactly": "yes"}),
        ("repeat after me: the quick brown fox", {"exactly": "the quick brown fox"}),
        ("Say this is a test", {"exactly": "this is a test"}),
        ("Say hello in one word", {"exactly": "hello"}),
        ("Say this is a test!", {"exactly": "this is a test!"}),
        ("Respond in JSON.", {"json": True}),
        ("Respond with a valid JSON object only.", {"json": True}),
        ("Respond in JSON with keys name and age.", {"json": True, "keys": ("name", "age")}),
        ("Return a JSON object with the keys 'a', 'b' and \"c\".", {"json": True, "keys": ("a", "b", "c")}),
        ("Answer in one word.", {"words": 1, "exact": True}),
        ("Give a one-word answer.", {"words": 1, "exact": True}),
        ("Answer in at most 20 words.", {"words": 20}),
        ("Keep your answer under 30 words.", {"words": 30}),
        ("Answer in 10 words or less.", {"words": 10}),
        ("Answer in exactly three sentences.", {"sentences": 3}),
        ("Answer in a single sentence.", {"sentences": 1}),
        ("Use at most 100 characters.", {"characters": 100}),
        ("Be brief.", {"sentences": 2}),
        ("Answer in 5 bullets.", {"items": 5}),
        ("Answer as a bullet list of 4 items.", {"items": 4}),
        ("Use bullet points.", {"items": 0}),
        ("Answer as a bulleted list.", {"items": 0}),
        ("Make a numbered list of 3 steps.", {"items": 3, "numbered": True}),
        ("List three colors.", {"items": 3, "numbered": True}),
        ("Start your reply with 'Ahoy!' and end it with 'Over.'", {"starts": "Ahoy!", "ends": "Over."}),
        ("Always end your responses with DONE.", {"ends": "DONE"}),
        ("Include the word 'banana' in your answer.", {"includes": ("banana",)}),
        ("Include keywords apple and pear in the response.", {"includes": ("apple", "pear")}),
        ("In your response, the word banana should appear.", {"includes": ("banana",)}),
        ("Count from 1 to 5.", {"exactly": "1, 2, 3, 4, 5"}),
        ("Please count to 3", {"exactly": "1, 2, 3"}),
        ('Just reply "ok".', {"exactly": "ok"}),
        ('Say "hello world" and nothing else.', {"exactly": "hello world"}),
        ('Your response should be "OK".', {"exactly": "OK"}),
        ("echo hello there", {"exactly": "hello there"}),
        ("Use at least 5 sentences.", {"sentences": 5}),
        ("Write at least 30 words.", {"words": 30, "exact": True}),
        ("Your answer must contain exactly 3 bullet points. Use bullet points.", {"items": 3}),
        ("Finish your response with this exact phrase: Any more?", {"ends": "Any more?"}),
        (
            "Classify the sentiment as positive, negative or neutral: I love it.",
            {"options": ("positive", "negative", "neutral")},
        ),
        ("Respond concisely.", {"sentences": 2}),
        ("Please provide a short answer.", {"sentences": 2}),
        ('Answer in JSON format with fields "a" and "b" only.', {"json": True, "keys": ("a", "b")}),
        ("Answer yes or no.", {"options": ("yes", "no")}),
        ("Yes or no: is water wet?", {"options": ("Yes", "no")}),
        ("Reply with one of: positive, negative, neutral.", {"options": ("positive", "negative", "neutral")}),
        ("Answer with 'A', 'B' or 'C'.", {"options": ("A", "B", "C")}),
        ("Answer with either red or blue.", {"options": ("red", "blue")}),
        ("Reply with just the number.", {"short": True}),
        ("Answer with only the city name.", {"short": True}),
        ("Respond with the password only.", {"short": True}),
        ("Respond to all questions with 'No.'", {"exactly": "No."}),
        ("What is a tree, in one sentence?", {"sentences": 1}),
        ("In one word, what is the capital of Peru?", {"words": 1, "exact": True}),
    ],
)
def test_instruction_is_understood_of_whoever_says_it(said: str, form: dict[str, Any]) -> None:
    assert ordered(said=said) == form
    assert ordered(said) == form


@pytest.mark.parametrize(
    "said",
    [
        "Write a Python function that converts a string to upper case.",
        "What does it mean to answer in upper case?",
        "How do I reply with JSON in Flask?",
        "Only answer questions about cooking.",
        "Answer only questions about cooking.",
        "Reply with a joke about cats.",
        "Respond only in English.",
        "Say hello in French",
        "Say hi to Bob.",
        "How do I count to 10 in Spanish?",
        "Say something nice",
        "Tell me a story about a lower house.",
        "My essay is limited to 500 words.",
        "I answered in one word.",
        "Just answer the question.",
        "Tell me about cats.",
        "Give me a minute.",
        "The list has 3 items, and we start with the first.",
        "If you do not know, answer in one word.",
        "",
        "   ",
    ],
)
def test_what_only_looks_like_an_instruction_is_none(said: str) -> None:
    assert ordered(said=said) == {}


def test_instructions_of_the_system_hold_and_the_later_one_wins() -> None:
    assert ordered("Answer in upper case.") == {"upper": True}
    assert ordered("Answer in upper case.", "Answer in lower case.") == {"upper": False}
    assert ordered("Answer in upper case.", said="Answer in lower case: what is a tree?") == {"upper": False}
    assert ordered("Answer in upper case.", said="Do not answer in upper case.") == {}
    assert ordered("Answer in upper case.", said="Answer in one word.") == {"upper": True, "words": 1, "exact": True}
    assert ordered("Reply with exactly: A", said="Reply with exactly: B") == {"exactly": "B"}
    assert ordered("Reply with exactly: A", said="Answer yes or no.") == {"options": ("yes", "no")}


def test_reply_to_certain_words_is_given_to_them_alone() -> None:
    rule = "If the user says 'ping', reply with 'pong'. When the user asks 'who', answer \"me\"."
    assert ordered(rule, said="Ping!") == {"exactly": "pong"}
    assert ordered(rule, said="who?") == {"exactly": "me"}
    assert ordered(rule, said="hello") == {}


@pytest.mark.parametrize(
    ("said", "rest"),
    [
        ("What is the capital of France? Answer in one word.", "What is the capital of France?"),
        ("Explain recursion in one sentence.", "Explain recursion."),
        ("Answer only yes or no: is water wet?", "is water wet?"),
        ("Please answer in upper case.", ""),
        ("Tell me about dogs. Answer in JSON with keys name and age.", "Tell me about dogs."),
        ("Tell me about dogs.", "Tell me about dogs."),
    ],
)
def test_what_is_said_besides_is_left(said: str, rest: str) -> None:
    assert orders((), said)[1] == rest


HARD = (
    "answer " * 1500,
    "reply with " * 800,
    "'" * 8000,
    "in one of the " * 600,
    "respond only with exactly: " * 300,
    "if the user says '" * 400,
    "list " * 1600,
    "start with the word " * 400 + "'x",
    "json with keys a, " * 450,
    " " * 8000 + "only",
    "answer\n" * 1200,
    "say " + "a " * 4000,
)


@pytest.mark.parametrize("text", HARD, ids=lambda text: text[:12])
def test_long_text_is_read_in_no_time(text: str) -> None:
    begun = time.process_time()
    read(text)
    assert time.process_time() - begun < 0.5


@given(
    st.lists(
        st.sampled_from((*HINTS, " ", ", ", ". ", ": ", "'", '"', "answer", "reply", "with", "x", "3", "\n"))
        | st.text(max_size=3)
    )
)
@example(["say", " ", "'", "\ud800"])
def test_any_text_is_read(parts: list[str]) -> None:
    text = "".join(parts)
    found, rest = orders((text,), text)
    assert isinstance(rest, str)
    assert found.words is None or 0 < found.words <= 2000
    assert orders((text,), text) == (found, rest)
