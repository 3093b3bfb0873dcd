"""Stamps: real without an epoch, and with one a function of the place alone."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from llmsim.clock import SESSION_SPREAD_S, TURN_SPACING_S, Clock, session_offset_s
from llmsim.turn import ROOT, Place

EPOCH_S = 1_767_225_600
SESSIONS = st.from_regex(r"[A-Za-z0-9._:-]{1,128}", fullmatch=True)


@given(session=SESSIONS, number=st.integers(1, 10_000), said=st.binary(min_size=16, max_size=16))
def test_stamp_with_an_epoch_follows_from_session_and_number(session: str, number: int, said: bytes) -> None:
    stamp = Clock(EPOCH_S).stamp(Place(session, number, said))
    assert stamp == Clock(EPOCH_S).stamp(Place(session, number, ROOT))
    assert stamp - Clock(EPOCH_S).stamp(Place(session, 1, said)) == TURN_SPACING_S * (number - 1)
    assert 0 <= session_offset_s(session) < SESSION_SPREAD_S


def test_sessions_begin_at_different_moments() -> None:
    assert len({session_offset_s(f"session-{number}") for number in range(100)}) > 90


def test_stamp_without_an_epoch_is_now() -> None:
    before = int(datetime.fromtimestamp(Clock().now(), UTC).timestamp())
    stamp = Clock().stamp(Place("s", 5, ROOT))
    assert before <= stamp <= Clock().now()
    assert Clock(EPOCH_S).now() == EPOCH_S
