"""Prose: whole sentences about the subject that do not loop."""

import re
from collections import Counter
from itertools import islice

import pytest

from llmsim.simulation.draws import Stream
from llmsim.simulation.speech.prose import _COMPILED, _LEXICON, lorem, prose


def sentences(count: int, key: bytes = bytes(32)) -> list[str]:
    return list(islice(prose(Stream(key), "group commit", ["LMDB", "writers", "fsync"]), count))


def test_prose_is_the_same_for_the_same_stream_and_differs_for_others() -> None:
    assert sentences(30) == sentences(30)
    assert sentences(3) == sentences(30)[:3]
    assert sentences(5) != sentences(5, b"1" * 32)


def test_prose_is_whole_sentences_with_the_space_before_them() -> None:
    for sentence in sentences(400):
        assert re.fullmatch(r"( |\n\n)[A-Z][^{}]+[.](\n- .+)*", sentence), sentence
        assert "  " not in sentence


def test_prose_keeps_to_its_subject_and_terms() -> None:
    text = "".join(sentences(60))
    assert text.count("group commit") > 5
    assert all(term in text or term.capitalize() in text for term in ("LMDB", "writers", "fsync"))


def test_prose_of_a_thousand_tokens_repeats_no_sentence_and_no_frame() -> None:
    said = sentences(len(_COMPILED))
    assert max(Counter(said).values()) == 1
    openings = Counter(" ".join(sentence.split()[:6]) for sentence in said)
    assert max(openings.values()) <= 2


def test_prose_has_paragraphs_and_lists() -> None:
    text = "".join(sentences(200))
    assert 3 <= len(text) / text.count("\n\n") / 80 <= 8
    assert re.search(r":\n\n- [A-Z].+\.\n- [A-Z].+\.\n- [A-Z].+\.", text)


def test_prose_without_terms_is_about_its_subject() -> None:
    text = "".join(islice(prose(Stream(bytes(32)), "the sea", []), 40))
    assert text.count("the sea") > 10


def test_frames_use_slots_that_exist() -> None:
    slots = {slot for frame, _alone in _COMPILED for _words, slot in frame if slot}
    assert slots <= {*_LEXICON, "s", "t"}
    assert {"s", "t", "aspect", "action"} <= slots


@pytest.mark.parametrize("name", sorted(_LEXICON))
def test_lexicon_has_no_phrase_twice(name: str) -> None:
    assert len(set(_LEXICON[name])) == len(_LEXICON[name]) >= 12


def test_lorem_begins_as_it_should_and_goes_on_in_sentences() -> None:
    said = list(islice(lorem(Stream(bytes(32))), 20))
    assert said[0] == "Lorem ipsum dolor sit amet, consectetur adipiscing elit."
    assert all(re.fullmatch(r" [A-Z][a-z]+( [a-z]+){5,13}\.", sentence) for sentence in said[1:])
