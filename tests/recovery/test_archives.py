"""What archives there are, by the names of their segments."""

from pathlib import Path

from llmsim.recovery.archives import archives
from llmsim.recovery.places import Folder
from tests.archives import GENERATION, archive, segments_in


def test_archives_are_told_by_pod_and_generation(tmp_path: Path) -> None:
    assert archives(Folder(tmp_path)) == []
    _, place = archive(tmp_path, commits=4, ordinal=2)
    files = segments_in(place)
    [found] = archives(place)
    assert (found.ordinal, found.generation, found.segments, found.whole) == (2, GENERATION, 4, True)
    assert found.last - found.first == 3
    assert found.bytes == sum(path.stat().st_size for path in files)
    assert found.changed_s == max(path.stat().st_mtime for path in files)
    (files[0].parent / "notes.txt").touch()
    files[1].unlink()
    [torn] = archives(place)
    assert (torn.segments, torn.whole) == (3, False)
