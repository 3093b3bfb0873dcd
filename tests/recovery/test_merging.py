"""What a pod that is gone left, as volume, snapshot or archive, comes into the store of one that stays."""

from pathlib import Path

import pytest

from llmsim.errors import OperatorError, SnapshotDamaged, StoreInUse
from llmsim.recovery.merging import merge
from llmsim.recovery.sources import Wanted
from llmsim.store.environment import claim
from llmsim.store.merging import OnConflict
from tests.archives import BASE_TURNS, COMMIT_TURNS, archive
from tests.snapshots import flip, taken
from tests.stored import contents, fill


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return fill(tmp_path / "target", sessions=1)


@pytest.mark.parametrize("kind", ["volume", "snapshot", "archive"])
def test_merge_of_a_pod_that_is_gone_brings_its_sessions(kind: str, tmp_path: Path, target: Path) -> None:
    (tmp_path / "gone").mkdir()
    volume, place = archive(tmp_path / "gone", ordinal=2)
    source = {"volume": str(volume), "snapshot": str(taken(volume, tmp_path / "one")), "archive": place.url}[kind]
    before = contents(volume)
    done = merge(Wanted(source, 0, from_ordinal=2, any_pod=True), target, OnConflict.LEAVE)
    assert len(done.merged.brought) == 6
    assert done.merged.same == ("s-0",)
    assert len(contents(target)["turns"]) == BASE_TURNS + 4 * COMMIT_TURNS
    assert contents(volume) == before


def test_merge_into_a_store_that_is_served_is_refused(tmp_path: Path, target: Path) -> None:
    with claim(target), pytest.raises(StoreInUse):
        merge(Wanted(str(fill(tmp_path / "gone")), 0, any_pod=True), target, OnConflict.LEAVE)


def test_merge_into_nothing_is_an_operator_error(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match=r"no store in|no such file"):
        merge(Wanted(str(fill(tmp_path / "gone")), 0, any_pod=True), tmp_path / "missing", OnConflict.LEAVE)


def test_merge_of_what_is_damaged_changes_nothing(tmp_path: Path, target: Path) -> None:
    before = contents(target)
    snapshot = taken(fill(tmp_path / "gone", sessions=3), tmp_path / "backup")
    flip(snapshot / "records-00001.zst", 100)
    with pytest.raises(SnapshotDamaged):
        merge(Wanted(str(snapshot), 0, any_pod=True), target, OnConflict.LEAVE)
    assert contents(target) == before
