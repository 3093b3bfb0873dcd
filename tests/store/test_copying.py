"""A copy has every record of the store, and no byte of what was deleted before it was made."""

from collections.abc import Callable
from pathlib import Path

import attrs
import pytest

from llmsim.errors import StoreInUse
from llmsim.store import copying, pages, sessions
from llmsim.store.batch import Operation
from llmsim.store.environment import DATA_FILE, Environment, View
from llmsim.store.journal import BeginArchive
from llmsim.store.operations import DeleteSession, PutOutcome, PutTurn
from llmsim.store.resources import AppendItems, DeleteItem, DeleteResource, PutResource
from llmsim.store.schema import META_KEY, Ending, Outcome, Resource, Table
from llmsim.store.turn_removal import DeleteTurn
from tests.fixtures.make_store import FOLDER
from tests.store.children import child
from tests.stored import PROFILE, checked, compact, contents, conversation, fill, put, turn_of

MARKER = "xylophone"
NAME = f"n-2-{MARKER}"
ITEMS = 30


UPGRADE = """
import sys
from pathlib import Path
from llmsim.store.environment import Environment
Environment.open(Path(sys.argv[1])).close()
print("ready", flush=True)
"""


def marked(times: int) -> list[Operation]:
    """What makes a session that has the word wherever it may stand."""
    said = f"{MARKER} " * times
    turn = turn_of(NAME, said, replies=2)
    shown = Resource(f"resp_{MARKER}", NAME, "test", turn.created_s, {"said": said}, turn.key, (f"list-{MARKER}",))
    return [
        PutTurn(turn, PROFILE, MARKER),
        PutTurn(turn_of(NAME, said + "!", turn), PROFILE),
        PutOutcome(NAME, turn.key, Outcome(Ending.COMPLETED, 1)),
        PutResource(attrs.evolve(shown, body={"said": said + said})),
        PutResource(shown),
        AppendItems(NAME, tuple({"id": f"msg_{MARKER}_{number}", "said": said} for number in range(ITEMS))),
    ]


def piece_by_piece(view: View) -> None:
    """The same session, as the APIs remove what it has."""
    for number in range(ITEMS):
        DeleteItem(f"msg_{MARKER}_{number}")(view)
    DeleteResource(f"resp_{MARKER}")(view)
    for key in sorted(sessions.parents(view, NAME), reverse=True):
        DeleteTurn(NAME, key)(view)


@pytest.mark.parametrize("times", [1, 300, 3000], ids=["short", "a page each", "several pages each"])
@pytest.mark.parametrize("delete", [DeleteSession(NAME), piece_by_piece], ids=["whole", "piece by piece"])
@pytest.mark.parametrize("at_once", [True, False])
def test_snapshot_has_no_byte_of_what_was_deleted(
    times: int, delete: Callable[[View], None], at_once: bool, tmp_path: Path
) -> None:
    """Sessions around it split pages, and take pages again that were freed."""
    data_dir = fill(tmp_path / "data")
    with checked(data_dir) as environment:
        put(environment, *(turn for number in range(40) for turn in conversation(f"n-1-{number}", 3)))
        for step in [marked(times)] if at_once else [[operation] for operation in marked(times)]:
            with environment.write() as view:
                for operation in step:
                    operation(view)
            put(environment, *conversation(f"n-3-{len(step)}-{id(step)}", 1))
        with environment.write() as view:
            delete(view)
        put(environment, *conversation("n-4", 2))
    word = MARKER.encode()
    assert word in (data_dir / DATA_FILE).read_bytes(), (
        "where the store itself has cleared its pages, this shows nothing"
    )
    (tmp_path / "copy").mkdir()
    compact(data_dir, tmp_path / "copy")
    assert word not in (tmp_path / "copy" / DATA_FILE).read_bytes()
    assert contents(tmp_path / "copy") == contents(data_dir)


def test_copy_has_every_record_and_sound_pages_of_its_own(tmp_path: Path) -> None:
    with checked(fill(tmp_path / "data", sessions=20)) as environment:
        for operation in marked(300):
            with environment.write() as view:
                operation(view)
    (tmp_path / "copy").mkdir()
    compact(tmp_path / "data", tmp_path / "copy")
    assert [path.name for path in (tmp_path / "copy").iterdir()] == [DATA_FILE]
    assert pages.walk(tmp_path / "copy" / DATA_FILE) == []
    assert contents(tmp_path / "copy") == contents(tmp_path / "data")


def test_copy_leaves_the_journal_and_the_state_of_the_archive(tmp_path: Path) -> None:
    before = contents(fill(tmp_path / "data"))
    with checked(tmp_path / "data") as environment:
        with environment.write() as view:
            BeginArchive("generation-1")(view)
        put(environment, *conversation("after", 2))
        with environment.read() as view:
            assert view.count(Table.JOURNAL) == 1
            found = list(copying.records_of(view))
    assert {table for table, _, _ in found} == {Table(name) for name, records in before.items() if records}
    assert [key for table, key, _ in found if table is Table.META] == [META_KEY]
    assert len([key for table, key, _ in found if table is Table.TURNS]) == 14


def test_copy_of_a_store_whose_format_has_just_changed_is_refused(tmp_path: Path) -> None:
    """Opened to be read as format 1, it has no table of format 2, and a stamp that says so."""
    old = FOLDER.with_name("store-v1") / DATA_FILE
    (tmp_path / DATA_FILE).write_bytes(old.read_bytes())
    with Environment.open(tmp_path, readonly=True) as reader:
        with child(UPGRADE, tmp_path):
            pass
        with pytest.raises(StoreInUse, match=r"has just changed its format: do it again"):
            reader.read().__enter__()
    with Environment.open(tmp_path, readonly=True) as reader, reader.read() as view:
        assert view.tables == tuple(Table)
