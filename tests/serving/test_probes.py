"""Probes tell the truth about store and phase, and touch nothing."""

from pathlib import Path
from typing import Any

import orjson
import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from llmsim.errors import StoreError
from llmsim.serving.observed import PROBES
from llmsim.serving.pod import running_pod
from llmsim.serving.service import Phase
from tests.pods import PodUnderTest, options, pod
from tests.runners import Failing, Gate

pytestmark = pytest.mark.usefixtures("each_way")


async def probed(under: PodUnderTest, path: str) -> tuple[int, Any]:
    """Status and body of a probe."""
    answer = await under.client.exchange("GET", path, {})
    return answer.status, orjson.loads(answer.body)


async def at(moment_s: float) -> None:
    """Wait until the clock says so."""
    with trio.move_on_at(moment_s):
        await trio.sleep_forever()


async def test_probes_answer_and_readiness_ends_with_draining(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with pod(tmp_path) as under:
        assert (await under.client.exchange("GET", "/healthz", {})).status == 200
        ready = await under.client.exchange("GET", "/readyz", {})
        assert (ready.status, orjson.loads(ready.body)) == (200, {"status": "ready", "writer": "running"})
        under.service.phase = Phase.DRAINING
        draining = await under.client.exchange("GET", "/readyz", {})
        assert (draining.status, orjson.loads(draining.body)["status"]) == (503, "draining")
        assert (await under.client.exchange("GET", "/healthz", {})).status == 200


async def test_pod_that_has_started_has_for_good(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with pod(tmp_path) as under:
        under.service.phase = Phase.STARTING
        assert await probed(under, "/startupz") == (503, {"status": "starting"})
        assert (await probed(under, "/healthz"))[0] == 200
        assert (await probed(under, "/readyz"))[0] == 503
        for phase in (Phase.READY, Phase.DRAINING):
            under.service.phase = phase
            assert await probed(under, "/startupz") == (200, {"status": "started"})


async def test_readiness_and_life_end_with_the_writer(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with pod(tmp_path) as under:
        under.service.simulator.writer.running = False
        assert await probed(under, "/readyz") == (503, {"status": "ready", "writer": "stopped"})
        assert await probed(under, "/healthz") == (503, {"status": "failed", "writer": "stopped", "commit_s": 0})
        assert (await probed(under, "/startupz"))[0] == 200
        under.service.simulator.writer.running = True
        assert (await probed(under, "/healthz"))[0] == 200


async def test_writer_that_fails_is_a_pod_that_does_not_live(tmp_path: Path, autojump_clock: MockClock) -> None:
    runner = Failing()
    alive = []

    async def until_it_fails() -> None:
        async with running_pod(options(tmp_path, commit_runner=runner)) as service:
            runner.error = StoreError("input/output error")
            service.simulator.writer.post(lambda _view: None)
            try:
                await trio.sleep_forever()
            finally:
                alive.append(service.alive)

    with pytest.raises(StoreError, match="input/output"):
        await until_it_fails()
    assert alive == [False]


async def test_life_ends_with_a_commit_that_hangs_and_comes_back_with_its_end(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    gate = Gate()
    async with pod(tmp_path, commit_runner=gate) as under:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(under.say, "Hello.")
            await wait_all_tasks_blocked()
            begun_s = trio.current_time() - under.service.simulator.writer.committing_s
            await at(begun_s + 60)
            status, body = await probed(under, "/healthz")
            assert (status, body) == (200, {"status": "alive", "writer": "running", "commit_s": 60})
            await at(begun_s + 60.5)
            status, body = await probed(under, "/healthz")
            assert (status, body) == (503, {"status": "failed", "writer": "running", "commit_s": 60.5})
            assert (await probed(under, "/startupz"))[0] == 200
            gate.open.set()
        assert await probed(under, "/healthz") == (200, {"status": "alive", "writer": "running", "commit_s": 0})


async def test_probes_touch_no_simulated_state(tmp_path: Path, autojump_clock: MockClock) -> None:
    headers = {"X-LLMSim-Session": "s1"}
    async with pod(tmp_path / "quiet") as under:
        quiet = await under.say("Hi", headers=headers)
    async with pod(tmp_path / "probed") as under:
        for _ in range(20):
            for path in sorted(PROBES):
                await under.client.exchange("GET", path, {})
        assert (await under.say("Hi", headers=headers)).body == quiet.body


async def test_metrics_count_turns_tokens_and_sessions(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with pod(tmp_path) as under:
        usage = orjson.loads((await under.say("Hi")).body)["usage"]
        await under.service.simulator.writer.drain()
        answer = await under.client.exchange("GET", "/metrics", {})
        text = answer.body.decode()
        assert answer.headers["content-type"].startswith("text/plain; version=")
        for line in (
            'llm_simulator_turns_total{ending="completed",profile="gpt-4o-mini"} 1.0',
            f'llm_simulator_tokens_total{{kind="completion",profile="gpt-4o-mini"}} {usage["completion_tokens"]}.0',
            "llm_simulator_responses_in_flight 0.0",
            "llm_simulator_sessions_stored 1.0",
            'llm_simulator_requests_total{route="/v1/chat/completions",status="200"} 1.0',
        ):
            assert line in text.splitlines()


async def test_metrics_are_told_when_the_volume_is_gone(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with pod(tmp_path / "here") as under:
        (tmp_path / "here").rename(tmp_path / "gone")
        answer = await under.client.exchange("GET", "/metrics", {})
        assert b"llm_simulator_store_bytes NaN" in answer.body
        (tmp_path / "gone").rename(tmp_path / "here")
