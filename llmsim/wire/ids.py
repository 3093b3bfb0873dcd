"""Ids in the providers' real shapes, made from a plan's `unique`, with the owner in them.

Pure. What stands for the owner is the pod's ordinal (16 bits) and a digest of the session: in chat completion and
message ids masked by the rest of the id, so that ids look uniform; in the ids of OpenAI's responses, conversations and
items as the partition key that all of one session share. An id alone says which pod owns it, without a lookup.
Shapes: openai-python 3.54, anthropic 2.12 and recorded responses.
"""

import functools
import hashlib
import re

import attrs

from llmsim.simulation.plan import Plan
from llmsim.turn import BASE62, Pod

BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_PAIRS = [high + low for high in BASE62 for low in BASE62]
_FOURS = len(_PAIRS) ** 2
"""Four digits are as much as Python divides a long number by in one step."""
ORDINAL_BITS = 16
KEY_BYTES = 8
"""A partition key: the ordinal, masked by what follows it; a check of it; 5 bytes of the session's digest."""
RANDOM_HEX = 24
_SESSIONS = 4096
"""Sessions whose partition keys are remembered."""
_MASK = hashlib.blake2b(digest_size=10, person=b"llmsim id")
"""To be copied, which is less work than to begin anew."""
TURN_HEX = RANDOM_HEX // 2
"""So much of the chance in such ids is the turn's, and in all of them; the rest tells them apart."""
_KEYED = re.compile(r"[a-z]+_([0-9a-f]{16})00[0-9a-f]{32}")
_KEY_LAST = re.compile(r"[a-z]+_[0-9a-f]{32}([0-9a-f]{16})")


@attrs.frozen
class Owned:
    """A shape of ids: a prefix and `characters` of an alphabet.

    They hold the ordinal and `session_bits` of the session's digest, masked by the `rest_bits` of the turn below them.
    """

    prefix: str
    characters: int
    alphabet: str
    session_bits: int
    rest_bits: int

    def make(self, pod: Pod, session: str, unique: bytes) -> str:
        """The id of what `unique` (at least 12 bytes) stands for, in this pod and session."""
        rest = int.from_bytes(unique[:12]) >> (96 - self.rest_bits)
        digest = hashlib.blake2b(session.encode(), digest_size=KEY_BYTES).digest()
        owner = pod.ordinal << self.session_bits | int.from_bytes(digest) >> (64 - self.session_bits)
        value = (owner ^ self._mask(rest)) << self.rest_bits | rest
        if self.alphabet is BASE62:
            return self.prefix + base62(value, self.characters)
        digits = []
        for _ in range(self.characters):
            value, digit = divmod(value, len(self.alphabet))
            digits.append(self.alphabet[digit])
        return self.prefix + "".join(reversed(digits))

    def owner_of(self, text: str) -> int | None:
        """The ordinal of the pod that made this id; None for what is no such id."""
        tail = text.removeprefix(self.prefix)
        if len(tail) != self.characters or len(text) != len(self.prefix) + self.characters:
            return None
        value = 0
        for character in tail:
            digit = self.alphabet.find(character)
            if digit < 0:
                return None
            value = value * len(self.alphabet) + digit
        owner_bits = ORDINAL_BITS + self.session_bits
        owner = (value >> self.rest_bits) ^ self._mask(value & ((1 << self.rest_bits) - 1))
        return owner >> self.session_bits if owner >> owner_bits == 0 else None

    def _mask(self, rest: int) -> int:
        mask = _MASK.copy()
        mask.update(rest.to_bytes(12))
        return int.from_bytes(mask.digest()) >> (80 - ORDINAL_BITS - self.session_bits)


CHAT = Owned("chatcmpl-", 29, BASE62, session_bits=64, rest_bits=92)
"""29 base62 characters hold 172.6 bits: 80 for the owner, 92 for the turn."""
COMPLETION = Owned("cmpl-", 29, BASE62, session_bits=64, rest_bits=92)
MESSAGE = Owned("msg_01", 22, BASE58, session_bits=48, rest_bits=64)
"""22 base58 characters hold 128.8 bits: 64 for the owner, 64 for the turn."""
BATCH = Owned("msgbatch_01", 22, BASE58, session_bits=48, rest_bits=64)


def chat_completion_id(plan: Plan) -> str:
    """`chatcmpl-` and 29 base62 characters."""
    return CHAT.make(plan.pod, plan.place.session, plan.unique)


def message_id(plan: Plan) -> str:
    """Anthropic's: `msg_01` and 22 base58 characters."""
    return MESSAGE.make(plan.pod, plan.place.session, plan.unique)


@functools.lru_cache(_SESSIONS)
def partition_key(ordinal: int, session: str) -> str:
    """16 hex digits that all ids of a session share: 6 for the ordinal, 10 for the session."""
    digest = hashlib.blake2b(session.encode(), digest_size=5, person=b"llmsim partition").digest()
    return (_key_of(ordinal, digest) + digest).hex()


def keyed_id(prefix: str, key: str, created_s: int, unique: bytes, *labels: int | str) -> str:
    """`resp_`, `msg_`, `fc_`, `rs_` and their like: the partition key, 00, 8 hex of the time, 24 of chance.

    `labels` tell apart what one turn makes; `unique` is the turn's. Half of the chance is in all ids of a turn, so that
    the id of an item leads to its response (`kin`).
    """
    chance = _chance(unique, ())[:TURN_HEX] + _chance(unique, labels)[TURN_HEX:]
    return f"{prefix}_{key}00{created_s & 0xFFFFFFFF:08x}{chance}"


def kin(prefix: str, text: str) -> str | None:
    """How the ids with this prefix begin that the same turn made as this keyed id; None for what is no such id."""
    if _KEYED.fullmatch(text) is None:
        return None
    return f"{prefix}_{text.partition('_')[2][:-TURN_HEX]}"


def key_last_id(prefix: str, key: str, created_s: int, unique: bytes, *labels: int | str) -> str:
    """Ids of conversations, and of items that a client puts into one: 8 hex of the time, 24 of chance, the key."""
    return f"{prefix}_{created_s & 0xFFFFFFFF:08x}{_chance(unique, labels)}{key}"


def partition_owner(text: str) -> int | None:
    """The ordinal in the partition key of such an id, either kind; None for what is none."""
    found = _KEYED.fullmatch(text) or _KEY_LAST.fullmatch(text)
    if found is None:
        return None
    key = bytes.fromhex(found[1])
    ordinal = int.from_bytes(key[:2]) ^ _key_mask(key[3:])
    return ordinal if _key_of(ordinal, key[3:]) == key[:3] else None


def owner_of(text: str) -> int | None:
    """The ordinal of the pod that made an id, of any provider's; None for what is no id of ours."""
    for shape in (CHAT, COMPLETION, MESSAGE, BATCH):
        if text.startswith(shape.prefix):
            owner = shape.owner_of(text)
            if owner is not None:
                return owner
    return partition_owner(text)


def request_id(digest: bytes) -> str:
    """`req_` and 32 hex digits from 16 bytes."""
    return "req_" + digest.hex()


def base62(value: int, length: int) -> str:
    """The last `length` digits of a number in base 62, most significant first, padded with zeros."""
    fours = []
    for _ in range(0, length, 4):
        value, four = divmod(value, _FOURS)
        fours.append(_PAIRS[four // len(_PAIRS)] + _PAIRS[four % len(_PAIRS)])
    fours.reverse()
    return "".join(fours)[4 * len(fours) - length :]


def _chance(unique: bytes, labels: tuple[int | str, ...]) -> str:
    name = "/".join(map(str, labels)).encode()
    return hashlib.blake2b(name, key=unique[:64], digest_size=RANDOM_HEX // 2, person=b"llmsim item id").hexdigest()


def _key_of(ordinal: int, digest: bytes) -> bytes:
    """The beginning of a partition key: of 256 keys that are none of ours one passes for one."""
    check = hashlib.blake2b(ordinal.to_bytes(2) + digest, digest_size=1, person=b"llmsim keycheck").digest()
    return (ordinal ^ _key_mask(digest)).to_bytes(2) + check


def _key_mask(digest: bytes) -> int:
    return int.from_bytes(hashlib.blake2b(digest, digest_size=2, person=b"llmsim partmask").digest())
