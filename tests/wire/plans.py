"""Plans and requests made by hand, for what a wire does with them."""

from collections.abc import Sequence
from typing import Any

import orjson
from hypothesis import strategies as st

from llmsim.simulation.plan import Choice, Plan
from llmsim.simulation.timeline import Timeline
from llmsim.turn import FinishReason, Place, Pod, Usage
from llmsim.wire.base import Parsed
from llmsim.wire.dialects import CHAT

JSON_VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)
PIECES = st.lists(st.one_of(st.sampled_from(["", " a", "é", "🙂", '"', "\\", "\n", "\x00"]), st.text(max_size=4)))
"""Pieces of a reply: some empty, some with what JSON must escape, some of several bytes a character."""


def plan_of(
    *choices: Sequence[str],
    ordinal: int = 2,
    session: str = "s",
    unique: bytes = bytes(range(32)),
    finish: FinishReason = FinishReason.STOP,
    model: str = "gpt-4o-mini-2024-07-18",
) -> Plan:
    """A plan with these pieces for each choice; its first token is there after 350,999 us, the others 20 ms apart."""
    steps = max(len(pieces) for pieces in choices)
    return Plan(
        pod=Pod(1, ordinal),
        place=Place(session, 1, bytes(16)),
        attempt=0,
        unique=unique,
        created=1_767_225_600,
        model=model,
        fingerprint=b"\x01\x23\x45\x67\x89",
        choices=tuple(Choice(tuple(pieces), finish) for pieces in choices),
        usage=Usage(2000, sum(len(pieces) for pieces in choices), 1920),
        timeline=Timeline(tuple(350_999 + 20_000 * step for step in range(steps))),
    )


def body_of(**changes: object) -> bytes:
    """A good request with some keys changed; `...` leaves a key out."""
    body = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "hi"}], **changes}
    return orjson.dumps({key: value for key, value in body.items() if value is not ...})


def asked(**changes: object) -> Parsed:
    """A good request, understood."""
    return CHAT.parse(body_of(**changes), {})
