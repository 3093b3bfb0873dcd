"""Truncated and damaged files are refused in Python, before the engine maps them."""

from pathlib import Path

import lmdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmsim.errors import StoreDamaged, StoreFormat
from llmsim.store.environment import DATA_FILE, Environment
from llmsim.store.pages import refuse_truncated, walk
from llmsim.store.schema import Table
from tests.stored import contents, fill

PAGE_BYTES = 4096
META_BYTES = 152


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A data file in which both meta pages, branches and free pages are in use."""
    return (fill(tmp_path_factory.mktemp("whole"), sessions=8, turns=8) / DATA_FILE).read_bytes()


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("scratch") / DATA_FILE


def test_refuse_truncated_lets_a_whole_file_pass_without_a_walk(
    tmp_path: Path, whole: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr("llmsim.store.pages.walk")
    path = tmp_path / DATA_FILE
    path.write_bytes(whole)
    refuse_truncated(path)


@given(size=st.integers(0, 40 * PAGE_BYTES))
def test_refuse_truncated_of_any_shorter_file_refuses(whole: bytes, scratch: Path, size: int) -> None:
    scratch.write_bytes(whole[: min(size, len(whole) - 1)])
    with pytest.raises((StoreDamaged, StoreFormat), match=DATA_FILE):
        refuse_truncated(scratch)


@given(page=st.integers(0, 1), at=st.integers(0, META_BYTES - 1), value=st.integers(0, 255))
def test_refuse_truncated_of_any_byte_changed_in_a_meta_page_ends_well(
    whole: bytes, scratch: Path, page: int, at: int, value: int
) -> None:
    """It passes or is refused, and the engine then opens it or refuses it: the process lives."""
    at += page * PAGE_BYTES
    scratch.write_bytes(whole[:at] + bytes([value]) + whole[at + 1 :])
    try:
        refuse_truncated(scratch)
    except (StoreDamaged, StoreFormat):
        return
    try:
        lmdb.open(str(scratch.parent), max_dbs=len(Table), readonly=True, lock=False).close()
    except lmdb.Error:
        return


@pytest.mark.parametrize("page_bytes", [0, 1, 255, 3000, 1 << 16, 1 << 31])
def test_refuse_truncated_of_an_absurd_page_size_refuses(tmp_path: Path, whole: bytes, page_bytes: int) -> None:
    """The engine would divide by it."""
    path = tmp_path / DATA_FILE
    path.write_bytes(whole[:40] + page_bytes.to_bytes(4, "little") + whole[44:])
    with pytest.raises(StoreFormat, match="not an LMDB file"):
        refuse_truncated(path)


def test_refuse_truncated_of_a_page_size_that_both_metas_claim_refuses(tmp_path: Path, whole: bytes) -> None:
    """A file made to look right at a first glance: pages of 3,000 bytes, each meta page where it then must be."""
    meta = whole[:40] + (3000).to_bytes(4, "little") + whole[44:META_BYTES]
    path = tmp_path / DATA_FILE
    path.write_bytes((meta.ljust(3000, b"\0") * 2).ljust(len(whole), b"\0"))
    with pytest.raises(StoreFormat, match="not an LMDB file"):
        refuse_truncated(path)


def test_refuse_truncated_of_a_file_without_its_free_pages_at_the_end_passes(tmp_path: Path) -> None:
    """LMDB may number pages that it never writes: such a file is whole, and shorter than it says."""
    path = fill(tmp_path) / DATA_FILE
    with Environment.open(tmp_path) as environment:
        for value in (bytes(200_000), b"", b"1", b"2"):
            with environment.write() as view:
                view.put(Table.IDEMPOTENCY, b"key", value)
        with environment.write() as view:
            view.delete(Table.IDEMPOTENCY, b"key")
    used_bytes = (max(live_pages(path)) + 1) * PAGE_BYTES
    assert used_bytes < path.stat().st_size
    with path.open("r+b") as file:
        file.truncate(used_bytes)
    refuse_truncated(path)
    with Environment.open(tmp_path) as environment, environment.read() as view:
        assert view.count(Table.TURNS) == 12


def live_pages(path: Path) -> list[int]:
    """The pages that are in use, found by destroying them one by one."""
    whole = path.read_bytes()
    found = []
    for page in range(len(whole) // PAGE_BYTES):
        at = page * PAGE_BYTES
        path.write_bytes(whole[:at] + bytes(PAGE_BYTES) + whole[at + PAGE_BYTES :])
        try:
            broken = bool(walk(path))
        except StoreFormat:
            broken = True
        if broken:
            found.append(page)
    path.write_bytes(whole)
    return found


def test_walk_of_a_whole_file_finds_nothing(tmp_path: Path, whole: bytes) -> None:
    path = tmp_path / DATA_FILE
    path.write_bytes(whole)
    assert walk(path) == []


def test_walk_finds_each_page_that_is_another(tmp_path: Path) -> None:
    """Each table with a record has a page at least, and there are two meta pages."""
    path = fill(tmp_path) / DATA_FILE
    filled = [table for table, records in contents(tmp_path).items() if records]
    assert len(filled) == 6
    assert len(live_pages(path)) > len(filled) + 2


@given(noise=st.binary(max_size=500))
def test_walk_of_any_bytes_says_that_they_are_no_lmdb_file(scratch: Path, noise: bytes) -> None:
    scratch.write_bytes(noise)
    with pytest.raises(StoreFormat, match="not an LMDB file"):
        walk(scratch)
