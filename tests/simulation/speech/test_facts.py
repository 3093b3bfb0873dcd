"""Facts: what is told, what is asked for, and what is said back."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmsim.simulation.speech.facts import READ_LIMIT, acknowledge, asked, known, recall, told, turned

TOLD = known(["The secret word is plum."])


def says(text: str) -> list[str]:
    return [fact.says for fact in told(text)]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("My name is Ada.", ["Your name is Ada."]),
        ("my name's Ada", ["Your name is Ada."]),
        ("Call me Ishmael.", ["Your name is Ishmael."]),
        ("Hi, I'm Ada and I live in Paris.", ["Your name is Ada.", "You live in Paris."]),
        ("Hello! I am Ada Lovelace.", ["Your name is Ada Lovelace."]),
        ("Hi, I\u2019m Ada", ["Your name is Ada."]),
        ("My name is Dr. Ada Lovelace. I love tea.", ["Your name is Dr. Ada Lovelace.", "You love tea."]),
        ("My name is Ada, what is yours?", ["Your name is Ada."]),
        ("I live in Paris, France.", ["You live in Paris, France."]),
        ("I'm from Peru but I live in Lima", ["You are from Peru.", "You live in Lima."]),
        ("I'm 34 years old.", ["You are 34 years old."]),
        ("I am 34", ["You are 34 years old."]),
        ("I work as a nurse and I work at St Mary's.", ["You work as a nurse.", "You work at St Mary's."]),
        ("My favourite colour is blue, by the way", ["Your favourite colour is blue."]),
        ("my lucky number is 3.14", ["Your lucky number is 3.14."]),
        ("My sister's husband is Bob", ["Your sister's husband is Bob."]),
        ("My dog is called Rex", ["Your dog is called Rex."]),
        ('my dog\'s name is "Rex"!', ["Your dog is called Rex."]),
        ("The secret word is 'plum'.", ["The secret word is plum."]),
        ("I like my garden.", ["You like your garden."]),
        ("I'm Grace.", ["Your name is Grace."]),
        ("My name is not Bob, it's Ada.", ["Your name is Ada."]),
        ("Actually, call me Ada from now on.", ["Your name is Ada."]),
        ("I was born in Lima.", ["You were born in Lima."]),
        ("I moved to Berlin last year.", ["You moved to Berlin last year."]),
        ("I'm living in Rome at the moment.", ["You live in Rome."]),
        ("I am a software engineer", ["You are a software engineer."]),
        ("I'm allergic to peanuts.", ["You are allergic to peanuts."]),
        ("I have a dog named Rex.", ["Your dog is called Rex."]),
        ("My sister Ann lives in Rome.", ["Your sister is called Ann."]),
        ("I have two cats.", ["You have two cats."]),
        ("I drive a red Volvo.", ["You drive a red Volvo."]),
        ("Our meeting is on Monday.", ["Your meeting is on Monday."]),
        ("The project is called Zephyr.", ["The project is called Zephyr."]),
        ("Teal is my favourite colour.", ["Your favourite colour is Teal."]),
        ("Remember this code: X7-Q9.", ["You asked me to remember code: X7-Q9.", "The code is X7-Q9."]),
        ("Don't forget to call mom.", ["You asked me to remember to call mom."]),
        ("Please remember the number 42.", ["You asked me to remember the number 42.", "The number is 42."]),
        (
            "Remember that I parked on level 3",
            ["You asked me to remember that you parked on level 3."],
        ),
        (
            "remember: my name is Ada",
            ["You asked me to remember your name is Ada.", "Your name is Ada."],
        ),
    ],
)
def test_told_statement_is_understood(text: str, said: list[str]) -> None:
    assert says(text) == said


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Hello! I'm looking for a hotel",
        "Do you remember my name?",
        "What if my name is Ada?",
        "My question is how to sort a list",
        "I like your answer",
        "I like to read",
        "Do you remember when we met?",
        "The weather is nice.",
        "I am 34 km away",
        "my my my is",
        "I'm German.",
        "I'm a bit tired today.",
        "I'm under pressure.",
        "I am a member of the team.",
        "I have 3 questions.",
        "I drink too much.",
        "The function is called twice.",
        "I moved to strike.",
        "My name is not Bob.",
        "What do I need to play chess?",
    ],
)
def test_told_by_other_words_is_nothing(text: str) -> None:
    assert told(text) == []


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("What is my name?", ["name"]),
        ("what's my name", ["name"]),
        ("Who am I?", ["name"]),
        ("Can you tell me my name please?", ["name"]),
        ("Do you know what my name is?", ["name"]),
        ("Tell me my name.", ["name"]),
        ("Hi! Do you still remember my name?", ["name"]),
        ("what is my name and where do I live?", ["name", "home"]),
        ("What is my name and my age?", ["name", "age"]),
        ("Where am I from? How old am I?", ["origin", "age"]),
        ("Where do I work?", ["work"]),
        ("what do I do for a living?", ["job"]),
        ("What do I like?", ["likes"]),
        ("What is my favorite color again?", ["favorite color"]),
        ("Which is my favourite colour?", ["favorite color"]),
        ("what is my dog called?", ["dog name"]),
        ("What is the name of my dog?", ["dog name"]),
        ("what is my dog's name?", ["dog name"]),
        ("What is the secret word?", ["the secret word"]),
        ("what did I tell you to remember?", ["notes"]),
        ("What do you know about me?", ["everything"]),
        ("My name is Bob. What is my name?", ["name"]),
        ("What did I say my name was?", ["name"]),
        ("Remind me what I'm called.", ["name"]),
        ("What's my name, in one word?", ["name"]),
        ("Please tell me what my name is", ["name"]),
        ("What should you call me?", ["name"]),
        ("Which city do I live in?", ["home"]),
        ("Where did I say I live?", ["home"]),
        ("Which country am I from?", ["origin"]),
        ("How old did I say I was?", ["age"]),
        ("Where was I born?", ["birth"]),
        ("What is my profession?", ["job"]),
        ("What was the secret word I gave you?", ["the secret word"]),
        ("Which secret word did I tell you?", ["the secret word"]),
        ("What is the code?", []),
        ("When is my code executed?", []),
        ("What am I doing wrong?", []),
        ("Which sport do I play?", []),
        ("How many minutes do I have?", []),
        ("What is 2 + 2?", []),
        ("My name is Ada.", []),
        ("How do I sort my list?", []),
        ("", []),
    ],
)
def test_asked_question_is_understood(text: str, keys: list[str]) -> None:
    assert asked(text, TOLD)[0] == keys


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("What is my name, and how do I boil an egg?", "how do I boil an egg?"),
        ("What is my name? How do I boil an egg?", "How do I boil an egg?"),
        ("How do I boil an egg, and what is my name?", ""),
        ("What is my name?", ""),
        ("Boil an egg.", ""),
    ],
)
def test_asked_gives_the_last_question_where_it_is_another(text: str, rest: str) -> None:
    assert asked(text, {})[1] == rest


@pytest.mark.parametrize(
    ("said", "question", "answer"),
    [
        ("My birthday is on May 3rd.", "When is my birthday?", "Your birthday is on May 3rd."),
        ("My favourite colour is teal.", "Which colour do I like best?", "Your favourite colour is teal."),
        ("I prefer tea over coffee.", "Do I prefer tea or coffee?", "You prefer tea over coffee."),
        ("I like hiking and I love tea.", "What do I like?", "You like hiking. You love tea."),
        ("I like tea. I love tea.", "What do I like?", "You love tea."),
        ("I love sushi", "What food do I love?", "You love sushi."),
        ("I have two cats.", "How many cats do I have?", "You have two cats."),
        ("I'm allergic to nuts.", "What am I allergic to?", "You are allergic to nuts."),
        ("I'm vegetarian.", "Am I vegetarian?", "You are vegetarian."),
        ("I'm married to Tom.", "Who am I married to?", "You are married to Tom."),
        ("I drive a red Volvo.", "What car do I drive?", "You drive a red Volvo."),
        ("I work as a nurse.", "What's my job?", "You work as a nurse."),
        ("My email is ada@example.com.", "What's my email address?", "Your email is ada@example.com."),
        ("Our meeting is on Monday.", "When is our meeting?", "Your meeting is on Monday."),
        ("The project is called Zephyr.", "What's the name of the project?", "The project is called Zephyr."),
        ("Remember the number 42.", "What number did I ask you to remember?", "The number is 42."),
        ("Please remember: 7319", "What did I ask you to remember?", "You asked me to remember 7319."),
        ("Don't forget that my flight is at 9.", "When is my flight?", "Your flight is at 9."),
    ],
)
def test_recall_answers_the_question_in_other_words(said: str, question: str, answer: str) -> None:
    facts = known([said])
    [key] = asked(question, facts)[0]
    assert recall(key, facts) == answer


def test_recall_gives_the_later_of_two_statements() -> None:
    facts = known(["My name is Ada.", "I live in Paris.", "Actually, my name is Grace."])
    assert recall("name", facts) == "Your name is Grace."
    assert recall("home", facts) == "You live in Paris."


def test_recall_knows_one_attribute_by_both_spellings() -> None:
    facts = known(["My favorite color is red."])
    assert [recall(key, facts) for key in asked("What is my favourite colour?", facts)[0]] == [
        "Your favorite color is red."
    ]


def test_recall_of_what_was_not_told_says_so() -> None:
    assert recall("name", {}) == "You have not told me your name yet."
    assert recall("shoe size", {}) == "You have not told me your shoe size yet."
    assert recall("notes", {}) == "You have not asked me to remember anything yet."
    assert recall("everything", {}) == "You have not told me anything about yourself yet."
    assert recall("the secret word", {}) == "You have not told me the secret word yet."


def test_recall_of_notes_and_of_everything_lists_them() -> None:
    facts = known(["Remember that the train leaves at 9.", "My name is Ada.", "Remember the milk."])
    notes = "You asked me to remember that the train leaves at 9. You asked me to remember the milk."
    assert recall("notes", facts) == notes
    assert recall("everything", facts) == (
        "You asked me to remember that the train leaves at 9. Your name is Ada. You asked me to remember the milk."
    )


def test_recall_of_the_job_falls_back_on_the_place_of_work() -> None:
    assert recall("job", known(["I work at Acme."])) == "You work at Acme."


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("My name is Ada.", "Nice to meet you, Ada."),
        ("I live in Paris and my dog is called Rex.", "Noted: you live in Paris, and your dog is called Rex."),
        ("My name is Ada and I am 34.", "Nice to meet you, Ada. Noted: you are 34 years old."),
        ("Remember the number 42.", "I will remember the number 42."),
        ("Nothing here.", ""),
    ],
)
def test_acknowledge_says_what_was_told(text: str, said: str) -> None:
    assert acknowledge(told(text)) == said


def test_turned_says_it_back() -> None:
    assert turned("I like my tea, and your cup is mine") == "you like your tea, and my cup is yours"
    assert turned("Where was I when I was ill?") == "Where were you when you were ill?"
    assert turned("I\u0307 \u0130 \u0131") == "you\u0307 \u0130 \u0131"


@given(st.text(), st.text(st.sampled_from("my name is I the rembwhat?.,\n'")))
def test_any_text_can_be_told_and_asked(anything: str, likely: str) -> None:
    for text in (anything, likely):
        facts = known([text])
        assert all(recall(key, facts) for key in asked(text, facts)[0])
        assert bool(acknowledge(told(text))) == bool(told(text))


@pytest.mark.parametrize("unit", ["my ", "my a is b ", "i like ", "remember ", "the code is ", "a b c ", "what is my "])
def test_long_text_is_read_in_bounded_time(unit: str) -> None:
    text = unit * (1_000_000 // len(unit)) + "My name is Ada. What is my name?"
    begun = time.process_time()
    told(text)
    asked(text, {})
    assert time.process_time() - begun < 0.2


def test_long_text_is_read_at_both_ends() -> None:
    text = "My name is Ada.\n" + "x" * READ_LIMIT + "\nI live in Paris."
    assert says(text) == ["Your name is Ada.", "You live in Paris."]
