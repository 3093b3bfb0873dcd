"""What a batch is at a moment follows from its record and that moment; deleting takes its turns along."""

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmsim.clock import Pace
from llmsim.keeping.base import Moment
from llmsim.keeping.batches import Batch, Entry, batch_id, read, session_of
from llmsim.store.schema import TurnKey
from llmsim.turn import Pod
from llmsim.wire.ids import owner_of

POD = Pod(7, 3)
KEYS = [TurnKey(1, bytes([at] * 8)) for at in range(3)]
ENTRIES = (
    Entry("a", KEYS[0], 1010.0),
    Entry("b", None, 1000.0, {"type": "error"}),
    Entry("c", KEYS[1], 1030.0),
    Entry("d", KEYS[2], 1040.0),
)
BATCH = Batch("msgbatch_1", "s", 5000, 1000.0, None, None, ENTRIES)


def at(now_s: float, pace: Pace = Pace()) -> Moment:
    return Moment(POD, now_s, pace)


@pytest.mark.parametrize(
    ("now_s", "status", "counts", "ended_s"),
    [
        (1000.0, "in_progress", {"processing": 4}, None),
        (1039.9, "in_progress", {"processing": 4}, None),
        (1040.0, "ended", {"succeeded": 3, "errored": 1}, 5040.0),
        (9999.0, "ended", {"succeeded": 3, "errored": 1}, 5040.0),
        (999.0, "ended", {"succeeded": 3, "errored": 1}, 5040.0),
    ],
)
def test_batch_goes_on_with_the_clock_and_ends(
    now_s: float, status: str, counts: dict[str, int], ended_s: float | None
) -> None:
    told = BATCH.told(now_s)
    assert (told.status, told.counts, told.ended_s, told.created_s) == (status, counts, ended_s, 5000)


def test_batch_that_is_cancelled_keeps_what_was_over() -> None:
    cancelled = BATCH.cancelled(at(1015.0))
    assert cancelled.told(1015.5).status == "canceling"
    assert cancelled.told(1015.5).canceled_s == 5015.0
    ended = cancelled.told(1016.0)
    assert (ended.status, ended.ended_s) == ("ended", 5016.0)
    assert ended.counts == {"succeeded": 1, "errored": 1, "canceled": 2}
    assert cancelled.cancelled(at(1015.5)) == cancelled


def test_batch_that_has_ended_is_not_cancelled() -> None:
    assert BATCH.cancelled(at(1040.0)) == BATCH


def test_batch_ends_at_once_where_no_time_passes() -> None:
    instant = attrs.evolve(BATCH, entries=(Entry("a", KEYS[0], 1000.0), ENTRIES[1]))
    assert instant.told(1000.0).status == "ended"
    cancelled = BATCH.cancelled(at(1015.0, Pace(None)))
    assert cancelled.told(1015.0).status == "ended"


@given(st.floats(0, 10_000), st.floats(0, 10_000), st.floats(0, 10_000))
def test_batch_never_goes_back(cancel_s: float, one_s: float, other_s: float) -> None:
    cancelled = BATCH.cancelled(at(1000 + cancel_s))
    order = ["in_progress", "canceling", "ended"]
    earlier, later = (cancelled.told(1000 + moment) for moment in sorted((one_s, other_s)))
    if earlier.status == "ended":
        assert later == earlier
    assert order.index(later.status) >= order.index(earlier.status) or cancelled.cancel_s is None
    assert sum(earlier.counts.values()) == len(ENTRIES)


def test_batch_comes_back_from_its_record() -> None:
    for batch in (BATCH, BATCH.cancelled(at(1015.0))):
        record = batch.record()
        assert record.lists == ("anthropic.batches",)
        assert read(record) == batch


def test_batch_has_an_id_of_its_pod() -> None:
    session = session_of(bytes(16))
    ids = {batch_id(POD, session, bytes(16), number) for number in range(3)}
    assert len(ids) == 3
    assert {owner_of(name) for name in ids} == {3}
    assert all(name.startswith("msgbatch_01") and len(name) == 33 for name in ids)
