"""Scans against a sorted list, and what a transaction knows of itself."""

import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmsim.store.environment import MAX_READERS, Environment
from llmsim.store.schema import Table
from llmsim.store.view import EngineError
from tests.stored import fill

# Keys from few bytes, so that prefixes and neighbours are common; 0 and 255 are where ranges go wrong.
KEYS = st.lists(st.sampled_from([0, 1, 97, 98, 255]), min_size=1, max_size=5).map(bytes)
SOUGHT = st.lists(st.sampled_from([0, 1, 97, 98, 255]), max_size=4).map(bytes)


@pytest.fixture(scope="module")
def environment() -> Iterator[Environment]:
    """One store for all examples: each is undone by its transaction."""
    with tempfile.TemporaryDirectory() as folder, Environment.open(fill(Path(folder))) as opened:
        yield opened


@settings(max_examples=400)
@given(keys=st.sets(KEYS), prefix=SOUGHT, after=SOUGHT, reverse=st.booleans())
def test_scan_finds_what_a_sorted_list_has(
    environment: Environment, keys: set[bytes], prefix: bytes, after: bytes, *, reverse: bool
) -> None:
    wanted = [
        key
        for key in sorted(keys, reverse=reverse)
        if key.startswith(prefix) and (not after or (key < after if reverse else key > after))
    ]
    with suppress(ZeroDivisionError), environment.write() as view:
        for key in keys:
            view.put(Table.IDEMPOTENCY, key, b"of " + key)
        found = list(view.scan(Table.IDEMPOTENCY, prefix, after, reverse=reverse))
        assert found == [(key, b"of " + key) for key in wanted]
        raise ZeroDivisionError


def test_view_counts_what_it_changes(tmp_path: Path) -> None:
    with Environment.open(fill(tmp_path)) as environment, environment.write() as view:
        assert view.delete(Table.IDEMPOTENCY, b"missing") is False
        assert view.changes == 0
        assert view.put(Table.IDEMPOTENCY, b"key", b"1") is True
        assert view.put(Table.IDEMPOTENCY, b"key", b"2", overwrite=False) is False
        assert view.changes == 1
        assert view.get(Table.IDEMPOTENCY, b"key") == b"1"
        assert view.delete(Table.IDEMPOTENCY, b"key") is True
        assert (view.changes, view.count(Table.IDEMPOTENCY)) == (2, 0)


def test_view_of_later_transaction_has_higher_number(tmp_path: Path) -> None:
    with Environment.open(fill(tmp_path)) as environment:
        with environment.read() as view:
            before = view.transaction
        with environment.write() as view:
            view.put(Table.IDEMPOTENCY, b"key", b"1")
            view.delete(Table.IDEMPOTENCY, b"key")
        with environment.read() as view:
            assert view.transaction == before + 1


def test_view_raises_the_engines_errors_as_they_are(tmp_path: Path) -> None:
    with Environment.open(fill(tmp_path)) as environment, environment.read() as view, pytest.raises(EngineError):
        view.get(Table.SESSIONS, b"")


@pytest.mark.parametrize("end", [None, ValueError])
def test_view_that_has_ended_is_no_reader_however_long_it_is_kept(tmp_path: Path, end: type[ValueError] | None) -> None:
    kept = []
    with Environment.open(fill(tmp_path)) as environment:
        for _ in range(MAX_READERS + 1):
            with suppress(ValueError), environment.read() as view:
                kept.append(view)
                assert view.count(Table.SESSIONS) == 3
                if end is not None:
                    raise end
    assert len(kept) > MAX_READERS
