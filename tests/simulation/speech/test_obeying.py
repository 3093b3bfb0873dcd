"""Forms: each is met to the word, whatever there is to say, and costs what the reply is long."""

import itertools
import string

import attrs
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmsim.simulation.draws import Stream
from llmsim.simulation.speech.instructions import Orders
from llmsim.simulation.speech.obeying import Matter, obey
from llmsim.simulation.tokens import estimated

OPENING = "Hello! Your name is Ada Lovelace."


def matter(opening: str = OPENING) -> Matter:
    """Sentences of five words each, every third one a list."""
    said = itertools.cycle([" One two three four five.", " Six seven eight nine ten.", "\n\nThese:\n\n- One.\n- Two."])
    return Matter(opening, said, "Ada Lovelace", {"name": "Ada Lovelace", "age": "36", "id": "9" * 30})


def obeyed(*, natural: int = 40, opening: str = OPENING, **form: object) -> str:
    return obey(Orders(**form), matter(opening), Stream(bytes(32)), natural)  # type: ignore[arg-type]  # by name


def test_words_that_are_given_are_the_reply() -> None:
    assert obeyed(exactly="As is, é.", upper=True, json=True) == "As is, é."


def test_option_is_one_of_them() -> None:
    drawn = {obey(Orders(options=("Yes", "no")), matter(), Stream(bytes([key]) * 32), 9) for key in range(20)}
    assert drawn == {"Yes", "no"}
    assert obeyed(options=("yes", "yes"), upper=True) == "YES"


def test_words_are_as_many_as_were_ordered() -> None:
    assert obeyed(words=1, exact=True) == "Ada"
    assert obeyed(words=6) == "Hello! Your name is Ada Lovelace."
    assert obeyed(words=5) == "Hello!"
    assert obeyed(words=3, opening="Your name is Ada Lovelace.") == "Ada Lovelace."
    assert obeyed(words=8, exact=True) == "Hello! Your name is Ada Lovelace. One two."
    for count in range(2, 60):
        assert len(obeyed(words=count, exact=True).split()) == count
        assert len(obeyed(words=count).split()) <= count


def test_sentences_items_and_characters_are_as_many_as_were_ordered() -> None:
    assert obeyed(sentences=1) == "Hello!"
    assert obeyed(sentences=3) == f"{OPENING} One two three four five."
    assert obeyed(items=2) == "- Hello!\n- Your name is Ada Lovelace."
    assert obeyed(items=3, numbered=True).splitlines()[2] == "3. One two three four five."
    assert len(obeyed(items=0).splitlines()) == 5
    for count in range(1, 80):
        assert 0 < len(obeyed(characters=count)) <= count


def test_answer_alone_is_what_was_asked_for() -> None:
    assert obeyed(short=True) == "Ada Lovelace"


def test_plain_form_is_as_long_as_it_would_be() -> None:
    for natural in (1, 20, 60, 200):
        assert abs(len(estimated(obeyed(upper=None, natural=natural))) - max(natural, 9)) <= 8
    assert obeyed(upper=True, natural=1) == OPENING.upper()
    assert obeyed(upper=False, natural=1) == OPENING.lower()


def test_beginning_and_end_are_as_given() -> None:
    text = obeyed(starts="Ahoy!", ends="DONE", includes=("plum",), upper=False, natural=1)
    assert text == "Ahoy! hello! your name is ada lovelace. One more word: plum. DONE"
    assert obeyed(starts="Hello", ends="Lovelace.", includes=("ada",), natural=1) == OPENING


def test_json_has_the_keys_and_what_is_known_of_them() -> None:
    assert orjson.loads(obeyed(json=True, natural=1)) == {"answer": OPENING}
    assert orjson.loads(obeyed(json=True, keys=("reply",), words=1)) == {"reply": "Ada"}
    assert orjson.loads(obeyed(json=True, keys=("Name", "age", "id", "note"), upper=True)) == {
        "Name": "ADA LOVELACE",
        "age": 36,
        "id": "9" * 30,
        "note": "HELLO!",
    }
    assert orjson.loads(obeyed(json=True, options=("yes", "yes"))) == {"answer": "yes"}


FORMS = st.builds(
    Orders,
    upper=st.none() | st.booleans(),
    json=st.booleans(),
    keys=st.lists(st.text(max_size=3), max_size=4, unique=True).map(tuple),
    words=st.none() | st.integers(1, 50),
    exact=st.booleans(),
    characters=st.none() | st.integers(1, 50),
    sentences=st.none() | st.integers(1, 5),
    items=st.none() | st.integers(0, 5),
    numbered=st.booleans(),
    options=st.lists(st.text(max_size=3), max_size=3).map(tuple),
    starts=st.text(max_size=3),
    ends=st.text(max_size=3),
    includes=st.lists(st.text(max_size=3), max_size=2).map(tuple),
    short=st.booleans(),
)


@given(FORMS, st.text(alphabet=string.printable + "\ud800é", max_size=30))
def test_any_form_of_any_opening_is_said(form: Orders, opening: str) -> None:
    said = attrs.evolve(matter(opening), short=opening.strip())
    text = obey(form, said, Stream(bytes(32)), 20)
    if form.json:
        assert isinstance(orjson.loads(text), dict)


@pytest.mark.parametrize("field", ["words", "sentences", "items"])
def test_one_of_each_is_said_even_of_nothing(field: str) -> None:
    assert obeyed(opening="", **{field: 1})
