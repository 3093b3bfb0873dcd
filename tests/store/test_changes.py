"""Changes are bytes and back, and bytes that are none are said to be none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmsim.errors import StoreDamaged
from llmsim.store.changes import HEAD_BYTES, NUMBERS, Change, pack, unpack
from llmsim.store.schema import Table

CHANGES = st.lists(
    st.tuples(st.sampled_from(list(Table)), st.binary(max_size=20), st.none() | st.binary(max_size=50)), max_size=5
)
ONE: Change = (Table.TURNS, b"key", b"value")


@given(changes=CHANGES)
def test_changes_packed_unpack_to_the_same(changes: list[Change]) -> None:
    assert list(unpack(pack(changes))) == changes
    assert list(unpack(memoryview(pack(changes)))) == changes


def test_changes_are_framed_as_the_header_says() -> None:
    """Written down, since archives of other releases are read by it."""
    number = bytes([NUMBERS[Table.TURNS]])
    assert pack([ONE]) == number + b"\0\x03\0\0\0\x05keyvalue"
    assert pack([(Table.TURNS, b"key", None)]) == number + b"\0\x03\xff\xff\xff\xffkey"
    assert [table.value for table in NUMBERS] == [
        "meta", "sessions", "turns", "outcomes", "heads", "idempotency", "profiles",
        "resources", "items", "names", "lists", "counters", "journal",
    ]  # fmt: skip


@pytest.mark.parametrize("cut", range(1, len(pack([ONE]))))
def test_changes_cut_anywhere_are_damaged(cut: int) -> None:
    message = "end within the head of one" if cut < HEAD_BYTES else "end within one"
    with pytest.raises(StoreDamaged, match=message):
        list(unpack(pack([ONE])[:cut]))


def test_changes_of_no_table_are_damaged() -> None:
    with pytest.raises(StoreDamaged, match="a table 200, which there is not"):
        list(unpack(b"\xc8" + pack([ONE])[1:]))
