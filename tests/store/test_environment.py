"""Opening with care, reading one moment, writing whole or not at all; and what a damaged or foreign file does."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import lmdb
import pytest

from llmsim.errors import OperatorError, StoreDamaged, StoreError, StoreFormat
from llmsim.store.environment import DATA_FILE, LOCK_FILE, READERS_FILE, Environment, MapFull, View, claim
from llmsim.store.schema import META_KEY, Meta, Table
from tests.store.children import CHILD_LIMIT_S, child
from tests.stored import conversation, fill, put

META = Meta(root_seed=7, ordinal=0, created_s=1_700_000_000)
NOBODY = 65534
GROW = """
    import sys
    from pathlib import Path
    from llmsim.store.environment import Environment
    from tests.stored import conversation, put

    with Environment.open(Path(sys.argv[1])) as environment:
        put(environment, *conversation("long", 200))
        print("ready", flush=True)
        sys.stdin.read()
"""
READ = """
    import sys
    from pathlib import Path
    from llmsim.store.environment import Environment

    with Environment.open(Path(sys.argv[1]), readonly=True) as environment, environment.read():
        print("ready", flush=True)
        sys.stdin.read()
"""


@contextmanager
def unprivileged() -> Iterator[None]:
    """As root, be somebody else for a moment; whoever runs the tests otherwise is unprivileged already."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


def names_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_open_creates_what_only_its_owner_reads(tmp_path: Path) -> None:
    data_dir = tmp_path / "new" / "data"
    with claim(data_dir), Environment.open(data_dir, create=True) as environment:
        environment.stamp(META)
    assert data_dir.stat().st_mode & 0o777 == 0o700
    assert names_in(data_dir) == {DATA_FILE, READERS_FILE, LOCK_FILE}
    assert {path.stat().st_mode & 0o777 for path in data_dir.iterdir()} == {0o600}


def test_open_without_claim_creates_a_directory_that_its_owner_can_enter(tmp_path: Path) -> None:
    with Environment.open(tmp_path / "data", create=True) as environment:
        environment.stamp(META)
    assert (tmp_path / "data").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("create", [True, False])
def test_open_readonly_of_nothing_creates_nothing(tmp_path: Path, *, create: bool) -> None:
    with pytest.raises(OperatorError, match=r"no store in .*: expected a file data.mdb"):
        Environment.open(tmp_path, readonly=True, create=create)
    with pytest.raises(OperatorError, match=r"no store in .*/missing: expected"):
        Environment.open(tmp_path / "missing", readonly=True, create=create)
    assert names_in(tmp_path) == set()


def test_open_readonly_without_lock_file_creates_none(tmp_path: Path) -> None:
    fill(tmp_path)
    (tmp_path / READERS_FILE).unlink()
    with Environment.open(tmp_path, readonly=True) as environment:
        assert environment.meta() is not None
    assert names_in(tmp_path) == {DATA_FILE, LOCK_FILE}


def test_open_readonly_refuses_to_write(tmp_path: Path) -> None:
    with (
        Environment.open(fill(tmp_path), readonly=True) as environment,
        pytest.raises(OperatorError, match="permission denied"),
        environment.write(),
    ):
        pass


def test_open_of_an_empty_file_is_a_fresh_store(tmp_path: Path) -> None:
    (tmp_path / DATA_FILE).touch()
    with pytest.raises(OperatorError, match="no store in"):
        Environment.open(tmp_path)
    with Environment.open(tmp_path, create=True) as environment:
        assert environment.meta() is None
        environment.stamp(META)


@pytest.mark.parametrize(
    "opening",
    [lambda path: Environment.open(path, create=True), Environment.open, lambda path: claim(path).__enter__()],
    ids=["create", "open", "claim"],
)
def test_open_of_a_path_that_is_no_directory_names_it(opening: Callable[[Path], object], tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    for path in (file, file / "below"):
        with pytest.raises(OperatorError, match=str(file)):
            opening(path)


@pytest.mark.parametrize(
    "opening",
    [lambda path: Environment.open(path, create=True), Environment.open, lambda path: claim(path).__enter__()],
    ids=["create", "open", "claim"],
)
@pytest.mark.parametrize("mode", [0o500, 0o000])
def test_open_without_permission_names_the_path(opening: Callable[[Path], object], mode: int, tmp_path: Path) -> None:
    """0500: no file can be made in it; 0: nobody can even look whether there is one."""
    tmp_path.chmod(0o700)
    data_dir = tmp_path / "data"
    data_dir.mkdir(mode=mode)
    with unprivileged(), pytest.raises(OperatorError, match=str(data_dir)):
        opening(data_dir)


def test_open_of_a_directory_in_place_of_the_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / DATA_FILE).mkdir()
    with pytest.raises(OperatorError, match=f"is a directory: {tmp_path / DATA_FILE}"):
        Environment.open(tmp_path, create=True)


@pytest.mark.leaves_unsound("not a store")
@pytest.mark.parametrize("garbage", [b"x", b"not a store" * 1000, bytes(8192), b"\xff" * 8192])
@pytest.mark.parametrize("readonly", [True, False])
def test_open_of_garbage_is_refused_and_leaves_it_alone(garbage: bytes, tmp_path: Path, *, readonly: bool) -> None:
    (tmp_path / DATA_FILE).write_bytes(garbage)
    with pytest.raises(StoreFormat, match=r"data\.mdb is not an LMDB file"):
        Environment.open(tmp_path, readonly=readonly, create=not readonly)
    assert (tmp_path / DATA_FILE).read_bytes() == garbage


@pytest.mark.leaves_unsound("not a store")
def test_open_of_another_programs_lmdb_file_is_refused_and_leaves_it_alone(tmp_path: Path) -> None:
    with lmdb.open(str(tmp_path)) as theirs, theirs.begin(write=True) as transaction:
        transaction.put(b"their", b"record")
    before = (tmp_path / DATA_FILE).read_bytes()
    for options in ({"create": True}, {"create": False}, {"readonly": True}):
        with pytest.raises(StoreFormat, match="an LMDB file, but not a store of llmsim"):
            Environment.open(tmp_path, **options)
    assert (tmp_path / DATA_FILE).read_bytes() == before


@pytest.mark.leaves_unsound("the format of another release")
def test_open_of_another_format_names_both(tmp_path: Path) -> None:
    fill(tmp_path)
    with Environment.open(tmp_path) as environment, environment.write() as view:
        view.put(Table.META, META_KEY, b'{"format":4,"what_else":"is not known here"}')
    with pytest.raises(StoreFormat, match="has format 4; this release reads format 3 and older ones"):
        Environment.open(tmp_path)


@pytest.mark.leaves_unsound("cut off")
def test_open_of_a_truncated_file_is_refused_at_every_page(tmp_path: Path) -> None:
    whole = (fill(tmp_path, sessions=5, turns=5) / DATA_FILE).read_bytes()
    for size in (1, 100, 4095, *range(4096, len(whole) - 4096, 4096), len(whole) - 1):
        (tmp_path / DATA_FILE).write_bytes(whole[:size])
        with pytest.raises((StoreDamaged, StoreFormat), match=DATA_FILE):
            Environment.open(tmp_path)
    (tmp_path / DATA_FILE).write_bytes(whole)
    with Environment.open(tmp_path) as environment:
        assert environment.meta() == META


def test_write_that_raises_leaves_no_trace(tmp_path: Path) -> None:
    with Environment.open(fill(tmp_path)) as environment:
        with suppress(ZeroDivisionError), environment.write() as view:
            assert view.put(Table.PROFILES, b"k", b"v")
            raise ZeroDivisionError
        with environment.read() as view:
            assert view.get(Table.PROFILES, b"k") is None


def test_read_passes_on_what_its_block_raises(tmp_path: Path) -> None:
    """Also an error of the operating system, such as that of a pipe into which records are written."""
    with (
        Environment.open(fill(tmp_path)) as environment,
        pytest.raises(BrokenPipeError),
        environment.read(),
    ):
        raise BrokenPipeError


def test_read_sees_one_moment_while_others_write(tmp_path: Path) -> None:
    with Environment.open(fill(tmp_path, sessions=1)) as environment, environment.read() as view:
        before = list(view.scan(Table.TURNS))
        put(environment, *conversation("new", 3))
        assert list(view.scan(Table.TURNS)) == before
        with environment.read() as later:
            assert later.count(Table.TURNS) == len(before) + 3


def test_write_beyond_the_map_says_so_and_works_after_grow(tmp_path: Path) -> None:
    with Environment.open(tmp_path, create=True, map_bytes=1 << 16) as environment:
        environment.stamp(META)
        turns = list(conversation("long", 200))
        with pytest.raises(MapFull):
            put(environment, *turns)
        with environment.read() as view:
            assert view.count(Table.TURNS) == 0
        while environment.grow() < 1 << 22:
            pass
        put(environment, *turns)
        with environment.read() as view:
            assert view.count(Table.TURNS) == 200


def read_after(doing: Callable[[], object], view: View) -> None:
    doing()
    view.get(Table.META, META_KEY)


def test_grow_under_an_open_view_ends_the_view_not_the_process(tmp_path: Path) -> None:
    with Environment.open(fill(tmp_path)) as environment:
        with pytest.raises(StoreError, match="closed"), environment.read() as view:
            read_after(environment.grow, view)
        assert environment.meta() == META


def test_read_of_a_store_that_another_process_grew_sees_all_of_it(tmp_path: Path) -> None:
    with Environment.open(fill(tmp_path, sessions=1), readonly=True, map_bytes=1 << 17) as environment:
        with child(GROW, tmp_path), environment.read() as view:
            assert view.count(Table.TURNS) == 204
        with environment.read() as view:
            assert sum(1 for _ in view.scan(Table.TURNS)) == 204


def test_write_to_a_store_that_another_process_grew_goes_on_from_it(tmp_path: Path) -> None:
    """Two writers, which `claim` forbids: LMDB takes them one after the other all the same."""
    with Environment.open(fill(tmp_path, sessions=1), map_bytes=1 << 17) as environment:
        with child(GROW, tmp_path):
            pass
        put(environment, *conversation("later", 2))
        with environment.read() as view:
            assert view.count(Table.TURNS) == 206


def test_open_after_a_reader_was_killed_frees_its_place(tmp_path: Path) -> None:
    """Another reader stays: whoever is the first to open a store forgets all readers in any case."""
    with child(READ, fill(tmp_path)) as staying, child(READ, tmp_path) as reader:
        reader.kill()
        reader.wait(CHILD_LIMIT_S)
        with Environment.open(tmp_path, readonly=True) as environment:
            readers = environment._environment.readers()
    assert str(staying.pid) in readers
    assert str(reader.pid) not in readers


def test_used_bytes_are_those_of_the_file(tmp_path: Path) -> None:
    with Environment.open(fill(tmp_path)) as environment:
        assert environment.used_bytes() == (tmp_path / DATA_FILE).stat().st_size
