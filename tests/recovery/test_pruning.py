"""Pruning leaves enough to restore every kept snapshot and all that follows it, and never takes the last whole one."""

from pathlib import Path

import pytest

from llmsim import clock
from llmsim.recovery.places import Folder
from llmsim.recovery.pruning import YOUNG_S, carry_out, plan
from llmsim.recovery.retention import Keep
from llmsim.recovery.snapshot import create, listed
from tests.archives import BASE_TURNS, COMMIT_TURNS, archive, commit, restored, segments_in, ship
from tests.snapshots import flip, path_of
from tests.stored import checked, contents, fill

LATER_S = YOUNG_S + 60


@pytest.fixture
def place(tmp_path: Path) -> Folder:
    """Three snapshots of an archived store: after 0, 2 and 4 commits; six commits in all."""
    data_dir, place = archive(tmp_path, commits=2)
    for number in (2, 4):
        create(data_dir, place)
        with checked(data_dir) as environment:
            for one in (number, number + 1):
                commit(environment, one)
                ship(environment, place)
    return place


def prune(place: Folder, keep: Keep, later_s: float = 0) -> None:
    carry_out(place, plan(place, keep, clock.wall() + later_s))


def test_prune_keeps_what_a_rule_keeps_and_the_segments_behind_it(place: Folder, tmp_path: Path) -> None:
    names = [one.name for one in listed(place)]
    done = plan(place, Keep(last=2), clock.wall())
    assert (done.removed, done.segments, done.spared) == ((names[0],), 2, ())
    assert done.kept == {names[2]: ["last"], names[1]: ["last"]}
    size_bytes = sum(path.stat().st_size for path in place.path.rglob("*") if path.is_file())
    carry_out(place, done)
    assert [one.name for one in listed(place)] == names[1:]
    assert [path.name[:12] for path in segments_in(place)] == [f"{number:012}" for number in (3, 4, 5, 6)]
    left_bytes = sum(path.stat().st_size for path in place.path.rglob("*") if path.is_file())
    assert size_bytes - left_bytes == done.size_bytes
    assert not (place.path / names[0]).exists()
    restored(place, tmp_path / "fresh")
    assert len(contents(tmp_path / "fresh")["turns"]) == BASE_TURNS + 6 * COMMIT_TURNS


def test_prune_removes_the_manifest_first(place: Folder) -> None:
    done = plan(place, Keep(last=1), clock.wall())
    of_first = [name for name in done.objects if name.startswith(done.removed[0])]
    assert of_first[0] == f"{done.removed[0]}/manifest.json"
    assert len(of_first) > 1


def test_prune_interrupted_at_any_object_can_be_done_again(place: Folder, tmp_path: Path) -> None:
    whole = len(plan(place, Keep(last=1), clock.wall()).objects)
    for _ in range(whole):
        done = plan(place, Keep(last=1), clock.wall() + LATER_S)
        place.delete(done.objects[0])
        assert all(one.problem is None for one in listed(place))
    assert plan(place, Keep(last=1), clock.wall() + LATER_S).objects == ()
    restored(place, tmp_path / "fresh")
    assert len(contents(tmp_path / "fresh")["turns"]) == BASE_TURNS + 6 * COMMIT_TURNS


def test_prune_spares_the_newest_whole_one_where_those_kept_are_damaged(place: Folder, tmp_path: Path) -> None:
    first, second, third = listed(place)
    flip(path_of(third) / "records-00001.zst", 100)
    done = plan(place, Keep(last=1), clock.wall())
    assert (done.removed, done.spared) == ((first.name,), (second.name,))
    carry_out(place, done)
    assert restored(place, tmp_path / "fresh").staged.snapshot.name == second.name
    assert len(contents(tmp_path / "fresh")["turns"]) == BASE_TURNS + 6 * COMMIT_TURNS


def test_prune_leaves_what_cannot_be_read_alone(place: Folder) -> None:
    first = listed(place)[0]
    flip(path_of(first) / "manifest.json", 100)
    before = {path.name for path in path_of(first).iterdir()}
    prune(place, Keep(last=1), LATER_S)
    assert {path.name for path in path_of(first).iterdir()} == before


def test_prune_is_by_pod(tmp_path: Path) -> None:
    place = Folder(tmp_path / "place")
    for ordinal in range(3):
        data_dir = fill(tmp_path / f"pod-{ordinal}", ordinal=ordinal)
        for _ in range(2):
            create(data_dir, place)
    prune(place, Keep(last=1))
    assert [one.manifest.ordinal for one in listed(place) if one.manifest] == [0, 1, 2]


@pytest.mark.parametrize(("later_s", "gone"), [(0, False), (LATER_S, True)])
def test_prune_removes_what_has_no_manifest_once_it_is_a_day_old(later_s: float, gone: bool, place: Folder) -> None:
    left = place.path / "llmsim-0-20200101T000000.000Z"
    left.mkdir()
    (left / "records-00001.zst").write_bytes(b"half")
    orphan = place.path / "archive-0" / "another-generation"
    orphan.mkdir()
    (orphan / segments_in(place)[0].name).write_bytes(b"of a generation whose snapshots are gone")
    (place.path / "letters").touch()
    prune(place, Keep(last=9), later_s)
    assert (left.exists(), orphan.exists()) == (not gone, not gone)
    assert (place.path / "letters").exists()
    assert len(listed(place)) == 3
    assert len(segments_in(place)) == 6 + (not gone)
