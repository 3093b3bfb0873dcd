"""No byte of what a restore needs can be changed without being found; `nox -s corruptions` asks 10,000 times."""

from pathlib import Path

import pytest

from tests.archives import archive
from tests.recovery.corruptions import corruptions, found


def test_any_changed_byte_of_a_snapshot_manifest_or_segment_is_found(tmp_path: Path) -> None:
    seen = set(corruptions(tmp_path, 120))
    assert seen == {(".zst", "refused"), (".json", "refused"), (".segment", "stopped at a doubt")}


def test_restore_that_finds_nothing_fails_the_count(tmp_path: Path) -> None:
    _, place = archive(tmp_path)
    with pytest.raises(AssertionError, match="restored silently: nothing was changed"):
        found(place, tmp_path / "restored", "nothing was changed")
