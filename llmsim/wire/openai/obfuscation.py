"""Characters that hide how long the deltas of a Responses stream are.

Pure. Each delta and its obfuscation have together a multiple of 16 characters, as measured on recorded streams; which
characters they are follows from the plan.
"""

import hashlib

from llmsim.simulation.plan import Plan
from llmsim.wire.ids import base62

STEP = 16
POOL_CHARS = 342
"""256 bytes in base 62, from which each delta takes another stretch."""
STRIDE = 7


class Obfuscation:
    """What pads the deltas of one stream, one after the other."""

    def __init__(self, pool: bytes) -> None:
        self._pool = pool
        self._at = 0

    @classmethod
    def of(cls, plan: Plan) -> "Obfuscation":
        """That of a plan's stream."""
        digest = hashlib.blake2b(plan.unique, digest_size=64, person=b"obfuscation").digest()
        wide = b"".join(hashlib.blake2b(digest, digest_size=64, salt=bytes([part])).digest() for part in range(4))
        return cls(base62(int.from_bytes(wide), POOL_CHARS).encode())

    def pair(self, delta: str) -> bytes:
        """The JSON pair that goes with this delta, with a comma before it."""
        self._at = (self._at + STRIDE) % (POOL_CHARS - STEP)
        return b',"obfuscation":"%b"' % self._pool[self._at : self._at + -len(delta) % STEP]
