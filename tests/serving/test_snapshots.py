"""Snapshots are taken on time by the wall clock, one at a time, each by a process of its own."""

from pathlib import Path
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from llmsim import clock
from llmsim.errors import PlaceUnreachable
from llmsim.metrics.metrics import Metrics
from llmsim.recovery.places import Folder
from llmsim.recovery.snapshot import listed
from llmsim.recovery.verify import verify
from llmsim.serving import snapshots as module
from llmsim.serving.snapshots import Snapshots
from tests.snapshots import taken
from tests.stored import fill

HOUR_S = 3600.0
START_S = 2_000_000_000.0


def snapshots(
    folder: Path, ordinal: int = 0, every_s: float | None = HOUR_S, key_file: Path | None = None
) -> Snapshots:
    return Snapshots(folder / "data", ordinal, str(folder / "backup"), every_s, None, Metrics())


def value(taker: Snapshots, name: str) -> float | None:
    return taker.metrics.registry.get_sample_value(f"llm_simulator_{name}")


async def test_snapshot_taken_is_whole_and_measured(tmp_path: Path) -> None:
    fill(tmp_path / "data")
    taker = snapshots(tmp_path)
    made = await taker.take()
    [found] = listed(Folder(tmp_path / "backup"))
    assert (made["path"], made["tables"]["turns"]) == (found.url, 12)
    assert verify(found) == []
    assert value(taker, "snapshot_bytes") == made["size_bytes"]
    assert (value(taker, "snapshot_duration_seconds") or 0) > 0
    assert 0 <= (value(taker, "snapshot_age_seconds") or -1) < 600
    assert value(taker, "snapshot_failures_total") == 0


async def test_snapshot_that_fails_says_what_the_command_said(tmp_path: Path) -> None:
    taker = snapshots(tmp_path)
    with pytest.raises(PlaceUnreachable, match=f"no store in {tmp_path}/data"):
        await taker.take()
    assert value(taker, "snapshot_failures_total") == 1
    assert not taker.running


async def test_snapshot_cancelled_leaves_nothing(tmp_path: Path) -> None:
    fill(tmp_path / "data")
    taker = snapshots(tmp_path)
    with trio.move_on_after(0):
        await taker.take()
    assert not (tmp_path / "backup").exists()
    assert not taker.running


@pytest.fixture
def moments(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """When snapshots are taken, in seconds since the start of virtual time, which the wall clock follows."""
    found: list[float] = []

    async def take(_self: Snapshots, _to: str | None = None) -> dict[str, Any]:
        found.append(trio.current_time())
        if len(found) == 2:
            raise PlaceUnreachable("away")
        return {}

    monkeypatch.setattr(clock, "wall", lambda: START_S + trio.current_time())
    monkeypatch.setattr(Snapshots, "take", take)

    async def ask(question: Any, **_options: bool) -> Any:  # noqa: ANN401  (what the question gives)
        await trio.lowlevel.checkpoint()
        return question()

    monkeypatch.setattr(trio.to_thread, "run_sync", ask)
    return found


async def test_run_takes_the_first_at_once_and_others_on_time_and_a_failed_one_again(
    tmp_path: Path, moments: list[float], autojump_clock: MockClock
) -> None:
    taker = snapshots(tmp_path, ordinal=1)
    begun_s = trio.current_time()
    with trio.move_on_after(3.5 * HOUR_S):
        await taker.run()
    first, second, again, third, *_ = (moment - begun_s for moment in moments)
    assert first == 0
    assert second == pytest.approx(taker.next_s(START_S + begun_s) - START_S - begun_s)
    assert again == pytest.approx(second + module.RETRY_S)
    assert third == pytest.approx(second + HOUR_S)
    assert value(taker, "snapshot_interval_seconds") == HOUR_S


async def test_run_where_the_newest_is_young_waits_for_its_time(
    tmp_path: Path, moments: list[float], autojump_clock: MockClock
) -> None:
    taken(fill(tmp_path / "data"), tmp_path / "backup")
    taker = snapshots(tmp_path)
    begun_s = trio.current_time()
    with trio.move_on_after(1.5 * HOUR_S):
        await taker.run()
    assert moments[0] - begun_s == pytest.approx(taker.next_s(START_S + begun_s) - START_S - begun_s)


async def test_run_without_an_interval_takes_none(tmp_path: Path, moments: list[float]) -> None:
    taker = snapshots(tmp_path, every_s=None)
    await taker.run()
    assert moments == []
    assert value(taker, "snapshot_interval_seconds") == 0
