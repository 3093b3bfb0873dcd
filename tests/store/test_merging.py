"""A merge brings what is missing, leaves what is there, and does nothing when it is done again."""

from pathlib import Path

import pytest

from llmsim.store import sessions
from llmsim.store.environment import Environment
from llmsim.store.merging import Merged, OnConflict, merge_sessions
from llmsim.store.operations import ForkSession
from llmsim.store.resources import AppendItems, PutResource
from tests.stored import checked, contents, conversation, fill, items_of, put, shown, turn_of


def merge(source: Path, target: Path, on_conflict: OnConflict = OnConflict.LEAVE) -> Merged:
    with checked(target) as environment, Environment.open(source, readonly=True) as other, other.read() as view:
        return merge_sessions(view, environment, on_conflict)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Pod 2 with a session of its own that has everything, one that pod 0 has as well, and one that differs there."""
    data_dir = fill(tmp_path / "source", sessions=1, ordinal=2)
    with checked(data_dir) as environment:
        turn = turn_of("own", "All there is")
        put(environment, turn, *conversation("both", 3, "Said by pod 2"))
        with environment.write() as view:
            PutResource(shown(turn, lists=("all",)))(view)
            AppendItems("own", items_of("own", 3))(view)
    return data_dir


@pytest.fixture
def target(tmp_path: Path) -> Path:
    data_dir = fill(tmp_path / "target", sessions=2)
    with checked(data_dir) as environment:
        put(environment, *conversation("both", 2, "Said by pod 0"))
    return data_dir


def of_session(data_dir: Path, name: str) -> dict[str, dict[bytes, bytes]]:
    """The records that are kept under the id of a session."""
    found = contents(data_dir)
    return {
        table: {key: value for key, value in records.items() if key.split(b"\0")[0] == name.encode()}
        for table, records in found.items()
    }


def test_merge_brings_what_is_missing_and_reports_what_differs(source: Path, target: Path) -> None:
    before = contents(target)
    done = merge(source, target)
    assert done == Merged(brought=("own",), same=("s-0",), left=("both",))
    assert of_session(target, "own") == of_session(source, "own")
    after = contents(target)
    assert all(after[table].items() >= records.items() for table, records in before.items())
    assert set(after["resources"].values()) == set(contents(source)["resources"].values())


def test_merge_done_again_changes_nothing(source: Path, target: Path) -> None:
    merge(source, target, OnConflict.FORK)
    before = contents(target)
    assert merge(source, target, OnConflict.FORK) == Merged(same=("both", "own", "s-0"))
    assert contents(target) == before


def test_merge_with_forks_keeps_both(source: Path, target: Path) -> None:
    before = of_session(target, "both")
    done = merge(source, target, OnConflict.FORK)
    assert done.forked == (("both", "both.fork-1"),)
    assert of_session(target, "both") == before
    with Environment.open(target, readonly=True) as environment, environment.read() as view:
        forked = sessions.session(view, "both.fork-1")
        turns = list(sessions.turns(view, "both.fork-1"))
    assert forked is not None
    assert (forked.forked_from, forked.turns) == ("both", 3)
    assert {turn.origin.session for turn in turns} == {"both"}, "they are drawn again from what they were drawn from"


def test_merge_takes_the_first_name_that_is_free(source: Path, target: Path) -> None:
    with checked(target) as environment:
        with environment.read() as view:
            tip = next(session.tip for session in sessions.sessions(view) if session.id == "both")
        with environment.write() as view:
            ForkSession("both", tip, "both.fork-1")(view)
    assert merge(source, target, OnConflict.FORK).forked == (("both", "both.fork-2"),)


def test_merge_reports_each_session(source: Path, target: Path) -> None:
    reported: list[tuple[str, int, int]] = []
    with checked(target) as environment, Environment.open(source, readonly=True) as other, other.read() as view:
        merge_sessions(view, environment, OnConflict.LEAVE, lambda *step: reported.append(step))
    assert reported == [("merge", number, 3) for number in range(4)]
