"""An archive takes a restored store to any moment, to any turn, or to its end, and no further than it is certain."""

from pathlib import Path

import pytest

from llmsim import clock
from llmsim.errors import OperatorError
from llmsim.recovery.applying import Until
from llmsim.store.journal import archived
from llmsim.store.operations import DeleteSession
from tests.archives import BASE_TURNS, COMMIT_TURNS, archive, begin, commit, restored, segments_in, ship
from tests.snapshots import flip
from tests.stored import checked, contents

COMMITS = 4


def without_meta(data_dir: Path) -> dict[str, dict[bytes, bytes]]:
    return {table: found for table, found in contents(data_dir).items() if table not in {"meta", "journal"}}


def test_archive_applied_to_its_end_gives_the_store(tmp_path: Path) -> None:
    data_dir, place = archive(tmp_path, COMMITS)
    done = restored(place, tmp_path / "fresh")
    assert without_meta(tmp_path / "fresh") == without_meta(data_dir)
    assert (done.staged.doubts, done.staged.passed_over) == ((), ())
    assert done.staged.position is not None
    assert (done.staged.position.sequence, done.staged.position.turns) == (COMMITS, BASE_TURNS + COMMITS * COMMIT_TURNS)


def test_archive_has_deletions_as_well(tmp_path: Path) -> None:
    data_dir, place = archive(tmp_path)
    with checked(data_dir) as environment:
        with environment.write() as view:
            DeleteSession("s-1")(view)
        with environment.write() as view:
            DeleteSession("commit-0")(view)
        ship(environment, place)
    restored(place, tmp_path / "fresh")
    assert without_meta(tmp_path / "fresh") == without_meta(data_dir)
    assert {b"s-1", b"commit-0"}.isdisjoint(contents(tmp_path / "fresh")["sessions"])


@pytest.mark.parametrize("turn", range(BASE_TURNS, BASE_TURNS + COMMITS * COMMIT_TURNS + 1, COMMIT_TURNS))
def test_archive_applied_up_to_a_turn_has_so_many(turn: int, tmp_path: Path) -> None:
    _, place = archive(tmp_path, COMMITS)
    restored(place, tmp_path / "fresh", until=Until(turn=turn))
    assert len(contents(tmp_path / "fresh")["turns"]) == turn


def test_archive_that_does_not_go_so_far_restores_nothing(tmp_path: Path) -> None:
    _, place = archive(tmp_path, COMMITS)
    with pytest.raises(OperatorError, match="goes up to turn 20, not to 21: nothing was restored"):
        restored(place, tmp_path / "fresh", until=Until(turn=21))
    with pytest.raises(OperatorError, match="has nothing as early as turn 11"):
        restored(place, tmp_path / "fresh", until=Until(turn=11))
    assert not (tmp_path / "fresh" / "data.mdb").exists()


def test_archive_applied_up_to_a_moment_has_what_was_committed_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now_s = 1_900_000_000.0
    monkeypatch.setattr(clock, "wall", lambda: now_s)
    data_dir, place = archive(tmp_path, commits=0)
    with checked(data_dir) as environment:
        for number in range(4):
            now_s += 10
            commit(environment, number)
        ship(environment, place)
    for after_s, turns in ((0, 0), (9.999, 0), (10, 1), (25, 2), (40, 4), (1000, 4)):
        at_ms = round((1_900_000_000 + after_s) * 1000)
        target = tmp_path / f"after-{after_s}"
        restored(place, target, until=Until(at_ms=at_ms))
        assert len(contents(target)["turns"]) == BASE_TURNS + turns * COMMIT_TURNS, after_s
    with pytest.raises(OperatorError, match="has nothing as early as 2030-03-17T17:46:39"):
        restored(place, tmp_path / "before", until=Until(at_ms=1_899_999_999_000))


def test_archive_with_a_doubt_is_applied_up_to_it_or_past_it_if_told(tmp_path: Path) -> None:
    _, place = archive(tmp_path, COMMITS)
    flip(segments_in(place)[2], 900)
    done = restored(place, tmp_path / "fresh")
    assert len(done.staged.doubts) == 1
    assert len(contents(tmp_path / "fresh")["turns"]) == BASE_TURNS + 2 * COMMIT_TURNS
    past = restored(place, tmp_path / "past", past_doubt=True)
    assert past.staged.doubts[0] == done.staged.doubts[0]
    assert len(contents(tmp_path / "past")["turns"]) == BASE_TURNS + 3 * COMMIT_TURNS


def test_store_restored_of_an_archive_is_archived_no_more_and_can_be_anew(tmp_path: Path) -> None:
    _, place = archive(tmp_path, COMMITS)
    restored(place, tmp_path / "fresh")
    with checked(tmp_path / "fresh") as environment:
        with environment.read() as view:
            assert archived(view) is None
        begin(environment, "another")
        commit(environment, 100)
        assert ship(environment, place).first == 1
