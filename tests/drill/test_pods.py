"""Pods of a drill are real processes, and none is left."""

from pathlib import Path

import httpx2
import pytest
import trio

from llmsim.drill.pods import Pod, running
from llmsim.errors import OperatorError
from tests.stored import fill


async def test_pod_listens_and_is_gone_with_the_block(tmp_path: Path) -> None:
    with trio.fail_after(120):
        async with running(tmp_path / "data", tmp_path / "log", scripts=("memory",)) as pod:
            async with httpx2.AsyncClient(trust_env=False) as http:
                answer = await http.get(f"{pod.url}/healthz")
            assert answer.status_code == 200
    assert pod.process.returncode == -9


async def test_pod_that_does_not_start_says_why(tmp_path: Path) -> None:
    fill(tmp_path / "data", ordinal=3)
    with (
        trio.fail_after(120),
        pytest.raises(OperatorError, match=r"the pod did not start: llmsim: store .* belongs to ordinal 3"),
    ):
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
