"""Ids in the providers' real shapes, made from a plan's `unique`, with the owner in front.

Pure. The first 80 bits of an id are the pod's ordinal (16) and a digest of the session (64), masked by the rest of
the id, so that ids look uniform and still say which pod owns them, without a lookup.
Shapes: openai-python 3.54 and recorded responses (`chatcmpl-` and 29 base62 characters, `req_` and 32 hex).
"""

import hashlib
import string

from llmsim.simulation.plan import Plan

BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase
_PAIRS = [high + low for high in BASE62 for low in BASE62]
_FOURS = len(_PAIRS) ** 2
"""Four digits are as much as Python divides a long number by in one step."""
CHAT_CHARS = 29
OWNER_BITS = 80
SESSION_BITS = 64
REST_BITS = 92
"""29 base62 characters hold 172.6 bits: 80 for the owner, 92 for the turn."""
_MASK = hashlib.blake2b(digest_size=OWNER_BITS // 8, person=b"llmsim id")
"""To be copied, which is less work than to begin anew."""


def chat_completion_id(plan: Plan) -> str:
    """`chatcmpl-` and 29 base62 characters."""
    rest = int.from_bytes(plan.unique[:12]) >> (96 - REST_BITS)
    session = hashlib.blake2b(plan.place.session.encode(), digest_size=SESSION_BITS // 8).digest()
    owner = plan.pod.ordinal << SESSION_BITS | int.from_bytes(session)
    return "chatcmpl-" + base62((owner ^ _mask(rest)) << REST_BITS | rest, CHAT_CHARS)


def owner_of(chat_id: str) -> int | None:
    """The ordinal of the pod that made this chat completion id; None for what is no such id."""
    prefix, _, tail = chat_id.partition("-")
    if prefix != "chatcmpl" or len(tail) != CHAT_CHARS or not tail.isascii() or not tail.isalnum():
        return None
    value = 0
    for character in tail:
        value = value * 62 + BASE62.index(character)
    owner = (value >> REST_BITS) ^ _mask(value & ((1 << REST_BITS) - 1))
    return owner >> SESSION_BITS if owner >> OWNER_BITS == 0 else None


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


def _mask(rest: int) -> int:
    mask = _MASK.copy()
    mask.update(rest.to_bytes(12))
    return int.from_bytes(mask.digest())
