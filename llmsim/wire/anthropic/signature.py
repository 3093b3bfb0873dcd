"""Signatures of thinking: each block that is thought here can be told from one that was changed.

Pure. The live API's are opaque; ours hold a digest of the text, in the same outer form (a field of bytes, in base64)
but under another field number, so that the two can be told apart. A signature of ours must fit its text; one in the
live API's form is taken as it is, as nobody else can check it; anything else is no signature.
"""

import base64
import binascii
import hashlib

OURS, THEIRS = 0x0A, 0x12
"""The first byte: a field of bytes, number 1 or 2. Source of theirs: recorded responses, which begin with `E`."""
LENGTH_BYTES = 224
DIGEST_BYTES = 24
TRAILER_MOST_BYTES = 16
"""What stands behind the field in theirs: numbers of a few bytes."""
CONTINUED = 0x80


def sign(thinking: str, unique: bytes) -> str:
    """The signature of a text; `unique` (at least 16 bytes) makes each another."""
    filler, at = b"", 0
    while len(filler) < LENGTH_BYTES - DIGEST_BYTES:
        filler += hashlib.blake2b(at.to_bytes(4), key=unique[:64], person=b"llmsim filler").digest()
        at += 1
    filler = filler[: LENGTH_BYTES - DIGEST_BYTES]
    body = filler + _digest(thinking, filler)
    return base64.b64encode(bytes((OURS, CONTINUED | LENGTH_BYTES & 0x7F, LENGTH_BYTES >> 7)) + body).decode()


def fits(signature: str, thinking: str) -> bool:
    """Whether this may be the signature of this text."""
    try:
        data = base64.b64decode(signature.encode("ascii", "replace"), validate=True)
    except binascii.Error:
        return False
    if base64.b64encode(data).decode() != signature:
        return False
    if len(data) == LENGTH_BYTES + 3:
        filler = data[3:-DIGEST_BYTES]
        head = bytes((OURS, CONTINUED | LENGTH_BYTES & 0x7F, LENGTH_BYTES >> 7))
        return data[:3] == head and data[-DIGEST_BYTES:] == _digest(thinking, filler)
    return _is_theirs(data)


def _is_theirs(data: bytes) -> bool:
    if len(data) < 3 or data[0] != THEIRS:
        return False
    length, at = 0, 1
    for shift in range(0, 28, 7):
        if at >= len(data):
            return False
        byte = data[at]
        length |= (byte & 0x7F) << shift
        at += 1
        if not byte & CONTINUED:
            break
    return 0 <= len(data) - at - length <= TRAILER_MOST_BYTES


def _digest(thinking: str, filler: bytes) -> bytes:
    text = filler + thinking.encode(errors="surrogatepass")
    return hashlib.blake2b(text, digest_size=DIGEST_BYTES, person=b"llmsim thinking").digest()
