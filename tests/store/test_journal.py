"""The journal has every change of every commit while the store is archived, and nothing otherwise."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmsim import clock
from llmsim.errors import ClientError, StoreDamaged
from llmsim.store import journal
from llmsim.store.changes import Change, unpack
from llmsim.store.check import check
from llmsim.store.copying import records_of
from llmsim.store.environment import Environment
from llmsim.store.journal import (
    SEQUENCE_BYTES,
    BeginArchive,
    EndArchive,
    Entry,
    Operation,
    Shipped,
    archived,
    end_of,
    entries,
    pack_entry,
    unpack_entry,
)
from llmsim.store.operations import DeleteSession, PutOutcome, PutTurn
from llmsim.store.schema import Archived, Ending, Outcome, Table
from llmsim.store.view import View
from tests.stored import PROFILE, checked, conversation, fill, put


def begin(environment: Environment) -> None:
    with environment.write() as view:
        BeginArchive("generation-1")(view)


def found(environment: Environment, after: int = 0) -> list[Entry]:
    with environment.read() as view:
        return [unpack_entry(*entry) for entry in entries(view, after)]


def records(environment: Environment) -> dict[tuple[Table, bytes], bytes]:
    with environment.read() as view:
        return {(table, key): value for table, key, value in records_of(view) if value is not None}


def applied(before: dict[tuple[Table, bytes], bytes], changes: list[Change]) -> dict[tuple[Table, bytes], bytes]:
    after = dict(before)
    for table, key, value in changes:
        if value is None:
            after.pop((table, key), None)
        else:
            after[table, key] = value
    return after


def test_journal_of_a_store_that_is_not_archived_is_empty(tmp_path: Path) -> None:
    with checked(fill(tmp_path)) as environment:
        put(environment, *conversation("more", 3))
        assert found(environment) == []
        with environment.read() as view:
            assert archived(view) is None


@pytest.mark.parametrize("entry_bytes", [journal.ENTRY_BYTES, 500])
def test_journal_applied_to_the_store_of_before_gives_the_store(
    tmp_path: Path, entry_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "ENTRY_BYTES", entry_bytes)
    with checked(fill(tmp_path)) as environment:
        begin(environment)
        before = records(environment)
        put(environment, *conversation("more", 3))
        with environment.write() as view:
            DeleteSession("s-1")(view)
        put(environment, *conversation("s-1", 2))
        noted = found(environment)
        changes = [change for one in noted for part in one.operations for change in unpack(part.changes)]
        assert applied(before, changes) == records(environment) != before
        assert [one.whole for one in noted].count(True) == 3
        assert (len(noted) > 3) == (entry_bytes == 500)
        assert noted[-1].turns == 12 + 3 + 2
        with environment.read() as view:
            state = archived(view)
            assert state is not None
            assert end_of(view, state).sequence == len(noted)


def test_journal_counts_each_operation_and_its_turns(tmp_path: Path) -> None:
    with checked(fill(tmp_path)) as environment:
        begin(environment)
        with environment.write() as view:
            for turn in conversation("more", 2):
                PutTurn(turn, PROFILE)(view)
                view.end_operation()
                PutOutcome(turn.session, turn.key, Outcome(Ending.COMPLETED, 3))(view)
                view.end_operation()
        [entry] = found(environment)
        assert [operation.turns for operation in entry.operations] == [1, 0, 1, 0]
        assert (entry.sequence, entry.turns, entry.whole, entry.open) == (1, 14, True, False)


def test_journal_of_a_commit_without_changes_has_no_entry(tmp_path: Path) -> None:
    with checked(fill(tmp_path)) as environment:
        begin(environment)
        with environment.write() as view:
            assert view.get(Table.META, b"missing") is None
        assert found(environment) == []


def test_journal_of_a_commit_that_failed_has_no_entry(tmp_path: Path) -> None:
    with checked(fill(tmp_path)) as environment:
        begin(environment)
        with pytest.raises(ClientError), environment.write() as view:  # noqa: PT012  (the second of two)
            DeleteSession("s-1")(view)
            DeleteSession("missing")(view)
        assert found(environment) == []


def test_journal_under_a_clock_that_goes_back_does_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with checked(fill(tmp_path)) as environment:
        begin(environment)
        for now_s in (2_000_000_000.0, 1_000_000_000.0, 2_000_000_001.0):
            monkeypatch.setattr(clock, "wall", lambda now_s=now_s: now_s)
            put(environment, *conversation(f"at-{now_s:.0f}", 1))
        assert [entry.stamp_ms for entry in found(environment)] == [2_000_000_000_000] * 2 + [2_000_000_001_000]


def test_shipped_entries_go_and_the_state_tells(tmp_path: Path) -> None:
    with checked(fill(tmp_path)) as environment:
        begin(environment)
        for number in range(4):
            put(environment, *conversation(f"more-{number}", 1))
        state = Archived("generation-1", 3, 1, 15, b"digest")
        for stale in (Archived("generation-0", 4, 1, 16, b""), state, Archived("generation-1", 2, 1, 14, b"")):
            with environment.write() as view:
                Shipped(stale)(view)
        assert [entry.sequence for entry in found(environment)] == [4]
        with environment.read() as view:
            assert archived(view) == state


def test_archive_ended_or_begun_anew_leaves_no_entry(tmp_path: Path) -> None:
    with checked(fill(tmp_path)) as environment:
        begin(environment)
        put(environment, *conversation("more", 1))
        with environment.write() as view:
            BeginArchive("generation-2")(view)
        assert found(environment) == []
        put(environment, *conversation("and-more", 1))
        assert [entry.sequence for entry in found(environment)] == [1]
        with environment.write() as view:
            EndArchive()(view)
        assert found(environment) == []
        with environment.read() as view:
            assert archived(view) is None


ENTRY = Entry(7, 1_700_000_000_000, 12, whole=True, open=False, operations=(Operation(b"", 0), Operation(b"", 3)))


def test_entry_packed_unpacks_to_the_same() -> None:
    assert unpack_entry(7, pack_entry(ENTRY)) == ENTRY


@given(data=st.binary(max_size=80))
def test_entry_of_any_bytes_is_one_or_damaged(data: bytes) -> None:
    try:
        entry = unpack_entry(7, data)
    except StoreDamaged:
        return
    assert pack_entry(entry) == data


def broken_by(view: View, sequence: int, data: bytes | None) -> None:
    key = sequence.to_bytes(SEQUENCE_BYTES)
    if data is None:
        view.delete_unrecorded(Table.JOURNAL, key)
    else:
        view.put_unrecorded(Table.JOURNAL, key, data)


@pytest.mark.leaves_unsound("broken on purpose")
@pytest.mark.parametrize(
    ("sequence", "data", "message"),
    [
        (2, None, "entry 3 stands where 2 should"),
        (2, b"short", "entry 2 of the journal ends within itself"),
        (3, pack_entry(ENTRY), "entry 3 goes back behind the one before it"),
        (5, pack_entry(ENTRY), "entry 5 stands where 4 should"),
    ],
)
def test_check_finds_what_is_wrong_with_the_journal(
    sequence: int, data: bytes | None, message: str, tmp_path: Path
) -> None:
    with Environment.open(fill(tmp_path)) as environment:
        begin(environment)
        for number in range(3):
            put(environment, *conversation(f"more-{number}", 1))
        assert check(environment) == []
        with environment.write() as view:
            broken_by(view, sequence, data)
        assert any(message in str(finding) for finding in check(environment)), check(environment)
