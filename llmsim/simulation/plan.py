"""The plan of a turn: all that a model would say, and when, decided before the first byte leaves.

Pure. The same (profile, pod, place, request) give the same plan on every machine; the attempt changes only the
identity of the response, unless the profile resamples. Raise PLAN_VERSION whenever output changes.
"""

import attrs

from llmsim.simulation.timeline import Timeline
from llmsim.turn import FinishReason, Place, Pod, Usage

PLAN_VERSION = 1


@attrs.frozen
class Choice:
    """One reply: its token-sized pieces in order (a piece may be empty where a character spans tokens)."""

    pieces: tuple[str, ...]
    finish_reason: FinishReason

    @property
    def text(self) -> str:
        return "".join(self.pieces)


@attrs.frozen
class Plan:
    """What one response says (`choices`), counts (`usage`), is called (`unique`), and when its tokens are there.

    `unique` is 32 bytes, different for every (pod, session, place, request, attempt): a wire shapes its ids from them,
    with `pod.ordinal` and the session in front. `created` is unix seconds. `fingerprint` is 5 bytes of the profile.
    """

    pod: Pod
    place: Place
    attempt: int
    unique: bytes
    created: int
    model: str
    fingerprint: bytes
    choices: tuple[Choice, ...]
    usage: Usage
    timeline: Timeline
