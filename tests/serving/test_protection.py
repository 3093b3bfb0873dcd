"""What is asked of a pod's protection reaches whoever does it."""

from pathlib import Path

import pytest
from trio.testing import MockClock

from llmsim.recovery.places import Folder
from llmsim.serving.protection import UNPROTECTED, Protection
from tests.pods import pod
from tests.protected import ask_in_the_loop


async def test_pod_without_protection_has_neither_archive_nor_snapshots(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with pod(tmp_path, protection=UNPROTECTED) as under:
        assert (under.service.archiver, under.service.snapshots) == (None, None)


@pytest.mark.parametrize(("snapshots", "to"), [(None, "place"), ("elsewhere", "elsewhere")])
async def test_pod_with_an_archive_takes_snapshots_there_or_where_it_is_told(
    snapshots: str | None, to: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, autojump_clock: MockClock
) -> None:
    ask_in_the_loop(monkeypatch)
    monkeypatch.chdir(tmp_path)
    asked = Protection(archive=Folder(Path("place")), snapshots=snapshots)
    async with pod(tmp_path / "data", protection=asked) as under:
        assert under.service.archiver is not None
        assert under.service.snapshots is not None
        assert under.service.snapshots.to == to
