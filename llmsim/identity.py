"""Which pod this is: its ordinal, and how root seeds are drawn and told apart.

The ordinal is the one that was given (`--ordinal`, LLMSIM_ORDINAL), else the trailing number of the host name, as a
StatefulSet numbers its pods, else 0. Knows no store: whether the ordinal and the seed fit one is asked there.
The only randomness of the project is drawn here, once in the life of a store.
"""

import hashlib
import os
import re

import attrs

MAX_ORDINAL = 65_535
"""Two bytes: a StatefulSet with more pods than ports does not exist."""
MAX_ROOT_SEED = 2**64 - 1

_NUMBERED = re.compile(r".*-([0-9]{1,5})")


@attrs.frozen
class Identity:
    """A pod's ordinal and where it comes from, in words."""

    ordinal: int
    source: str


def identify(given: int | None, host_name: str) -> Identity:
    """The identity of a pod that was given this ordinal, or none, on a host of this name."""
    if given is not None:
        return Identity(given, "given")
    number = host_ordinal(host_name)
    if number is not None:
        return Identity(number, f"host name {host_name}")
    return Identity(0, f"default, as the host name {host_name} ends with no number")


def host_ordinal(host_name: str) -> int | None:
    """The number behind the last hyphen of a host name's first label (`llm-simulator-2` -> 2); None without one.

    A number above MAX_ORDINAL is no pod's, and digits without a hyphen before them (container ids) are no number.
    """
    match = _NUMBERED.fullmatch(host_name.partition(".")[0])
    if match is None or int(match[1]) > MAX_ORDINAL:
        return None
    return int(match[1])


def draw_root_seed() -> int:
    """A fresh root seed, 0 to 2**64 - 1, from the operating system."""
    return int.from_bytes(os.urandom(8))


def fingerprint(root_seed: int) -> str:
    """12 hex digits that tell root seeds apart without giving them away: blake2b-48 of the 8 bytes."""
    return hashlib.blake2b(root_seed.to_bytes(8), digest_size=6, person=b"llmsim root seed").hexdigest()
