"""Named random substreams: everything that is drawn comes from here, and from a turn's place alone.

A substream is named by (pod, place, purpose, labels); turning one knob leaves the draws of all others alone. Its key is
blake2b-256 over its name, keyed by the pod's seed, each part with its type and length in front, so that no two
names collide; its words are blake2b-512 of a counter under that key (counter mode), so that it never runs out and
its beginning never depends on how much of it is read. No state outlives a stream, nothing here counts requests.
"""

import struct
from collections.abc import Sequence
from hashlib import blake2b
from typing import TypeVar

import attrs

from llmsim.distributions import Distribution
from llmsim.turn import Place, Pod

T = TypeVar("T")
Label = str | bytes | int | None

_WORDS = struct.Struct("<8Q")
_HALF_STEP = 0.5
_STEP = 2.0**-52
_RANGE = 1 << 64


def seed(pod: Pod) -> bytes:
    """The pod's seed: blake2b-256 of root seed and ordinal, 8 bytes each."""
    return blake2b(pod.root_seed.to_bytes(8) + pod.ordinal.to_bytes(8), digest_size=32, person=b"llmsim pod").digest()


def key(pod: Pod, place: Place, purpose: str, *labels: Label) -> bytes:
    """32 bytes that stand for this name and no other."""
    parts = (place.session, place.number, place.said, purpose, *labels)
    named = b"".join(_pack(part) for part in parts)
    return blake2b(named, key=seed(pod), digest_size=32, person=b"llmsim stream").digest()


def stream(pod: Pod, place: Place, purpose: str, *labels: Label) -> "Stream":
    """The substream of this name, from its beginning."""
    return Stream(key(pod, place, purpose, *labels))


def _pack(part: Label) -> bytes:
    """One part of a name: its type, its length, its bytes."""
    if part is None:
        return b"-"
    if isinstance(part, str):
        data, tag = part.encode("utf-8", "surrogatepass"), b"s"
    elif isinstance(part, bytes):
        data, tag = part, b"b"
    else:
        data, tag = str(part).encode(), b"i"
    return tag + len(data).to_bytes(8) + data


@attrs.define
class Stream:
    """A substream being read; two with one key give the same numbers in the same order."""

    _key: bytes
    _block: int = 0
    _words: list[int] = attrs.field(factory=list)

    def word(self) -> int:
        """The next 64 bits."""
        if not self._words:
            self._words = list(_WORDS.unpack(self._next_block())[::-1])
        return self._words.pop()

    def uniform(self) -> float:
        """A number in (0, 1), neither end included: the middle of one of 2**52 equal steps."""
        return ((self.word() >> 12) + _HALF_STEP) * _STEP

    def uniforms(self, count: int) -> list[float]:
        """The next `count` numbers in (0, 1), the same as so many calls of `uniform`."""
        taken = [self._words.pop() for _ in range(min(count, len(self._words)))]
        while len(taken) < count:
            taken += _WORDS.unpack(self._next_block())
        self._words += taken[: count - 1 : -1] if count else ()
        return [((word >> 12) + _HALF_STEP) * _STEP for word in taken[:count]]

    def below(self, bound: int) -> int:
        """A whole number from 0 to bound - 1, each as likely: words beyond the last full multiple are passed over."""
        if not 0 < bound <= _RANGE:
            raise ValueError(f"expected a bound from 1 to 2**64, not {bound}")
        limit = _RANGE - _RANGE % bound
        while True:
            word = self.word()
            if word < limit:
                return word % bound

    def pick(self, items: Sequence[T]) -> T:
        """One of the items, each as likely."""
        return items[self.below(len(items))]

    def draw(self, distribution: Distribution) -> float:
        """A value from a distribution."""
        return distribution.sample(self.uniform())

    def _next_block(self) -> bytes:
        block = blake2b(self._block.to_bytes(8, "little"), key=self._key, digest_size=64).digest()
        self._block += 1
        return block
