"""Pods of a drill are real processes, and none is left."""

from pathlib import Path

import pytest
import trio

from llmsim.drill.outcome import Acknowledged
from llmsim.drill.pods import CLIENTS, Pod, converse, running
from llmsim.errors import OperatorError
from tests.stored import contents, fill


async def test_pod_is_talked_to_and_gone_with_the_block(tmp_path: Path) -> None:
    told: list[Acknowledged] = []
    with trio.fail_after(120):
        async with running(tmp_path / "data", tmp_path / "log") as pod:
            await converse(pod, told, 10)
    assert pod.process.returncode == -9
    assert len(told) >= 10
    assert len({one.session for one in told}) == CLIENTS
    assert len(contents(tmp_path / "data")["turns"]) >= len(told)


async def test_pod_that_does_not_start_says_why(tmp_path: Path) -> None:
    fill(tmp_path / "data", ordinal=3)
    with trio.fail_after(120), pytest.raises(OperatorError, match=r"the pod did not start: .*pod 3"):
        async with running(tmp_path / "data", tmp_path / "log"):
            pass


async def test_pod_of_a_cancelled_block_is_killed(tmp_path: Path) -> None:
    started: list[Pod] = []

    async def run(scope: trio.CancelScope) -> None:
        with scope:
            async with running(tmp_path / "data", tmp_path / "log") as pod:
                started.append(pod)
                scope.cancel()
                await trio.sleep_forever()

    with trio.fail_after(120):
        await run(trio.CancelScope())
    assert [pod.process.returncode for pod in started] == [-9]
