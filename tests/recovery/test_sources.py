"""Of all that a place has, the newest that is whole is taken; whatever was passed over is named."""

from pathlib import Path

import pytest
from pyrage import x25519

from llmsim.errors import OperatorError, SnapshotDamaged, StoreInUse, WrongOrdinal
from llmsim.recovery.applying import Until
from llmsim.recovery.places import Folder
from llmsim.recovery.sealing import Sealing
from llmsim.recovery.snapshot import create, listed
from llmsim.store.environment import DATA_FILE, claim
from tests.archives import BASE_TURNS, COMMIT_TURNS, archive, commit, restored, ship
from tests.snapshots import flip, path_of
from tests.stored import checked, contents, fill


@pytest.fixture
def twice(tmp_path: Path) -> Folder:
    """An archive with a snapshot at its beginning, and one behind its fourth commit; six commits in all."""
    data_dir, place = archive(tmp_path)
    create(data_dir, place)
    with checked(data_dir) as environment:
        for number in (4, 5):
            commit(environment, number)
            ship(environment, place)
    return place


def turns(data_dir: Path) -> int:
    return len(contents(data_dir)["turns"])


ALL = BASE_TURNS + 6 * COMMIT_TURNS


def test_place_gives_its_newest_snapshot_and_what_follows(twice: Folder, tmp_path: Path) -> None:
    done = restored(twice, tmp_path / "fresh")
    assert done.staged.snapshot.name == listed(twice)[1].name
    assert turns(tmp_path / "fresh") == ALL


@pytest.mark.parametrize("name", ["records-00001.zst", "manifest.json"])
def test_place_with_a_damaged_newest_snapshot_falls_back_to_the_one_before(
    name: str, twice: Folder, tmp_path: Path
) -> None:
    first, second = listed(twice)
    flip(path_of(second) / name, 100)
    done = restored(twice, tmp_path / "fresh")
    assert done.staged.snapshot.name == first.name
    assert [one.name for one in done.staged.passed_over] == [second.name]
    assert turns(tmp_path / "fresh") == ALL, "the archive has all that the damaged one had"


def test_place_without_a_whole_snapshot_names_each(twice: Folder, tmp_path: Path) -> None:
    for snapshot in listed(twice):
        flip(path_of(snapshot) / "records-00001.zst", 100)
    with pytest.raises(SnapshotDamaged, match=r"no snapshot of pod 0 is whole: .*sha256 of the manifest; .*sha256"):
        restored(twice, tmp_path / "fresh")
    assert not (tmp_path / "fresh" / DATA_FILE).exists()


def test_place_goes_to_a_turn_from_the_snapshot_before_it(twice: Folder, tmp_path: Path) -> None:
    done = restored(twice, tmp_path / "fresh", until=Until(turn=BASE_TURNS + COMMIT_TURNS))
    assert done.staged.snapshot.name == listed(twice)[0].name
    assert turns(tmp_path / "fresh") == BASE_TURNS + COMMIT_TURNS


def test_place_of_several_pods_gives_each_its_own(tmp_path: Path) -> None:
    place = Folder(tmp_path / "place")
    for ordinal in range(3):
        create(fill(tmp_path / f"pod-{ordinal}", sessions=ordinal + 1, ordinal=ordinal), place)
    restored(place, tmp_path / "fresh", ordinal=1)
    assert turns(tmp_path / "fresh") == 8
    with pytest.raises(OperatorError, match="no snapshot of pod 7, but of 0, 1, 2: name it with --from-ordinal"):
        restored(place, tmp_path / "seven", ordinal=7)
    with pytest.raises(WrongOrdinal, match="of pod 2, this is pod 7"):
        restored(place, tmp_path / "seven", ordinal=7, from_ordinal=2)
    done = restored(place, tmp_path / "seven", ordinal=7, from_ordinal=2, any_pod=True)
    assert (done.ordinal, turns(tmp_path / "seven")) == (7, 12)


def test_place_without_anything_is_an_operator_error(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(OperatorError, match="holds no snapshot"):
        restored(Folder(tmp_path / "empty"), tmp_path / "fresh")


def test_one_snapshot_has_one_moment_and_no_archive(twice: Folder, tmp_path: Path) -> None:
    one = Folder(path_of(listed(twice)[0]))
    restored(one, tmp_path / "fresh")
    assert turns(tmp_path / "fresh") == BASE_TURNS
    with pytest.raises(OperatorError, match="is one snapshot, of one moment"):
        restored(one, tmp_path / "other", until=Until(turn=1))


def test_volume_of_a_pod_that_is_gone_is_restored_as_it_is(tmp_path: Path) -> None:
    volume = fill(tmp_path / "volume")
    restored(Folder(volume), tmp_path / "fresh")
    assert contents(tmp_path / "fresh") == contents(volume)
    with pytest.raises(OperatorError, match="is a data directory, of one moment"):
        restored(Folder(volume), tmp_path / "other", until=Until(turn=1))
    with claim(volume), pytest.raises(StoreInUse):
        restored(Folder(volume), tmp_path / "other")


@pytest.mark.leaves_unsound("broken on purpose")
def test_volume_that_is_damaged_is_refused(tmp_path: Path) -> None:
    volume = fill(tmp_path / "volume")
    for page in range(2, (volume / DATA_FILE).stat().st_size // 4096):
        flip(volume / DATA_FILE, page * 4096)
    with pytest.raises(SnapshotDamaged, match="mp_pgno"):
        restored(Folder(volume), tmp_path / "fresh")


def test_encrypted_archive_is_restored_with_its_key_and_refused_without(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(f"{x25519.Identity.generate()}\n")
    sealing = Sealing.by(tmp_path / "key")
    data_dir, place = archive(tmp_path, sealing=sealing)
    with pytest.raises(OperatorError, match=r"records-00001.zst is encrypted: give the file with its key"):
        restored(place, tmp_path / "fresh")
    done = restored(place, tmp_path / "fresh", sealing=sealing)
    assert done.staged.doubts == ()
    assert contents(tmp_path / "fresh")["turns"] == contents(data_dir)["turns"]
