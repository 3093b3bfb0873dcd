"""Stores of older formats, as earlier releases left them: read as they are, made new ones when somebody writes."""

import shutil
from pathlib import Path

import lmdb
import orjson
import pytest

from llmsim.errors import StoreFormat
from llmsim.recovery.restore import restore
from llmsim.recovery.sources import Wanted
from llmsim.recovery.verify import verify
from llmsim.replay.regenerate import regenerate
from llmsim.store.check import check
from llmsim.store.environment import DATA_FILE, Environment, claim
from llmsim.store.examine import examine
from llmsim.store.operations import DeleteSession
from llmsim.store.ownership import open_for
from llmsim.store.resources import PutResource, resource
from llmsim.store.schema import FORMAT_VERSION, META_KEY, Meta, Resource, Table, tables_of
from llmsim.tokenizers import counter_named
from tests.fixtures.make_store import FOLDER
from tests.said import CommandLine
from tests.snapshots import at, first_kind, manifest_of, taken
from tests.stored import contents

OLD = ("store-v1", "store-v1-plan-2", "store-v2-plan-3")
OF_FORMAT_1 = tables_of(1)
CONVERSATION = Resource("conv_1", "made", "test.conversation", 1_800_000_000, {}, lists=("all",))


@pytest.fixture(params=OLD)
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A copy of a store of an older format."""
    folder = tmp_path / "data"
    folder.mkdir()
    shutil.copyfile(FOLDER.with_name(request.param) / DATA_FILE, folder / DATA_FILE)
    return folder


def format_of(data_dir: Path) -> tuple[int, tuple[Table, ...]]:
    """The format of the stamp, and the tables."""
    with Environment.open(data_dir, readonly=True) as environment, environment.read() as view:
        return orjson.loads(view.get(Table.META, META_KEY) or b"")["format"], view.tables


def without_stamp(data_dir: Path) -> dict[str, dict[bytes, bytes]]:
    return {table: records for table, records in contents(data_dir).items() if table != Table.META}


def test_old_store_is_read_as_it_is_and_not_changed(old: Path, command_line: CommandLine) -> None:
    before = (old / DATA_FILE).read_bytes()
    store_format, tables = format_of(old)
    assert tables == tables_of(store_format)
    assert examine(old) == []
    with Environment.open(old, readonly=True) as environment:
        assert check(environment) == []
        assert regenerate(environment, counter_named).mismatches == []
        with environment.read() as view:
            assert resource(view, "conv_1") is None
            assert view.count(Table.JOURNAL) == 0
    for command in (["check"], ["sessions", "list"], ["sessions", "show", "memory"], ["sessions", "export"]):
        said = command_line(*command, "--data-dir", old)
        assert (said.code, said.err) == (0, ""), said
    assert (old / DATA_FILE).read_bytes() == before


def test_old_store_opened_to_write_is_one_of_this_format_and_says_the_same(old: Path) -> None:
    before = without_stamp(old)
    with claim(old), Environment.open(old) as environment:
        assert environment.meta() == Meta(root_seed=7, ordinal=0, created_s=1_767_225_600, format=FORMAT_VERSION)
        with environment.write() as view:
            PutResource(CONVERSATION)(view)
        with environment.read() as view:
            assert resource(view, "conv_1") == CONVERSATION
        with environment.write() as view:
            DeleteSession("made")(view)
    assert format_of(old) == (FORMAT_VERSION, tuple(Table))
    assert without_stamp(old) == before


def test_old_store_that_fills_its_map_is_upgraded_all_the_same(old: Path) -> None:
    """Every page is written anew, beside those that are there."""
    before = without_stamp(old)
    map_bytes = (old / DATA_FILE).stat().st_size
    with claim(old), Environment.open(old, map_bytes=map_bytes) as environment:
        assert environment.used_bytes() > map_bytes
    assert format_of(old)[0] == FORMAT_VERSION
    assert without_stamp(old) == before


def test_store_opened_to_write_twice_is_upgraded_once(old: Path) -> None:
    found = []
    for _ in range(3):
        with claim(old), Environment.open(old) as environment, environment.read() as view:
            found.append(view.transaction)
    assert found == [found[0]] * 3


def test_store_without_a_stamp_gets_the_tables_that_it_lacks(tmp_path: Path) -> None:
    """As an earlier release left it that was killed between the two."""
    with lmdb.open(str(tmp_path), max_dbs=len(OF_FORMAT_1)) as raw:
        for table in OF_FORMAT_1:
            raw.open_db(table.value.encode())
    with Environment.open(tmp_path, readonly=True) as environment, environment.read() as view:
        assert view.tables == OF_FORMAT_1
    with claim(tmp_path), Environment.open(tmp_path) as environment:
        open_for(environment, seed=7, ordinal=0, now_s=1)
        assert environment.meta() == Meta(7, 0, 1)
    assert format_of(tmp_path) == (FORMAT_VERSION, tuple(Table))


def test_snapshot_of_an_old_store_says_so_and_is_restored_as_such(old: Path, tmp_path: Path) -> None:
    store_format, tables = format_of(old)
    made = taken(old, tmp_path / "backup")
    assert manifest_of(made).format == store_format
    assert manifest_of(made).tables.keys() == set(tables)
    assert verify(at(made)) == []
    restored = tmp_path / "restored"
    restore(Wanted(str(made), 0), restored)
    assert format_of(restored) == (store_format, tables)
    assert contents(restored) == contents(old)


def test_snapshot_that_an_earlier_release_made_verifies_and_is_restored(old: Path, tmp_path: Path) -> None:
    """A copy of the pages, with the tables of its time, and that copy's own count of transactions."""
    first_kind(old)
    assert manifest_of(old).version == 1
    assert verify(at(old)) == []
    restore(Wanted(str(old), 0), tmp_path / "restored")
    assert (tmp_path / "restored" / DATA_FILE).read_bytes() == (old / DATA_FILE).read_bytes()


def test_snapshot_of_an_old_store_restored_for_another_pod_is_of_this_format(old: Path, tmp_path: Path) -> None:
    made = taken(old, tmp_path / "backup")
    restored = tmp_path / "restored"
    restore(Wanted(str(made), 3, any_pod=True), restored)
    assert format_of(restored) == (FORMAT_VERSION, tuple(Table))
    assert without_stamp(restored) == without_stamp(old)


@pytest.mark.leaves_unsound("the format of a later release")
def test_store_of_a_newer_format_is_refused_and_not_changed(old: Path, command_line: CommandLine) -> None:
    with claim(old), Environment.open(old) as environment, environment.write() as view:
        view.put(Table.META, META_KEY, b'{"format":4,"what_else":"is not known here"}')
    before = (old / DATA_FILE).read_bytes()
    told = "has format 4; this release reads format 3 and older ones"
    for readonly in (True, False):
        with pytest.raises(StoreFormat, match=told):
            Environment.open(old, readonly=readonly)
    for command in (["check"], ["sessions", "list"], ["sessions", "delete", "memory"]):
        said = command_line(*command, "--data-dir", old)
        assert (said.code, told in said.err) == (3, True), said
    assert (old / DATA_FILE).read_bytes() == before
