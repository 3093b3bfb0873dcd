"""What a client is handed to carry and cannot read: `encrypted_content` of reasoning and compaction items.

Pure. It looks like a Fernet token (`gAAAAA`, URL-safe base64) and is none: nothing is secret here. It is a version byte
and eight bytes of a stamp as in one, 16 bytes of a digest, and zlib over JSON; the same value gives the same text. A
text that another service made, or that was bent, is no value.
"""

import base64
import binascii
import hashlib
import zlib
from typing import Any

import orjson

from llmsim.wire.openai.http import canonical

VERSION = b"\x80"
STAMP_BYTES = 8
DIGEST_BYTES = 16
MOST_UNFOLDING = 16
"""How many times its length a text may unfold to: a request full of short ones could otherwise fill the memory."""
_PERSON = b"llmsim sealed"


def seal(value: Any, created_s: int) -> str:  # noqa: ANN401
    """A JSON value as such a text; `created_s` is unix seconds.

    Raises:
        ClientError: it is nested too deeply.
    """
    data = canonical(value)
    packed = zlib.compress(data)
    if len(data) > MOST_UNFOLDING * len(packed):
        packed = zlib.compress(data, 0)
    stamp = created_s.to_bytes(STAMP_BYTES)
    return base64.urlsafe_b64encode(VERSION + stamp + _digest(stamp + packed) + packed).decode()


def unseal(text: str) -> Any:  # noqa: ANN401
    """The value of such a text; None for what is none of ours."""
    head = len(VERSION) + STAMP_BYTES + DIGEST_BYTES
    try:
        data = base64.urlsafe_b64decode(text.encode("ascii"))
    except (ValueError, binascii.Error):
        return None
    stamp, digest, packed = data[1 : 1 + STAMP_BYTES], data[1 + STAMP_BYTES : head], data[head:]
    if data[:1] != VERSION or digest != _digest(stamp + packed):
        return None
    try:
        unpacking = zlib.decompressobj()
        plain = unpacking.decompress(packed, MOST_UNFOLDING * len(packed) + 1)
        return orjson.loads(plain) if unpacking.eof else None
    except (zlib.error, orjson.JSONDecodeError):
        return None


def _digest(data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=DIGEST_BYTES, person=_PERSON).digest()
