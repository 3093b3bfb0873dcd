"""`POST /llmsim/v1/snapshots`: taken, refused while another is, and answered with what went wrong."""

from pathlib import Path
from typing import Any

import orjson
import pytest
import trio
from trio.testing import MockClock

from llmsim.errors import PlaceUnreachable
from llmsim.serving.protection import Protection
from llmsim.serving.snapshots import Snapshots
from tests.pods import pod

PATH = "/llmsim/v1/snapshots"
MADE = {"object": "llmsim.snapshot", "name": "llmsim-0-20261123T052700.123Z"}


async def test_snapshot_without_a_place_is_a_conflict(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with pod(tmp_path) as under:
        answer = await under.client.exchange("POST", PATH, {})
    error = orjson.loads(answer.body)["error"]
    assert (answer.status, error["code"]) == (409, "no_snapshot_place")
    assert "--snapshot-to or --archive-to" in error["message"]


async def test_snapshot_is_answered_when_it_is_made_and_one_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, autojump_clock: MockClock
) -> None:
    async def take(self: Snapshots, _to: str | None = None) -> dict[str, Any]:
        async with self._one:
            await trio.sleep(10)
        return MADE

    monkeypatch.setattr(Snapshots, "take", take)
    async with pod(tmp_path, protection=Protection(snapshots="backup")) as under:
        statuses: list[tuple[float, int, dict[str, Any]]] = []

        async def post(after_s: float) -> None:
            await trio.sleep(after_s)
            answer = await under.client.exchange("POST", PATH, {})
            statuses.append((after_s, answer.status, orjson.loads(answer.body)))

        async with trio.open_nursery() as nursery:
            for after_s in (0, 5, 11):
                nursery.start_soon(post, after_s)
    told = {after_s: (status, body) for after_s, status, body in statuses}
    assert told[0] == told[11] == (201, MADE)
    assert (told[5][0], told[5][1]["error"]["code"]) == (409, "snapshot_running")


async def test_snapshot_that_fails_is_503_and_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, autojump_clock: MockClock
) -> None:
    async def take(_self: Snapshots, _to: str | None = None) -> dict[str, Any]:
        raise PlaceUnreachable("the place is away")

    monkeypatch.setattr(Snapshots, "take", take)
    async with pod(tmp_path, protection=Protection(snapshots="backup")) as under:
        answer = await under.client.exchange("POST", PATH, {})
    error = orjson.loads(answer.body)["error"]
    assert (answer.status, error["code"]) == (503, "snapshot_failed")
    assert error["message"] == "No snapshot was taken: the place is away"
