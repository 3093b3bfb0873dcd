"""Named random substreams: everything that is drawn comes from here, and from a turn's place alone.

A substream is named by (pod, place, purpose, labels); turning one knob leaves the draws of all others alone. Its key is
blake2b-256 over its name, keyed by the pod's seed, each part with its type and length in front, so that no two
names collide; its words are blake2b-512 of a counter under that key (counter mode), so that it never runs out and
its beginning never depends on how much of it is read. No state outlives a stream, nothing here counts requests.
"""

import functools
import itertools
import struct
from collections.abc import Callable, Iterator, Sequence
from hashlib import blake2b
from typing import TypeVar

from llmsim.distributions import Constant, Distribution
from llmsim.turn import Place, Pod

T = TypeVar("T")
Label = str | bytes | int | None

_WORDS = struct.Struct("<8Q")
_BLOCK_WORDS = 8
_HALF_STEP = 0.5
_STEP = 2.0**-52
_RANGE = 1 << 64
_PODS = 16
"""Pods whose beginnings of keys are remembered: a process is one, and proves the turns of a few others."""


def seed(pod: Pod) -> bytes:
    """The pod's seed: blake2b-256 of root seed and ordinal, 8 bytes each."""
    return blake2b(pod.root_seed.to_bytes(8) + pod.ordinal.to_bytes(8), digest_size=32, person=b"llmsim pod").digest()


class Source:
    """The substreams of one pod at one place, each by its purpose and labels."""

    def __init__(self, pod: Pod, place: Place) -> None:
        self.pod = pod
        self.place = place
        self._named = _keyed(pod.root_seed, pod.ordinal).copy()
        self._named.update(_packed(place.session, place.number, place.said))

    def key(self, purpose: str, *labels: Label) -> bytes:
        """32 bytes that stand for this name and no other."""
        named = self._named.copy()
        named.update(_packed(purpose, *labels))
        return named.digest()

    def stream(self, purpose: str, *labels: Label) -> "Stream":
        """The substream of this name, from its beginning."""
        return Stream(self.key(purpose, *labels))

    def value(self, distribution: Distribution, purpose: str, *labels: Label) -> float:
        """The first value of a distribution from the substream of this name."""
        if isinstance(distribution, Constant):
            return distribution.sample(0.0)
        return self.values(distribution, 1, purpose, *labels)[0]

    def values(self, distribution: Distribution, count: int, purpose: str, *labels: Label) -> list[float]:
        """The first `count` values of a distribution from the substream of this name; a constant draws nothing."""
        if isinstance(distribution, Constant):
            return distribution.samples((0.0,) * count)
        return distribution.samples(uniforms(self.key(purpose, *labels), count))


@functools.lru_cache(_PODS)
def _keyed(root_seed: int, ordinal: int) -> blake2b:
    """The hash of a pod's keys before anything is named: to be copied."""
    return blake2b(key=seed(Pod(root_seed, ordinal)), digest_size=32, person=b"llmsim stream")


def _packed(*parts: Label) -> bytes:
    """The parts of a name: of each its type, its length, its bytes."""
    packed = b""
    for part in parts:
        if part is None:
            packed += b"-"
            continue
        if isinstance(part, str):
            data, tag = part.encode("utf-8", "surrogatepass"), b"s"
        elif isinstance(part, bytes):
            data, tag = part, b"b"
        else:
            data, tag = b"%d" % part, b"i"
        packed += tag + len(data).to_bytes(8) + data
    return packed


class Stream:
    """A substream being read; two with one key give the same numbers in the same order."""

    __slots__ = ("word",)

    def __init__(self, key: bytes) -> None:
        self.word: Callable[[], int] = _words(key).__next__
        """The next 64 bits."""

    def uniform(self) -> float:
        """A number in (0, 1), neither end included: the middle of one of 2**52 equal steps."""
        return ((self.word() >> 12) + _HALF_STEP) * _STEP

    def below(self, bound: int) -> int:
        """A whole number from 0 to bound - 1, each as likely: words beyond the last full multiple are passed over."""
        if not 0 < bound <= _RANGE:
            raise ValueError(f"expected a bound from 1 to 2**64, not {bound}")
        while True:
            word = self.word()
            if word <= _RANGE - bound or word < _RANGE - _RANGE % bound:
                return word % bound

    def pick(self, items: Sequence[T]) -> T:
        """One of the items, each as likely."""
        return items[self.below(len(items))]


def uniforms(key: bytes, count: int) -> list[float]:
    """The first `count` numbers in (0, 1) of the substream of this key: what so many calls of `uniform` give."""
    keyed = blake2b(key=key, digest_size=64)
    blocks = -(-count // _BLOCK_WORDS)
    words = struct.unpack(f"<{blocks * _BLOCK_WORDS}Q", b"".join([_block(keyed, number) for number in range(blocks)]))
    return [((word >> 12) + _HALF_STEP) * _STEP for word in words[:count]]


def _words(key: bytes) -> Iterator[int]:
    """The words of the substream of this key, without end."""
    keyed = blake2b(key=key, digest_size=64)
    for number in itertools.count():
        yield from _WORDS.unpack(_block(keyed, number))


def _block(keyed: blake2b, number: int) -> bytes:
    """A block of a substream by its number, from the hash that was given the key: copied, which is less work."""
    block = keyed.copy()
    block.update(number.to_bytes(8, "little"))
    return block.digest()
