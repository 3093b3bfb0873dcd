"""What is shipped is in order, once, and of this store; what a store and its archive know of each other agrees."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from llmsim.errors import StaleStore
from llmsim.recovery import shipping
from llmsim.recovery.places import Folder
from llmsim.recovery.sealing import PLAIN
from llmsim.recovery.shipping import Lag, gather, lag_of, resume, survey
from llmsim.store.environment import Environment
from llmsim.store.journal import archived
from llmsim.store.schema import Archived
from tests.archives import archive, begin, commit, segments_in, ship
from tests.stored import checked, compact, fill


@pytest.fixture
def place(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "place")


@pytest.fixture
def environment(tmp_path: Path, place: Folder) -> Iterator[Environment]:
    """An archived store with three commits that are not shipped."""
    place.prepare()
    with checked(fill(tmp_path / "data")) as opened:
        begin(opened)
        for number in range(3):
            commit(opened, number)
        yield opened


def state_of(environment: Environment) -> Archived:
    with environment.read() as view:
        state = archived(view)
    assert state is not None
    return state


def lag(environment: Environment) -> Lag:
    with environment.read() as view:
        return lag_of(view, state_of(environment))


def test_batch_has_all_that_waits_or_as_much_as_a_segment_takes(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    with environment.read() as view:
        whole = gather(view, 0, state_of(environment))
        monkeypatch.setattr(shipping, "CONTENT_BYTES", 1)
        first = gather(view, 0, state_of(environment))
    assert whole is not None
    assert first is not None
    assert (whole.first.sequence, whole.last.sequence) == (1, 3)
    assert (first.first.sequence, first.last.sequence) == (1, 1)


def test_lag_is_what_waits_and_since_when(environment: Environment, place: Folder) -> None:
    before = lag(environment)
    assert before.entries == 3
    assert before.since_ms is not None
    ship(environment, place)
    assert lag(environment) == Lag(0, None)
    with environment.read() as view:
        assert gather(view, 0, state_of(environment)) is None


def test_put_again_after_a_crash_is_the_same_segment(environment: Environment, place: Folder) -> None:
    """The process died between the put and the note of it."""
    with environment.read() as view:
        batch = gather(view, 0, state_of(environment))
    assert batch is not None
    first = shipping.put(place, shipping.make(batch, PLAIN))
    assert shipping.put(place, shipping.make(batch, PLAIN)) == first
    assert len(segments_in(place)) == 1


def test_put_of_another_segment_of_this_name_is_stale(environment: Environment, place: Folder, tmp_path: Path) -> None:
    with checked(fill(tmp_path / "other")) as other:
        begin(other)
        for number in range(3):
            commit(other, number + 100)
        ship(other, place)
    with pytest.raises(StaleStore, match=r"has another segment .*: something else was archived under this generation"):
        ship(environment, place)


def test_store_that_noted_all_goes_on(environment: Environment, place: Folder) -> None:
    header = ship(environment, place)
    found = survey(place, 0, state_of(environment))
    assert (found.newer, found.has_base) == ((), False)
    with environment.read() as view:
        assert resume(view, found) == state_of(environment)
    assert state_of(environment).digest.hex() == header.digest


def test_store_that_did_not_note_a_segment_goes_on_behind_it(environment: Environment, place: Folder) -> None:
    with environment.read() as view:
        batch = gather(view, 0, state_of(environment))
    assert batch is not None
    reached = shipping.put(place, shipping.make(batch, PLAIN))
    with environment.read() as view:
        assert resume(view, survey(place, 0, state_of(environment))) == reached


def test_store_that_is_older_than_its_archive_is_stale(tmp_path: Path) -> None:
    """A volume that came back as it was before the last two commits."""
    data_dir, place = archive(tmp_path)
    older = tmp_path / "older"
    older.mkdir()
    (older / "data.mdb").write_bytes((data_dir / "data.mdb").read_bytes())
    with checked(data_dir) as environment:
        for number in (4, 5):
            commit(environment, number)
            ship(environment, place)
    with checked(older) as environment:
        state = state_of(environment)
        assert state.sequence == 4
        found = survey(place, 0, state)
        assert found.has_base
        with environment.read() as view, pytest.raises(StaleStore, match=r"has entry 6 of .*, the store ends with 4"):
            resume(view, found)


def test_store_that_went_another_way_than_its_archive_is_stale(tmp_path: Path) -> None:
    data_dir, place = archive(tmp_path)
    older = tmp_path / "older"
    older.mkdir()
    (older / "data.mdb").write_bytes((data_dir / "data.mdb").read_bytes())
    with checked(data_dir) as environment:
        commit(environment, 4)
        ship(environment, place)
    with checked(older) as environment:
        commit(environment, 99)
        found = survey(place, 0, state_of(environment))
        with environment.read() as view, pytest.raises(StaleStore, match="or says something else there"):
            resume(view, found)


def test_store_that_is_not_archived_has_nothing_to_go_on_with(tmp_path: Path) -> None:
    data_dir, place = archive(tmp_path)
    (tmp_path / "copy").mkdir()
    with checked(data_dir) as environment:
        found = survey(place, 0, state_of(environment))
    compact(data_dir, tmp_path / "copy")
    with checked(tmp_path / "copy") as environment, environment.read() as view:
        assert resume(view, found) is None
