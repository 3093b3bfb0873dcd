"""A checksum behind every record, over its key and its bytes: what a disk gives back otherwise than it got it is found.

CRC-32 as zlib has it: any burst of up to 32 changed bits is found for certain, anything else in all but one of 2**32
cases. LMDB itself has no checksums. Records of formats before 3 have none.
"""

from zlib import crc32

from llmsim.errors import StoreDamaged

SUM_BYTES = 4


def summed(key: bytes, record: bytes) -> bytes:
    """What is stored for a record."""
    return record + crc32(record, crc32(key)).to_bytes(SUM_BYTES)


def holds(key: bytes, stored: bytes) -> bool:
    """Whether this was stored for a record of this key."""
    return summed(key, stored[:-SUM_BYTES]) == stored


def unsummed(key: bytes, stored: bytes, table: str) -> bytes:
    """The record.

    Raises:
        StoreDamaged: it is not what was stored.
    """
    record = stored[:-SUM_BYTES]
    if summed(key, record) != stored:
        raise StoreDamaged(f"table {table}: the record of {named(key)} is not what was written there")
    return record


def named(key: bytes) -> str:
    """A key as people read it: text as it is, other bytes escaped."""
    return key.decode("ascii", "backslashreplace").encode("unicode_escape").decode("ascii")
